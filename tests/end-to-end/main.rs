//! Through the doors that users use: the binary, HTTP, the database file. Each test has a company of its own, two
//! simulators on free ports, and a folder with a config.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what it expects by failing, in its helpers too"
)]

mod books;
mod door;
mod process;
mod scenarios;
mod sinks;
mod stack;
mod world;
