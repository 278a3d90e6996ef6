//! Coupa's error bodies, in all the shapes they were seen in.

use std::fmt;

/// One complaint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is about, such as `invoice-header.invoice_lines`; empty where Coupa doesn't say.
    pub attribute: String,
    /// Coupa's words.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attribute.as_str() {
            "" => f.write_str(&self.text),
            attribute => write!(f, "{attribute}: {}", self.text),
        }
    }
}
