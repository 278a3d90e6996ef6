//! Logs: where they go, how they look, and how much of them; and figures for CloudWatch.
//!
//! Log lines go to stderr, so that what a command prints on stdout stays clean for pipes. Secrets never reach a
//! log line because they are kept in types that do not print themselves (`secrecy::SecretString`); nothing here
//! searches finished text for them.

mod metrics;

pub use metrics::{About, Metric, Metrics, NAMESPACE};

use std::io::{self, IsTerminal};
use tracing::Level;
use tracing_subscriber::{
    EnvFilter,
    fmt::{self, MakeWriter},
    util::SubscriberInitExt,
};

/// The environment variable that says what is logged, such as `debug` or `sap=trace,warn`. It wins over the
/// level that a command asks for.
pub const LOG_VARIABLE: &str = "B1_COUPA_LOG";

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people: one line of text.
    Human,
    /// For machines: one JSON object on each line.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The filter in [`LOG_VARIABLE`] can't be read.
    #[error("{LOG_VARIABLE}=`{text}` is no log filter: {reason}")]
    Filter {
        /// What it says.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It has been set up before in this process.
    #[error("logging is already set up")]
    Already,
}

/// Sends log lines to stderr from now on: those of `level` and worse, or what [`LOG_VARIABLE`] says.
pub fn init(format: Format, level: Level) -> Result<(), InitError> {
    init_to(io::stderr, format, level)
}

/// The same by way of `writer`, which gets each line whole and brings it to stderr.
pub fn init_to<W>(writer: W, format: Format, level: Level) -> Result<(), InitError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = filter(std::env::var(LOG_VARIABLE).ok().as_deref(), level)?;
    let lines = fmt::Subscriber::builder().with_env_filter(filter).with_writer(writer);
    let done = match format {
        Format::Human => lines.with_ansi(colour(io::stderr().is_terminal())).finish().try_init(),
        Format::Json => lines.json().flatten_event(true).with_current_span(true).finish().try_init(),
    };
    done.map_err(|_| InitError::Already)
}

/// Colour suits this stream: it is a terminal, and the user did not ask for none (<https://no-color.org>).
pub fn colour(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn filter(text: Option<&str>, level: Level) -> Result<EnvFilter, InitError> {
    // Libraries speak up from `warn` only: an HTTP client's own chatter helps nobody who runs a sync.
    let ours = [
        "b1_coupa",
        "coupa",
        "functions",
        "mapping",
        "model",
        "pipeline",
        "poller",
        "replay",
        "sap",
        "setup",
        "simulators",
        "store",
        "sync",
        "telemetry",
        "webhook",
        "wire",
    ];
    let default = || {
        let ours = ours.map(|name| format!("{name}={level}")).join(",");
        if level > Level::WARN { format!("warn,{ours}") } else { level.to_string() }
    };
    let text = text.filter(|text| !text.trim().is_empty()).map_or_else(default, ToOwned::to_owned);
    EnvFilter::try_new(&text).map_err(|error| InitError::Filter { reason: error.to_string(), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_wins_over_the_level() {
        assert_eq!(filter(Some("error"), Level::INFO).unwrap().to_string(), "error");
        assert_eq!(filter(None, Level::WARN).unwrap().to_string(), "warn");
        assert_eq!(filter(Some(" "), Level::WARN).unwrap().to_string(), "warn");
    }

    #[test]
    fn libraries_stay_quiet_at_info() {
        let text = filter(None, Level::INFO).unwrap().to_string();
        assert!(text.contains("pipeline=info") && text.contains("warn"), "{text}");
        assert!(!text.contains("hyper"), "{text}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_named() {
        let error = filter(Some("sap=loudly"), Level::WARN).unwrap_err().to_string();
        assert!(error.contains("B1_COUPA_LOG") && error.contains("sap=loudly"), "{error}");
    }

    #[test]
    fn no_colour_off_a_terminal() {
        assert!(!colour(false));
    }
}
