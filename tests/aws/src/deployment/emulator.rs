//! The emulator, as a process that ends with this one.

use crate::{Failure, tools::Tools};
use serde_json::Value;
use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// An AWS on this machine, without anything in it.
pub(crate) struct Emulator {
    child: Child,
    tools: Tools,
    address: String,
    log: PathBuf,
}

impl Emulator {
    /// Starts it on a free port. `enforces` says whether policies and signatures count.
    pub(crate) fn start(tools: &Tools, folder: &Path, enforces: bool) -> Result<Self, Failure> {
        // Free a moment ago: whoever takes it in between makes the start fail, not the test pass.
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let log = folder.join("emulator.log");
        let mut command = Command::new(tools.python("emulator"));
        command.arg(tools.file("emulator")).arg("--until-stdin-closes");
        let address = format!("http://127.0.0.1:{port}");
        environment(&mut command, &address);
        command
            .env("GATEWAY_PORT", port.to_string())
            .env("AUTH", if enforces { "true" } else { "false" })
            .env("TMPDIR", folder)
            .stdin(Stdio::piped())
            .stdout(File::options().create(true).append(true).open(&log)?)
            .stderr(File::options().create(true).append(true).open(&log)?);
        let child = command.spawn()?;
        let emulator = Self { child, tools: tools.clone(), address, log };
        let ready = || emulator.call("sts", "get_caller_identity", "{}").is_ok();
        if !crate::wait::at_most(Duration::from_secs(30), Duration::from_millis(500), ready) {
            return Err(Failure::new(format!("the emulator did not start: {}", emulator.log_end())));
        }
        Ok(emulator)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Calls an operation, as an administrator of the account would.
    pub(crate) fn call(&self, service: &str, operation: &str, arguments: &str) -> Result<Value, Failure> {
        let mut command = Command::new(self.tools.python("emulator"));
        command.arg(self.tools.file("call")).args([service, operation, arguments]);
        self.prepare(&mut command);
        let output = crate::tools::run(command, &format!("{service} {operation}"))?;
        Ok(serde_json::from_str(&output)?)
    }

    /// Points a command at the emulator, and away from every real account.
    pub(crate) fn prepare(&self, command: &mut Command) {
        environment(command, &self.address);
    }

    /// The end of its log, where the functions' lines are, too.
    pub(crate) fn log_end(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn environment(command: &mut Command, address: &str) {
    for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"] {
        command.env_remove(name);
    }
    command
        .env("AWS_ENDPOINT_URL", address)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("SAM_CLI_TELEMETRY", "0");
}
