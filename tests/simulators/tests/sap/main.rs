//! The Service Layer simulator, held against the reference, one module an area.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by failing")]

mod client;
mod company;
mod reading;
mod session;
