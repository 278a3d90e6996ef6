//! Reads the values of arguments, with the same errors as the config file.

use crate::config::{self, Period};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use model::{Code, ObjectKind};
use store::SecretName;

/// A moment as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// The beginning of a day, where this machine is.
    Day(Date),
    /// A moment.
    Moment(Timestamp),
    /// So long ago.
    Ago(Period),
}

impl Since {
    /// The moment it means when said at `now` in `zone`.
    pub fn moment(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Day(date) => {
                date.to_zoned_datetime(zone.clone()).map_or(Timestamp::MIN, |midnight| midnight.timestamp())
            }
            Self::Moment(moment) => moment,
            Self::Ago(period) => now.checked_sub(SignedDuration::from(period)).unwrap_or(Timestamp::MIN),
        }
    }
}

/// One line for clap: what is wrong, then what to do.
fn one_line(error: &config::ValueError) -> String {
    format!("{}. {}", error.message, error.help)
}

/// How long to wait: none at all too, and a bare number is seconds.
pub(super) fn wait(text: &str) -> Result<Period, String> {
    if let Ok(seconds) = text.strip_suffix('s').unwrap_or(text).parse() {
        return Ok(Period::from_seconds(seconds));
    }
    period(text)
}

fn period(text: &str) -> Result<Period, String> {
    text.parse().map_err(|error| one_line(&error))
}

pub(super) fn date(text: &str) -> Result<Date, String> {
    config::parse_date(text).map_err(|error| one_line(&error))
}

/// A document as people name it.
pub(super) fn document(text: &str) -> Result<(ObjectKind, String), String> {
    let help =
        || format!("`{text}` is no document. Write KIND/NUMBER, such as invoice/100237 or supplier/V10000.");
    let (kind, number) = text.split_once(['/', ' ', ':']).ok_or_else(help)?;
    let kind = ObjectKind::parse(kind).ok_or_else(help)?;
    Some((kind, number.trim().to_owned())).filter(|(_, number)| !number.is_empty()).ok_or_else(help)
}

/// The first day of a month.
pub(super) fn month(text: &str) -> Result<Date, String> {
    config::parse_date(&format!("{text}-01"))
        .map_err(|_| format!("`{text}` is no month. Write it as 2026-10."))
}

pub(super) fn object(text: &str) -> Result<ObjectKind, String> {
    config::parse_object(text).map_err(|error| one_line(&error))
}

pub(super) fn secret(text: &str) -> Result<SecretName, String> {
    SecretName::ALL.into_iter().find(|name| name.name() == text.to_lowercase().replace('_', "-")).ok_or_else(
        || format!("unknown secret. Known: {}.", SecretName::ALL.map(SecretName::name).join(", ")),
    )
}

pub(super) fn code(text: &str) -> Result<Code, String> {
    let text = text.to_uppercase();
    let known =
        |code: &&Code| code.number() == text || code.number().strip_prefix("BC-") == Some(text.as_str());
    Code::ALL.iter().find(known).copied().ok_or_else(|| {
        "unknown error code. `b1-coupa dead-letters list` shows those that occur, such as BC-0206.".to_owned()
    })
}

pub(super) fn since(text: &str) -> Result<Since, String> {
    let day = || config::parse_date(text).map(Since::Day).ok();
    let moment = || text.parse().map(Since::Moment).ok();
    let ago = || text.parse().map(Since::Ago).ok();
    day().or_else(moment).or_else(ago).ok_or_else(|| {
        "no point in time. Write a date (2026-11-01), a moment (2026-11-01T08:00:00Z) or so long ago (24h)."
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_day_a_moment_or_a_while_ago() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (text, moment) in [
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-01T08:00:00Z", "2026-11-01T08:00:00Z"),
            ("2026-11-01T08:00:00+01:00", "2026-11-01T07:00:00Z"),
            ("24h", "2026-11-22T12:00:00Z"),
            ("7d", "2026-11-16T12:00:00Z"),
        ] {
            let expected: Timestamp = moment.parse().unwrap();
            assert_eq!(since(text).unwrap().moment(now, &TimeZone::UTC), expected, "{text}");
        }
        assert!(since("yesterday").unwrap_err().contains("24h"));
    }

    #[test]
    fn a_wait_may_be_nothing_and_a_bare_number_is_seconds() {
        assert_eq!(
            ["0", "0s", "90", "90s", "2m"].map(|text| wait(text).unwrap().seconds()),
            [0, 0, 90, 90, 120]
        );
        assert!(wait("soon").is_err());
        assert!(wait("-1").is_err());
    }

    #[test]
    fn codes_and_objects_are_read_in_every_spelling() {
        assert_eq!(code("bc-0206"), Ok(Code::CoupaReferenceUnknown));
        assert_eq!(code("0206"), Ok(Code::CoupaReferenceUnknown));
        assert!(code("BC-9999").is_err());
        assert_eq!(object("purchase-orders"), Ok(ObjectKind::PurchaseOrder));
        assert_eq!(object("Purchase_Order"), Ok(ObjectKind::PurchaseOrder));
        assert!(object("invoce").unwrap_err().contains("invoices"));
    }
}
