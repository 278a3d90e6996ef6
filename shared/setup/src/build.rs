use crate::{
    Meter, SetupError,
    config::{Config, OdataVersion},
    meter::metered,
};
use coupa::{BudgetBlock, BudgetLedger};
use mapping::{CoupaDefaults, Mapping, NewPartner};
use model::{Clock, Credential, Owner, Random, SharedSecret};
use pipeline::{Pipeline, Settings, SupplierSettings};
use rust_decimal::Decimal;
use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};
use store::{AuditTrail, Queue, StateStore};
use wire::{HttpTransport, Roots, Tls, Transport};

/// Beside timeout and arrival delay, a lease is good for so much work; it is renewed when that is not enough.
pub const WORKING_TIME: Duration = Duration::from_secs(30);

/// What the editions bring along. Nothing in it has to have been spoken to yet.
pub struct Parts {
    /// Changes on their way.
    pub queue: Arc<dyn Queue>,
    /// Leases, links, cursors.
    pub state: Arc<dyn StateStore>,
    /// What was done, and with what result.
    pub audit: Arc<dyn AuditTrail>,
    /// What is spent of Coupa's budget.
    pub ledger: Arc<dyn BudgetLedger>,
    /// The password of SAP's user.
    pub sap_password: Arc<dyn Credential>,
    /// A refused log-in that another process met, and whose pause this one keeps to.
    pub sap_refusal: Option<sap::Refusal>,
    /// The secret of Coupa's OAuth client.
    pub coupa_secret: Arc<dyn Credential>,
    /// SAP's session, as all workers share it.
    pub sap_session: Arc<dyn SharedSecret>,
    /// Coupa's token, as all workers share it.
    pub coupa_token: Arc<dyn SharedSecret>,
    /// How much of Coupa's budget is drawn at once.
    pub budget_block: BudgetBlock,
    /// Measures what is asked of SAP.
    pub sap_meter: Arc<Meter>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// This worker's name in leases.
    pub owner: Owner,
}

/// The ways to both systems.
pub struct Transports {
    /// To SAP.
    pub sap: Arc<dyn Transport>,
    /// To Coupa.
    pub coupa: Arc<dyn Transport>,
}

impl Transports {
    /// By HTTP, trusting whom the config says.
    pub fn over_http(config: &Config) -> Result<Self, SetupError> {
        let sap = HttpTransport::new(&sap_tls(config)?)
            .and_then(|transport| match config.sap.connect_to {
                Some(address) => transport.connecting_to(&config.sap.service_layer_url, address),
                None => Ok(transport),
            })
            .map_err(|error| {
                SetupError::new(error.to_string(), "Check `ca_file` and `spki_sha256` under [sap].")
            })?;
        let coupa = HttpTransport::new(&Tls::Roots(Roots::System))
            .map_err(|error| SetupError::new(error.to_string(), "Check [coupa] in the config."))?;
        Ok(Self { sap: Arc::new(sap), coupa: Arc::new(coupa) })
    }
}

/// Builds the pipeline. Speaks to neither SAP nor Coupa.
pub fn pipeline(config: &Config, parts: Parts) -> Result<Pipeline, SetupError> {
    let transports = Transports::over_http(config)?;
    pipeline_over(config, parts, transports)
}

/// Builds the pipeline over given ways to both systems.
pub fn pipeline_over(config: &Config, parts: Parts, transports: Transports) -> Result<Pipeline, SetupError> {
    let mapping = load_mapping(config)?;
    let sap = sap_client(config, &mapping, &parts, transports.sap)?;
    let coupa = coupa_client(config, &parts, transports.coupa)?;
    Ok(Pipeline {
        sap: Arc::new(sap),
        coupa: Arc::new(coupa),
        queue: parts.queue,
        state: parts.state,
        audit: parts.audit,
        clock: parts.clock,
        random: parts.random,
        mapping,
        settings: settings(config),
        owner: parts.owner,
        terms: pipeline::Terms::default(),
        guardrail: Arc::new(guardrail(config, true)),
        alerts: Arc::default(),
        stopping: Arc::new(AtomicBool::new(false)),
    })
}

/// The guardrail that the config wants: for one run, or by the day where the run never ends.
pub fn guardrail(config: &Config, by_day: bool) -> pipeline::Guardrail {
    let section = config.guardrail;
    if !section.enabled {
        return pipeline::Guardrail::default();
    }
    let limits = pipeline::Limits {
        changes: section.changes.into(),
        share_percent: section.share_percent.into(),
        cancellations: section.cancellations.into(),
    };
    pipeline::Guardrail::new(limits, by_day)
}

