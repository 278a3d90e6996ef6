//! The Service Layer simulator, held against the reference, one module an area.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by failing")]

mod books;
mod cancelling;
mod client;
mod company;
mod faults;
mod filtering;
mod paging;
mod reading;
mod serving;
mod session;
mod speed;
mod stamps;
mod writing;
