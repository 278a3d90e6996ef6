use crate::{LedgerError, Problem};
use model::{Code, CredentialError, Failure, SharedSecretError};
use std::time::Duration;

/// Why a call did not succeed, in Coupa's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection came about: the request was surely not sent.
    #[error("no connection to Coupa: {0}")]
    NotSent(String),
    /// A read got no reply.
    #[error("no reply from Coupa: {0}")]
    Unreachable(String),
    /// A write may have arrived and may have been carried out: nobody knows. Ask before writing again.
    #[error("it is not known whether Coupa took {request}: {reason}")]
    OutcomeUnknown {
        /// Method and path.
        request: String,
        /// What happened instead of a reply.
        reason: String,
    },
    /// Coupa said 429 once too often, or asked for a longer pause than a call should sit out. Nothing was done.
    #[error("Coupa asked us to slow down{}", .retry_after.map_or_else(String::new, |pause| format!(" for {} s", pause.as_secs())))]
    RateLimited {
        /// How long the pause still lasts.
        retry_after: Option<Duration>,
    },
    /// 401, and a new token did not help.
    #[error("Coupa does not accept the access token: {0}")]
    Unauthorized(String),
    /// 403: the token lacks the scope for this call.
    #[error("Coupa forbids {request}: {text}")]
    ScopeMissing {
        /// Method and path.
        request: String,
        /// Coupa's words.
        text: String,
    },
    /// The token request names a scope that the OAuth client was not granted.
    #[error("Coupa refused the scopes asked for ({scopes}): {text}")]
    InvalidScope {
        /// All that were asked for: Coupa does not say which one.
        scopes: String,
        /// Coupa's words.
        text: String,
    },
    /// Client id or secret is wrong, or the client is switched off.
    #[error("Coupa refused the OAuth client: {0}")]
    InvalidClient(String),
    /// 404.
    #[error("Coupa does not know {0}")]
    NotFound(String),
    /// Coupa refused the content. Nothing was done.
    #[error("{}", join(.0))]
    Invalid(Vec<Problem>),
    /// A read was answered with 5xx, a few times.
    #[error("Coupa failed with status {status}: {text}")]
    ServerFailure {
        /// The HTTP status.
        status: u16,
        /// Coupa's words.
        text: String,
    },
    /// A read was answered with something that can't be read, a few times.
    #[error("Coupa's reply can't be read: {0}")]
    BadReply(String),
    /// A read was answered with more bytes than the limit.
    #[error("Coupa's reply is larger than {0} bytes")]
    TooLarge(usize),
    /// Too little of the lease is left. Nothing was sent.
    #[error("too little of the lease is left to send the request")]
    TooLate,
    /// The budget's record could not be read or written. Nothing was sent.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Where the workers keep their token did not answer. Nothing was sent.
    #[error("Coupa's access token: {0}")]
    Shared(#[from] SharedSecretError),
    /// The client secret can't be had. Nothing was sent.
    #[error("Coupa's client secret: {0}")]
    Secret(#[from] CredentialError),
}

impl Error {
    /// Something of this number is in Coupa already.
    pub fn taken(&self) -> bool {
        self.says("already been taken")
    }

    /// A record that the document refers to is not in Coupa.
    pub fn reference_unknown(&self) -> bool {
        self.problems().iter().any(|problem| {
            let text = problem.text.to_lowercase();
            text.contains("unable to find") && text.contains("record")
                || text.contains("invalid ship-to address")
        })
    }

    /// Coupa surely did nothing on account of this call.
    pub const fn surely_not_done(&self) -> bool {
        !matches!(self, Self::OutcomeUnknown { .. })
    }

    /// Coupa's single complaints, where it refused the content.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid(problems) => problems,
            _ => &[],
        }
    }

    /// Some complaint contains `words`, whatever their case.
    pub fn says(&self, words: &str) -> bool {
        let words = words.to_lowercase();
        self.problems().iter().any(|problem| problem.text.to_lowercase().contains(&words))
    }

    /// What it means for the work.
    pub fn failure(&self) -> Failure {
        let code = match self {
            // What is too late for this lease is in time for the next one: transient, like an outage.
            Self::NotSent(_) | Self::Unreachable(_) | Self::ServerFailure { .. } | Self::TooLate => {
                Code::CoupaUnreachable
            }
            Self::OutcomeUnknown { .. } => Code::CoupaOutcomeUnknown,
            Self::RateLimited { .. } => Code::CoupaRateLimited,
            Self::Unauthorized(_) | Self::InvalidClient(_) => Code::CoupaTokenRefused,
            Self::ScopeMissing { .. } | Self::InvalidScope { .. } => Code::CoupaScopeMissing,
            Self::NotFound(_) => Code::CoupaGone,
            Self::Invalid(_) if self.reference_unknown() => Code::CoupaReferenceUnknown,
            Self::Invalid(_) => Code::CoupaRefused,
            Self::BadReply(_) => Code::CoupaBadReply,
            Self::TooLarge(_) => Code::CoupaBodyTooLarge,
            Self::Ledger(_) | Self::Shared(_) | Self::Secret(_) => Code::StoreFailed,
        };
        Failure::new(code, self.to_string())
    }
}

fn join(problems: &[Problem]) -> String {
    if problems.is_empty() {
        return "Coupa refused the document without a word".to_owned();
    }
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
