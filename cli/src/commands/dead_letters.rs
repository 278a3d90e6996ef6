//! `b1-coupa dead-letters`: what failed for good, and the way back into the queue.

use super::{
    App, Exit,
    audit::{first_line, oldest},
};
use crate::{
    CliError, CliResult,
    books::Books,
    output::{Look, Report},
};
use jiff::Timestamp;
use model::{Cause, Change, Code, CorrelationId, Lane, ObjectKind, Step};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::DeadLetterRow;

/// So many documents of one code are named; the rest is counted.
const NAMED: usize = 10;

pub(super) async fn list(app: &App) -> CliResult<Exit> {
    let config = app.config()?;
    let books = app.look_into_books(&config).await?;
    let rows = books.state.dead_letters().await?;
    app.show(&List::new(rows));
    Ok(Exit::Done)
}

pub(super) async fn redrive(app: &App, code: Option<Code>, kind: Option<ObjectKind>) -> CliResult<Exit> {
    let config = app.config()?;
    let books = app.look_into_books(&config).await?;
    let redriven = put_back(&books, code, kind, app.clock.now()).await?;
    // Copies of what the options leave out stay: a copy that comes back while its record is open is a wish to try again.
    #[cfg(feature = "aws")]
    if let (Some(stack), None, None) = (app.find_stack(&config).await?, code, kind) {
        stack.move_copies_back().await?;
    }
    app.show(&redriven);
    Ok(Exit::Done)
}

/// Sends the keys of what failed back into the queue. The dead letter goes when the attempt that follows succeeds:
/// until then the document keeps counting as failed.
async fn put_back(
    books: &Books,
    code: Option<Code>,
    kind: Option<ObjectKind>,
    now: Timestamp,
) -> CliResult<Redriven> {
    let rows = books.state.dead_letters().await?;
    let left = rows.len();
    let wanted = |row: &DeadLetterRow| {
        code.is_none_or(|code| row.letter.code == code) && kind.is_none_or(|kind| row.document.kind == kind)
    };
    let wanted: Vec<_> = rows.into_iter().filter(wanted).collect();
    if wanted.is_empty() && left > 0 {
        return Err(CliError::new(format!("none of the {left} dead letters is what the options name"))
            .help("`b1-coupa dead-letters list` shows codes and kinds."));
    }
    let changes: Vec<_> = wanted.iter().enumerate().map(|(index, row)| change(row, now, index)).collect();
    for part in changes.chunks(500) {
        books.queue.send(part, now).await?;
    }
    Ok(Redriven { put_back: changes.len(), left: left - changes.len() })
}

fn change(row: &DeadLetterRow, now: Timestamp, index: usize) -> Change {
    Change {
        document: row.document.clone(),
        step: Step::Document,
        cause: Cause::Replay,
        lane: Lane::Live,
        // It was let in when it failed; a redrive must not drop it by its date.
        whatever_date: true,
        seen_at: now,
        correlation: CorrelationId(format!("redrive-{}-{index}", now.strftime("%Y%m%dT%H%M%SZ"))),
    }
}

struct Redriven {
    put_back: usize,
    left: usize,
}

impl Report for Redriven {
    fn human(&self, look: &Look) -> String {
        if self.put_back == 0 {
            return "There are no dead letters.".to_owned();
        }
        let documents = if self.put_back == 1 { "document" } else { "documents" };
        format!(
            "{} {} {documents} back into the queue. `b1-coupa sync --once` works them off now; a `run` that is \
             under way does so by itself. Each leaves the list when it succeeds.",
            look.good("Put"),
            self.put_back
        )
    }

    fn json(&self) -> Value {
        json!({"redriven": self.put_back, "left": self.left})
    }
}

/// What failed, by code.
struct List {
    by_code: BTreeMap<Code, Vec<DeadLetterRow>>,
}

impl List {
    fn new(rows: Vec<DeadLetterRow>) -> Self {
        let mut by_code: BTreeMap<Code, Vec<DeadLetterRow>> = BTreeMap::new();
        for row in rows {
            by_code.entry(row.letter.code).or_default().push(row);
        }
        Self { by_code }
    }

    fn total(&self) -> usize {
        self.by_code.values().map(Vec::len).sum()
    }
}

