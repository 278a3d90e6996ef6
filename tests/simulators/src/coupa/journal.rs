//! What the simulator saw, for tests to look at.

use super::schema::Kind;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// One request and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// When it arrived.
    pub at: Timestamp,
    /// Its method.
    pub method: http::Method,
    /// Path and query as sent.
    pub target: String,
    /// Its body.
    pub body: Bytes,
    /// The status answered, even where the reply was lost on the way.
    pub status: u16,
    /// The `Accept`, `Content-Type` and `X-Coupa-API-Version` headers, where sent.
    pub headers: BTreeMap<&'static str, String>,
}

/// Everything seen since the simulator started.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// The last requests.
    pub(crate) exchanges: VecDeque<Exchange>,
    /// When each API request arrived, in microseconds.
    pub(crate) arrivals: Vec<i64>,
    /// Requests that changed something, by method.
    pub(crate) writes: BTreeMap<String, u64>,
    /// API requests answered, by status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Attributes that Swagger doesn't know, as `Kind.name`.
    pub(crate) unknown: BTreeSet<String>,
    /// Attributes sent although read-only, as `Kind.name`.
    pub(crate) read_only: BTreeSet<String>,
    /// References left out because they lead nowhere.
    pub(crate) ignored: BTreeSet<String>,
    /// Documents refused because their number was taken, and payments entered twice.
    pub(crate) duplicates: Vec<String>,
    /// Orders closed for good.
    pub(crate) hard_closed: Vec<String>,
}

impl Journal {
    pub(crate) fn unknown_attribute(&mut self, kind: Kind, name: &str) {
        note(&mut self.unknown, kind, name);
    }

    pub(crate) fn read_only_attribute(&mut self, kind: Kind, name: &str) {
        note(&mut self.read_only, kind, name);
    }

    pub(crate) fn ignored_reference(&mut self, kind: Kind, name: &str, keys: &Value) {
        self.ignored.insert(format!("{}.{name} {keys}", kind.name()));
    }

    pub(crate) fn duplicate(&mut self, what: &str, number: &str) {
        self.duplicates.push(format!("{what} {number}"));
    }

    /// Notes a request and its answer.
    pub(crate) fn exchange(&mut self, exchange: Exchange, limit: usize) {
        *self.statuses.entry(exchange.status).or_default() += 1;
        if limit == 0 {
            return;
        }
        while self.exchanges.len() >= limit {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
    }

    /// The most API requests that arrived in any window of this length.
    pub(crate) fn most_within(&self, window: Duration) -> usize {
        let length = i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
        let mut first = 0;
        let mut most = 0;
        for (last, at) in self.arrivals.iter().enumerate() {
            while self.arrivals.get(first).is_some_and(|earlier| at - earlier >= length) {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        most
    }
}

/// Notes an attribute once.
fn note(seen: &mut BTreeSet<String>, kind: Kind, name: &str) {
    let entry = format!("{}.{name}", kind.name());
    seen.insert(entry);
}
