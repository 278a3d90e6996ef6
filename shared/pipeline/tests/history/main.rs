//! Histories of a small company in virtual time.

mod basics;
mod world;
