//! The binary, under way and ended.

use model::Clock;
use serde_json::Value;
use simulators::clock::SystemClock;
use std::{
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Runs a command to its end.
    pub(crate) fn of(mut command: Command) -> Self {
        command.output().unwrap().into()
    }

    /// The one JSON object that `--json` prints on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let value: Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"));
        assert!(value.is_object() && self.stdout.trim_end().lines().count() == 1, "{self:?}");
        value
    }

    /// The error that `--json` prints: the last line of stderr, with nothing on stdout.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        assert_eq!(self.stdout, "", "{self:?}");
        let line = self.stderr.lines().last().unwrap_or_default();
        let value: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"));
        let error = &value["error"];
        assert!(error["message"].is_string(), "{self:?}");
        error.clone()
    }

    /// A count of the table, such as `count("invoices", "created")`.
    #[track_caller]
    pub(crate) fn count(&self, object: &str, column: &str) -> u64 {
        self.json()["objects"][object][column]
            .as_u64()
            .unwrap_or_else(|| panic!("no {object}.{column}: {self:?}"))
    }

    /// A count over all objects.
    #[track_caller]
    pub(crate) fn total(&self, column: &str) -> u64 {
        self.json()[column].as_u64().unwrap_or_else(|| panic!("no {column}: {self:?}"))
    }

    /// Fails the test unless the command ended so.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Everything that was printed.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A command under way. Killed if the test ends before it.
pub(crate) struct Running(Option<Child>);

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        // What it prints waits in the pipe until it is asked for: a few lines, no flood.
        Self(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&mut self, name: &str) {
        let process = self.child().id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status().unwrap();
        assert!(sent.success(), "no {name} to {process}");
    }

    /// `kill -9`, and gone.
    pub(crate) fn kill(mut self) {
        let child = self.child();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.child().try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        self.0.take().unwrap().wait_with_output().unwrap().into()
    }

    /// Waits for its end, which must come within this time.
    #[track_caller]
    pub(crate) fn end_within(self, limit: Duration) -> Ended {
        let begun = SystemClock.now();
        let ended = self.end();
        let took = SystemClock.now().duration_since(begun);
        assert!(took.unsigned_abs() < limit, "took {took}: {ended:?}");
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
