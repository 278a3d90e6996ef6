//! The types of single values. Each says what is wrong in the first line of its error and what to do in the
//! second, which [`super::ConfigError`] takes apart again.

mod period;
mod url;

pub use period::Period;
pub(super) use url::{base_url, https_url};

use super::keys::nearest;
use jiff::civil::Date;
use model::{CompanyDb, ObjectKind};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de, de::Error as _};
use std::{fmt, net::IpAddr, str::FromStr};
use wire::SpkiPin;

/// Conditions in Coupa's words, such as `commodity[name]=Office`.
pub(super) fn conditions<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, String)>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let condition = |text: String| match text.split_once('=') {
        Some((attribute, value)) if !attribute.trim().is_empty() => {
            Ok((attribute.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err(D::Error::custom(ValueError::new(
            format!("`{text}` is no condition"),
            "Write attribute=value in Coupa's words, such as \"commodity[name]=Office\".",
        ))),
    };
    texts.into_iter().map(condition).collect()
}

/// A rule for codes of business partners, which must tell one supplier from the other.
pub(super) fn card_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let rule = optional_text(deserializer)?;
    match &rule {
        Some(text) if !text.contains("{id}") => Err(D::Error::custom(ValueError::new(
            format!("`{text}` would give every business partner the same code"),
            "Use {id} in it: Coupa's id of the supplier, such as \"C{id}\".",
        ))),
        _ => Ok(rule),
    }
}

/// The name of a user-defined field; an empty one means none.
pub(super) fn user_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = optional_text(deserializer)?;
    let is_name = |name: &str| {
        name.starts_with("U_") && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match &name {
        Some(text) if !is_name(text) => Err(D::Error::custom(ValueError::new(
            format!("`{text}` is no user-defined field"),
            "Such a field is called U_ and letters, digits or `_`, such as \"U_CoupaId\"; \"\" does without.",
        ))),
        _ => Ok(name),
    }
}

/// What is wrong with a value, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}\n{help}")]
pub struct ValueError {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl ValueError {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// The root of the Service Layer: `v2` (OData 4) or `v1` (OData 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OdataVersion {
    /// `/b1s/v1`
    V1,
    /// `/b1s/v2`
    #[default]
    V2,
}

impl<'de> Deserialize<'de> for OdataVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "v1" => Ok(Self::V1),
            "v2" => Ok(Self::V2),
            other => Err(D::Error::custom(ValueError::new(
                format!("`{other}` is no version of the Service Layer"),
                "Use \"v2\", or \"v1\" where v2 is missing.",
            ))),
        }
    }
}

pub(super) fn url_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.starts_with('/')
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?' && byte != b'#')
    {
        return Ok(text);
    }
    Err(D::Error::custom(ValueError::new(
        format!("`{text}` is no path of a URL"),
        "Begin it with a slash, such as \"/sap/events\", without host and query.",
    )))
}

/// A time of day, or `off`.
pub(super) fn time_or_off<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<jiff::civil::Time>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "off" {
        return Ok(None);
    }
    let time = jiff::civil::Time::strptime("%H:%M", &text);
    time.map(Some).map_err(|_| {
        D::Error::custom(ValueError::new(
            format!("`{text}` is no time of day"),
            "Write hours and minutes, such as \"02:00\", or \"off\".",
        ))
    })
}

/// How SAP proves who it is to a webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebhookAlgorithm {
    /// A signature by HMAC with SHA-256.
    #[default]
    HmacSha256,
    /// With SHA-384.
    HmacSha384,
    /// With SHA-512.
    HmacSha512,
    /// A user, with the webhook's key as password.
    Basic,
    /// The webhook's key as token.
    Bearer,
}

impl<'de> Deserialize<'de> for WebhookAlgorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // SAP's own samples differ in upper and lower case.
        let text = String::deserialize(deserializer)?;
        match text.to_lowercase().as_str() {
            "hmacsha256" => Ok(Self::HmacSha256),
            "hmacsha384" => Ok(Self::HmacSha384),
            "hmacsha512" => Ok(Self::HmacSha512),
            "basic" => Ok(Self::Basic),
            "bearer" => Ok(Self::Bearer),
            _ => Err(D::Error::custom(ValueError::new(
                format!("`{text}` is no way in which SAP signs"),
                "Use \"HMACSha256\", \"HMACSha384\", \"HMACSha512\", \"Basic\" or \"Bearer\", as the subscription in SAP says.",
            ))),
        }
    }
}

/// Requests per second: any positive number, kept as the decimal it was written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestRate(Decimal);

impl RequestRate {
    /// As a decimal.
    pub const fn get(self) -> Decimal {
        self.0
    }
}

impl Default for RequestRate {
    fn default() -> Self {
        Self(Decimal::from(20))
    }
}

