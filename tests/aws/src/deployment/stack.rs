//! The real template, built and deployed as a user does it.

use crate::{
    Failure,
    emulator::Emulator,
    tools::{self, Tools},
};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, process::Command};

pub(crate) const NAME: &str = "b1-coupa-test";

/// `sam build` with the config in this folder. The packages are what is deployed afterwards.
pub(crate) fn build(tools: &Tools, config: &Path) -> Result<(), Failure> {
    let mut command = sam(tools, "build");
    command.arg("--build-dir").arg(tools.scratch().join("build")).env("B1_COUPA_CONFIG_DIR", config);
    tools::run(command, "sam build").map(drop)
}

/// A deployed stack.
pub(crate) struct Stack {
    outputs: BTreeMap<String, String>,
}

impl Stack {
    /// Creates the stack, or updates it where these parameters differ.
    pub(crate) fn deploy(
        tools: &Tools,
        emulator: &Emulator,
        parameters: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let mut command = sam(tools, "deploy");
        emulator.prepare(&mut command);
        command
            .arg("--config-file")
            .arg(tools.root().join("samconfig.toml"))
            .arg("--template-file")
            .arg(tools.scratch().join("build/template.yaml"))
            .args(["--stack-name", NAME, "--no-confirm-changeset", "--region", "us-east-1"])
            .arg("--parameter-overrides")
            .args(parameters.iter().map(|(name, value)| format!("{name}=\"{value}\"")));
        tools::run(command, "sam deploy").map_err(|failure| failure.with(&emulator.log_end()))?;
        let described =
            emulator.call("cloudformation", "describe_stacks", &format!(r#"{{"StackName":"{NAME}"}}"#))?;
        let outputs = described["Stacks"][0]["Outputs"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let outputs =
            outputs.iter().map(|one| (text(&one["OutputKey"]), text(&one["OutputValue"]))).collect();
        Ok(Self { outputs })
    }

    /// One of its outputs.
    pub(crate) fn output(&self, name: &str) -> Result<&str, Failure> {
        let found = self.outputs.get(name).map(String::as_str);
        found.ok_or_else(|| Failure::new(format!("the stack has no output {name}")))
    }
}

fn sam(tools: &Tools, verb: &str) -> Command {
    let mut command = Command::new(tools.sam());
    command.current_dir(tools.root()).arg(verb).env("SAM_CLI_TELEMETRY", "0");
    command
}
