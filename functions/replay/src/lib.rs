//! Puts keys back into the queue: documents by name, or what failed by error code, kind and time.

use functions::Deadline;
use jiff::{Timestamp, tz::TimeZone};
use model::{Code, Failure, ObjectKind};
use pipeline::replay::{Named, Replay, Selection, USUAL_LIMIT};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};

/// No further second's worth of keys is enqueued then.
const MARGIN: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    #[serde(default)]
    documents: Vec<Document>,
    code: Option<String>,
    kind: Option<String>,
    since: Option<String>,
    until: Option<String>,
    #[serde(default)]
    all: bool,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    kind: String,
    number: Option<Key>,
    key: Option<Key>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Key {
    Number(i64),
    Text(String),
}

/// Works on one event, and answers how much is back in the queue.
pub async fn handle(replay: &Replay, event: Value, deadline: Deadline) -> Result<Value, Failure> {
    let selection = read(event)?;
    let stopping = &replay.stopping;
    stopping.store(false, Ordering::Relaxed);
    let work = replay.replay(&selection);
    let replayed = deadline
        .earlier(MARGIN)
        .nudged(replay.clock.as_ref(), work, || stopping.store(true, Ordering::Relaxed))
        .await
        .map_err(|error| Failure::new(Code::StoreFailed, error.to_string()))?;
    tracing::info!(queued = replayed.queued, left = replayed.left, "replay");
    let unknown: Vec<Value> = replayed
        .unknown
        .iter()
        .map(|named| json!({"kind": named.kind.singular(), "number": named.number}))
        .collect();
    Ok(json!({"queued": replayed.queued, "left": replayed.left, "unknown": unknown}))
}

/// Reads `{"documents":[{"kind":"invoice","number":"100237"}]}` or filters. An event that selects by nothing is refused:
/// who wants everything says so by `"all"` with a time, or by a kind.
fn read(event: Value) -> Result<Selection, Failure> {
    let payload: Payload = serde_json::from_value(event).map_err(|error| foreign(error.to_string()))?;
    let documents = payload.documents.into_iter().map(named).collect::<Result<Vec<_>, _>>()?;
    let code = payload.code.as_deref().map(code_of).transpose()?;
    let kind = payload.kind.as_deref().map(kind_of).transpose()?;
    let since = payload.since.as_deref().map(moment).transpose()?;
    let until = payload.until.as_deref().map(moment).transpose()?;
    let filtered = code.is_some() || kind.is_some() || since.is_some() || until.is_some();
    if documents.is_empty() != filtered {
        return Err(foreign(
            "name either `documents`, or at least one of `code`, `kind`, `since` and `until`".to_owned(),
        ));
    }
    if payload.all && since.is_none() {
        return Err(foreign("`all` needs a `since`".to_owned()));
    }
    let limit = payload.limit.unwrap_or(USUAL_LIMIT);
    Ok(Selection { documents, code, kind, since, until, all: payload.all, limit })
}

fn named(document: Document) -> Result<Named, Failure> {
    let ((Some(number), None) | (None, Some(number))) = (document.number, document.key) else {
        return Err(foreign("a document has either a `number` or a `key`".to_owned()));
    };
    let number = match number {
        Key::Number(number) => number.to_string(),
        Key::Text(text) => text,
    };
    Ok(Named { kind: kind_of(&document.kind)?, number })
}

fn kind_of(text: &str) -> Result<ObjectKind, Failure> {
    ObjectKind::parse(text).ok_or_else(|| Failure::new(Code::ObjectUnknown, format!("`{text}`")))
}

fn code_of(text: &str) -> Result<Code, Failure> {
    let known = Code::ALL.iter().find(|code| code.number().eq_ignore_ascii_case(text)).copied();
    known.ok_or_else(|| foreign(format!("`{text}` is no error code")))
}

/// A moment, or a day, which begins at midnight UTC.
fn moment(text: &str) -> Result<Timestamp, Failure> {
    let day = || {
        let date = setup::config::parse_date(text).ok()?;
        date.to_zoned_datetime(TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
    };
    text.parse().ok().or_else(day).ok_or_else(|| foreign(format!("`{text}` is neither a moment nor a day")))
}

fn foreign(what: String) -> Failure {
    Failure::new(Code::EventForeign, what)
}
