use jiff::Timestamp;
use model::{AuditOutcome, Clock, CompanyDb, ErrorClass, ObjectKind};
use pipeline::{BatchReport, Pipeline};
use setup::Meter;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use telemetry::{About, Metric, Metrics};

/// Tells CloudWatch what was done.
pub struct Figures {
    metrics: Metrics,
    clock: Arc<dyn Clock>,
    sap: Arc<Meter>,
    told: Mutex<Told>,
}

/// What was told already: the clients count on from one event to the next.
#[derive(Clone, Copy, Default)]
struct Told {
    sap_calls: u64,
    sap_ms: u64,
    coupa_calls: u64,
    coupa_slowed: u64,
}

impl Figures {
    /// About this company; `sap` is the meter of the client that is used.
    pub fn new(metrics: Metrics, clock: Arc<dyn Clock>, sap: Arc<Meter>) -> Self {
        Self { metrics, clock, sap, told: Mutex::default() }
    }

    /// As lines on stdout.
    pub fn to_stdout(company: CompanyDb, clock: Arc<dyn Clock>, sap: Arc<Meter>) -> Self {
        Self::new(Metrics::to_stdout(company), clock, sap)
    }

    /// One figure.
    pub fn put(&self, about: About, metric: Metric, value: u64) {
        self.metrics.put_one(self.clock.now(), about, metric, value);
    }

    /// What a batch did to which documents.
    pub fn batch(&self, report: &BatchReport) {
        let now = self.clock.now();
        let mut outcomes: BTreeMap<(ObjectKind, AuditOutcome), u64> = BTreeMap::new();
        let mut lags: BTreeMap<ObjectKind, Vec<u64>> = BTreeMap::new();
        let mut refused = 0;
        for ended in report.ended.iter().filter(|ended| !ended.follow_up) {
            *outcomes.entry((ended.document.kind, ended.outcome)).or_default() += 1;
            if matches!(ended.outcome, AuditOutcome::Created | AuditOutcome::Updated) {
                lags.entry(ended.document.kind).or_default().push(millis(ended.seen_at, now));
            }
            refused += u64::from(ended.code.is_some_and(|code| code.class() == ErrorClass::Auth));
        }
        for ((kind, outcome), count) in outcomes {
            self.put(About::Outcome(kind, outcome), Metric::Documents, count);
        }
        let all: Vec<u64> = lags.values().flatten().copied().collect();
        self.metrics.put(now, About::Company, &[(Metric::Lag, &all)]);
        for (kind, lags) in lags {
            self.metrics.put(now, About::Object(kind), &[(Metric::Lag, &lags)]);
        }
        if refused > 0 {
            self.put(About::Company, Metric::AuthFailures, refused);
        }
    }

    /// Calls to both systems since this was last asked for.
    pub fn calls(&self, pipeline: &Pipeline) {
        let coupa = pipeline.coupa.stats();
        let now = Told {
            sap_calls: self.sap.calls(),
            sap_ms: self.sap.busy_ms(),
            coupa_calls: coupa.calls(),
            coupa_slowed: coupa.slowed,
        };
        let told = std::mem::replace(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner), now);
        let news = [
            (Metric::SapCalls, now.sap_calls - told.sap_calls),
            (Metric::SapTime, now.sap_ms - told.sap_ms),
            (Metric::CoupaCalls, now.coupa_calls - told.coupa_calls),
            (Metric::CoupaSlowed, now.coupa_slowed - told.coupa_slowed),
        ];
        if news.iter().any(|(_, count)| *count > 0) {
            let figures: Vec<(Metric, &[u64])> =
                news.iter().map(|(metric, count)| (*metric, std::slice::from_ref(count))).collect();
            self.metrics.put(self.clock.now(), About::Company, &figures);
        }
    }
}

fn millis(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0)
}
