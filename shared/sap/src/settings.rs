use model::CompanyDb;
use std::time::Duration;

/// Which dialect of OData to speak. The entities and their names are the same in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ODataVersion {
    /// `/b1s/v1`: OData 3, deprecated since FP 2405.
    V1,
    /// `/b1s/v2`: OData 4.
    #[default]
    V2,
}

impl ODataVersion {
    /// The path under the Service Layer's root.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::V1 => "/b1s/v1",
            Self::V2 => "/b1s/v2",
        }
    }
}

/// Which company, as whom, and how much at a time.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Scheme, host and port, such as `https://sap.example.local:50000`. What stands before `/b1s` belongs to it; `/b1s/v1`
    /// or `/b1s/v2` may be there and is replaced.
    pub service_layer_url: String,
    /// The company database.
    pub company_db: CompanyDb,
    /// The integration user.
    pub user: String,
    /// Which root.
    pub odata: ODataVersion,
    /// Rows asked for at once.
    pub page_size: usize,
    /// Requests in flight at most. Fewer when SAP slows down.
    pub max_parallel_requests: usize,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// A reply with more bytes is asked for again in smaller parts. A single document may have four times as many.
    pub max_body_bytes: usize,
    /// Members of documents that the mapping file names; they go to [`Document::extra`](crate::entities::Document).
    pub extra_document_members: Vec<String>,
    /// The same for business partners.
    pub extra_supplier_members: Vec<String>,
    /// The same for payments.
    pub extra_payment_members: Vec<String>,
}

impl Settings {
    /// What a config file that leaves out the rest means.
    pub fn new(service_layer_url: &str, company_db: CompanyDb, user: &str) -> Self {
        Self {
            service_layer_url: service_layer_url.to_owned(),
            company_db,
            user: user.to_owned(),
            odata: ODataVersion::V2,
            page_size: 100,
            max_parallel_requests: 4,
            request_timeout: Duration::from_secs(60),
            max_body_bytes: 8 << 20,
            extra_document_members: vec![],
            extra_supplier_members: vec![],
            extra_payment_members: vec![],
        }
    }
}

/// Settings that can't work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The URL is none, or would send the password in the clear.
    #[error("service_layer_url: {0}")]
    Url(#[from] wire::UrlError),
    /// Zero of something.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// A text that can't be the name of a member.
    #[error("`{0}` can't be a member of an SAP entity: letters, digits and `_` only")]
    Member(String),
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        for (name, value) in [
            ("page_size", self.page_size),
            ("max_parallel_requests", self.max_parallel_requests),
            ("max_body_bytes", self.max_body_bytes),
        ] {
            if value == 0 {
                return Err(SettingsError::Zero(name));
            }
        }
        let members =
            [&self.extra_document_members, &self.extra_supplier_members, &self.extra_payment_members];
        let is_name =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match members.into_iter().flatten().find(|name| !is_name(name)) {
            Some(name) => Err(SettingsError::Member(name.clone())),
            None => Ok(()),
        }
    }
}
