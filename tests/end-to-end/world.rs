//! A company, its two systems, and the product between them.

use crate::{
    process::{Ended, Running},
    stack::Stack,
};
use jiff::civil::{Date, date};
use model::Clock;
use serde_json::Value;
use simulators::{
    clock::SystemClock,
    company::{self, Size},
    compare, coupa, sap, serve,
};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// The first day whose documents go over, as in the config.
pub(crate) const START: Date = date(2026, 1, 1);
pub(crate) const SAP_PASSWORD: &str = "correct horse";
pub(crate) const COUPA_SECRET: &str = "coupa-secret";
pub(crate) const SIGNING_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub(crate) const WEBHOOK_KEY: &str = "a key for webhooks";
const CONFIG_FILE: &str = "b1-coupa.toml";
/// A port of this machine at which nobody listens.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";

/// The two systems, served over HTTP, and a folder with the product's config and database.
pub(crate) struct World {
    pub(crate) sap: sap::Simulator,
    pub(crate) coupa: coupa::Simulator,
    folder: TempDir,
    config: String,
    /// In place of the database file, where the scenarios are played on AWS.
    pub(crate) stack: Option<Stack>,
    // Servers end before the runtime that they run on.
    servers: [serve::Server; 2],
    _runtime: tokio::runtime::Runtime,
}

