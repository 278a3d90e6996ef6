use std::sync::atomic::{AtomicI64, AtomicU64};

/// Requests since the client was made, for `status` and the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests that were given to the transport, log-ins among them.
    pub requests: u64,
    /// Log-ins among them.
    pub logins: u64,
    /// Requests that repeated another, because that one failed for the moment or its session had ended.
    pub retries: u64,
    /// Sessions that SAP ended before their time.
    pub sessions_lost: u64,
    /// Requests that may be in flight now; lower than the setting while SAP is slow.
    pub parallel_now: usize,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) logins: AtomicU64,
    pub(crate) retries: AtomicU64,
    /// When the last reply came, in seconds of the clock; 0 before the first.
    pub(crate) answered_at: AtomicI64,
}
