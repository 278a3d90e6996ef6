//! The same scenarios on AWS. Where `B1_COUPA_TEST_STACKS` names the program that deploys stacks (`tests/aws/stacks`), each
//! world has one of its own, and its commands look into that and not into a file.

use crate::world::{COUPA_SECRET, SAP_PASSWORD, SIGNING_KEY, WEBHOOK_KEY};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

/// The commands that take `--stack`.
const COMMANDS: [&str; 11] = [
    "status",
    "audit",
    "dead-letters",
    "check",
    "backfill",
    "sync",
    "reconcile",
    "replay",
    "why",
    "guardrail",
    "webhooks",
];
/// What the SDK needs to know.
const VARIABLES: [&str; 4] =
    ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"];

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A stack that is deployed when it is first needed, and gone with its world.
pub(crate) struct Stack {
    deployer: PathBuf,
    name: String,
    config: PathBuf,
    /// What the config said when the functions last started.
    running: Mutex<Option<String>>,
}

impl Stack {
    /// If this run is about AWS.
    pub(crate) fn of_world(config: &Path) -> Option<Self> {
        let deployer = PathBuf::from(std::env::var_os("B1_COUPA_TEST_STACKS")?);
        let name = format!("scenario-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Some(Self { deployer, name, config: config.to_owned(), running: Mutex::new(None) })
    }

    /// Points a command at the stack, if it is one that can look there.
    pub(crate) fn stand_in(&self, command: &mut Command, arguments: &[&str]) {
        let takes_it = arguments.first().is_some_and(|first| COMMANDS.contains(first));
        if !takes_it {
            return;
        }
        self.bring_up();
        command.args(["--stack", &self.name]);
        for variable in VARIABLES {
            command.env(variable, std::env::var(variable).unwrap_or_default());
        }
        command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    }

    /// Its secrets from now on.
    pub(crate) fn set_secrets(&self, secrets: &serde_json::Value) {
        let mut command = Command::new(&self.deployer);
        let output =
            command.args(["secrets", &self.name]).env("B1_COUPA_TEST_SECRETS", secrets.to_string()).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Host and path by which the emulator serves its API.
    pub(crate) fn api(&self) -> (String, String) {
        self.bring_up();
        let output = Command::new(&self.deployer).args(["api", &self.name]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap();
        let host = endpoint.strip_prefix("http://").unwrap().to_owned();
        (host, format!("/_aws/execute-api/{}/$default", String::from_utf8(output.stdout).unwrap().trim()))
    }

    /// Deploys it, or has the functions start anew where the config has changed.
    fn bring_up(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(config) = self.read_config() else { return };
        let verb = match running.as_ref() {
            None => "create",
            Some(before) if *before != config => "restart",
            Some(_) => return,
        };
        let secrets = secrets();
        let mut command = Command::new(&self.deployer);
        command.args([verb, &self.name]).arg(&self.config).env("B1_COUPA_TEST_SECRETS", secrets.to_string());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{verb}: {}", String::from_utf8_lossy(&output.stderr));
        *running = Some(config);
    }

    /// Config and mapping as one text. Nothing where no function could start with them: the command says so by itself.
    fn read_config(&self) -> Option<String> {
        setup::Config::load(&self.config).ok()?;
        let config = std::fs::read_to_string(&self.config).ok()?;
        let mapping = self.config.with_file_name("mapping.toml");
        Some(config + &std::fs::read_to_string(mapping).unwrap_or_default())
    }
}

/// What a stack's secret holds at first.
pub(crate) fn secrets() -> serde_json::Value {
    serde_json::json!({
        "sap-password": SAP_PASSWORD, "coupa-client-secret": COUPA_SECRET, "signing-key": SIGNING_KEY, "webhook-key": WEBHOOK_KEY,
    })
}

impl Drop for Stack {
    fn drop(&mut self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_some() {
            let _ = Command::new(&self.deployer).args(["delete", &self.name]).output();
        }
    }
}
