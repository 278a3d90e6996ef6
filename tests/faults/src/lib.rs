//! Any history, from a seed: the real pipeline between two simulated systems, in virtual time, under faults.
//!
//! [`run::run`] plays one seed: a company's day under the faults that the seed draws, a time without faults, and
//! then the checks of [`check`]. Everything happens on one thread, by one virtual clock, so the same seed is the same
//! history. [`exec`] runs the workers and kills them, [`cloud`] keeps what the stores keep, [`net`] carries requests,
//! [`company`] enters documents in SAP, [`coupa_people`] work in Coupa, and an [`operator`] has things looked at.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "these are tests; they say what they expect by failing"
)]
#![allow(clippy::format_push_string, reason = "a report is written once")]

pub mod args;
pub mod check;
pub mod clients;
pub mod cloud;
pub mod company;
pub mod coupa_people;
pub mod exec;
pub mod fault;
pub mod logs;
pub mod net;
pub mod operator;
pub mod program;
pub mod random;
pub mod report;
pub mod run;
pub mod setup;
pub mod shrink;
pub mod trace;
pub mod watch;
pub mod ways;
pub mod worker;
pub mod world;
