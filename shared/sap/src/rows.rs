//! Rows out of a reply. Each is decoded on its own, so that one unreadable field costs one document and never its page.

use crate::{
    Error, Unreadable,
    reply::{page_title, shorten, strip_mark},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap};

/// A page as SAP wraps it, its rows still in SAP's literal text.
#[derive(Deserialize)]
pub(crate) struct Envelope<'a> {
    #[serde(borrow)]
    pub(crate) value: Vec<&'a RawValue>,
    #[serde(borrow, default, rename = "odata.nextLink", alias = "@odata.nextLink")]
    next_link: Option<Cow<'a, str>>,
}

impl<'a> Envelope<'a> {
    pub(crate) fn of(body: &'a [u8]) -> Result<Self, Error> {
        // Once for the whole body is cheaper than once for every text in it.
        let text = std::str::from_utf8(strip_mark(body)).map_err(|error| {
            Error::BadReply(format!("it is no UTF-8 after {} bytes", error.valid_up_to()))
        })?;
        serde_json::from_str(text).map_err(|error| {
            let begins = text.trim_start();
            if begins.starts_with('{') {
                Error::BadReply(format!("{error} of {} bytes", text.len()))
            } else {
                Error::BadReply(format!("not JSON but {}", page_title(body)))
            }
        })
    }

    /// Where the next page is, if there is one.
    pub(crate) fn next_link(&self) -> Option<&str> {
        self.next_link.as_deref().filter(|link| !link.is_empty())
    }
}

/// A page whose rows are decoded as they come.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Decoded<'a, T> {
    value: Vec<T>,
    #[serde(borrow, default, rename = "odata.nextLink", alias = "@odata.nextLink")]
    next_link: Option<Cow<'a, str>>,
}

/// All rows of a page and its link, in one go through the text; nothing where anything about it is odd. A row has some
/// 240 members for each line, so that a second look at them is what reading costs most.
pub(crate) fn all_at_once<T: DeserializeOwned>(body: &[u8]) -> Option<(Vec<T>, Option<String>)> {
    let text = std::str::from_utf8(strip_mark(body)).ok()?;
    let page: Decoded<'_, T> = serde_json::from_str(text).ok()?;
    Some((page.value, page.next_link.map(Cow::into_owned).filter(|link| !link.is_empty())))
}

/// One row. What can't be read is named by its place and value.
pub(crate) fn decode<'a, T: Deserialize<'a>>(row: &'a RawValue) -> Result<T, Unreadable> {
    // Keeping track of the place costs time, so it is done only once something is wrong.
    serde_json::from_str(row.get()).or_else(|_| {
        let mut deserializer = serde_json::Deserializer::from_str(row.get());
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let reason = error.inner().to_string();
            let reason = reason.rsplit_once(" at line ").map_or(reason.as_str(), |(reason, _)| reason);
            Unreadable::Field { field: error.path().to_string(), reason: shorten(reason) }
        })
    })
}

/// The members of a row, each in SAP's literal text.
pub(crate) fn members(row: &RawValue) -> BTreeMap<Cow<'_, str>, &RawValue> {
    #[derive(Deserialize)]
    struct Members<'a>(#[serde(borrow)] BTreeMap<Cow<'a, str>, &'a RawValue>);
    serde_json::from_str(row.get()).map(|Members(members)| members).unwrap_or_default()
}

/// A single value as text; nothing where it is null or a collection.
pub(crate) fn plain_text(value: &RawValue) -> Option<String> {
    let literal = value.get();
    match literal.as_bytes().first()? {
        b'"' => serde_json::from_str(literal).ok(),
        b'{' | b'[' | b'n' => None,
        _ => Some(literal.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::{Document, Payment};

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn both_versions_name_their_link() {
        for name in ["odata.nextLink", "@odata.nextLink"] {
            let body = format!(
                r#"{{"odata.metadata":"x","value":[{{"a":1}},{{"a":2}}],"{name}":"Orders?$skip=2"}}"#
            );
            let page = Envelope::of(body.as_bytes()).unwrap();
            assert_eq!((page.value.len(), page.next_link()), (2, Some("Orders?$skip=2")));
        }
        assert_eq!(Envelope::of(b"\xef\xbb\xbf{\"value\":[]}").unwrap().next_link(), None);
    }

    #[test]
    fn what_is_no_page_says_what_it_is() {
        let error = |body: &[u8]| Envelope::of(body).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error(b"<html><title>502 Proxy Error</title>").contains("502 Proxy Error"));
        assert!(error(b"").contains("empty"));
        assert!(error(br#"{"value":[{"DocEntry":1},{"Doc"#).contains("EOF"));
        assert!(error(br#"{"error":{}}"#).contains("value"));
        assert!(error(b"{\"value\":[\"\xff\"]}").contains("UTF-8"));
    }

    #[test]
    fn a_field_that_cannot_be_read_is_named_with_its_value() {
        let row =
            raw(r#"{"DocEntry":1,"DocumentLines":[{"LineNum":0},{"LineNum":1,"ShipDate":"31.12.2026"}]}"#);
        let error = decode::<Document>(&row).unwrap_err().to_string();
        assert_eq!(error, "DocumentLines[1].ShipDate: `31.12.2026` is no date");
        let row = raw(r#"{"DocEntry":1,"PaymentInvoices":[{"SumApplied":"ten"}]}"#);
        let error = decode::<Payment>(&row).unwrap_err().to_string();
        assert_eq!(error, "PaymentInvoices[0].SumApplied: `ten` is no number that can be kept exactly");
    }

    #[test]
    fn members_are_found_by_name_whatever_they_hold() {
        let row = raw(
            r#"{"@odata.etag":"W/\"1\"","U_Text":"a\"b","Series":11,"Flag":true,"None":null,"Rows":[1]}"#,
        );
        let members = members(&row);
        let text = |name| members.get(name).and_then(|value| plain_text(value));
        assert_eq!(text("U_Text").as_deref(), Some("a\"b"));
        assert_eq!(text("Series").as_deref(), Some("11"));
        assert_eq!(text("Flag").as_deref(), Some("true"));
        assert_eq!((text("None"), text("Rows"), text("Missing")), (None, None, None));
    }
}
