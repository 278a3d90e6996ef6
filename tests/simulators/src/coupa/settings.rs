//! Everything about this Coupa that differs from customer to customer, or that no document settles.

use super::problem::ErrorShape;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// An OAuth client of the instance.
#[derive(Clone, Debug)]
pub struct OauthClient {
    /// Its secret.
    pub secret: String,
    /// The scopes that it was granted.
    pub scopes: BTreeSet<String>,
}

/// What the two headers `Accept` and `Content-Type` must say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Negotiation {
    /// Without `Accept` the answer is XML, and a `Content-Type` other than JSON is refused.
    #[default]
    AsDocumented,
    /// JSON whatever the headers say.
    Lenient,
}

/// What a second `issue` of an issued order does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reissue {
    /// 200, nothing changes.
    #[default]
    Accepted,
    /// 400.
    Refused,
}

/// How the simulator behaves. The defaults follow the documents; where they leave a point open, the stricter
/// reading.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Settings {
    /// OAuth clients by id.
    pub clients: BTreeMap<String, OauthClient>,
    /// Status of an `invalid_client` reply: 400 or 401, the sources differ.
    pub invalid_client_status: u16,
    /// How long a token lives.
    pub token_lifetime: Duration,
    /// How long a fresh token is refused.
    pub token_warm_up: Duration,
    /// Whether a call needs the scope of its resource.
    pub check_scopes: bool,
    /// What the content headers must say.
    pub negotiation: Negotiation,
    /// Requests a second; none lifts the limit.
    pub requests_per_second: Option<u32>,
    /// Requests over that which are held rather than refused.
    pub burst_queue: usize,
    /// The Retry-After of a 429; none leaves it out, as Coupa seems to.
    pub retry_after_seconds: Option<u32>,
    /// Hours of the instance's time zone from UTC.
    pub zone_offset_hours: i8,
    /// The currency of documents that name none.
    pub default_currency: String,
    /// Padding of replies for which no fields were asked: about 18 kB for a supplier, up to 250 kB for an invoice.
    pub full_size_replies: bool,
    /// Null attributes that no Swagger file knows, as newer releases send them.
    pub extra_null_attributes: bool,
    /// How validation errors are told.
    pub error_shape: ErrorShape,
    /// Whether filters on text ignore case, as some of Coupa's columns do.
    pub filters_ignore_case: bool,
    /// References that must exist; any other reference that doesn't is left out silently.
    pub hard_references: BTreeSet<String>,
    /// Whether account combinations are made on demand.
    pub dynamic_accounts: bool,
    /// Greatest number of requests kept in the log; older ones are dropped.
    pub request_log_limit: usize,
    /// Attributes that an address of a supplier must have.
    pub required_address_attributes: Vec<&'static str>,
    /// Whether documents of an inactive supplier are refused.
    pub refuse_inactive_suppliers: bool,
    /// Status of a new external order. No document says it; `issued` is the other candidate.
    pub created_order_status: &'static str,
    /// How a cancelled order spells its status: `cancelled` or `canceled`, both are documented.
    pub cancelled_status: &'static str,
    /// Status of an order after its first close.
    pub soft_closed_status: &'static str,
    /// What issuing an issued order does.
    pub reissue: Reissue,
    /// Whether `reopen` needs a reason.
    pub reopen_needs_reason: bool,
    /// Status of an invoice after submit: `pending_approval`, `approved`, `pending_receipt` or `ap_hold`.
    pub submitted_status: &'static str,
    /// Percent by which price or quantity of an invoice line may exceed its order line; none checks nothing.
    pub tolerance_percent: Option<Decimal>,
    /// The matching level of order lines and suppliers that name none.
    pub default_matching_level: &'static str,
    /// Whether the number of a voided or abandoned invoice may be used again.
    pub voided_numbers_are_free: bool,
    /// Whether `resolve` answers a list of one.
    pub resolve_answers_list: bool,
}

/// The scopes that the product may need.
pub const SCOPES: [&str; 14] = [
    "core.common.read",
    "core.common.write",
    "core.accounting.read",
    "core.accounting.write",
    "core.supplier.read",
    "core.supplier.write",
    "core.purchase_order.read",
    "core.purchase_order.write",
    "core.invoice.read",
    "core.invoice.create",
    "core.invoice.write",
    "core.invoice.delete",
    "core.integration.read",
    "core.integration.write",
];

impl Default for Settings {
    fn default() -> Self {
        let client = OauthClient {
            secret: "coupa-secret".to_owned(),
            scopes: SCOPES.iter().map(|scope| (*scope).to_owned()).collect(),
        };
        Self {
            clients: BTreeMap::from([("coupa-client".to_owned(), client)]),
            invalid_client_status: 401,
            token_lifetime: Duration::from_secs(86_399),
            token_warm_up: Duration::ZERO,
            check_scopes: true,
            negotiation: Negotiation::AsDocumented,
            requests_per_second: Some(25),
            burst_queue: 20,
            retry_after_seconds: None,
            zone_offset_hours: -8,
            default_currency: "USD".to_owned(),
            full_size_replies: false,
            extra_null_attributes: true,
            error_shape: ErrorShape::Object,
            filters_ignore_case: false,
            hard_references: HARD_REFERENCES.iter().map(|name| (*name).to_owned()).collect(),
            dynamic_accounts: true,
            request_log_limit: 10_000,
            required_address_attributes: vec!["street1", "city", "postal-code", "country"],
            refuse_inactive_suppliers: false,
            created_order_status: "draft",
            cancelled_status: "cancelled",
            soft_closed_status: "soft_closed",
            reissue: Reissue::Accepted,
            reopen_needs_reason: true,
            submitted_status: "pending_approval",
            tolerance_percent: None,
            default_matching_level: "2-way",
            voided_numbers_are_free: false,
            resolve_answers_list: false,
        }
    }
}

const HARD_REFERENCES: [&str; 10] = [
    "supplier",
    "ship-to-user",
    "ship-to-address",
    "account",
    "account-type",
    "currency",
    "lookup",
    "integration",
    "integration-run",
    "reason-insight",
];
