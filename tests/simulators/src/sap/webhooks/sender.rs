use super::{Delivered, call};
use crate::sap::Simulator;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::Duration,
};

const PAUSE: Duration = Duration::from_millis(5);

/// SAP's Webhook Messenger Service: a thread that sends what is due. Stops when dropped.
pub struct WebhookSender {
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts the messenger.
    pub fn send_webhooks(&self) -> WebhookSender {
        let (simulator, stopping) = (self.clone(), Arc::new(AtomicBool::new(false)));
        let stop = Arc::clone(&stopping);
        let thread = std::thread::spawn(move || {
            while !stop.load(Relaxed) {
                if !send_due(&simulator) {
                    std::thread::sleep(PAUSE);
                }
            }
        });
        WebhookSender { stopping, thread: Some(thread) }
    }
}

impl Drop for WebhookSender {
    fn drop(&mut self) {
        self.stopping.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// Whether there was anything.
fn send_due(simulator: &Simulator) -> bool {
    let (settings, due) = simulator.with_world(|world| {
        let settings = Arc::clone(&world.settings);
        let due = world.webhooks.due(&settings);
        (settings, due)
    });
    for delivery in &due {
        let body = serde_json::Value::from(delivery.events.clone()).to_string();
        let mut outcome = Delivered::TryAgain;
        for _ in 0..=u8::from(settings.webhooks_doubled) {
            outcome =
                call::post(&delivery.url, &delivery.authentication, &settings.webhook_roots, body.as_bytes());
        }
        simulator.with_world(|world| world.webhooks.delivered(&settings, delivery, outcome));
        if outcome == Delivered::TryAgain {
            std::thread::sleep(settings.webhook_retry_interval);
        }
    }
    !due.is_empty()
}
