use std::fmt;

/// Service Layer says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// SAP's error number.
    pub code: i64,
    /// What is wrong, for people.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: i64, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// There is no row of that key.
    pub(crate) fn no_match() -> Self {
        Self::new(404, -2028, "No matching records found (ODBC -2028)")
    }

    /// A business rule is broken.
    pub(crate) fn rule(message: impl Into<String>) -> Self {
        Self::new(400, -5002, message)
    }

    /// The request cannot be understood.
    pub(crate) fn syntax(message: impl Into<String>) -> Self {
        Self::new(400, -1000, message)
    }

    /// The object doesn't do that.
    pub(crate) fn unsupported() -> Self {
        Self::new(400, -5006, "The requested action is not supported for this object.")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {}", self.status, self.code, self.message)
    }
}

impl std::error::Error for Refusal {}
