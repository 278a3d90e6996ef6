use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Conditions of an index, all of which must hold. Written as Coupa wants them in a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(String);

impl Query {
    /// No condition.
    pub fn new() -> Self {
        Self::default()
    }

    /// `attribute=value`. Nested attributes as `supplier[number]`.
    #[must_use]
    pub fn equals(self, attribute: &str, value: &str) -> Self {
        self.parameter(attribute, value)
    }

    /// `attribute[op]=value`, such as `gt`, `in`, `not_eq`.
    #[must_use]
    pub fn compares(self, attribute: &str, operator: &str, value: &str) -> Self {
        self.parameter(&format!("{attribute}[{operator}]"), value)
    }

    /// `attribute[in]=a,b,c`. No value may contain a comma.
    #[must_use]
    pub fn one_of<S: AsRef<str>>(self, attribute: &str, values: &[S]) -> Self {
        let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
        self.compares(attribute, "in", &values.join(","))
    }

    /// The conditions of both.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        if !self.0.is_empty() && !other.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(&other.0);
        self
    }

    pub(crate) fn parameter(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        encode(&mut self.0, name);
        self.0.push('=');
        encode(&mut self.0, value);
        self
    }
}

/// What stands behind the question mark.
impl From<Query> for String {
    fn from(query: Query) -> Self {
        query.0
    }
}

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Leaves only what RFC 3986 calls unreserved.
pub(crate) fn encode(out: &mut String, text: &str) {
    // Many a text is a list of fields, half of which is brackets and quotes.
    out.reserve(text.len() * 2);
    out.extend(utf8_percent_encode(text, RESERVED));
}
