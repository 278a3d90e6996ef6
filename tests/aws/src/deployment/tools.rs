//! The programs that this test drives, and the files of the repository that it needs.

use crate::Failure;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Where everything is.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    root: PathBuf,
}

impl Tools {
    /// Of this repository. `tests/aws/tools` has installed them.
    pub(crate) fn of_this_repository() -> Result<Self, Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        Ok(Self { root })
    }

    /// The root of the repository.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A file beside this test.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.join("tests/aws").join(name)
    }

    /// The Python of one of the environments.
    pub(crate) fn python(&self, environment: &str) -> PathBuf {
        self.root.join("target/aws").join(environment).join("bin/python")
    }

    /// SAM's command line.
    pub(crate) fn sam(&self) -> PathBuf {
        self.root.join("target/aws/sam/bin/sam")
    }

    /// The program, with what it needs for stacks.
    pub(crate) fn program(&self) -> PathBuf {
        self.root.join("target/debug/b1-coupa")
    }

    /// For what belongs to this test alone, such as a build with its config.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.root.join("target/aws/deployment")
    }
}

/// Runs a command to its end; what it printed, or why it failed with what it said.
pub(crate) fn run(mut command: Command, what: &str) -> Result<String, Failure> {
    let output = command.stdin(std::process::Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let complained = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{what} ended with {}: {said}{complained}", output.status)))
}
