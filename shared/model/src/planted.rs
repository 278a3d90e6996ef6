//! Known mistakes, each of which can be put back to show that the fault tests catch it.
//!
//! Only the build of `tests/faults/run --planted` sets `--cfg planted`. In every other build [`bug`] is a constant
//! `false`, and nothing of this is left.

macro_rules! bugs {
    ($($name:ident $text:literal;)*) => {
        /// A known mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug { $(#[doc = $text] $name),* }

        impl Bug {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// What it is.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

bugs! {
    StrictCursor "strictly later than the cursor, no overlap";
    CursorBeforeEnqueue "cursor moved before the queue has confirmed";
    NaiveFilter "filter on date and on time, each for itself";
    NoFencing "a lease is given although another holds it";
    UnconditionalCompletion "an attempt's end is written whoever holds the lease";
    NoOpenAttempt "taking a lease records no open attempt";
    AckBeforeWrite "message acked before the work";
    DeleteOnTimeout "message deleted after a time-out";
    UnknownIsFailure "a lost reply is taken for a failure";
    UnknownForgotten "what may still arrive is not waited for";
    RetriedForEver "a refusal for good is tried again for ever";
    RetryAfterIgnored "Retry-After is ignored";
    LoginStorm "a refused log-in is tried again at once";
    PaymentAppendedOnRetry "a payment is appended without looking";
    CreateWithoutAsking "a document is created without asking for its number";
    LinkBeforeCreate "the link is kept although the write's outcome is unknown";
    HashBeforeMapping "unchanged stamp taken for unchanged document";
    ClosedTwice "an order is closed without looking";
    UnparkBeforeEnqueue "taken off the waiting list before it is in the queue";
    WaitingForgotten "what waits is never released";
    BudgetNotShared "the budget is drawn without being reduced";
    FollowUpsLast "what follows from an attempt is enqueued after its end";
    PartnerMadeAgain "a business partner is made without looking for an earlier one";
    AgreedForgotten "what both sides agreed on is forgotten";
    ChainNotKept "the end of the audit chain is not kept";
}

/// Whether this mistake is in effect.
#[cfg(not(planted))]
pub const fn bug(_: Bug) -> bool {
    false
}

#[cfg(planted)]
pub use put_back::{bug, plant};

#[cfg(planted)]
mod put_back {
    use super::Bug;
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Whether this mistake is in effect on this thread.
    pub fn bug(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }

    /// Puts a mistake back on this thread, or takes it out again.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }
}
