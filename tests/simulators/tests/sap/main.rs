//! The Service Layer simulator, held against the reference, one module an area.

mod client;
mod company;
mod reading;
mod session;
