use model::Lane;
use serde_json::Value;
use std::sync::{Mutex, atomic::AtomicU32};

/// What each request needs to know about the attempt it is made for.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Live changes draw the budget before backfill.
    pub lane: Lane,
    /// Whether enough of the lease is left. Asked before every try, with no await between the answer and
    /// handing the request to the transport; `false` ends the call with [`crate::Error::TooLate`], nothing sent.
    pub may_send: &'a (dyn Fn() -> bool + Send + Sync),
    /// Counts the requests that went out, tries and all. Token requests don't count.
    pub made: &'a AtomicU32,
    /// Receives `{"method", "path", "body"}` of each write that went out, once however often it was tried; with
    /// what was answered, as [`wire::note_reply`] has it.
    pub sent: &'a Mutex<Vec<Value>>,
}

/// What a [`Call`] borrows from, for work that holds no lease: checks, and reads for many documents at once.
#[derive(Debug, Default)]
pub struct Tally {
    made: AtomicU32,
    sent: Mutex<Vec<Value>>,
}

impl Tally {
    /// A call that may always be sent.
    pub fn call(&self, lane: Lane) -> Call<'_> {
        Call { lane, may_send: &|| true, made: &self.made, sent: &self.sent }
    }

    /// Requests that went out.
    pub fn made(&self) -> u32 {
        self.made.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// The writes that went out.
    pub fn sent(&self) -> Vec<Value> {
        self.sent.lock().map(|sent| sent.clone()).unwrap_or_default()
    }
}
