use jiff::Timestamp;
use model::{Code, CredentialError, Failure, SharedSecretError};

/// Why a read did not succeed, in the Service Layer's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection, or no reply, also after several tries.
    #[error("no reply from the Service Layer: {0}")]
    Unreachable(String),
    /// It answers with a failure of its own (5xx, a proxy's page, `Switch company error`), also after several tries.
    #[error("the Service Layer fails with status {status}: {text}")]
    Failing {
        /// HTTP status.
        status: u16,
        /// What it says.
        text: String,
    },
    /// Log-in was refused. Nothing is sent to SAP before `until`, so that the user isn't locked.
    #[error("the Service Layer refused the log-in: {text}; no log-in is tried before {until}")]
    LoginRefused {
        /// The end of the pause.
        until: Timestamp,
        /// What it said.
        text: String,
    },
    /// The session isn't accepted even right after log-in.
    #[error("the Service Layer does not accept the session it has just given: {0}")]
    SessionLost(String),
    /// There is no such thing.
    #[error("not in SAP: {text}")]
    NotFound {
        /// What it says.
        text: String,
    },
    /// It understood and declined.
    #[error("the Service Layer refused the request with {status}/{code}: {text}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// SAP's own code, such as `-5002`.
        code: String,
        /// What it says, and the property of `$select` that it doesn't know.
        text: String,
    },
    /// The reply is cut short, isn't JSON, or lacks what it must have, also after several tries.
    #[error("the Service Layer's reply can't be read: {0}")]
    BadReply(String),
    /// The next page is said to be somewhere else. It was not followed.
    #[error("the Service Layer's next page `{0}` is not on the same service")]
    ForeignLink(String),
    /// A write may have arrived and may have been carried out: nobody knows. Read before writing again.
    #[error("it is not known whether SAP took {request}: {reason}")]
    OutcomeUnknown {
        /// Method and what it was for.
        request: String,
        /// What happened instead of a reply.
        reason: String,
    },
    /// 412: it is no longer as it was read. Nothing was done.
    #[error("it was changed in SAP meanwhile: {0}")]
    Changed(String),
    /// Too little of the lease is left. Nothing was sent.
    #[error("too little of the lease is left to send the request")]
    TooLate,
    /// The reply is too large, however little was asked for.
    #[error("the Service Layer's reply is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// Where the workers keep their session did not answer. Nothing was sent.
    #[error("the SAP session: {0}")]
    Shared(#[from] SharedSecretError),
    /// The password can't be had. Nothing was sent.
    #[error("SAP's password: {0}")]
    Password(#[from] CredentialError),
}

impl Error {
    /// What it means for the work.
    pub fn failure(&self) -> Failure {
        let code = match self {
            Self::OutcomeUnknown { .. } => Code::SapOutcomeUnknown,
            Self::Changed(_) => Code::SapChanged,
            // What is too late for this lease is in time for the next one: transient, like an outage.
            Self::Unreachable(_) | Self::Failing { .. } | Self::TooLate => Code::SapUnreachable,
            Self::LoginRefused { .. } | Self::SessionLost(_) => Code::SapLoginRefused,
            Self::NotFound { .. } => Code::SapDocumentGone,
            Self::Refused { .. } => Code::SapRefused,
            Self::BadReply(_) | Self::ForeignLink(_) => Code::SapBadReply,
            Self::TooLarge { .. } => Code::SapBodyTooLarge,
            Self::Shared(_) | Self::Password(_) => Code::StoreFailed,
        };
        Failure::new(code, self.to_string())
    }
}

/// Why one document can't be read, while the others of its page can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A member holds what it can't hold.
    #[error("{field}: {reason}")]
    Field {
        /// Where, such as `DocumentLines[2].ShipDate`.
        field: String,
        /// What is wrong, with the value.
        reason: String,
    },
    /// The document alone is larger than the limit.
    #[error("the document is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
}

impl Unreadable {
    /// What it means for the work.
    pub fn failure(&self) -> Failure {
        let code = match self {
            Self::Field { .. } => Code::SapFieldUnreadable,
            Self::TooLarge { .. } => Code::SapBodyTooLarge,
        };
        Failure::new(code, self.to_string())
    }
}
