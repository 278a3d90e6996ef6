//! What happens in a world beside SAP's people and the workers: SAP tells of changes, people work in Coupa, and somebody lets
//! through what the guardrail holds back.

use super::{Event, World, company};
use crate::{fault::Fault, worker::Worker};
use model::ObjectKind;
use pipeline::{
    receive::{Call, Hash, ReadAgain, Scheme, Webhook},
    reconcile::{Balance, Scope},
};
use secrecy::SecretString;
use serde_json::Value;
use simulators::sap::webhook_signature;
use std::sync::{Arc, Mutex};

/// The key that SAP signs with.
pub const WEBHOOK_KEY: &str = "key-of-the-webhook";
/// SAP waits no longer for an answer. Seconds.
const PATIENCE: i64 = 10;
/// And sends no more often than this.
const MOST_TRIES: u32 = 4;

/// One call of SAP's, on its way.
#[derive(Clone, Debug)]
pub(super) struct Told {
    events: Vec<Value>,
    tries: u32,
    answer: Arc<Mutex<Option<u16>>>,
}

impl World {
    /// SAP's messenger takes what has happened since it last looked; each event may be lost, doubled or late.
    pub(super) fn messenger(&mut self) {
        let mut in_time = Vec::new();
        for event in self.sap.take_events() {
            if self.faults.hits(Fault::WebhookLost) {
                continue;
            }
            if self.faults.hits(Fault::WebhookDoubled) {
                in_time.push(event.clone());
            }
            if self.faults.hits(Fault::WebhookLate) {
                let pause = self.faults.random(Fault::WebhookLate).between(5, 3_600);
                self.plan_in(pause, Event::Tell(called(vec![event], 0)));
            } else {
                in_time.push(event);
            }
        }
        if !in_time.is_empty() {
            self.tell_it(called(in_time, 0));
        }
    }

    /// SAP calls. Whoever is alive answers, or dies over it.
    pub(super) fn tell_it(&mut self, told: Told) {
        if let Some((process, worker)) = self.alive() {
            let webhook = Webhook {
                company: company(),
                objects: ObjectKind::ALL.into_iter().collect(),
                scheme: Scheme::Hmac(Hash::Sha256),
                keys: vec![Arc::new(SecretString::from(WEBHOOK_KEY))],
                queue: Arc::clone(&worker.pipeline.queue),
                clock: Arc::clone(&worker.pipeline.clock),
                random: Arc::clone(&worker.pipeline.random),
                read_again_at: ReadAgain::default(),
            };
            let (body, answer) = (Value::from(told.events.clone()).to_string(), Arc::clone(&told.answer));
            self.executor.spawn(process, async move {
                let signature = webhook_signature(WEBHOOK_KEY, body.as_bytes());
                let call = Call {
                    method: "POST",
                    signature: Some(&signature),
                    body: body.as_bytes(),
                    ..Call::default()
                };
                let (answered, _) = webhook.receive(&call).await;
                *answer.lock().unwrap() = Some(answered.status);
            });
        }
        self.plan_in(PATIENCE, Event::Answered(told));
    }

    /// What came of a call.
    pub(super) fn answered(&mut self, told: Told) {
        let status = *told.answer.lock().unwrap();
        match status {
            Some(200) => self.faults.saw("SAP told of a change"),
            // SAP drops what it gets a 4xx for.
            Some(400..=499) => {
                let line = format!("{}: SAP was answered {status:?}", self.time.now());
                self.watch.seen().violations.push(line);
            }
            _ if told.tries < MOST_TRIES => {
                self.faults.saw("SAP told once more");
                self.plan_in(60, Event::Tell(called(told.events, told.tries + 1)));
            }
            _ => {}
        }
    }

    /// People in Coupa do something.
    pub(super) fn coupa_deed(&mut self) {
        if let Some(what) = self.coupa_people.act() {
            self.tell(|| format!("Coupa: {what}"));
        }
    }

    /// Somebody changes in Coupa what was changed in SAP a moment ago.
    pub(super) fn other_side(&mut self) {
        let Some(code) = self.people.both_sides.take() else { return };
        if let Some(what) = self.coupa_people.change_number(&code) {
            self.faults.met(Fault::BothSides);
            self.tell(|| format!("Coupa: at the same time, {what}"));
        }
    }

    /// Somebody has looked at what is held back.
    pub(super) fn accept(&mut self) {
        let Some((process, worker)) = self.alive() else {
            self.plan_in(60, Event::Accept);
            return;
        };
        let faults = Arc::clone(&self.faults);
        self.executor.spawn(process, async move {
            if worker.pipeline.held_back().await.is_ok_and(|held| held.is_some())
                && worker.pipeline.accept_changes().await.is_ok_and(|documents| documents > 0)
            {
                faults.saw("held back, accepted");
            }
        });
        let pause = if self.settling { 900 } else { 2 * 3_600 };
        self.plan_in(pause, Event::Accept);
    }

    /// Has both sides compared completely.
    pub fn compare(&mut self) {
        let Some((process, worker)) = self.alive() else { return };
        let balance = Arc::clone(&self.balance);
        self.executor.spawn(process, async move {
            let scope = Scope { objects: ObjectKind::ALL.into_iter().collect(), days: None };
            *balance.lock().unwrap() = worker.pipeline.reconcile(&scope, &|_| ()).await.ok();
        });
    }

    /// What that came to, if it has ended.
    pub fn balance(&self) -> Option<Balance> {
        self.balance.lock().unwrap().clone()
    }

    fn alive(&self) -> Option<(usize, Arc<Worker>)> {
        self.slots.iter().find_map(|slot| Some((slot.process, Arc::clone(slot.worker.as_ref()?))))
    }

    /// A worker's process dies where it carries out a wish, if one has just been begun there.
    pub(super) fn interrupt_wishes(&mut self) {
        for slot in &self.slots {
            let begun = slot
                .worker
                .as_ref()
                .is_some_and(|worker| worker.wishes.dies.swap(false, std::sync::atomic::Ordering::Relaxed));
            if begun {
                let await_points = u32::try_from(self.random.between(1, 60)).unwrap_or(1);
                self.executor.kill_after(slot.process, await_points);
            }
        }
    }
}

fn called(events: Vec<Value>, tries: u32) -> Told {
    Told { events, tries, answer: Arc::default() }
}
