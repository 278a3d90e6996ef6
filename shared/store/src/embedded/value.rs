//! How the words of the domain stand in SQLite's columns, and how SQLite's errors read outside.

use crate::StoreError;
use jiff::Timestamp;
use rusqlite::{Error, ErrorCode};
use serde::{Serialize, de::DeserializeOwned};

/// Nanoseconds since 1970. Moments beyond the years 1677 to 2262 stand for *never* and are cut to these.
pub(super) fn to_nanos(at: Timestamp) -> i64 {
    let nanos = at.as_nanosecond();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

pub(super) fn from_nanos(nanos: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_nanosecond(i128::from(nanos)).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// A limit as SQLite takes it.
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// `what` names the place for whoever has to look at the file.
pub(super) fn from_json<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Corrupt(format!("{what}: {error}")))
}

pub(super) fn from_optional_json<T: DeserializeOwned>(
    what: &str,
    json: Option<&str>,
) -> Result<Option<T>, StoreError> {
    json.map(|json| from_json(what, json)).transpose()
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match &error {
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..) => Self::Corrupt(error.to_string()),
            Error::SqliteFailure(failure, _)
                if matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) =>
            {
                Self::Corrupt(error.to_string())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
