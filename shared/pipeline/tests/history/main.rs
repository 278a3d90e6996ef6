//! Histories of a small company in virtual time.

#![expect(unreachable_pub, reason = "the modules of one test share what they need")]

mod adoption;
mod basics;
mod calls;
mod cancellation;
mod crashes;
mod credit_notes;
mod failures;
mod invoices;
mod leases;
mod orders;
mod outages;
mod payments;
mod rig;
mod suppliers;
mod waiting;
mod world;
