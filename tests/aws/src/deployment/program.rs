//! The program, as an operator calls it.

use crate::{stack, tools::Tools};
use std::{path::Path, process::Command};

/// `b1-coupa` on the deployed stack, with the config in this folder; what it prints is JSON.
pub(crate) fn on_stack(tools: &Tools, config: &Path) -> Command {
    let mut command = Command::new(tools.program());
    command.current_dir(config).args(["--json", "--stack", stack::NAME]);
    command
}
