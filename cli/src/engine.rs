//! The single-machine edition: the pipeline over one SQLite file, built from the config and driven in this process.

mod build;
mod drive;

pub use build::Engine;
pub use drive::{Drained, Mark, Tally};
