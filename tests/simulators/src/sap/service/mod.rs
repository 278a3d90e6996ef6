//! How the company speaks HTTP.

mod answer;
mod faults;
mod json;
mod read;
mod route;
mod session;
mod sets;
mod simulator;
mod write;

pub use faults::{Fault, FaultKind};
pub use simulator::{LoggedRequest, Simulator};

use super::world::World;
use std::collections::BTreeMap;

/// How many entities each set holds.
pub(crate) fn counts(world: &World) -> BTreeMap<&'static str, usize> {
    sets::Set::all().map(|set| (set.name(), set.len(world))).collect()
}
