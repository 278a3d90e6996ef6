//! `audit export`: every attempt, for people who put it into a table of their own.

use crate::{
    CliError, CliResult,
    args::{ExportFormat, Since},
    commands::{App, Exit},
};
use model::{AuditEntry, Code, ErrorClass};
use store::AuditFilter;

const COLUMNS: [&str; 20] = [
    "at",
    "company",
    "kind",
    "key",
    "number",
    "cause",
    "direction",
    "outcome",
    "code",
    "class",
    "message",
    "sap_version",
    "attempt",
    "noticed_at",
    "duration_ms",
    "coupa_calls",
    "correlation",
    "sequence",
    "hash",
    "sent",
];

pub(in crate::commands) async fn run(
    app: &App,
    since: Option<Since>,
    format: ExportFormat,
) -> CliResult<Exit> {
    let config = app.config()?;
    let books = app.look_into_books(&config).await?;
    let since = since.map(|since| since.moment(app.clock.now(), &app.zone));
    let filter = AuditFilter { failed: false, since, limit: usize::MAX };
    let entries = books.audit.list(&filter).await?;
    let text = match format {
        ExportFormat::Csv => csv(&entries)?,
        ExportFormat::Jsonl => jsonl(&entries)?,
    };
    app.output.raw(&text);
    Ok(Exit::Done)
}

fn jsonl(entries: &[AuditEntry]) -> CliResult<Vec<u8>> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, entry).map_err(|error| failed(&error))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn csv(entries: &[AuditEntry]) -> CliResult<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(|error| failed(&error))?;
    for entry in entries {
        writer.write_record(row(entry)?).map_err(|error| failed(&error))?;
    }
    writer.into_inner().map_err(|error| failed(&error))
}

fn row(entry: &AuditEntry) -> CliResult<[String; COLUMNS.len()]> {
    let document = &entry.document;
    let cause = serde_json::to_value(entry.cause).map_err(|error| failed(&error))?;
    let direction = serde_json::to_value(entry.direction).map_err(|error| failed(&error))?;
    let outcome = serde_json::to_value(entry.outcome).map_err(|error| failed(&error))?;
    let chain = entry.chain.as_ref();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Ok([
        entry.at.to_string(),
        document.company.to_string(),
        document.kind.to_string(),
        guarded(&document.key.to_string()),
        guarded(&entry.number.clone().unwrap_or_default()),
        text(cause.as_str()),
        text(direction.as_str()),
        text(outcome.as_str()),
        text(entry.code.map(Code::number)),
        text(entry.class.map(ErrorClass::name)),
        guarded(&entry.message),
        entry.sap_stamp.map(|stamp| format!("{} {}", stamp.date, stamp.time)).unwrap_or_default(),
        entry.attempt.to_string(),
        entry.noticed_at.map(|at| at.to_string()).unwrap_or_default(),
        entry.duration_ms.to_string(),
        entry.coupa_calls.to_string(),
        entry.correlation.to_string(),
        chain.map(|chain| chain.sequence.to_string()).unwrap_or_default(),
        chain.map(|chain| chain.hash.clone()).unwrap_or_default(),
        serde_json::to_string(&entry.sent).map_err(|error| failed(&error))?,
    ])
}

/// A spreadsheet takes what begins like this for a formula, and others wrote it.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn failed(error: &dyn std::fmt::Display) -> CliError {
    CliError::new(format!("the attempts can't be exported: {error}"))
}
