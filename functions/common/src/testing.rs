//! A small world for tests: both systems simulated, one SQLite file in memory, and time that passes when it is said to.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "for tests alone")]

use crate::{Deadline, Figures};
use ::coupa::BudgetBlock;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::{Clock, CompanyDb, LocalSecret, Owner, Random};
use pipeline::Pipeline;
use secrecy::SecretString;
use serde_json::Value;
use setup::{Config, Meter, Parts, Transports};
use simulators::{company, coupa, sap, serve::InProcess};
use std::{
    io::{self, Write},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use store::EmbeddedStore;
use telemetry::Metrics;
use wire::{Limits, Request, Response, Transport, TransportError};

/// Sleeps up to so long pass at once: pauses between tries. Longer ones wait for time to pass, as a deadline does.
const SHORT: Duration = Duration::from_secs(5);

/// Time that a test moves.
#[derive(Clone)]
pub struct Time(Arc<Mutex<Timestamp>>);

impl Time {
    /// Moves on.
    pub fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(SignedDuration::try_from(time).unwrap()).unwrap();
    }
}

#[async_trait]
impl Clock for Time {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sleep(&self, pause: Duration) {
        if pause <= SHORT {
            return self.pass(pause);
        }
        let until = self.now().saturating_add(SignedDuration::try_from(pause).unwrap()).unwrap();
        while self.now() < until {
            tokio::task::yield_now().await;
        }
    }
}

/// Counts up in large odd steps.
#[derive(Default)]
pub struct Steps(AtomicU64);

impl Random for Steps {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
    }
}

/// Lines that were written.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Those that hold this figure.
    pub fn with(&self, metric: &str) -> Vec<Value> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let lines = String::from_utf8(bytes).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line.get(metric).is_some()).collect()
    }
}

/// A way to a system on which each request takes its time.
struct Slow {
    inner: Arc<dyn Transport>,
    time: Time,
    each: Duration,
}

#[async_trait]
impl Transport for Slow {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let answer = self.inner.send(request, limits).await;
        self.time.pass(self.each);
        answer
    }
}

/// Both systems and what lies between them.
pub struct World {
    /// Time.
    pub time: Time,
    /// The Service Layer.
    pub sap: sap::Simulator,
    /// Coupa.
    pub coupa: coupa::Simulator,
    /// Queue, state and audit trail.
    pub store: Arc<EmbeddedStore>,
    /// Figures.
    pub lines: Lines,
    /// How long each request to SAP takes.
    pub sap_takes: Duration,
    /// How long each request to Coupa takes.
    pub coupa_takes: Duration,
    /// The password that workers know.
    pub sap_password: &'static str,
    /// Put around the way to Coupa.
    pub around_coupa: fn(Arc<dyn Transport>) -> Arc<dyn Transport>,
    meter: Arc<Meter>,
    random: Arc<Steps>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// With master data and nothing else.
    pub fn new() -> Self {
        let time = Time(Arc::new(Mutex::new("2026-11-20T08:00:00Z".parse().unwrap())));
        let clock: Arc<dyn Clock> = Arc::new(time.clone());
        let data = company::master_data();
        let sap = sap::Simulator::new(sap::Settings::default(), Arc::clone(&clock));
        sap.set_master_data(&data);
        let settings = coupa::Settings { submitted_status: "approved", ..coupa::Settings::default() };
        Self {
            coupa: coupa::Simulator::new(clock, &data, settings),
            sap,
            time,
            store: Arc::new(EmbeddedStore::open_in_memory().unwrap()),
            lines: Lines::default(),
            sap_takes: Duration::ZERO,
            coupa_takes: Duration::ZERO,
            sap_password: "correct horse",
            around_coupa: |transport| transport,
            meter: Arc::default(),
            random: Arc::default(),
        }
    }

    /// The config, with the keys of `[sync]` and `page_size` given.
    pub fn config(&self, page_size: u32, sync: &str) -> Config {
        let text = format!(
            r#"
            [sap]
            service_layer_url = "https://sap.example:50000"
            company_db = "SBODEMO_ACME"
            user = "coupa_sync"
            page_size = {page_size}
            [coupa]
            url = "https://acme.example"
            client_id = "coupa-client"
            ship_to_user = "buyer@acme.example"
            ship_to_address = "01"
            chart_of_accounts = "Main COA"
            [sync]
            start_date = "2026-01-01"
            {sync}
            "#
        );
        Config::parse(&text, Path::new("b1-coupa.toml")).unwrap()
    }

    /// The company.
    pub fn company(&self) -> CompanyDb {
        CompanyDb("SBODEMO_ACME".to_owned())
    }

    /// A worker with this config.
    pub fn pipeline(&self, config: &Config) -> Pipeline {
        let clock: Arc<dyn Clock> = Arc::new(self.time.clone());
        let way = |inner: Arc<dyn Transport>, each| -> Arc<dyn Transport> {
            Arc::new(Slow { inner, time: self.time.clone(), each })
        };
        let to_sap = Arc::new(InProcess::new(self.sap.clone(), Arc::clone(&clock)));
        let to_coupa = Arc::new(InProcess::new(self.coupa.clone(), Arc::clone(&clock)));
        let to_coupa = (self.around_coupa)(to_coupa);
        let transports =
            Transports { sap: way(to_sap, self.sap_takes), coupa: way(to_coupa, self.coupa_takes) };
        let parts = Parts {
            queue: Arc::clone(&self.store) as _,
            state: Arc::clone(&self.store) as _,
            audit: Arc::clone(&self.store) as _,
            ledger: Arc::clone(&self.store) as _,
            sap_password: Arc::new(SecretString::from(self.sap_password)),
            coupa_secret: Arc::new(SecretString::from("coupa-secret")),
            sap_session: Arc::new(LocalSecret::default()),
            coupa_token: Arc::new(LocalSecret::default()),
            sap_refusal: None,
            budget_block: BudgetBlock::Large,
            sap_meter: Arc::clone(&self.meter),
            clock,
            owner: Owner(format!("worker-{:016x}", self.random.next_u64())),
            random: Arc::clone(&self.random) as _,
        };
        setup::pipeline_over(config, parts, transports).unwrap()
    }

    /// Figures, kept in [`Self::lines`].
    pub fn figures(&self) -> Figures {
        let metrics = Metrics::to(self.company(), Box::new(self.lines.clone()));
        Figures::new(metrics, Arc::new(self.time.clone()), Arc::clone(&self.meter))
    }

    /// So long from now.
    pub fn deadline(&self, seconds: i64) -> Deadline {
        Deadline(self.time.now() + SignedDuration::from_secs(seconds))
    }
}
