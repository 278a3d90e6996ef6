use super::values::{self, OdataVersion, Period, RequestRate, WebhookAlgorithm};
use jiff::civil::Date;
use model::{CompanyDb, ObjectKind};
use serde::Deserialize;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};
use wire::{BaseUrl, SpkiPin};

/// `[sap]`: how to reach the Service Layer.
#[derive(Clone, Debug, Deserialize)]
pub struct SapSection {
    /// Scheme, host and port of the Service Layer, without `/b1s/…`.
    #[serde(deserialize_with = "values::base_url")]
    pub service_layer_url: BaseUrl,
    /// The address that the URL's name is reached at, where that isn't the one the name stands for: the end of a tunnel.
    #[serde(default, deserialize_with = "values::address")]
    pub connect_to: Option<IpAddr>,
    /// The company database.
    #[serde(deserialize_with = "values::company")]
    pub company_db: CompanyDb,
    /// The integration user.
    #[serde(deserialize_with = "values::not_empty")]
    pub user: String,
    /// Certificates to trust besides nothing else: a CA, or a clean self-signed leaf. PEM.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Public keys to trust, whatever their certificate says. At most two, so that one can be rolled over.
    #[serde(default, deserialize_with = "values::pins")]
    pub spki_sha256: Vec<SpkiPin>,
    /// Which root of the Service Layer is spoken to.
    #[serde(default)]
    pub odata_version: OdataVersion,
    /// Documents asked for in one page.
    #[serde(default = "page_size", deserialize_with = "values::within::<_, 1, 1000>")]
    pub page_size: u32,
    /// Requests under way at the same time, at most.
    #[serde(default = "max_parallel_requests", deserialize_with = "values::within::<_, 1, 64>")]
    pub max_parallel_requests: u32,
}

/// `[coupa]`: how to reach Coupa, and what our documents look like there.
#[derive(Clone, Debug, Deserialize)]
pub struct CoupaSection {
    /// Scheme and host of the tenant.
    #[serde(deserialize_with = "values::base_url")]
    pub url: BaseUrl,
    /// The OAuth client.
    #[serde(deserialize_with = "values::not_empty")]
    pub client_id: String,
    /// Sent as `X-Coupa-API-Version`; `None` leaves the header out.
    #[serde(default = "api_version", deserialize_with = "values::api_version")]
    pub api_version: Option<String>,
    /// The share of Coupa's limit that is ours to spend.
    #[serde(default)]
    pub requests_per_second: RequestRate,
    /// How long one request may take.
    #[serde(default = "request_timeout_seconds", deserialize_with = "values::within::<_, 1, 600>")]
    pub request_timeout_seconds: u32,
    /// How much later than its timeout a request can still arrive at Coupa.
    #[serde(default = "max_arrival_delay_seconds", deserialize_with = "values::within::<_, 0, 3600>")]
    pub max_arrival_delay_seconds: u32,
    /// Login or e-mail of the user that purchase orders are shipped to.
    #[serde(deserialize_with = "values::not_empty")]
    pub ship_to_user: String,
    /// Location code for warehouses that the mapping doesn't know.
    #[serde(default, deserialize_with = "values::optional_text")]
    pub ship_to_address: Option<String>,
    /// Name of the chart of accounts that account codes belong to.
    #[serde(deserialize_with = "values::not_empty")]
    pub chart_of_accounts: String,
    /// Reason insight given when a soft-closed order is reopened.
    #[serde(default, deserialize_with = "values::optional_text")]
    pub reopen_reason: Option<String>,
    /// Invoices skip Coupa's approval chain.
    #[serde(default)]
    pub bypass_approvals: bool,
    /// The code of the integration in Coupa under which failures are told to its people as integration errors.
    #[serde(default, deserialize_with = "values::optional_text")]
    pub integration: Option<String>,
}

/// `[sync]`: what moves, and when.
#[derive(Clone, Debug, Deserialize)]
pub struct SyncSection {
    /// The objects that are kept in step, in the order of dependence.
    #[serde(default = "objects", deserialize_with = "values::objects")]
    pub objects: Vec<ObjectKind>,
    /// Documents with an earlier `DocDate` are left alone.
    #[serde(deserialize_with = "values::date")]
    pub start_date: Date,
    /// Between two polls of the same object.
    #[serde(default = "poll_interval")]
    pub poll_interval: Period,
    /// How far back payments are read again, because SAP puts no update stamp on them.
    #[serde(default = "payment_rescan")]
    pub payment_rescan: Period,
    /// What waits longer becomes a dead letter.
    #[serde(default = "waiting_limit")]
    pub waiting_limit: Period,
    /// What becomes of a document of Coupa's that is no longer in SAP.
    #[serde(default)]
    pub when_gone: WhenGone,
    /// Documents worked on at the same time.
    #[serde(default = "workers", deserialize_with = "values::within::<_, 1, 256>")]
    pub workers: u32,
}

/// `when_gone` under `[sync]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenGone {
    /// A person decides.
    #[default]
    Report,
    /// It stays in Coupa.
    Leave,
    /// It is cancelled, voided or made inactive there.
    Cancel,
}

impl From<WhenGone> for pipeline::WhenGone {
    fn from(when: WhenGone) -> Self {
        match when {
            WhenGone::Report => Self::Report,
            WhenGone::Leave => Self::Leave,
            WhenGone::Cancel => Self::Cancel,
        }
    }
}

