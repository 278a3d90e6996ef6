use super::ValueError;
use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{fmt, str::FromStr, time::Duration};

/// A length of time in whole seconds, written as a number and a unit: `45s`, `5m`, `2h`, `90d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    seconds: u32,
}

const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Period {
    /// So many seconds.
    pub const fn from_seconds(seconds: u32) -> Self {
        Self { seconds }
    }

    /// So many minutes.
    pub const fn from_minutes(minutes: u16) -> Self {
        Self { seconds: minutes as u32 * 60 }
    }

    /// So many days of 24 hours.
    pub const fn from_days(days: u8) -> Self {
        Self { seconds: days as u32 * 86_400 }
    }

    /// In seconds.
    pub const fn seconds(self) -> u32 {
        self.seconds
    }

    /// For waiting.
    pub const fn to_std(self) -> Duration {
        Duration::from_secs(self.seconds as u64)
    }

    /// For reckoning with moments.
    pub const fn to_signed(self) -> SignedDuration {
        SignedDuration::from_secs(self.seconds as i64)
    }
}

impl From<Period> for Duration {
    fn from(period: Period) -> Self {
        period.to_std()
    }
}

impl From<Period> for SignedDuration {
    fn from(period: Period) -> Self {
        period.to_signed()
    }
}

/// In the largest unit that leaves no rest.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = |(_, seconds): &&(char, u32)| self.seconds.is_multiple_of(*seconds);
        let (unit, seconds) = UNITS.iter().find(exact).unwrap_or(&('s', 1));
        write!(f, "{}{unit}", self.seconds / seconds)
    }
}

impl FromStr for Period {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || {
            ValueError::new(
                format!("`{text}` is no length of time"),
                "Write a whole number above 0 and a unit: \"45s\", \"5m\", \"2h\" or \"90d\".",
            )
        };
        let unit = text.chars().next_back().ok_or_else(error)?;
        let (_, seconds) = UNITS.iter().find(|(letter, _)| *letter == unit).ok_or_else(error)?;
        let number = text.strip_suffix(unit).unwrap_or_default().trim_end();
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u32 = number.parse().ok().filter(|_| digits).ok_or_else(error)?;
        number.checked_mul(*seconds).filter(|seconds| *seconds > 0).map(Self::from_seconds).ok_or_else(error)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => text,
            // A bare number is refused like any other text without a unit, so that nobody has to guess it.
            toml::Value::Integer(number) => number.to_string(),
            other => format!("a {}", other.type_str()),
        };
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_number_and_a_unit() {
        for (text, seconds) in
            [("45s", 45), ("5m", 300), ("2h", 7_200), ("90d", 7_776_000), ("180s", 180), ("5 m", 300)]
        {
            assert_eq!(text.parse::<Period>().unwrap().seconds(), seconds, "{text}");
        }
        for text in ["", "5", "m", "-5m", "+5m", "0s", "1.5h", "5w", "99999999d", "5mm", "5 minutes", "५m"]
        {
            let error = text.parse::<Period>().unwrap_err();
            assert!(error.message.contains(text), "{text}: {error}");
        }
    }

    #[test]
    fn it_prints_in_its_largest_unit() {
        for text in ["45s", "5m", "2h", "90d", "61s", "90m"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
    }
}
