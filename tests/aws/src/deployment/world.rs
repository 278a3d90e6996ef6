//! A company and its two systems, served over HTTP to the functions.

use crate::Failure;
use jiff::civil::{Date, date};
use model::Clock;
use simulators::{
    clock::SystemClock,
    company::{self, Size},
    compare, coupa,
    samples::{document, line, supplier},
    sap::{self, DocumentKind, DocumentSpec},
    serve,
};
use std::{path::Path, sync::Arc};

/// The first day whose documents go over, as in the config.
const START: Date = date(2026, 1, 1);
/// What the simulators take.
pub(crate) const SAP_PASSWORD: &str = "correct horse";
pub(crate) const COUPA_SECRET: &str = "coupa-secret";
/// 32 bytes that sign nothing else.
pub(crate) const SIGNING_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

pub(crate) struct World {
    pub(crate) sap: sap::Simulator,
    pub(crate) coupa: coupa::Simulator,
    // Servers end before the runtime that they run on.
    servers: [serve::Server; 2],
    _runtime: tokio::runtime::Runtime,
}

impl World {
    /// A generated company. Coupa holds its limit of 25 requests a second.
    pub(crate) fn new(documents: usize) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let sap = sap::Simulator::new(sap::Settings::default(), Arc::clone(&clock));
        let data = company::master_data();
        sap.set_master_data(&data);
        company::generate(&sap, 11, Size::with_documents(documents)).map_err(|refusal| refused(&refusal))?;
        let settings = coupa::Settings { submitted_status: "approved", ..coupa::Settings::default() };
        let coupa = coupa::Simulator::new(Arc::clone(&clock), &data, settings);
        let servers = runtime.block_on(async {
            Ok::<_, std::io::Error>([
                serve::serve(sap.clone(), Arc::clone(&clock)).await?,
                serve::serve(coupa.clone(), clock).await?,
            ])
        })?;
        Ok(Self { sap, coupa, servers, _runtime: runtime })
    }

    /// Writes the config that leads here.
    pub(crate) fn write_config(&self, folder: &Path) -> Result<(), Failure> {
        let config = format!(
            r#"[sap]
service_layer_url = "{sap}"
company_db = "SBODEMO_ACME"
user = "coupa_sync"

[coupa]
url = "{coupa}"
client_id = "coupa-client"
request_timeout_seconds = 3
max_arrival_delay_seconds = 0
ship_to_user = "buyer@acme.example"
ship_to_address = "01"
chart_of_accounts = "Main COA"
reopen_reason = "ERP_REOPENED"

[sync]
start_date = "{START}"
"#,
            sap = self.servers[0].base_url(),
            coupa = self.servers[1].base_url(),
        );
        std::fs::create_dir_all(folder)?;
        Ok(std::fs::write(folder.join("b1-coupa.toml"), config)?)
    }

    /// What Coupa has that SAP doesn't imply, and the other way round.
    pub(crate) fn differences(&self) -> Vec<String> {
        let mut found = compare::differences(&self.sap, &self.coupa, START);
        found.extend(
            self.coupa.unknown_attributes().into_iter().map(|name| format!("{name} is no attribute")),
        );
        found.extend(
            self.coupa.read_only_sent().into_iter().map(|name| format!("{name} is not ours to write")),
        );
        found
    }

    /// How many requests have written something into Coupa.
    pub(crate) fn writes(&self) -> u64 {
        self.coupa.writes().values().sum()
    }

    /// Enters an order of a supplier's; in a currency that nobody knows, if it is to be refused. Answers entry and number.
    pub(crate) fn order(&self, supplier: &str, currency: &str) -> Result<(i64, String), Failure> {
        let spec = DocumentSpec {
            currency: currency.to_owned(),
            ..document(supplier, vec![line("A1", 10, "25.50")])
        };
        let entry = self.sap.add_purchase_order(spec).map_err(|refusal| refused(&refusal))?;
        let order = self.sap.document(DocumentKind::Order, entry);
        let order = order.ok_or_else(|| Failure::new("the order is gone"))?;
        Ok((entry, order.number.to_string()))
    }

    /// Enters a supplier.
    pub(crate) fn supplier(&self, code: &str) -> Result<(), Failure> {
        self.sap.add_supplier(supplier(code)).map(drop).map_err(|refusal| refused(&refusal))
    }

    /// Changes an order's currency, so that a poll wouldn't see it.
    pub(crate) fn in_currency(&self, order: i64, currency: &str) -> Result<(), Failure> {
        let change = |one: &mut sap::Document| currency.clone_into(&mut one.currency);
        self.sap
            .change_document_unseen(DocumentKind::Order, order, change)
            .map(drop)
            .map_err(|refusal| refused(&refusal))
    }
}

fn refused(refusal: &sap::Refusal) -> Failure {
    Failure::new(format!("the simulator refused: {refusal:?}"))
}
