//! Figures for CloudWatch, in its embedded metric format: a line of JSON in the log that becomes metrics by itself.
//!
//! Each combination of dimensions is a metric of its own that AWS charges for: there are few, and none of them grows with
//! the documents.

use jiff::Timestamp;
use model::{AuditOutcome, CompanyDb, ObjectKind};
use serde_json::{Map, Value, json};
use std::{
    fmt,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

/// All figures are in this namespace.
pub const NAMESPACE: &str = "B1Coupa";
/// CloudWatch takes no more values of one metric in one line.
const VALUES_IN_LINE: usize = 100;

/// What is counted or measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Attempts that ended. By object and outcome.
    Documents,
    /// From the moment that a change was noticed to the moment that Coupa had it. In all, and by object.
    Lag,
    /// Documents that failed for good and still do, counted now and then.
    DeadLetters,
    /// Changes that wait, counted now and then.
    Parked,
    /// Requests to Coupa.
    CoupaCalls,
    /// Of these, answered with 429.
    CoupaSlowed,
    /// Requests to SAP.
    SapCalls,
    /// How long they took, taken together.
    SapTime,
    /// Polls that read all that there was. By object.
    PollSucceeded,
    /// Polls that failed. By object.
    PollFailed,
    /// Log-ins and tokens that were refused.
    AuthFailures,
    /// Batches that could not be worked off, and messages that can't be read.
    SyncErrors,
    /// Complete comparisons of both sides that were made and certified.
    Comparisons,
    /// Documents about which the two sides differ, counted at each comparison. In all where everything was compared, and by object.
    Differences,
    /// Changes that a webhook brought. By object.
    WebhookChanges,
    /// Calls of the webhook by somebody who could not prove who they are.
    WebhookRefused,
}

impl Metric {
    /// Every metric that there is.
    pub const ALL: [Self; 16] = [
        Self::Documents,
        Self::Lag,
        Self::DeadLetters,
        Self::Parked,
        Self::CoupaCalls,
        Self::CoupaSlowed,
        Self::SapCalls,
        Self::SapTime,
        Self::PollSucceeded,
        Self::PollFailed,
        Self::AuthFailures,
        Self::SyncErrors,
        Self::Comparisons,
        Self::Differences,
        Self::WebhookChanges,
        Self::WebhookRefused,
    ];

    /// As in CloudWatch.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Documents => "Documents",
            Self::Lag => "LagMs",
            Self::DeadLetters => "DeadLetters",
            Self::Parked => "Parked",
            Self::CoupaCalls => "CoupaCalls",
            Self::CoupaSlowed => "CoupaSlowed",
            Self::SapCalls => "SapCalls",
            Self::SapTime => "SapTimeMs",
            Self::PollSucceeded => "PollSucceeded",
            Self::PollFailed => "PollFailed",
            Self::AuthFailures => "AuthFailures",
            Self::SyncErrors => "SyncErrors",
            Self::Comparisons => "Comparisons",
            Self::Differences => "Differences",
            Self::WebhookChanges => "WebhookChanges",
            Self::WebhookRefused => "WebhookRefused",
        }
    }

    /// As in CloudWatch.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Lag | Self::SapTime => "Milliseconds",
            _ => "Count",
        }
    }
}

/// What a figure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The company as a whole: dimension `Company`.
    Company,
    /// One object: dimensions `Company` and `Object`.
    Object(ObjectKind),
    /// Attempts on one object that ended like this: dimensions `Company`, `Object` and `Outcome`.
    Outcome(ObjectKind, AuditOutcome),
}

/// Writes figures as lines.
pub struct Metrics {
    company: CompanyDb,
    lines: Mutex<Box<dyn Write + Send>>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("company", &self.company).finish_non_exhaustive()
    }
}

impl Metrics {
    /// Lines on stdout, which Lambda hands to CloudWatch.
    pub fn to_stdout(company: CompanyDb) -> Self {
        Self::to(company, Box::new(io::stdout()))
    }

    /// Lines to somewhere else.
    pub fn to(company: CompanyDb, lines: Box<dyn Write + Send>) -> Self {
        Self { company, lines: Mutex::new(lines) }
    }

    /// Writes figures about the same thing in as few lines as CloudWatch lets them be. A metric without values is left out.
    pub fn put(&self, now: Timestamp, about: About, figures: &[(Metric, &[u64])]) {
        let mut from = 0;
        while figures.iter().any(|(_, values)| values.len() > from) {
            let part: Vec<(Metric, &[u64])> = figures
                .iter()
                .map(|(metric, values)| (*metric, values.get(from..).unwrap_or_default()))
                .map(|(metric, values)| (metric, values.get(..VALUES_IN_LINE).unwrap_or(values)))
                .filter(|(_, values)| !values.is_empty())
                .collect();
            self.write(&self.line(now, about, &part));
            from += VALUES_IN_LINE;
        }
    }