impl World {
    /// An empty company with its master data in both systems, without limits on Coupa's rate, where an invoice is
    /// approved as soon as it is submitted.
    pub(crate) fn new() -> Self {
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
            [
                serve::serve(sap.clone(), Arc::clone(&clock)).await.unwrap(),
                serve::serve(coupa.clone(), Arc::clone(&clock)).await.unwrap(),
            ]
        });
        let folder = TempDir::new().unwrap();
        let stack = Stack::of_world(&folder.path().join(CONFIG_FILE));
        let config = String::new();
        let mut world = Self { sap, coupa, folder, config, stack, servers, _runtime: runtime };
        let config = world.default_config();
        world.write_config(config);
        world
    }

    /// A generated company with about that many orders, invoices, credit notes and payments.
    pub(crate) fn with_documents(seed: u64, documents: usize) -> Self {
        let world = Self::new();
        world.fill(seed, documents);
        world
    }

    /// Fills an empty company.
    pub(crate) fn fill(&self, seed: u64, documents: usize) {
        company::generate(&self.sap, seed, Size::with_documents(documents)).unwrap();
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
request_timeout_seconds = 10
max_arrival_delay_seconds = 0
ship_to_user = "buyer@acme.example"
ship_to_address = "01"
chart_of_accounts = "Main COA"
reopen_reason = "ERP_REOPENED"

[sync]
start_date = "{START}"
poll_interval = "1s"
"#,
            sap = self.sap_url(),
            coupa = self.coupa_url(),
        )
    }

    pub(crate) fn sap_url(&self) -> String {
        self.servers[0].base_url()
    }

    pub(crate) fn coupa_url(&self) -> String {
        self.servers[1].base_url()
    }

    /// Puts this text into the config file, whatever it says.
    pub(crate) fn write_config(&mut self, config: String) {
        std::fs::write(self.config_file(), &config).unwrap();
        self.config = config;
    }

    /// Replaces text in the config.
    pub(crate) fn configure(&mut self, from: &str, to: &str) {
        assert!(self.config.contains(from), "{from} is not in the config");
        self.write_config(self.config.replace(from, to));
    }

    /// Adds lines to a section of the config.
    pub(crate) fn set(&mut self, section: &str, lines: &str) {
        let header = format!("[{section}]\n");
        self.configure(&header, &format!("{header}{lines}\n"));
    }

    /// Uses this mapping file.
    pub(crate) fn map(&mut self, mapping: &str) {
        std::fs::write(self.folder().join("mapping.toml"), mapping).unwrap();
        if !self.config.contains("[mapping]") {
            self.write_config(format!("{}\n[mapping]\nfile = \"mapping.toml\"\n", self.config));
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.folder().join(CONFIG_FILE)
    }

    /// The binary with its config and nothing else of this environment.
    pub(crate) fn command_without_secrets(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_b1-coupa"));
        command.env_clear().args(args).arg("--config").arg(self.config_file()).stdin(Stdio::null());
        if let Some(stack) = &self.stack {
            stack.stand_in(&mut command, args);
        }
        command
    }

    /// The binary with its config and secrets.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.command_without_secrets(args);
        command.env("B1_COUPA_SAP_PASSWORD", SAP_PASSWORD).env("B1_COUPA_COUPA_CLIENT_SECRET", COUPA_SECRET);
        command.env("B1_COUPA_WEBHOOK_KEY", WEBHOOK_KEY);
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args))
    }

    /// Starts the binary and leaves it running.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start(self.command(args))
    }

    /// `sync --once --json`, waiting only for what its own workers have to do one after the other.
    pub(crate) fn sync(&self) -> Ended {
        self.sync_waiting("6s")
    }

    /// Works off what a command has just enqueued, of which something fails. On AWS the functions may have done so before the
    /// sync could see it.
    pub(crate) fn sync_what_fails(&self) {
        let synced = self.sync();
        if self.stack.is_none() {
            synced.expect(2);
        }
    }

    /// The same, waiting for what falls due within `max_wait`.
    pub(crate) fn sync_waiting(&self, max_wait: &str) -> Ended {
        self.run(&["sync", "--once", "--max-wait", max_wait, "--json"])
    }

    /// The attempts on one document, oldest first.
    pub(crate) fn attempts(&self, kind: &str, number: &str) -> Vec<Value> {
        let shown = self.run(&["audit", "show", kind, number, "--json"]).expect(0).json();
        let attempts = shown["documents"][0]["attempts"].as_array();
        attempts.cloned().unwrap_or_else(|| panic!("no attempts: {shown}"))
    }

    /// Outcome and code of the last attempt on a document.
    pub(crate) fn last_attempt(&self, kind: &str, number: &str) -> (String, String) {
        let last = self.attempts(kind, number).pop().expect("an attempt");
        let text = |name: &str| last[name].as_str().unwrap_or_default().to_owned();
        (text("outcome"), text("code"))
    }

    /// Fails the test unless Coupa holds exactly what SAP implies, and was sent nothing that it has no place for.
    #[track_caller]
    pub(crate) fn expect_in_step(&self) {
        let differences = compare::differences(&self.sap, &self.coupa, START);
        assert!(differences.is_empty(), "{differences:#?}");
        self.expect_clean_requests();
    }

    /// Fails the test if Coupa was sent attributes that it doesn't know or that are not ours to write.
    #[track_caller]
    pub(crate) fn expect_clean_requests(&self) {
        assert!(self.coupa.unknown_attributes().is_empty(), "{:?}", self.coupa.unknown_attributes());
        assert!(self.coupa.read_only_sent().is_empty(), "{:?}", self.coupa.read_only_sent());
    }

    /// How many requests to Coupa wrote something.
    pub(crate) fn writes(&self) -> u64 {
        self.coupa.writes().values().sum()
    }

    /// SAP sessions that a command leaves behind: none of its own, and on AWS the one that all workers share.
    pub(crate) fn sessions_kept(&self) -> usize {
        usize::from(self.stack.is_some())
    }

    /// How many log-ins SAP has seen.
    pub(crate) fn log_ins(&self) -> usize {
        self.sap.requests().iter().filter(|request| request.path_and_query.ends_with("/Login")).count()
    }
}

/// Waits until something is so, and fails the test after a while.
#[track_caller]
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    assert!(wait_at_most(Duration::from_secs(60), is_so), "waited in vain until {what}");
}

/// Waits until something is so, but no longer than this. Whether it is.
pub(crate) fn wait_at_most(longest: Duration, is_so: impl Fn() -> bool) -> bool {
    const STEP: Duration = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    while !is_so() {
        if waited >= longest {
            return false;
        }
        std::thread::sleep(STEP);
        waited += STEP;
    }
    true
}
