//! The two simulators, the company between them, and a folder with the product's config.

use super::failed;
use crate::{CliResult, commands::App, engine::Engine};
use jiff::civil::{Date, date};
use model::Clock;
use simulators::{
    clock::SystemClock,
    company::{self, Size},
    compare, coupa,
    sap::{self, DocumentKind},
    serve,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

const START: Date = date(2026, 1, 1);
const SEED: u64 = 20_261_123;

/// Ten times Coupa's usual limit, so that the demo takes seconds.
const REQUESTS_PER_SECOND: u32 = 250;

pub(super) struct Stage {
    pub sap: sap::Simulator,
    pub coupa: coupa::Simulator,
    folder: PathBuf,
    /// They stop listening when dropped.
    servers: [serve::Server; 2],
}

impl Stage {
    /// Builds the company, starts both systems, and writes a config for them.
    pub(super) async fn set(folder: Option<PathBuf>) -> CliResult<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let data = company::master_data();
        let sap = sap::Simulator::new(sap::Settings::default(), Arc::clone(&clock));
        sap.set_master_data(&data);
        company::generate(&sap, SEED, Size::default()).map_err(|refusal| failed(format!("{refusal:?}")))?;
        let settings = coupa::Settings {
            requests_per_second: Some(REQUESTS_PER_SECOND),
            submitted_status: "approved",
            ..coupa::Settings::default()
        };
        let coupa = coupa::Simulator::new(Arc::clone(&clock), &data, settings);
        let servers = [
            serve::serve(sap.clone(), Arc::clone(&clock)).await.map_err(failed)?,
            serve::serve(coupa.clone(), clock).await.map_err(failed)?,
        ];
        let folder = folder
            .unwrap_or_else(|| std::env::temp_dir().join(format!("b1-coupa-demo-{}", std::process::id())));
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let stage = Self { sap, coupa, folder, servers };
        stage.write_config()?;
        Ok(stage)
    }

    fn write_config(&self) -> CliResult {
        let [sap, coupa] = [self.servers[0].base_url(), self.servers[1].base_url()];
        let rate = REQUESTS_PER_SECOND * 4 / 5;
        let config = format!(
            "# Written by `b1-coupa demo`. The two systems were simulators that are gone by now; the database is real.\n\
             [sap]\nservice_layer_url = \"{sap}\"\ncompany_db = \"SBODEMO_ACME\"\nuser = \"coupa_sync\"\n\n\
             [coupa]\nurl = \"{coupa}\"\nclient_id = \"coupa-client\"\nrequests_per_second = {rate}\n\
             request_timeout_seconds = 3\nmax_arrival_delay_seconds = 1\n\
             ship_to_user = \"buyer@acme.example\"\nship_to_address = \"MAIN\"\nchart_of_accounts = \"Main COA\"\n\
             reopen_reason = \"ERP_REOPENED\"\n\n[sync]\nstart_date = \"{START}\"\n"
        );
        let database = self.folder.join("b1-coupa.db");
        if database.exists() {
            return Err(failed(format!("{} is there already: name another folder", database.display())));
        }
        std::fs::write(self.config_file(), config).map_err(failed)
    }

    fn config_file(&self) -> PathBuf {
        self.folder.join("b1-coupa.toml")
    }

    /// The program, pointed at this stage.
    pub(super) fn app(&self, app: &App) -> App {
        App { config_file: self.config_file(), variable: secret, ..app.clone() }
    }

    /// How much of everything SAP holds.
    pub(super) fn inventory(&self) -> String {
        let counts = self.sap.counts();
        let parts: Vec<String> = counts.iter().map(|(set, count)| format!("{count} {set}")).collect();
        parts.join(", ")
    }

    pub(super) fn differences(&self) -> Vec<String> {
        compare::differences(&self.sap, &self.coupa, START)
    }

    /// What the simulators counted of the trouble that was planned.
    pub(super) fn met(&self, engine: &Engine) -> Vec<(&'static str, u64)> {
        let sap = engine.pipeline.sap.stats();
        vec![
            ("answers \"slow down\" (429)", self.coupa.answered(429)),
            ("SAP sessions lost", sap.sessions_lost),
            ("replies lost after Coupa had committed", LOST_REPLIES - self.losses_left()),
        ]
    }

    fn losses_left(&self) -> u64 {
        let lost = |fault: &coupa::Fault| fault.effect == coupa::Effect::LoseReply;
        self.coupa.faults_left().iter().filter(|fault| lost(fault)).map(|fault| fault.times).sum()
    }

    /// The command that shows the audit trail of an invoice that changed today.
    pub(super) fn look_at(&self) -> CliResult<String> {
        let last = self.sap.entries(DocumentKind::Invoice).into_iter().rev().find_map(|entry| {
            let invoice = self.sap.document(DocumentKind::Invoice, entry)?;
            self.coupa.invoice(&invoice.card_code, &invoice.number.to_string()).map(|_| invoice.number)
        });
        let number = last.ok_or_else(|| failed("no invoice has arrived"))?;
        let program = std::env::args().next().unwrap_or_else(|| "b1-coupa".to_owned());
        Ok(format!("{program} audit show invoice {number} --config {}", shown(&self.config_file())))
    }
}

/// Replies that the demo loses.
pub(super) const LOST_REPLIES: u64 = 1;

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn secret(name: &str) -> Option<String> {
    match name {
        "B1_COUPA_SAP_PASSWORD" => Some("correct horse".to_owned()),
        "B1_COUPA_COUPA_CLIENT_SECRET" => Some("coupa-secret".to_owned()),
        _ => None,
    }
}
