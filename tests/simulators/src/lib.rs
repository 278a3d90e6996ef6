//! A Service Layer and a Coupa that speak HTTP as the reference documents say, oddities included.
//!
//! Both are plain state machines: a request goes in, a reply comes out, time is handed in. [`serve`] puts
//! either of them behind a socket, or behind [`wire::Transport`] without one, so that a test can replay any
//! history. [`company`] fills them with a believable distributor, [`samples`] with single entries.

pub mod clock;
pub mod company;
pub mod compare;
pub mod coupa;
mod escapes;
pub mod samples;
pub mod sap;
pub mod serve;
