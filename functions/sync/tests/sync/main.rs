//! The function between two simulated systems, and its event and answer on a queue that speaks as SQS does.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what it expects by failing, in its helpers too"
)]

mod batches;
mod events;
mod moods;
mod queues;
mod throttled;
mod work;
