//! The client against scripted replies and against the simulator, in virtual time.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says what it expects by failing, in its helpers too"
)]

mod fields;
mod findings;
mod pace;
mod shared_budget;
mod shared_token;
mod simulator;
mod support;
mod tokens;
mod turns;
mod verdicts;
