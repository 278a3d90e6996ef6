use super::filter::{Expression, property};
use crate::escapes::decode;
use crate::sap::refusal::Refusal;
use crate::sap::schema::{EntityType, Kind};
use crate::sap::settings::MetadataVersion;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt::Write as _;

/// Which root the client speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

/// Whether a sort key counts down.
pub(crate) type Descending = bool;

/// The system query options, checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) select: Option<Vec<u16>>,
    pub(crate) filter: Option<Expression>,
    pub(crate) order_by: Vec<(u16, Descending)>,
    pub(crate) top: Option<usize>,
    pub(crate) skip: usize,
    pub(crate) count: bool,
    /// Options that a link to the next page repeats, as given.
    repeated: Vec<(String, String)>,
}

impl Options {
    /// Reads the query of an address.
    pub(crate) fn parse(
        query: &str,
        of: &EntityType,
        metadata: MetadataVersion,
        version: Version,
    ) -> Result<Self, Refusal> {
        let mut options = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name), decode(value));
            match (name.as_str(), version) {
                ("$select", _) => options.select = select(&value, of, metadata)?,
                ("$filter", _) => options.filter = Some(Expression::parse(&value, of, metadata)?),
                ("$orderby", _) => options.order_by = order_by(&value, of, metadata)?,
                ("$top", _) => options.top = Some(number(&name, &value)?),
                ("$skip", _) => options.skip = number(&name, &value)?,
                ("$inlinecount", Version::V1) => {
                    options.count = match value.as_str() {
                        "allpages" => true,
                        "none" => false,
                        _ => return Err(Refusal::syntax("Invalid value of $inlinecount")),
                    };
                }
                ("$count", Version::V2) => {
                    options.count = match value.as_str() {
                        "true" => true,
                        "false" => false,
                        _ => return Err(Refusal::syntax("Invalid value of $count")),
                    };
                }
                (other, _) if other.starts_with('$') => {
                    return Err(Refusal::syntax(format!("Query option '{other}' is not supported")));
                }
                _ => continue,
            }
            if name != "$top" && name != "$skip" {
                options.repeated.push((name, value));
            }
        }
        Ok(options)
    }

    /// The query of the link to the page that starts after `skip` rows. `top` is what is left of `$top`.
    pub(crate) fn next(&self, skip: usize, top: Option<usize>) -> String {
        let mut query = String::new();
        for (name, value) in &self.repeated {
            query.push_str(name);
            query.push('=');
            query.extend(utf8_percent_encode(value, IN_LINKS));
            query.push('&');
        }
        if let Some(top) = top {
            // Writing to memory doesn't fail.
            let _ = write!(query, "$top={top}&");
        }
        let _ = write!(query, "$skip={skip}");
        query
    }
}

fn select(value: &str, of: &EntityType, metadata: MetadataVersion) -> Result<Option<Vec<u16>>, Refusal> {
    let names: Vec<_> = value.split(',').map(str::trim).collect();
    if names == ["*"] {
        return Ok(None);
    }
    let members: Result<Vec<_>, _> =
        names.into_iter().map(|name| property(of, name, metadata).map(|(index, _)| index)).collect();
    members.map(Some)
}

fn order_by(
    value: &str,
    of: &EntityType,
    metadata: MetadataVersion,
) -> Result<Vec<(u16, Descending)>, Refusal> {
    let mut keys = Vec::new();
    for key in value.split(',') {
        let mut words = key.split_whitespace();
        let (index, property) = property(of, words.next().unwrap_or_default(), metadata)?;
        let descending = match words.next() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(Refusal::syntax("Query string error: $orderby cannot be parsed")),
        };
        if words.next().is_some() || matches!(property.kind, Kind::Many(_) | Kind::One(_)) {
            return Err(Refusal::syntax("Query string error: $orderby cannot be parsed"));
        }
        keys.push((index, descending));
    }
    Ok(keys)
}

fn number(name: &str, value: &str) -> Result<usize, Refusal> {
    value.parse().map_err(|_| Refusal::syntax(format!("Invalid value of {name}")))
}

/// Percent encoding as SAP's links have it: quotes, blanks and commas too.
const IN_LINKS: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'(').remove(b')');
