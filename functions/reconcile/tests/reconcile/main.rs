//! The function between two simulated systems.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what it expects by failing, in its helpers too"
)]

mod comparison;
mod let_go;
mod rig;
