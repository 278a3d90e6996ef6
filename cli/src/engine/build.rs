use crate::{
    CliError, CliResult,
    commands::{
        App,
        records::{SAP_REFUSAL, SAP_SESSION, SessionRecord},
    },
    config::{Config, OdataVersion},
};
use mapping::{CoupaDefaults, Mapping};
use model::{Clock, LocalSecret, Owner, Random};
use pipeline::{Pipeline, Settings};
use secrecy::SecretString;
use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};
use store::{EmbeddedStore, SecretName, Secrets, StateStore};
use wire::{HttpTransport, Roots, SystemRandom, Tls};

/// Beside timeout and arrival delay, a lease is good for so much work; it is renewed when that is not enough.
const WORKING_TIME: Duration = Duration::from_secs(30);

/// Everything that works, and what it works on.
pub struct Engine {
    /// The use cases.
    pub pipeline: Pipeline,
    /// Queue, state and audit trail.
    pub store: Arc<EmbeddedStore>,
    /// How many changes are received at once.
    pub batch: usize,
}

impl Engine {
    /// Builds everything from the config. Speaks to nobody yet.
    pub async fn build(app: &App, config: &Config) -> CliResult<Self> {
        let secrets = app.secrets(config)?;
        let mapping = load_mapping(config)?;
        let store = Arc::new(app.open_store(config)?);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let password = secret(&secrets, SecretName::SapPassword)?;
        let sap = sap_client(app, config, &mapping, password, &random)?;
        let sap = match stored_refusal(&store).await? {
            Some(refusal) => sap.with_refusal(refusal),
            None => sap,
        };
        let secret = secret(&secrets, SecretName::CoupaClientSecret)?;
        let coupa = coupa_client(app, config, secret, &random, &store)?;
        let pipeline = Pipeline {
            sap: Arc::new(sap),
            coupa: Arc::new(coupa),
            queue: Arc::clone(&store) as _,
            state: Arc::clone(&store) as _,
            clock: Arc::clone(&app.clock),
            owner: Owner(format!("{}-{:08x}", std::process::id(), random.next_u64() >> 32)),
            random,
            mapping,
            settings: settings(config),
            terms: pipeline::Terms::default(),
            stopping: Arc::new(AtomicBool::new(false)),
        };
        Ok(Self { pipeline, store, batch: batch(config) })
    }

    /// Leaves word of the SAP session and of a refused log-in: for `status`, and so that a job that runs every minute
    /// can't lock SAP's user.
    pub async fn remember_session(&self) -> CliResult<()> {
        let refusal = self.pipeline.sap.refusal().and_then(|refusal| serde_json::to_value(refusal).ok());
        if refusal.is_some() || self.store.record(SAP_REFUSAL).await?.is_some() {
            self.store.save_record(SAP_REFUSAL, refusal.as_ref()).await?;
        }
        let status = self.pipeline.sap.session();
        if let Some((logged_in_at, info)) = status.logged_in {
            let record = SessionRecord {
                logged_in_at,
                last_used_at: status.last_used,
                timeout_minutes: info.session_timeout_minutes,
                version: info.version,
            };
            let record = serde_json::to_value(record).map_err(|error| CliError::new(error.to_string()))?;
            self.store.save_record(SAP_SESSION, Some(&record)).await?;
        }
        Ok(())
    }

    /// Gives the SAP session back: the next process has its own.
    pub async fn close(&self) {
        if let Err(error) = self.pipeline.sap.log_out().await {
            tracing::debug!(%error, "the log-out failed; the session ends by itself");
        }
    }
}

fn secret(secrets: &Secrets, name: SecretName) -> CliResult<SecretString> {
    secrets.require(name).cloned().map_err(CliError::from)
}

async fn stored_refusal(store: &EmbeddedStore) -> CliResult<Option<sap::Refusal>> {
    let record = store.record(SAP_REFUSAL).await?;
    Ok(record.and_then(|record| serde_json::from_value(record).ok()))
}

/// The mapping file, or what is built in.
pub(crate) fn load_mapping(config: &Config) -> CliResult<Mapping> {
    let Some(file) = &config.mapping.file else { return Ok(Mapping::default()) };
    let text = std::fs::read_to_string(file).map_err(|error| {
        CliError::new(format!("the mapping file {} can't be read: {error}", file.display()))
            .help("Check `file` under [mapping], or leave it out to use what is built in.")
    })?;
    Mapping::parse(&text).map_err(|error| {
        CliError::new(format!("{}: {error}", file.display()))
            .help("Mend the mapping file; docs/mapping.md explains each table.")
    })
}

