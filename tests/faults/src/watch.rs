//! What is seen at the other end while a history runs, and what must not be seen there.

use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

/// What the company writes before the number of a version, in texts that reach Coupa.
pub const VERSION_MARK: &str = " rev.";

/// Everything seen.
pub struct Watch {
    seen: Mutex<Seen>,
    /// So soon after it was last used, a session lives for sure.
    lives_for: SignedDuration,
}

/// Everything seen.
#[derive(Default)]
pub struct Seen {
    /// When each call reached Coupa, except those that were late on purpose.
    pub arrivals: Vec<Timestamp>,
    /// The newest version of each document that reached Coupa.
    versions: BTreeMap<String, u32>,
    /// Log-ins of each worker: when, and whether SAP refused.
    pub logins: BTreeMap<usize, Vec<(Timestamp, bool)>>,
    /// When each worker last used the session that it has, as far as it knows.
    sessions: BTreeMap<usize, Timestamp>,
    /// Token requests of each worker.
    pub tokens: BTreeMap<usize, Vec<Timestamp>>,
    /// The last pause that each worker has heard of: since when and until when.
    pub pauses: BTreeMap<usize, (Timestamp, Timestamp)>,
    /// What must not be, a sentence each.
    pub violations: Vec<String>,
    /// Requests to Coupa that write.
    pub writes: u64,
    /// Requests to SAP that write.
    pub writes_to_sap: u64,
}

impl Watch {
    /// Nothing seen so far; idle sessions end after so long.
    pub fn new(session_timeout: Duration) -> Self {
        // Clients give up a minute early, and a request may wait between taking the session and using it.
        let lives_for = SignedDuration::try_from(session_timeout.saturating_sub(Duration::from_secs(60)) / 2);
        Self { seen: Mutex::default(), lives_for: lives_for.unwrap_or_default() }
    }

    /// A worker sends a request to SAP: no log-in while it has a session.
    pub fn to_sap(&self, worker: usize, login: bool, now: Timestamp) {
        let mut seen = self.seen();
        let used = seen.sessions.get(&worker).copied();
        if !login {
            seen.sessions.entry(worker).and_modify(|used| *used = now);
        } else if let Some(used) = used.filter(|used| now.duration_since(*used) < self.lives_for) {
            let line = format!("{now}: worker {worker} logged in although it had a session, used at {used}");
            seen.violations.push(line);
        }
    }

    /// SAP's answer has reached a worker.
    pub fn from_sap(&self, worker: usize, login: bool, response: &Response<Bytes>, now: Timestamp) {
        let mut seen = self.seen();
        let status = response.status().as_u16();
        match (login, status) {
            (true, 200) => drop(seen.sessions.insert(worker, now)),
            // What it never heard of a refusal it can't heed.
            (true, 400 | 401 | 403) => {
                if let Some(refused) = seen.logins.entry(worker).or_default().last_mut() {
                    refused.1 = true;
                }
            }
            (false, 400..) => {
                let text = String::from_utf8_lossy(response.body());
                if status == 401 || text.contains("ession") {
                    seen.sessions.remove(&worker);
                }
            }
            _ => {}
        }
    }

    /// To look at.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    /// A request reaches Coupa.
    pub fn coupa(
        &self,
        request: &Request<Bytes>,
        now: Timestamp,
        late: bool,
        remembers: bool,
        worker: usize,
    ) {
        let mut seen = self.seen();
        if !request.uri().path().starts_with("/api/") {
            return;
        }
        if !late {
            seen.arrivals.push(now);
            // A pause that could not be written down is nobody's to keep.
            if remembers && let Some((since, until)) = seen.pauses.get(&worker).copied() {
                let under_way = SignedDuration::from_millis(400);
                if now > since + under_way && now < until - under_way {
                    let line = format!(
                        "{now}: worker {worker} called Coupa, which had asked for a pause from {since} to {until}"
                    );
                    seen.violations.push(line);
                }
            }
        }
        if request.method() == Method::GET {
            return;
        }
        seen.writes += 1;
        if let Ok(body) = serde_json::from_slice::<Value>(request.body()) {
            seen.versions_in(request.uri().path(), &body, now);
        }
    }
}

impl Seen {
    /// No older state over a newer one.
    fn versions_in(&mut self, path: &str, body: &Value, now: Timestamp) {
        let name = body.get("name").and_then(Value::as_str);
        let lines = body.get("order-lines").and_then(Value::as_array).into_iter().flatten();
        let mut found: Vec<(String, u32)> = name.and_then(version).into_iter().collect();
        found.extend(lines.filter_map(|line| {
            let text = line.get("description").and_then(Value::as_str)?;
            let (name, number) = version(text)?;
            // A new order has no path of its own, and nothing older.
            Some((format!("{path} {name}"), number)).filter(|_| path != "/api/purchase_orders")
        }));
        for (what, number) in found {
            let newest = self.versions.entry(what.clone()).or_default();
            if number < *newest {
                let line = format!("{now}: {what} went back from version {newest} to {number}");
                self.violations.push(line);
            }
            *newest = number.max(*newest);
        }
    }
}

/// A document's text and the number of its version.
fn version(text: &str) -> Option<(String, u32)> {
    let (name, number) = text.split_once(VERSION_MARK)?;
    Some((name.to_owned(), number.parse().ok()?))
}

/// The longest window in which more calls arrived than `rate` a second and twenty allow, if there is one.
pub fn over_budget(arrivals: &[Timestamp], rate: i64) -> Option<String> {
    const WINDOWS_MS: [i64; 6] = [200, 1_000, 2_000, 5_000, 20_000, 60_000];
    let mut arrivals: Vec<Timestamp> = arrivals.to_vec();
    arrivals.sort();
    for window in WINDOWS_MS {
        let allowed = usize::try_from(rate * window / 1_000 + 20).unwrap_or(usize::MAX);
        let span = SignedDuration::from_millis(window);
        let mut first = 0;
        for last in 0..arrivals.len() {
            while arrivals[last].duration_since(arrivals[first]) >= span {
                first += 1;
            }
            let calls = last + 1 - first;
            if calls > allowed {
                return Some(format!(
                    "{calls} calls to Coupa within {window} ms up to {}, {allowed} are allowed",
                    arrivals[last]
                ));
            }
        }
    }
    None
}
