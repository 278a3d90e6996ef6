use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// How text for a person looks: in colour or not, in which zone, and what "ago" counts from.
#[derive(Clone, Debug)]
pub struct Look {
    /// Use colour.
    pub colour: bool,
    /// Show moments in this zone.
    pub zone: TimeZone,
    /// The present moment.
    pub now: Timestamp,
}

impl Look {
    /// All is well.
    pub fn good(&self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Worth a look.
    pub fn warn(&self, text: &str) -> String {
        self.paint("33", text)
    }

    /// Somebody has to do something.
    pub fn bad(&self, text: &str) -> String {
        self.paint("31", text)
    }

    /// A heading.
    pub fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Beside the point.
    pub fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// A moment to the second, such as `2026-11-23 18:54:03`.
    pub fn moment(&self, moment: Timestamp) -> String {
        moment.to_zoned_datetime(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The zone that moments are shown in, such as `UTC` or `Europe/Berlin`.
    pub fn zone_name(&self) -> String {
        let offset = || {
            self.now
                .to_zoned_datetime(self.zone.clone())
                .strftime("UTC%:z")
                .to_string()
                .replace("UTC+00:00", "UTC")
        };
        self.zone.iana_name().map_or_else(offset, ToOwned::to_owned)
    }

    /// How long ago, or in how long, in the unit that fits: `3 min ago`, `in 2 h`, `now`.
    pub fn ago(&self, moment: Timestamp) -> String {
        let past = self.now.duration_since(moment);
        match length(past.abs()) {
            None => "now".to_owned(),
            Some(length) if past.is_positive() => format!("{length} ago"),
            Some(length) => format!("in {length}"),
        }
    }
}

/// A length of time in the unit that fits; `None` below a second.
fn length(length: SignedDuration) -> Option<String> {
    let seconds = length.as_secs();
    match seconds {
        0 => None,
        1..120 => Some(format!("{seconds} s")),
        120..7_200 => Some(format!("{} min", seconds / 60)),
        7_200..172_800 => Some(format!("{} h", seconds / 3_600)),
        _ => Some(format!("{} days", seconds / 86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(colour: bool) -> Look {
        Look { colour, zone: TimeZone::UTC, now: "2026-11-23T12:00:00Z".parse().unwrap() }
    }

    #[test]
    fn times_read_easily() {
        let look = look(false);
        for (moment, text) in [
            ("2026-11-23T12:00:00Z", "now"),
            ("2026-11-23T11:59:30Z", "30 s ago"),
            ("2026-11-23T11:50:00Z", "10 min ago"),
            ("2026-11-23T02:00:00Z", "10 h ago"),
            ("2026-11-13T12:00:00Z", "10 days ago"),
            ("2026-11-23T12:05:00Z", "in 5 min"),
        ] {
            assert_eq!(look.ago(moment.parse().unwrap()), text);
        }
        assert_eq!(look.moment("2026-11-23T11:59:30.75Z".parse().unwrap()), "2026-11-23 11:59:30");
        assert_eq!(look.zone_name(), "UTC");
    }

    #[test]
    fn colour_is_optional() {
        assert_eq!(look(false).bad("x"), "x");
        assert_eq!(look(true).bad("x"), "\x1b[31mx\x1b[0m");
    }
}
