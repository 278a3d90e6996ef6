use super::lexer::Token;
use crate::sap::refusal::Refusal;
use crate::sap::schema::{Kind, Property, SCHEMA};
use jiff::civil::Date;
use rust_decimal::Decimal;

/// A value that a member is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Literal {
    Null,
    Int(i64),
    Amount(Decimal),
    Text(String),
    /// The name of an enum's member.
    Name(&'static str),
    Date(Date),
    /// Minutes since midnight: seconds don't count in filters.
    Minute(i32),
}

impl Literal {
    /// Reads `token` as a value of `property`.
    pub(crate) fn read(token: &Token, property: &Property) -> Result<Self, Refusal> {
        if *token == Token::Word("null".to_owned()) {
            return Ok(Self::Null);
        }
        let read = match (property.kind, token) {
            (Kind::Int, Token::Word(word)) => word.parse().ok().map(Self::Int),
            (Kind::Amount, Token::Word(word)) => word.parse().ok().map(Self::Amount),
            (Kind::Text, Token::Quoted(text)) => Some(Self::Text(text.clone())),
            (Kind::Enum(of), Token::Quoted(text)) => SCHEMA.enum_member(of, text).map(Self::Name),
            (Kind::Date, Token::Quoted(text) | Token::DateTime(text) | Token::Word(text)) => {
                date(text).map(Self::Date)
            }
            (Kind::Time, Token::Quoted(text) | Token::DateTime(text)) => minute(text).map(Self::Minute),
            _ => None,
        };
        read.ok_or_else(|| {
            Refusal::syntax(format!("Invalid value for property '{}' in $filter", property.name))
        })
    }
}

/// A date in any of the accepted forms, with or without a time, which is not looked at.
fn date(text: &str) -> Option<Date> {
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    if let Some(time) = time {
        minute(time.trim_end_matches('Z'))?;
    }
    let digits = day.bytes().all(|byte| byte.is_ascii_digit());
    let parts = match day.len() {
        10 if !digits => {
            let mut parts = day.split('-');
            (parts.next()?, parts.next()?, parts.next()?)
        }
        8 | 14 if digits && time.is_none() => (day.get(..4)?, day.get(4..6)?, day.get(6..8)?),
        _ => return None,
    };
    Date::new(parts.0.parse().ok()?, parts.1.parse().ok()?, parts.2.parse().ok()?).ok()
}

/// A time in any of the accepted forms, in minutes since midnight.
fn minute(text: &str) -> Option<i32> {
    let time = match text.split_once('T') {
        Some((day, time)) => {
            date(day)?;
            time.trim_end_matches('Z')
        }
        None => text,
    };
    let digits: String = time.chars().filter(|digit| *digit != ':').collect();
    let well_formed = digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.len() == time.len() || time.split(':').all(|part| part.len() == 2));
    if !well_formed || !matches!(digits.len(), 4 | 6) {
        return None;
    }
    let (hour, minute): (i32, i32) = (digits.get(..2)?.parse().ok()?, digits.get(2..4)?.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_documented_dates() {
        let day = Date::constant(2014, 4, 23);
        for text in
            ["2014-04-23", "20140423", "2014-04-23T12:21:21", "20140423000000", "2014-04-23T12:21:21Z"]
        {
            assert_eq!(date(text), Some(day), "{text}");
        }
        for text in ["23.04.2014", "2014-4-23", "2014-02-30", "201404", "2014-04-23 12:00", ""] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn all_documented_times() {
        for text in ["18:38:00", "18:38", "183800", "1838", "2014-06-18T18:38:00Z", "18:38:59"] {
            assert_eq!(minute(text), Some(18 * 60 + 38), "{text}");
        }
        for text in ["24:00", "18:60", "1:38", "18", "18:3", ""] {
            assert_eq!(minute(text), None, "{text}");
        }
    }
}
