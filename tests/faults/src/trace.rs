//! What happened, as one number to compare runs by, and as lines for people.

use crate::{exec::Time, random::Random};
use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// The history of one seed.
pub struct Trace {
    hash: AtomicU64,
    calls: AtomicU64,
    lines: Option<Mutex<Vec<String>>>,
    latency: Random,
}

impl Trace {
    /// Nothing has happened yet. Lines are kept where somebody wants to read them.
    pub fn new(seed: u64, with_lines: bool) -> Self {
        let lines = with_lines.then(Mutex::default);
        Self {
            calls: AtomicU64::new(0),
            hash: AtomicU64::new(0xcbf2_9ce4_8422_2325),
            lines,
            latency: Random::of(seed, "latency"),
        }
    }

    /// How long things take.
    pub fn latency(&self) -> &Random {
        &self.latency
    }

    /// Something happened at the other end of a worker's call.
    pub fn note(&self, time: &Time, worker: usize, what: &str, result: u64) {
        self.calls.fetch_add(1, Relaxed);
        let mut hash = self.hash.load(Relaxed);
        let now = time.now();
        let mut mix = |number: u64| hash = (hash ^ number).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
        mix(now.as_second().unsigned_abs());
        mix(u64::from(now.subsec_nanosecond().unsigned_abs()));
        mix(worker as u64);
        mix(result);
        what.bytes().for_each(|byte| mix(u64::from(byte)));
        self.hash.store(hash, Relaxed);
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    /// A line for people.
    pub fn tell(&self, time: &Time, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            lines.lock().unwrap().push(format!("{}  {}", time.now(), line()));
        }
    }

    /// The one number.
    pub fn hash(&self) -> u64 {
        self.hash.load(Relaxed)
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.as_ref().map(|lines| lines.lock().unwrap().clone()).unwrap_or_default()
    }
}