fn sap_client(
    app: &App,
    config: &Config,
    mapping: &Mapping,
    password: SecretString,
    random: &Arc<dyn Random>,
) -> CliResult<sap::Client> {
    let transport = HttpTransport::new(&sap_tls(config)?).map_err(|error| {
        CliError::new(error.to_string()).help("Check `ca_file` and `spki_sha256` under [sap].")
    })?;
    let sap = &config.sap;
    let members = |kind| mapping.extra_members(kind);
    let mut settings =
        sap::Settings::new(&sap.service_layer_url.to_string(), sap.company_db.clone(), &sap.user);
    settings.odata = match sap.odata_version {
        OdataVersion::V1 => sap::ODataVersion::V1,
        OdataVersion::V2 => sap::ODataVersion::V2,
    };
    settings.page_size = usize::try_from(sap.page_size).unwrap_or(100);
    settings.max_parallel_requests = usize::try_from(sap.max_parallel_requests).unwrap_or(4);
    settings.extra_supplier_members = members(model::ObjectKind::Supplier);
    settings.extra_payment_members = members(model::ObjectKind::Payment);
    let documents =
        [model::ObjectKind::PurchaseOrder, model::ObjectKind::Invoice, model::ObjectKind::CreditNote];
    let documents: BTreeSet<String> = documents.into_iter().flat_map(members).collect();
    settings.extra_document_members = documents.into_iter().collect();
    let clock: Arc<dyn Clock> = Arc::clone(&app.clock);
    let (password, session) = (Arc::new(password), Arc::new(LocalSecret::default()));
    sap::Client::new(settings, Arc::new(transport), clock, Arc::clone(random), password, session)
        .map_err(|error| CliError::new(error.to_string()).help("Check [sap] in the config."))
}

pub(crate) fn sap_tls(config: &Config) -> CliResult<Tls> {
    if !config.sap.spki_sha256.is_empty() {
        return Ok(Tls::Pins(config.sap.spki_sha256.clone()));
    }
    match &config.sap.ca_file {
        None => Ok(Tls::Roots(Roots::System)),
        Some(file) => std::fs::read(file).map(|pem| Tls::Roots(Roots::CaFile(pem))).map_err(|error| {
            CliError::new(format!("the CA file {} can't be read: {error}", file.display()))
                .help("Check `ca_file` under [sap].")
        }),
    }
}

fn coupa_client(
    app: &App,
    config: &Config,
    secret: SecretString,
    random: &Arc<dyn Random>,
    store: &Arc<EmbeddedStore>,
) -> CliResult<coupa::Client> {
    let wrong = |what: String| CliError::new(what).help("Check [coupa] in the config.");
    let transport =
        HttpTransport::new(&Tls::Roots(Roots::System)).map_err(|error| wrong(error.to_string()))?;
    let coupa = &config.coupa;
    let rate = coupa::Rate::per_second(coupa.requests_per_second.get())
        .ok_or_else(|| wrong("`requests_per_second` must be positive".to_owned()))?;
    let bypass = coupa.bypass_approvals.then(|| coupa::BYPASS_SCOPE.to_owned());
    let settings = coupa::Settings {
        url: coupa.url.to_string(),
        client_id: coupa.client_id.clone(),
        scopes: coupa::SCOPES.into_iter().map(str::to_owned).chain(bypass).collect(),
        api_version: coupa.api_version.clone().unwrap_or_default(),
        requests_per_second: rate,
        request_timeout: seconds(coupa.request_timeout_seconds),
        max_body_bytes: 8 << 20,
        budget_block: coupa::BudgetBlock::Small,
    };
    let clock: Arc<dyn Clock> = Arc::clone(&app.clock);
    coupa::Client::new(
        settings,
        Arc::new(transport),
        clock,
        Arc::clone(random),
        Arc::new(secret),
        Arc::new(LocalSecret::default()),
        Arc::clone(store) as _,
    )
    .map_err(|error| wrong(error.to_string()))
}

fn settings(config: &Config) -> Settings {
    let coupa = &config.coupa;
    Settings {
        company: config.sap.company_db.clone(),
        objects: config.sync.objects.iter().copied().collect(),
        start_date: config.sync.start_date,
        payment_rescan: config.sync.payment_rescan.to_signed(),
        waiting_limit: config.sync.waiting_limit.to_signed(),
        request_timeout: seconds(coupa.request_timeout_seconds),
        max_arrival_delay: seconds(coupa.max_arrival_delay_seconds),
        working_time: WORKING_TIME,
        parallel: usize::try_from(config.sync.workers).unwrap_or(16),
        defaults: CoupaDefaults {
            ship_to_user: coupa.ship_to_user.clone(),
            ship_to_address: coupa.ship_to_address.clone().unwrap_or_default(),
            chart_of_accounts: coupa.chart_of_accounts.clone(),
        },
        reopen_reason: coupa.reopen_reason.clone(),
        bypass_approvals: coupa.bypass_approvals,
    }
}

/// So many changes as the budget lets through, at four calls each, while their leases last.
fn batch(config: &Config) -> usize {
    let calls = config.coupa.requests_per_second.get() * rust_decimal::Decimal::from(WORKING_TIME.as_secs());
    let documents = (calls / rust_decimal::Decimal::from(4)).floor();
    usize::try_from(documents).unwrap_or(50).clamp(1, 50)
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}
