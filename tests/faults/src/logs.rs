//! Reads every log line, for what must stand in none.

use std::{
    fmt::{Debug, Write as _},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

/// Secrets, sessions and tokens; and what belongs to people.
const FORBIDDEN: [&str; 14] = [
    "correct horse",
    "coupa-secret",
    "key-of-the-webhook",
    "own.example",
    "B1SESSION",
    "eyJ0eXAi",
    "Bearer",
    "ap@supplier.example",
    "ada@acme.example",
    "+49 30",
    "DE123456789",
    "Main 1",
    "Ada",
    "10115",
];

/// Lines in which something forbidden stood.
#[derive(Default)]
pub struct Found {
    lines: Mutex<Vec<String>>,
    read: AtomicU64,
}

impl Found {
    /// Each of them.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// How many lines were read.
    pub fn read(&self) -> u64 {
        self.read.load(Relaxed)
    }
}

/// The reader.
pub struct Reader {
    found: Arc<Found>,
    level: Level,
}

impl Reader {
    /// Reads lines up to this level.
    pub fn new(found: Arc<Found>, level: Level) -> Self {
        Self { found, level }
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _written = write!(self.0, " {}={value:?}", field.name());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _written = write!(self.0, " {}={value}", field.name());
    }
}

impl Subscriber for Reader {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::with_capacity(200));
        event.record(&mut line);
        self.found.read.fetch_add(1, Relaxed);
        if FORBIDDEN.iter().any(|forbidden| holds(&line.0, forbidden)) {
            self.found.lines.lock().unwrap().push(line.0);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Whether the text stands there, and is no part of a longer number: a moment has many digits.
fn holds(line: &str, forbidden: &str) -> bool {
    let digit = |character: Option<char>| character.is_some_and(|character| character.is_ascii_digit());
    line.match_indices(forbidden).any(|(at, _)| {
        let (before, behind) = (&line[..at], &line[at + forbidden.len()..]);
        let goes_on = digit(before.chars().next_back()) && digit(forbidden.chars().next())
            || digit(behind.chars().next()) && digit(forbidden.chars().next_back());
        !goes_on
    })
}
