//! `tests/faults/run`: plays histories, and says what did not hold.

use std::process::ExitCode;

fn main() -> ExitCode {
    faults::program::main()
}
