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
    match parse_decimal(text) {
        Some(number) => Ok(Some(number)),
        None => Err(D::Error::custom(format!("`{text}` is no number that can be kept exactly"))),
    }
}

/// Exactly what is written. Only what binary arithmetic left behind the 28th decimal place, such as
/// `2.8421709430404007E-14` for nothing, is rounded there.
fn parse_decimal(text: &str) -> Option<Decimal> {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return Decimal::from_str_exact(text).ok();
    };
    if let Ok(number) = Decimal::from_scientific(text) {
        return Some(number);
    }
    let mut number = Decimal::from_str_exact(mantissa).ok()?;
    let places: u32 = exponent.strip_prefix('-')?.parse().ok()?;
    for _ in 0..places.min(100) {
        number = number.checked_mul(Decimal::new(1, 1))?;
    }
    Some(number)
}

/// `2026-07-03`, `2026-07-03T00:00:00Z` or `20260703`: a calendar date of the company, never shifted.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    let date = text.split('T').next()?;
    match date.len() {
        8 if is_written(date, &[]) => date.parse().ok(),
        10 if is_written(date, &[4, 7]) => date.parse().ok(),
        _ => None,
    }
}

/// In digits, but for dashes at these places. Whoever reads a date would take a sign or a blank too, and make another year of it.
fn is_written(date: &str, dashes: &[usize]) -> bool {
    let mut bytes = date.bytes().enumerate();
    bytes.all(|(at, byte)| if dashes.contains(&at) { byte == b'-' } else { byte.is_ascii_digit() })
}

pub(super) fn date_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    // Some systems write the number 20260703.
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    match raw.trim_matches('"').trim() {
        "" | "null" => Ok(None),
        text => match parse_date(text) {
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
pub(super) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    integer_or_none(deserializer)?.ok_or_else(|| D::Error::custom("it is empty"))
}

/// The same, where there may be none.
pub(super) fn integer_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    let text = raw.trim_matches('"').trim();
    if text.is_empty() || text == "null" {
        return Ok(None);
    }
    let whole = text.strip_suffix(".0").unwrap_or(text);
    whole.parse().map(Some).map_err(|_| D::Error::custom(format!("`{text}` is no whole number")))
}

/// What SAP leaves unset (null, or an empty text) is what the type has for that.
pub(super) fn unset_or<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    if matches!(raw, "null" | "\"\"") {
        return Ok(T::default());
    }
    serde_json::from_str(raw).map_err(|error| {
        let reason = error.to_string();
        D::Error::custom(reason.rsplit_once(" at line ").map_or(reason.as_str(), |(reason, _)| reason))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Row {
        #[serde(deserialize_with = "decimal_or_none")]
        amount: Option<Decimal>,
        #[serde(deserialize_with = "integer_or_none")]
        count: Option<i64>,
        #[serde(deserialize_with = "date_or_none")]
        date: Option<Date>,
        #[serde(deserialize_with = "time_or_none")]
        time: Option<Time>,
        #[serde(deserialize_with = "list")]
        list: Vec<i64>,
        flag: YesNo,
    }

    fn row(member: &str, value: &str) -> Result<Row, String> {
        serde_json::from_str(&format!(r#"{{"{member}":{value}}}"#)).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_are_kept_as_they_are_written() {
        let amount = |text| row("amount", text).unwrap().amount.map(|number| number.to_string());
        for (written, kept) in [
            ("3549", "3549"),
            ("1660.0", "1660.0"),
            ("\"100\"", "100"),
            ("1e-05", "0.00001"),
            ("1.5E+3", "1500"),
            ("-12.340", "-12.340"),
            ("0.1", "0.1"),
            ("30.345000000000002", "30.345000000000002"),
            ("2.8421709430404007E-14", "0.0000000000000284217094304040"),
            ("-1.0E-40", "0"),
        ] {
            assert_eq!(amount(written).as_deref(), Some(kept), "{written}");
        }
        assert_eq!([amount("null"), amount("\"\"")], [None, None]);
        for bad in ["\"ten\"", "1e400", "true", "\"1,5\""] {
            assert!(row("amount", bad).unwrap_err().contains(bad.trim_matches('"')), "{bad}");
        }
    }

    #[test]
    fn whole_numbers_may_be_quoted_or_carry_a_zero() {
        for text in ["7", "\"7\"", "7.0"] {
            assert_eq!(row("count", text).unwrap().count, Some(7), "{text}");
        }
        assert_eq!(row("count", "null").unwrap().count, None);
        assert!(row("count", "7.5").is_err());
    }

    #[test]
    fn dates_in_all_shapes_are_the_same_day() {
        let day = Some(date(2026, 7, 3));
        for text in ["\"2026-07-03\"", "\"2026-07-03T00:00:00Z\"", "\"20260703\"", "20260703"] {
            assert_eq!(row("date", text).unwrap().date, day, "{text}");
        }
        assert_eq!(row("date", "\"2026-07-03T23:59:59Z\"").unwrap().date, day, "a date is never shifted");
        for empty in ["null", "\"\""] {
            assert_eq!(row("date", empty).unwrap().date, None);
        }
        assert!(row("date", "\"2026-02-30\"").unwrap_err().contains("`2026-02-30` is no date"));
        for odd in
            ["-2026-07-03", "+2026-07-03", "26-07-03", "2026-7-3", "2026- 7-03", "-2026703", "02026-07-03"]
        {
            assert!(row("date", &format!("\"{odd}\"")).is_err(), "{odd}");
        }
    }

    #[test]
    fn times_come_with_and_without_seconds() {
        assert_eq!(row("time", "\"17:13:12\"").unwrap().time, Some(time(17, 13, 12, 0)));
        assert_eq!(row("time", "\"06:00\"").unwrap().time, Some(time(6, 0, 0, 0)));
        assert_eq!(row("time", "null").unwrap().time, None);
        assert!(row("time", "\"25:00\"").unwrap_err().contains("`25:00`"));
    }

    #[test]
    fn flags_and_lists_may_be_unset() {
        assert_eq!(row("flag", "\"tYES\"").unwrap().flag, YesNo::Yes);
        for unset in ["null", "\"\"", "\"tNO\""] {
            assert_eq!(row("flag", unset).unwrap().flag, YesNo::No);
        }
        assert!(row("flag", "\"maybe\"").unwrap_err().contains("maybe"));
        assert!(row("list", "null").unwrap().list.is_empty());
    }
}
