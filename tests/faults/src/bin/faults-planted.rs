//! `tests/faults/run --planted`: the same program, from crates in which known mistakes can be put back.

use std::process::ExitCode;

fn main() -> ExitCode {
    faults::program::main()
}
