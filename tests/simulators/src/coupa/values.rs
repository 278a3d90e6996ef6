//! Texts into values: what Coupa takes for a number, a flag, a moment or a day.

use super::problem::label;
use super::record::Field;
use super::schema::{Attribute, Type};
use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, civil};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

/// Rounds as people do with money: half away from zero.
pub(crate) fn round(amount: Decimal, places: u32) -> Decimal {
    let mut rounded = amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(places);
    rounded
}

/// A scalar for an attribute, or why it can't be one.
pub(crate) fn scalar(attribute: Attribute, value: Value) -> Result<Field, String> {
    let label = || label(attribute.name);
    if value.is_null() {
        return Ok(Field::Null);
    }
    match attribute.ty {
        Type::Text(longest) => {
            let text = plain_text(value).ok_or_else(|| format!("{} is invalid", label()))?;
            match longest {
                Some(longest) if text.chars().count() > longest => {
                    Err(format!("{} is too long (maximum is {longest} characters)", label()))
                }
                _ => Ok(Field::Text(text.into())),
            }
        }
        Type::Integer => match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
        .map(Field::Integer)
        .ok_or_else(|| format!("{} is not a number", label())),
        Type::Decimal(scale) => plain_text(value)
            .and_then(|text| decimal(&text))
            .map(|number| Field::Decimal(fit(number, scale)))
            .ok_or_else(|| format!("{} is not a number", label())),
        Type::Boolean => match &value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => flag(text),
            _ => None,
        }
        .map(Field::Flag)
        .ok_or_else(|| format!("{} is not true or false", label())),
        Type::Moment => plain_text(value)
            .and_then(|text| moment(&text))
            .map(Field::Moment)
            .ok_or_else(|| format!("{} is not a valid date", label())),
        Type::Day => plain_text(value)
            .and_then(|text| day(&text))
            .map(Field::Day)
            .ok_or_else(|| format!("{} is not a valid date", label())),
        Type::Opaque | Type::OpaqueList | Type::One(_) | Type::Many(_) => Ok(Field::Json(Box::new(value))),
    }
}

fn fit(number: Decimal, scale: Option<u32>) -> Decimal {
    match scale {
        Some(scale) if number.scale() > scale => round(number, scale),
        _ => number,
    }
}

fn plain_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A decimal in plain or scientific notation.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

/// A flag, which may come as text.
pub(crate) fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

/// A moment in strict ISO 8601 with its zone. A date alone means 00:00 UTC.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let at: civil::DateTime = match text.len() {
        10 => text.parse::<Date>().ok()?.into(),
        _ => text.parse().ok()?,
    };
    Offset::UTC.to_timestamp(at).ok()
}

/// The calendar date that a text names, whatever time and zone follow.
pub(crate) fn day(text: &str) -> Option<Date> {
    moment(text)?;
    text.get(..10)?.parse().ok()
}

/// The moment a calendar date begins in the instance's zone.
pub(crate) fn start_of(day: Date, offset: Offset) -> Option<Timestamp> {
    offset.to_timestamp(day.into()).ok()
}

/// A moment as Coupa writes it, with the instance's offset.
pub(crate) fn write_moment(moment: Timestamp, offset: Offset, out: &mut Vec<u8>) {
    let at = offset.to_datetime(moment);
    write_at(at, offset, out);
}

/// A calendar date as Coupa writes it: midnight in the instance's zone.
pub(crate) fn write_day(day: Date, offset: Offset, out: &mut Vec<u8>) {
    write_at(day.into(), offset, out);
}

fn write_at(at: civil::DateTime, offset: Offset, out: &mut Vec<u8>) {
    use std::io::Write as _;
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    // Writing to memory can't fail.
    let _ = write!(
        out,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        minutes / 60,
        minutes % 60
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_keeps_its_date_and_a_moment_its_instant() {
        let pacific = Offset::constant(-8);
        let mut out = Vec::new();
        write_day(day("2026-11-20T00:00:00Z").expect("a day"), pacific, &mut out);
        assert_eq!(out, b"2026-11-20T00:00:00-08:00");
        out.clear();
        write_moment(moment("2026-11-30T00:00:00Z").expect("a moment"), pacific, &mut out);
        assert_eq!(out, b"2026-11-29T16:00:00-08:00");
        assert_eq!(moment("2026-11-30"), moment("2026-11-30T00:00:00Z"));
        assert_eq!(moment("30.11.2026"), None);
    }

    #[test]
    fn money_rounds_half_away_from_zero() {
        assert_eq!(round("0.125".parse().expect("decimal"), 2).to_string(), "0.13");
        assert_eq!(round("-0.125".parse().expect("decimal"), 2).to_string(), "-0.13");
        assert_eq!(round("3".parse().expect("decimal"), 2).to_string(), "3.00");
    }
}
