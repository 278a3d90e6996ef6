//! A company, its two systems, and the product between them.

use model::Clock;
use serde_json::Value;
use simulators::{clock::SystemClock, company, coupa, sap, serve};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
};
use tempfile::TempDir;

/// The two systems, served over HTTP, and a folder with the product's config and database.
pub struct World {
    pub sap: sap::Simulator,
    pub coupa: coupa::Simulator,
    folder: TempDir,
    config: String,
    runtime: tokio::runtime::Runtime,
    servers: Vec<serve::Server>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// What `--json` printed.
    pub fn json(&self) -> Value {
        let text = if self.stdout.trim().is_empty() {
            self.stderr.lines().last().unwrap_or_default()
        } else {
            &self.stdout
        };
        serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// A count of the table, such as `count("invoices", "created")`.
    pub fn count(&self, object: &str, column: &str) -> u64 {
        self.json()["objects"][object][column]
            .as_u64()
            .unwrap_or_else(|| panic!("no {object}.{column}: {self:?}"))
    }

    /// Fails the test unless the command ended so.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

impl World {
    /// An empty company with its master data in both systems, without limits on Coupa's rate.
    pub fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let sap = sap::Simulator::new(sap::Settings::default(), Arc::clone(&clock));
        let data = company::master_data();
        sap.set_master_data(&data);
        let settings = coupa::Settings {
            requests_per_second: None,
            submitted_status: "approved",
            ..coupa::Settings::default()
        };
        let coupa = coupa::Simulator::new(Arc::clone(&clock), &data, settings);
        let servers = runtime.block_on(async {
            vec![
                serve::serve(sap.clone(), Arc::clone(&clock)).await.unwrap(),
                serve::serve(coupa.clone(), Arc::clone(&clock)).await.unwrap(),
            ]
        });
        let world =
            Self { sap, coupa, folder: TempDir::new().unwrap(), config: String::new(), runtime, servers };
        let config = world.default_config();
        world.with_config(&config)
    }

    fn default_config(&self) -> String {
        format!(
            r#"
[sap]
service_layer_url = "{sap}"
company_db = "SBODEMO_ACME"
user = "coupa_sync"

[coupa]
url = "{coupa}"
client_id = "coupa-client"
requests_per_second = 1000
request_timeout_seconds = 3
max_arrival_delay_seconds = 0
ship_to_user = "buyer@acme.example"
ship_to_address = "01"
chart_of_accounts = "Main COA"
reopen_reason = "ERP_REOPENED"

[sync]
start_date = "2026-01-01"
poll_interval = "1s"
"#,
            sap = self.servers[0].base_url(),
            coupa = self.servers[1].base_url(),
        )
    }

    fn with_config(mut self, config: &str) -> Self {
        self.config = config.to_owned();
        std::fs::write(self.config_file(), config).unwrap();
        self
    }

    /// Replaces text in the config.
    pub fn configure(&mut self, from: &str, to: &str) {
        assert!(self.config.contains(from), "{from} is not in the config");
        self.config = self.config.replace(from, to);
        std::fs::write(self.config_file(), &self.config).unwrap();
    }

    /// Uses this mapping file.
    pub fn map(&mut self, mapping: &str) {
        std::fs::write(self.folder().join("mapping.toml"), mapping).unwrap();
        if !self.config.contains("[mapping]") {
            self.config.push_str("\n[mapping]\nfile = \"mapping.toml\"\n");
            std::fs::write(self.config_file(), &self.config).unwrap();
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn config_file(&self) -> PathBuf {
        self.folder().join("b1-coupa.toml")
    }

    /// The binary with its config and secrets.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_b1-coupa"));
        command
            .args(args)
            .arg("--config")
            .arg(self.config_file())
            .env("B1_COUPA_SAP_PASSWORD", "correct horse")
            .env("B1_COUPA_COUPA_CLIENT_SECRET", "coupa-secret")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub fn run(&self, args: &[&str]) -> Ended {
        ended(self.command(args).output().unwrap())
    }

    /// `sync --once --json`, waiting for nothing.
    pub fn sync(&self) -> Ended {
        self.run(&["sync", "--once", "--max-wait", "0s", "--json"])
    }

    /// The same, waiting for what falls due within `max_wait`.
    pub fn sync_waiting(&self, max_wait: &str) -> Ended {
        self.run(&["sync", "--once", "--max-wait", max_wait, "--json"])
    }

    /// The attempts on one document, oldest first.
    pub fn audit(&self, kind: &str, number: &str) -> Vec<Value> {
        let shown = self.run(&["audit", "show", kind, number, "--json"]).expect(0).json();
        shown["entries"].as_array().cloned().unwrap_or_else(|| panic!("no entries: {shown}"))
    }

    /// Outcome and code of the last attempt on a document.
    pub fn last_attempt(&self, kind: &str, number: &str) -> (String, String) {
        let last = self.audit(kind, number).pop().expect("an attempt");
        let text = |name: &str| last[name].as_str().unwrap_or_default().to_owned();
        (text("outcome"), text("code"))
    }

    /// Runs something on the simulators' runtime.
    pub fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }
}

fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
