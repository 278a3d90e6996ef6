//! What one exchange showed, and how long to wait before the next.

use crate::{Error, gate::Gate, problems};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use model::{Clock, Random};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use std::time::Duration;
use wire::{Response, TransportError};

/// Tries of a read, the first one counted.
pub(crate) const READS: u32 = 4;
/// Tries of a write that never came to a connection.
pub(crate) const CONNECTS: u32 = 4;
/// Repetitions after 429, which was surely not executed.
pub(crate) const SLOWED: u32 = 4;
/// Waits for a fresh token to go live.
pub(crate) const GO_LIVE_WAITS: u32 = 2;
/// A longer Retry-After is the pipeline's to sit out, not a call's.
const PATIENCE: Duration = Duration::from_secs(15);

/// One exchange, sorted by what can be done about it.
pub(crate) enum Seen {
    /// 2xx.
    Success(Bytes),
    /// Surely not sent.
    NotSent(String),
    /// It may have arrived.
    NoReply(String),
    /// It arrived; the reply is too long.
    TooLarge(usize),
    /// 429: surely not executed.
    Slow(Option<Duration>),
    /// 401.
    Unauthorized(Bytes),
    /// 5xx, or 408: it may have been executed.
    Failed { status: StatusCode, body: Bytes },
    /// Neither success nor an error that an API would send: a redirect, say to a log-in page.
    Strange(StatusCode),
    /// Any other 4xx: executed not at all.
    Refused { status: StatusCode, body: Bytes },
}

/// Sorts it.
pub(crate) fn see(result: Result<Response, TransportError>, now: Timestamp) -> Seen {
    let response = match result {
        Ok(response) => response,
        Err(TransportError::NotSent(reason)) => return Seen::NotSent(reason),
        Err(TransportError::NoReply(reason)) => return Seen::NoReply(reason),
        Err(TransportError::TooLarge(limit)) => return Seen::TooLarge(limit),
    };
    let (head, body) = response.into_parts();
    match head.status {
        status if status.is_success() => Seen::Success(body),
        StatusCode::TOO_MANY_REQUESTS => Seen::Slow(retry_after(&head.headers, now)),
        StatusCode::UNAUTHORIZED => Seen::Unauthorized(body),
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            Seen::Failed { status, body }
        }
        status if status.is_client_error() => Seen::Refused { status, body },
        status => Seen::Strange(status),
    }
}

impl Seen {
    /// What it comes to for a read that is not tried again. Success is none of its business.
    pub(crate) fn read_error(self, request: &str) -> Error {
        match self {
            Self::NotSent(reason) => Error::NotSent(reason),
            Self::NoReply(reason) => Error::Unreachable(reason),
            Self::TooLarge(limit) => Error::TooLarge(limit),
            Self::Slow(retry_after) => Error::RateLimited { retry_after },
            Self::Unauthorized(body) => Error::Unauthorized(problems::sentence(&body)),
            Self::Failed { status, body } => {
                Error::ServerFailure { status: status.as_u16(), text: problems::sentence(&body) }
            }
            Self::Strange(status) => Error::BadReply(format!("it has status {}", status.as_u16())),
            Self::Success(_) => Error::BadReply("it can't be used".to_owned()),
            Self::Refused { status, body } => refusal(status, &body, request),
        }
    }

    /// The same for a write: where it may have been executed, nobody knows.
    pub(crate) fn write_error(self, request: &str) -> Error {
        let reason = match self {
            Self::NoReply(reason) => reason,
            Self::TooLarge(limit) => format!("the reply is larger than {limit} bytes"),
            Self::Failed { status, body } => {
                format!("Coupa failed with status {}: {}", status.as_u16(), problems::sentence(&body))
            }
            Self::Strange(status) => format!("the reply has status {}", status.as_u16()),
            Self::Success(_) => "the reply can't be used".to_owned(),
            sure => return sure.read_error(request),
        };
        Error::OutcomeUnknown { request: request.to_owned(), reason }
    }
}

fn refusal(status: StatusCode, body: &[u8], request: &str) -> Error {
    match status {
        StatusCode::FORBIDDEN => {
            Error::ScopeMissing { request: request.to_owned(), text: problems::sentence(body) }
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => Error::NotFound(request.to_owned()),
        _ => Error::Invalid(problems::decode(body)),
    }
}

/// A 404 to a question: nothing was found, said by Coupa itself. A page of something between us does not count.
pub(crate) fn says_nothing_found(seen: &Seen) -> bool {
    match seen {
        Seen::Refused { status, body } if *status == StatusCode::NOT_FOUND => !problems::is_html(body),
        _ => false,
    }
}

/// Remembers a 429 for everybody. A ledger that fails here fails the next draw too, and is reported then.
pub(crate) async fn note_slow(gate: &Gate, retry_after: Option<Duration>) {
    if let Err(error) = gate.slow(retry_after).await {
        tracing::warn!(%error, "a 429 could not be noted in the budget");
    }
}

/// Whether a call should give up rather than sit it out.
pub(crate) fn too_long(retry_after: Option<Duration>) -> bool {
    retry_after.is_some_and(|pause| pause > PATIENCE)
}

/// Seconds, or a date. A date is measured by the reply's own `Date` where it has one, whatever our clock says.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<Decimal>() {
        let milliseconds = seconds.checked_mul(Decimal::from(1_000))?.ceil().max(Decimal::ZERO).to_u64()?;
        return Some(Duration::from_millis(milliseconds));
    }
    let moment = |text: &str| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let then = moment(text)?;
    let sent_at = headers.get(header::DATE).and_then(|date| moment(date.to_str().ok()?));
    let pause = then.duration_since(sent_at.unwrap_or(now)).max(SignedDuration::ZERO);
    Duration::try_from(pause).ok()
}

/// Waits between tries: any time up to a bound that doubles ("full jitter"), so that those who failed together do
/// not come back together.
#[derive(Clone, Copy)]
pub(crate) struct Backoff<'a> {
    pub(crate) clock: &'a dyn Clock,
    pub(crate) random: &'a dyn Random,
}

impl Backoff<'_> {
    const FIRST_BOUND_MS: u64 = 500;
    const LAST_BOUND_MS: u64 = 8_000;

    /// Before try number `tried + 1`.
    pub(crate) async fn wait(&self, tried: u32) {
        let bound = Self::FIRST_BOUND_MS << tried.saturating_sub(1).min(10);
        let pause = self.random.next_u64() % (bound.min(Self::LAST_BOUND_MS) + 1);
        self.clock.sleep(Duration::from_millis(pause)).await;
    }
}

#[cfg(test)]
mod tests;