impl Report for List {
    fn human(&self, look: &Look) -> String {
        if self.by_code.is_empty() {
            return look.good("There are no dead letters.");
        }
        let mut lines = Vec::new();
        for (code, rows) in &self.by_code {
            let title = format!("{code}  {}", code.title());
            let since = oldest(rows.iter().map(|row| row.letter.at), look);
            lines.push(format!("{}  ({}, the oldest {since})", look.bad(&title), rows.len()));
            lines.push(format!("    {} (docs/errors/{code}.md)", code.fix()));
            for row in rows.iter().take(NAMED) {
                let kind = row.document.kind.singular().replace('_', " ");
                let number = row.number.clone().unwrap_or_else(|| row.document.key.to_string());
                lines.push(format!("    {kind} {number}: {}", first_line(&row.letter.message)));
            }
            if rows.len() > NAMED {
                lines.push(format!("    … and {} more; --json shows all", rows.len() - NAMED));
            }
            lines.push(String::new());
        }
        lines.push(
            "After mending the cause: b1-coupa dead-letters redrive [--code CODE] [--kind KIND]".to_owned(),
        );
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let codes = self.by_code.iter().map(|(code, rows)| {
            let documents = rows.iter().map(|row| {
                json!({
                    "document": row.document,
                    "number": row.number,
                    "message": row.letter.message,
                    "at": row.letter.at,
                })
            });
            json!({
                "code": code.number(),
                "title": code.title(),
                "fix": code.fix(),
                "count": rows.len(),
                "documents": documents.collect::<Vec<_>>(),
            })
        });
        json!({"dead_letters": self.total(), "codes": codes.collect::<Vec<_>>()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{attempt, before_noon, filled, invoice, look, noon};
    use model::{DeadLetter, DocumentItem};

    fn row(entry: i64, code: Code) -> DeadLetterRow {
        let letter = DeadLetter { code, message: format!("why {entry}"), at: before_noon(entry) };
        DeadLetterRow { document: invoice(entry), number: Some(format!("10{entry}")), letter }
    }

    #[test]
    fn the_list_is_grouped_by_code() {
        let rows: Vec<_> = (1..=11).map(|entry| row(entry, Code::TotalsDiffer)).collect();
        let list = List::new([rows, vec![row(40, Code::CoupaRefused)]].concat());
        let text = list.human(&look());
        assert!(
            text.starts_with("BC-0205  Coupa refused the document  (1, the oldest 40 min ago)\n"),
            "{text}"
        );
        assert!(text.contains("    invoice 1040: why 40\n"), "{text}");
        assert!(text.contains("(11, the oldest 11 min ago)") && text.contains("… and 1 more"), "{text}");
        let json = list.json();
        assert_eq!(json["dead_letters"], 12);
        assert_eq!(json["codes"][1]["documents"].as_array().unwrap().len(), 11);
        assert_eq!(List::new(vec![]).human(&look()), "There are no dead letters.");
    }

    #[tokio::test]
    async fn a_redrive_sends_the_key_and_leaves_the_letter() {
        let letter = DeadLetter { code: Code::CoupaRefused, message: "no".to_owned(), at: before_noon(1) };
        let item = DocumentItem { dead_letter: Some(letter), ..DocumentItem::default() };
        let books = filled(vec![attempt()], item).await;

        let other = put_back(&books, Some(Code::NumberClash), None, noon()).await;
        assert!(other.err().unwrap().human().contains("none of the 1 dead letters"));
        let other = put_back(&books, None, Some(ObjectKind::Payment), noon()).await;
        assert!(other.is_err());

        let redriven =
            put_back(&books, Some(Code::CoupaRefused), Some(ObjectKind::Invoice), noon()).await.unwrap();
        assert_eq!(redriven.json(), json!({"redriven": 1, "left": 0}));
        let received = books.queue.receive(5, jiff::SignedDuration::from_secs(1), noon()).await.unwrap();
        assert_eq!(received.len(), 1);
        let change = &received[0].change;
        assert_eq!(
            (&change.document, change.cause, change.lane),
            (&invoice(2301), Cause::Replay, Lane::Live)
        );
        assert!(change.whatever_date);
        assert_eq!(books.state.dead_letters().await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn nothing_to_redrive_is_no_error() {
        let books = filled(vec![attempt()], DocumentItem::default()).await;
        let redriven = put_back(&books, None, None, noon()).await.unwrap();
        assert_eq!(redriven.human(&look()), "There are no dead letters.");
    }
}
