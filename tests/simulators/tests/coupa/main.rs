//! What the simulated Coupa answers, held against what Coupa's documents say.

#![expect(clippy::expect_used, reason = "helpers of tests fail by panicking")]

mod desk;

mod access;
mod faults;
mod invoices;
mod orders;
mod payments;
mod queries;
mod reference;
mod suppliers;
