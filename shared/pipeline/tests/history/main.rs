//! Histories of a small company in virtual time.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests say what they expect by failing")]
#![expect(unreachable_pub, reason = "the modules of one test share what they need")]

mod adoption;
mod backfill;
mod bad_input;
mod basics;
mod both_ways;
mod calls;
mod cancellation;
mod crashes;
mod credit_notes;
mod endings;
mod failures;
mod gone;
mod guardrail;
mod invoices;
mod invoices_on_orders;
mod leases;
mod new_suppliers;
mod orders;
mod outages;
mod panics;
mod payments;
mod plans;
mod polling;
mod polling_both_ways;
mod redriven;
mod rig;
mod shadow;
mod suppliers;
mod waiting;
mod world;
