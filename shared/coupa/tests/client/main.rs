//! The client against scripted replies and against the simulator, in virtual time.

mod fields;
mod findings;
mod pace;
mod simulator;
mod support;
mod tokens;
mod verdicts;
