use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a Service Layer can be like. Each switch is a point that differs between systems or is uncertain.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent switch, named for what it does")]
pub struct Settings {
    /// The company database that Login must name.
    pub company_db: String,
    /// The user that Login must name.
    pub user_name: String,
    /// That user's password.
    pub password: String,
    /// Wrong passwords in a row that lock the user.
    pub lock_after: u32,
    /// Idle time after which a session ends. Login reports it in whole minutes.
    pub session_timeout: Duration,
    /// How long a Login takes.
    pub login_delay: Duration,
    /// How long any other request takes.
    pub delay: Duration,
    /// Scheme, host and port as links name them.
    pub host: String,
    /// The company's local currency.
    pub local_currency: String,
    /// Company time minus the clock's, in minutes: dates and times of documents are company time.
    pub utc_offset_minutes: i32,
    /// How dates look in answers.
    pub dates: DateStyle,
    /// `UpdateTime` as HH:MM:SS; otherwise HH:MM.
    pub times_with_seconds: bool,
    /// A created row gets `UpdateDate` and `UpdateTime` too; otherwise they are null until its first change.
    pub stamp_on_create: bool,
    /// A payment, or its cancellation, moves the `UpdateDate` of the invoices it pays.
    pub payment_stamps_invoice: bool,
    /// Copying an order into a receipt or an invoice moves the order's `UpdateDate`.
    pub copy_stamps_base: bool,
    /// Which members there are.
    pub metadata: MetadataVersion,
    /// Rows on a page unless the request says otherwise; 0 is no limit.
    pub page_size: usize,
    /// How the link to the next page looks.
    pub links: LinkStyle,
    /// A last page that is exactly full still links to a next, empty one.
    pub link_after_full_last_page: bool,
    /// `$top` larger than the page size is answered in one page.
    pub top_beats_page_size: bool,
    /// Rows that `$orderby` leaves equal, and all rows without it, come in another order on each request.
    pub unstable_order: bool,
    /// v2 lists carry an etag in each row.
    pub etags_in_lists: bool,
    /// With `$select` the etag header is missing and the body's etag is that of `DataVersion` 1.
    pub select_breaks_etag: bool,
    /// The document that cancels another shows `Cancelled` = tYES.
    pub cancellation_shows_cancelled: bool,
    /// A business partner whose code is taken is refused with -2035; otherwise with -10.
    pub duplicate_partner_is_2035: bool,
    /// v2 errors carry an empty `details` list.
    pub error_details: bool,
    /// Numbering series of business partners: what the codes of each begin with.
    pub partner_series: BTreeMap<i64, String>,
    /// Business partners have the user-defined field `U_CoupaId`.
    pub partners_have_coupa_id: bool,
    /// Members of business partners that this user can't change: they are ignored without a word.
    pub read_only_partner_members: BTreeSet<String>,
    /// An approval procedure makes a draft of every business partner that is posted.
    pub partner_approval: Option<Approval>,
    /// 10.0 FP 2602 or later.
    pub has_webhooks: bool,
    /// What the event catalog names.
    pub webhook_objects: BTreeSet<String>,
    /// Certificates that a webhook's address is trusted by. PEM.
    pub webhook_roots: Vec<u8>,
    /// `WebhookRetryTimes`
    pub webhook_retries: u32,
    /// `WebhookRetryInterval`
    pub webhook_retry_interval: Duration,
    /// `MessageBatchLimit`
    pub webhook_batch: usize,
    /// Every call is made twice.
    pub webhooks_doubled: bool,
    /// The events of a call come in another order than they happened.
    pub webhooks_reorder: bool,
}

/// How SAP answers a POST that an approval procedure has caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// As if it had been created, under the draft's own key.
    DraftKey,
    /// With -2028, although the draft is there.
    NoMatch,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            company_db: "SBODEMO_ACME".to_owned(),
            user_name: "coupa_sync".to_owned(),
            password: "correct horse".to_owned(),
            lock_after: 5,
            session_timeout: Duration::from_secs(30 * 60),
            login_delay: Duration::ZERO,
            delay: Duration::ZERO,
            host: "https://sap.example:50000".to_owned(),
            local_currency: "EUR".to_owned(),
            utc_offset_minutes: 60,
            dates: DateStyle::Midnight,
            times_with_seconds: true,
            stamp_on_create: true,
            payment_stamps_invoice: false,
            copy_stamps_base: true,
            metadata: MetadataVersion::Newer,
            page_size: 20,
            links: LinkStyle::Relative,
            link_after_full_last_page: false,
            top_beats_page_size: false,
            unstable_order: false,
            etags_in_lists: false,
            select_breaks_etag: false,
            cancellation_shows_cancelled: false,
            duplicate_partner_is_2035: false,
            error_details: false,
            partner_series: BTreeMap::from([(71, "V".to_owned())]),
            partners_have_coupa_id: true,
            read_only_partner_members: BTreeSet::new(),
            partner_approval: None,
            has_webhooks: true,
            webhook_objects: [
                "BusinessPartners",
                "PurchaseOrders",
                "PurchaseInvoices",
                "PurchaseCreditNotes",
            ]
            .map(str::to_owned)
            .into(),
            webhook_roots: vec![],
            webhook_retries: 3,
            webhook_retry_interval: Duration::from_secs(2),
            webhook_batch: 1024,
            webhooks_doubled: false,
            webhooks_reorder: false,
        }
    }
}

/// How dates look in answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateStyle {
    /// `2026-07-03`
    DateOnly,
    /// `2026-07-03T00:00:00Z`
    Midnight,
}

/// Which members the entities have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataVersion {
    /// Before feature pack 2102: no `DataVersion`, so no etags, and no `PaidToDate`.
    Older,
    /// With both.
    Newer,
}

/// How the link to the next page looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkStyle {
    /// `PurchaseOrders?$skip=20`
    Relative,
    /// `/b1s/v2/PurchaseOrders?$skip=20`
    AbsolutePath,
    /// `https://sap.example:50000/b1s/v2/PurchaseOrders?$skip=20`
    AbsoluteUrl,
    /// The same on another host, which a client must not follow.
    OtherHost(String),
}
