use async_trait::async_trait;
use model::Clock;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use wire::{Limits, Request, Response, Transport, TransportError};

/// How often a system was asked, and how long that took.
#[derive(Debug, Default)]
pub struct Meter {
    calls: AtomicU64,
    busy_ms: AtomicU64,
}

impl Meter {
    /// Requests that ended, well or not.
    pub fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    /// How long they took, taken together.
    pub fn busy_ms(&self) -> u64 {
        self.busy_ms.load(Relaxed)
    }
}

struct Metered {
    inner: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    meter: Arc<Meter>,
}

/// The same way, measured.
pub(crate) fn metered(
    inner: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    meter: Arc<Meter>,
) -> Arc<dyn Transport> {
    Arc::new(Metered { inner, clock, meter })
}

#[async_trait]
impl Transport for Metered {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let began = self.clock.now();
        let answer = self.inner.send(request, limits).await;
        let took = self.clock.now().duration_since(began).as_millis();
        self.meter.calls.fetch_add(1, Relaxed);
        self.meter.busy_ms.fetch_add(u64::try_from(took).unwrap_or(0), Relaxed);
        answer
    }
}