/// The mapping file, or what is built in.
pub fn load_mapping(config: &Config) -> Result<Mapping, SetupError> {
    let Some(file) = &config.mapping.file else { return Ok(Mapping::default()) };
    let text = std::fs::read_to_string(file).map_err(|error| {
        SetupError::new(
            format!("the mapping file {} can't be read: {error}", file.display()),
            "Check `file` under [mapping], or leave it out to use what is built in.",
        )
    })?;
    Mapping::parse(&text).map_err(|error| {
        SetupError::new(
            format!("{}: {error}", file.display()),
            "Mend the mapping file; docs/mapping.md explains each table.",
        )
    })
}

fn sap_client(
    config: &Config,
    mapping: &Mapping,
    parts: &Parts,
    transport: Arc<dyn Transport>,
) -> Result<sap::Client, SetupError> {
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
    let (password, session) = (Arc::clone(&parts.sap_password), Arc::clone(&parts.sap_session));
    let (clock, random) = (Arc::clone(&parts.clock), Arc::clone(&parts.random));
    let transport = metered(transport, Arc::clone(&clock), Arc::clone(&parts.sap_meter));
    let client = sap::Client::new(settings, transport, clock, random, password, session)
        .map_err(|error| SetupError::new(error.to_string(), "Check [sap] in the config."))?;
    Ok(match parts.sap_refusal.clone() {
        Some(refusal) => client.with_refusal(refusal),
        None => client,
    })
}

/// Whom to trust when speaking to SAP.
pub fn sap_tls(config: &Config) -> Result<Tls, SetupError> {
    if !config.sap.spki_sha256.is_empty() {
        return Ok(Tls::Pins(config.sap.spki_sha256.clone()));
    }
    match &config.sap.ca_file {
        None => Ok(Tls::Roots(Roots::System)),
        Some(file) => std::fs::read(file).map(|pem| Tls::Roots(Roots::CaFile(pem))).map_err(|error| {
            SetupError::new(
                format!("the CA file {} can't be read: {error}", file.display()),
                "Check `ca_file` under [sap].",
            )
        }),
    }
}

fn coupa_client(
    config: &Config,
    parts: &Parts,
    transport: Arc<dyn Transport>,
) -> Result<coupa::Client, SetupError> {
    let wrong = |what: String| SetupError::new(what, "Check [coupa] in the config.");
    let coupa = &config.coupa;
    let rate = coupa::Rate::per_second(coupa.requests_per_second.get())
        .ok_or_else(|| wrong("`requests_per_second` must be positive".to_owned()))?;
    let bypass = coupa.bypass_approvals.then(|| coupa::BYPASS_SCOPE.to_owned());
    let alerts = coupa.integration.iter().flat_map(|_| coupa::ALERT_SCOPES).map(str::to_owned);
    let settings = coupa::Settings {
        url: coupa.url.to_string(),
        client_id: coupa.client_id.clone(),
        scopes: coupa::SCOPES.into_iter().map(str::to_owned).chain(bypass).chain(alerts).collect(),
        api_version: coupa.api_version.clone().unwrap_or_default(),
        requests_per_second: rate,
        budget_block: parts.budget_block,
        request_timeout: seconds(coupa.request_timeout_seconds),
        max_body_bytes: 8 << 20,
    };
    let (secret, token) = (Arc::clone(&parts.coupa_secret), Arc::clone(&parts.coupa_token));
    let (clock, random) = (Arc::clone(&parts.clock), Arc::clone(&parts.random));
    coupa::Client::new(settings, transport, clock, random, secret, token, Arc::clone(&parts.ledger))
        .map_err(|error| wrong(error.to_string()))
}

/// What the config means to the pipeline.
pub fn settings(config: &Config) -> Settings {
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
        integration: coupa.integration.clone(),
        when_gone: config.sync.when_gone.into(),
        personal: config.audit.personal.iter().map(|name| name.to_lowercase().replace('_', "-")).collect(),
        suppliers: suppliers(config),
    }
}

fn suppliers(config: &Config) -> SupplierSettings {
    let suppliers = &config.suppliers;
    SupplierSettings {
        from_coupa: suppliers.from_coupa,
        create_in_sap: suppliers.create_in_sap && suppliers.from_coupa,
        filter: suppliers.create_filter.clone(),
        coupa_id_member: suppliers.coupa_id_field.clone(),
        new_partner: NewPartner {
            series: suppliers.series,
            card_code: suppliers.card_code.clone(),
            members: suppliers.new_partner.clone(),
        },
    }
}

/// So many changes as the budget lets through while their leases last.
pub fn batch(config: &Config) -> usize {
    documents_in(config, WORKING_TIME).clamp(1, 50)
}

/// So many changes as the budget lets through in a second.
pub fn documents_per_second(config: &Config) -> usize {
    documents_in(config, Duration::from_secs(1)).max(1)
}

/// At four calls each.
fn documents_in(config: &Config, time: Duration) -> usize {
    let calls = config.coupa.requests_per_second.get().saturating_mul(Decimal::from(time.as_secs()));
    usize::try_from((calls / Decimal::from(4)).floor()).unwrap_or(50)
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}
