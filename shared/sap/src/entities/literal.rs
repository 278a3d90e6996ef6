//! How SAP writes dates, times, numbers and flags: with oddities, so decoded from the literal text.

use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;

/// `BoYesNoEnum`, by member name or database value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum YesNo {
    /// `tYES`
    Yes,
    /// `tNO`, or empty.
    #[default]
    No,
}

impl<'de> Deserialize<'de> for YesNo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<String>::deserialize(deserializer)?.as_deref() {
            Some("tYES" | "Y") => Ok(Self::Yes),
            None | Some("tNO" | "N" | "") => Ok(Self::No),
            Some(other) => Err(D::Error::custom(format!("`{other}` is neither tYES nor tNO"))),
        }
    }
}

/// A number from its literal text, quoted or not, never through a float. Empty is zero.
pub(super) fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    Ok(decimal_or_none(deserializer)?.unwrap_or_default())
}

pub(super) fn decimal_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Decimal>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    let text = raw.trim_matches('"').trim();
    if text.is_empty() || text == "null" {
        return Ok(None);
    }
    let parsed = if text.contains(['e', 'E']) {
        Decimal::from_scientific(text)
    } else {
        Decimal::from_str_exact(text)
    };
    parsed.map(Some).map_err(|_| D::Error::custom(format!("`{text}` is no number that can be kept exactly")))
}

/// `2026-07-03`, `2026-07-03T00:00:00Z` or `20260703`: a calendar date of the company, never shifted.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    let date = text.split('T').next()?;
    match date.len() {
        8 => Date::strptime("%Y%m%d", date).ok(),
        _ => Date::strptime("%Y-%m-%d", date).ok(),
    }
}

pub(super) fn date_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    match Option::<String>::deserialize(deserializer)?.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => match parse_date(text) {
            Some(date) => Ok(Some(date)),
            None => Err(D::Error::custom(format!("`{text}` is no date"))),
        },
    }
}

/// `17:13:12`, `17:13`, with or without a date and a `Z` about it.
pub(crate) fn parse_time(text: &str) -> Option<Time> {
    let time = text.split('T').next_back()?.trim_end_matches('Z');
    let time = time.split('.').next()?;
    if time.matches(':').count() == 1 {
        Time::strptime("%H:%M", time).ok()
    } else {
        Time::strptime("%H:%M:%S", time).ok()
    }
}

pub(super) fn time_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    match Option::<String>::deserialize(deserializer)?.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => match parse_time(text) {
            Some(time) => Ok(Some(time)),
            None => Err(D::Error::custom(format!("`{text}` is no time of day"))),
        },
    }
}

/// Text; empty where SAP writes null.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}

/// A collection; empty where SAP writes null.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

/// A number that counts or refers, as a number or in quotes.
pub(super) fn integer_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    let text = raw.trim_matches('"').trim();
    if text.is_empty() || text == "null" {
        return Ok(None);
    }
    let whole = text.strip_suffix(".0").unwrap_or(text);
    whole.parse().map(Some).map_err(|_| D::Error::custom(format!("`{text}` is no whole number")))
}