impl fmt::Display for RequestRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normalize().fmt(f)
    }
}

impl<'de> Deserialize<'de> for RequestRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match toml::Value::deserialize(deserializer)? {
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) => number.to_string(),
            other => format!("a {}", other.type_str()),
        };
        let rate = Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok();
        rate.filter(|rate| *rate > Decimal::ZERO).map(Self).ok_or_else(|| {
            D::Error::custom(ValueError::new(
                format!("{text} is no number of requests per second"),
                "Write a positive number, such as 20 or 0.5.",
            ))
        })
    }
}

pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IpAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| {
        D::Error::custom(ValueError::new(
            format!("`{text}` is no address"),
            "Write an IP address alone, such as \"10.99.0.2\"; the port is the one in `service_layer_url`.",
        ))
    })
}

pub(super) fn pins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SpkiPin>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    if texts.is_empty() || texts.len() > 2 {
        return Err(D::Error::custom(ValueError::new(
            format!("{} public keys are pinned", texts.len()),
            "Pin one, or two while the certificate is being changed, or remove the line.",
        )));
    }
    texts.iter().map(|text| text.parse().map_err(|_| D::Error::custom(no_pin(text)))).collect()
}

fn no_pin(text: &str) -> ValueError {
    ValueError::new(
        format!("`{text}` is no SHA-256 of a public key"),
        "Write the 44 letters of Base64 that `b1-coupa check` prints for the certificate it was shown.",
    )
}

pub(super) fn not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(D::Error::custom(ValueError::new("it is empty", "Fill it in.")));
    }
    Ok(text)
}

pub(super) fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(deserializer)?).filter(|text| !text.trim().is_empty()))
}

pub(super) fn company<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CompanyDb, D::Error> {
    let text = not_empty(deserializer)?;
    if text.contains('/') || text.trim() != text {
        return Err(D::Error::custom(ValueError::new(
            format!("`{text}` is no name of a company database"),
            "Write it as SAP's log-in window shows it, such as SBODEMOUS: no blanks around it and no slash.",
        )));
    }
    Ok(CompanyDb(text))
}

pub(super) fn api_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if !text.chars().all(|letter| letter.is_ascii_digit() || letter == '.') {
        return Err(D::Error::custom(ValueError::new(
            format!("`{text}` is no version of Coupa's API"),
            "Write digits, such as \"44\", or \"\" to leave the header out.",
        )));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    // TOML has dates of its own, written without quotes: both spellings mean the same day.
    let text = match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text,
        toml::Value::Datetime(date) => date.to_string(),
        other => format!("a {}", other.type_str()),
    };
    parse_date(&text).map_err(D::Error::custom)
}

/// Reads a day such as `2026-01-01`.
pub fn parse_date(text: &str) -> Result<Date, ValueError> {
    let shape = text.len() == 10 && text.is_ascii();
    text.parse().ok().filter(|_| shape).ok_or_else(|| {
        ValueError::new(format!("`{text}` is no date"), "Write year, month and day, such as \"2026-01-01\".")
    })
}

pub(super) fn objects<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ObjectKind>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let mut kinds = Vec::new();
    for name in &names {
        kinds.push(parse_object(name).map_err(D::Error::custom)?);
    }
    if kinds.is_empty() {
        let help = format!("Name at least one of {}, or remove the line to sync all.", object_names());
        return Err(D::Error::custom(ValueError::new("no object is named", help)));
    }
    kinds.sort();
    kinds.dedup();
    Ok(kinds)
}

/// Reads the name of an object, singular or plural, with `-` or `_`.
pub fn parse_object(name: &str) -> Result<ObjectKind, ValueError> {
    ObjectKind::parse(name).ok_or_else(|| {
        let help = match nearest(name, ObjectKind::ALL.map(ObjectKind::plural)) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("Known objects: {}.", object_names()),
        };
        ValueError::new(format!("unknown object `{name}`"), help)
    })
}

fn object_names() -> String {
    ObjectKind::ALL.map(ObjectKind::plural).join(", ")
}

pub(super) fn within<'de, D: Deserializer<'de>, const LOW: u32, const HIGH: u32>(
    deserializer: D,
) -> Result<u32, D::Error> {
    struct Number;
    impl de::Visitor<'_> for Number {
        type Value = i64;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number without quotes")
        }
        fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
            Ok(number)
        }
    }
    let number = deserializer.deserialize_i64(Number)?;
    u32::try_from(number).ok().filter(|number| (LOW..=HIGH).contains(number)).ok_or_else(|| {
        D::Error::custom(ValueError::new(
            format!("{number} is out of range"),
            format!("Write a whole number from {LOW} to {HIGH}."),
        ))
    })
}
