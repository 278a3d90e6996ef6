//! How a worker's clients are made: the one place that knows.

use crate::{
    cloud::Store,
    net::{Network, ToCoupa, ToSap},
};
use jiff::SignedDuration;
use model::{Clock, LocalSecret, Random};
use secrecy::SecretString;
use simulators::{coupa as coupa_simulator, sap as sap_simulator};
use std::{sync::Arc, time::Duration};

/// What the clients of one worker are made of.
pub struct Parts {
    /// Whose.
    pub worker: usize,
    /// The way out.
    pub network: Arc<Network>,
    /// The other end.
    pub sap: sap_simulator::Simulator,
    /// The other end.
    pub coupa: coupa_simulator::Simulator,
    /// As this machine tells it.
    pub clock: Arc<dyn Clock>,
    /// The worker's own.
    pub random: Arc<dyn Random>,
    /// For the budget.
    pub store: Store,
    /// As the worker found it when it started.
    pub sap_password: String,
    /// The same.
    pub coupa_secret: String,
    /// Rows on a page of SAP's.
    pub page_size: usize,
    /// Of Coupa.
    pub requests_per_second: i64,
    /// All workers are processes of one machine.
    pub one_machine: bool,
    /// Of one request to Coupa.
    pub request_timeout: Duration,
    /// See the settings of the same name.
    pub max_arrival_delay: Duration,
    /// What a worker before this one has learned from SAP.
    pub refusal: Option<sap::Refusal>,
}

/// The client of SAP.
pub fn sap_client(parts: &Parts) -> sap::Client {
    let mut settings = sap::Settings::new("https://sap.example:50000", crate::world::company(), "coupa_sync");
    settings.page_size = parts.page_size;
    let transport =
        ToSap { network: Arc::clone(&parts.network), sap: parts.sap.clone(), worker: parts.worker };
    let client = sap::Client::new(
        settings,
        Arc::new(transport),
        Arc::clone(&parts.clock),
        Arc::clone(&parts.random),
        Arc::new(SecretString::from(parts.sap_password.clone())),
        Arc::new(LocalSecret::default()),
    )
    .unwrap();
    match &parts.refusal {
        Some(refusal) => client.with_refusal(refusal.clone()),
        None => client,
    }
}

/// The client of Coupa.
pub fn coupa_client(parts: &Parts) -> coupa::Client {
    let settings = coupa::Settings {
        url: "https://acme.example".to_owned(),
        client_id: "coupa-client".to_owned(),
        scopes: coupa::SCOPES.into_iter().map(str::to_owned).collect(),
        api_version: "44".to_owned(),
        requests_per_second: coupa::Rate::per_second(parts.requests_per_second.into()).unwrap(),
        request_timeout: parts.request_timeout,
        max_body_bytes: 8 << 20,
        budget_block: if parts.one_machine { coupa::BudgetBlock::Small } else { coupa::BudgetBlock::Large },
    };
    let arrives_within = SignedDuration::try_from(parts.request_timeout + parts.max_arrival_delay).unwrap();
    let transport = ToCoupa {
        network: Arc::clone(&parts.network),
        coupa: parts.coupa.clone(),
        worker: parts.worker,
        arrives_within,
    };
    coupa::Client::new(
        settings,
        Arc::new(transport),
        Arc::clone(&parts.clock),
        Arc::clone(&parts.random),
        Arc::new(SecretString::from(parts.coupa_secret.clone())),
        Arc::new(LocalSecret::default()),
        Arc::new(parts.store.clone()),
    )
    .unwrap()
}