    /// Writes one figure.
    pub fn put_one(&self, now: Timestamp, about: About, metric: Metric, value: u64) {
        self.put(now, about, &[(metric, &[value])]);
    }

    fn line(&self, now: Timestamp, about: About, figures: &[(Metric, &[u64])]) -> Value {
        let mut line = Map::new();
        let metrics: Vec<Value> =
            figures.iter().map(|(metric, _)| json!({"Name": metric.name(), "Unit": metric.unit()})).collect();
        let mut dimensions = vec!["Company"];
        line.insert("Company".to_owned(), json!(self.company.0));
        if let About::Object(kind) | About::Outcome(kind, _) = about {
            dimensions.push("Object");
            line.insert("Object".to_owned(), json!(kind.plural()));
        }
        if let About::Outcome(_, outcome) = about {
            dimensions.push("Outcome");
            line.insert("Outcome".to_owned(), json!(outcome));
        }
        for (metric, values) in figures {
            let value = if let [value] = values { json!(value) } else { json!(values) };
            line.insert(metric.name().to_owned(), value);
        }
        let directive = json!({"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics});
        line.insert(
            "_aws".to_owned(),
            json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive]}),
        );
        Value::Object(line)
    }

    /// In one write, so that lines of two threads don't mix. A figure that can't be written is lost: work goes on.
    fn write(&self, line: &Value) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = lines.write_all(format!("{line}\n").as_bytes()).and_then(|()| lines.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, sync::Arc};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(put: impl FnOnce(&Metrics)) -> Vec<Value> {
        let kept = Kept::default();
        put(&Metrics::to(CompanyDb("SBODEMOUS".to_owned()), Box::new(kept.clone())));
        let bytes = kept.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn noon() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let about = About::Outcome(ObjectKind::Invoice, AuditOutcome::NotApplicable);
        let lines = lines(|metrics| metrics.put_one(noon(), about, Metric::Documents, 3));
        assert_eq!(
            lines,
            [json!({
                "_aws": {
                    "Timestamp": 1_795_435_200_000_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "B1Coupa",
                        "Dimensions": [["Company", "Object", "Outcome"]],
                        "Metrics": [{"Name": "Documents", "Unit": "Count"}],
                    }],
                },
                "Company": "SBODEMOUS",
                "Object": "invoices",
                "Outcome": "not_applicable",
                "Documents": 3,
            })]
        );
    }

    #[test]
    fn figures_about_one_thing_share_a_line() {
        let lines = lines(|metrics| {
            metrics.put(
                noon(),
                About::Company,
                &[(Metric::SapCalls, &[4]), (Metric::SapTime, &[812]), (Metric::Lag, &[])],
            );
        });
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0]["SapCalls"], &lines[0]["SapTimeMs"]), (&json!(4), &json!(812)));
        let directive = &lines[0]["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], json!([["Company"]]));
        assert_eq!(directive["Metrics"][1], json!({"Name": "SapTimeMs", "Unit": "Milliseconds"}));
        assert_eq!(directive["Metrics"].as_array().unwrap().len(), 2);
        assert!(lines[0].get("Object").is_none() && lines[0].get("LagMs").is_none());
    }

    #[test]
    fn many_values_take_as_many_lines_as_they_need() {
        let lags: Vec<u64> = (0..250).collect();
        let figures: &[(Metric, &[u64])] = &[(Metric::Lag, &lags), (Metric::SapCalls, &[1])];
        let lines = lines(|metrics| metrics.put(noon(), About::Object(ObjectKind::Payment), figures));
        let sizes: Vec<_> = lines.iter().map(|line| line["LagMs"].as_array().unwrap().len()).collect();
        assert_eq!(sizes, [100, 100, 50]);
        assert_eq!(lines.iter().filter(|line| line.get("SapCalls").is_some()).count(), 1);
        assert_eq!(lines[2]["LagMs"][49], 249);
    }

    #[test]
    fn nothing_measured_is_no_line() {
        assert!(lines(|metrics| metrics.put(noon(), About::Company, &[(Metric::Lag, &[])])).is_empty());
    }

    #[test]
    fn every_metric_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Metric::ALL.into_iter().map(Metric::name).collect();
        assert_eq!(names.len(), Metric::ALL.len());
    }
}
