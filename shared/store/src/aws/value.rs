//! How the words of the domain stand in DynamoDB's attributes.

use crate::StoreError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt::Display, str::FromStr};

/// An item as the SDK hands it out.
#[expect(
    clippy::disallowed_types,
    reason = "the SDK's own type; attributes are looked up by name, never walked"
)]
pub(super) type Item = std::collections::HashMap<String, AttributeValue>;

/// Nanoseconds since 1970.
pub(super) fn nanos(at: Timestamp) -> AttributeValue {
    number(at.as_nanosecond())
}

pub(super) fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn get_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

pub(super) fn get_set(item: &Item, name: &str) -> Vec<String> {
    item.get(name).and_then(|value| value.as_ss().ok()).cloned().unwrap_or_default()
}

pub(super) fn get_number<T: FromStr>(item: &Item, name: &str) -> Result<Option<T>, StoreError> {
    let Some(value) = item.get(name) else { return Ok(None) };
    let number = value.as_n().ok().and_then(|number| number.parse().ok());
    number.map(Some).ok_or_else(|| StoreError::Corrupt(format!("the attribute {name} is no such number")))
}

pub(super) fn get_time(item: &Item, name: &str) -> Result<Option<Timestamp>, StoreError> {
    let nanos: Option<i128> = get_number(item, name)?;
    nanos
        .map(|nanos| {
            Timestamp::from_nanosecond(nanos).map_err(|error| StoreError::Corrupt(format!("{name}: {error}")))
        })
        .transpose()
}

pub(super) fn get_json<T: DeserializeOwned>(
    what: &str,
    item: &Item,
    name: &str,
) -> Result<Option<T>, StoreError> {
    get_text(item, name).map(|json| from_json(what, json)).transpose()
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// `what` names the place for whoever has to look at the table.
pub(super) fn from_json<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Corrupt(format!("{what}: {error}")))
}