/// `[suppliers]`: what goes from Coupa to SAP.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct SuppliersSection {
    /// Suppliers changed in Coupa are brought to SAP.
    pub from_coupa: bool,
    /// Suppliers without a number become business partners.
    pub create_in_sap: bool,
    /// Only those that meet all of these: `attribute=value`, in Coupa's words.
    #[serde(deserialize_with = "values::conditions")]
    pub create_filter: Vec<(String, String)>,
    /// The numbering series of new business partners.
    pub series: Option<i64>,
    /// Their `CardCode` by rule, with `{id}` for Coupa's id.
    #[serde(deserialize_with = "values::card_code")]
    pub card_code: Option<String>,
    /// The user-defined field of business partners that keeps Coupa's id; `None` does without.
    #[serde(deserialize_with = "values::user_field")]
    pub coupa_id_field: Option<String>,
    /// Members that every new business partner gets.
    pub new_partner: serde_json::Map<String, serde_json::Value>,
}

impl Default for SuppliersSection {
    fn default() -> Self {
        Self {
            from_coupa: true,
            create_in_sap: false,
            create_filter: vec![],
            series: None,
            card_code: None,
            coupa_id_field: Some("U_CoupaId".to_owned()),
            new_partner: serde_json::Map::new(),
        }
    }
}

/// `[webhook]`: where SAP tells us what changed, and how it proves who it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct WebhookSection {
    /// Where `b1-coupa run` listens; nowhere if it is left out. In plain only on loopback, behind a proxy.
    pub listen: Option<SocketAddr>,
    /// The path that SAP calls.
    #[serde(deserialize_with = "values::url_path")]
    pub path: String,
    /// The listener's certificate with what leads to its authority. PEM.
    pub certificate_file: Option<PathBuf>,
    /// The certificate's private key. PEM.
    pub key_file: Option<PathBuf>,
    /// The address that SAP calls, for `b1-coupa webhooks enable`.
    #[serde(deserialize_with = "values::optional_text")]
    pub url: Option<String>,
    /// What the subscription is called in SAP.
    #[serde(deserialize_with = "values::not_empty")]
    pub subscription: String,
    /// What `EventSubscriptions` in SAP is set to.
    pub algorithm: WebhookAlgorithm,
    /// Who, where that is a user with a password.
    #[serde(deserialize_with = "values::optional_text")]
    pub user: Option<String>,
}

impl Default for WebhookSection {
    fn default() -> Self {
        Self {
            listen: None,
            path: "/sap/events".to_owned(),
            certificate_file: None,
            key_file: None,
            url: None,
            subscription: "b1-coupa".to_owned(),
            algorithm: WebhookAlgorithm::default(),
            user: None,
        }
    }
}

/// `[reconcile]`: the nightly comparison of both sides.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct ReconcileSection {
    /// When `b1-coupa run` compares, by this machine's clock; never, where it is `off`.
    #[serde(deserialize_with = "values::time_or_off")]
    pub nightly: Option<jiff::civil::Time>,
    /// Where the certificates are kept.
    pub folder: PathBuf,
}

impl Default for ReconcileSection {
    fn default() -> Self {
        Self { nightly: Some(jiff::civil::time(2, 0, 0, 0)), folder: PathBuf::from("certificates") }
    }
}

/// `[audit]`: what is kept of each attempt.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AuditSection {
    /// Fields, by Coupa's names, whose values are not kept: they are about persons.
    pub personal: Vec<String>,
    /// How long what was sent and answered is kept; for good without it.
    pub keep_payloads: Option<Period>,
}

/// `[guardrail]`: what stops a run that would change far more than is usual. Creations never count.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default)]
pub struct GuardrailSection {
    /// Whether there is one.
    pub enabled: bool,
    /// So many changes within the window, if they are also [`Self::share_percent`] of the linked documents.
    pub changes: u32,
    /// The share of the linked documents, in percent, that both limits also need.
    #[serde(deserialize_with = "values::within::<_, 0, 100>")]
    pub share_percent: u32,
    /// So many cancellations, voids included.
    pub cancellations: u32,
}

impl Default for GuardrailSection {
    fn default() -> Self {
        Self { enabled: true, changes: 500, share_percent: 20, cancellations: 100 }
    }
}

/// `[store]`: where our own records are kept.
#[derive(Clone, Debug, Deserialize)]
pub struct StoreSection {
    /// The database file.
    #[serde(default = "store_path")]
    pub path: PathBuf,
}

/// `[mapping]`: which mapping file applies.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct MappingSection {
    /// The file; the built-in defaults alone where there is none.
    #[serde(default)]
    pub file: Option<PathBuf>,
}

impl Default for StoreSection {
    fn default() -> Self {
        Self { path: store_path() }
    }
}

fn page_size() -> u32 {
    100
}

fn max_parallel_requests() -> u32 {
    4
}

#[expect(clippy::unnecessary_wraps, reason = "serde takes the default of a field in the field's own type")]
fn api_version() -> Option<String> {
    Some("44".to_owned())
}

fn request_timeout_seconds() -> u32 {
    30
}

fn max_arrival_delay_seconds() -> u32 {
    60
}

fn objects() -> Vec<ObjectKind> {
    ObjectKind::ALL.to_vec()
}

fn poll_interval() -> Period {
    Period::from_minutes(5)
}

fn payment_rescan() -> Period {
    Period::from_days(90)
}

fn waiting_limit() -> Period {
    Period::from_days(30)
}

fn workers() -> u32 {
    16
}

fn store_path() -> PathBuf {
    PathBuf::from("b1-coupa.db")
}
