//! `b1-coupa audit`: what was done, when, and with what result, for people who were not there.

mod checkpoint;
mod expired;
pub(super) mod export;
mod let_go;
mod timeline;
pub(super) mod verify;

use super::{App, Exit};
use crate::{CliError, CliResult, args::Since, books::Books};
pub(super) use let_go::let_go_payloads;
use model::{AuditEntry, DocumentItem, DocumentKey, ObjectKind};
use store::AuditFilter;
use timeline::{Attempts, Found, Timelines};
pub(super) use timeline::{first_line, oldest};

/// One document, how it stands, and every attempt on it.
async fn of_document(books: &Books, document: DocumentKey) -> CliResult<Found> {
    let attempts: Vec<AuditEntry> = books.audit.of_document(&document).await?;
    let items = books.state.items(std::slice::from_ref(&document)).await?;
    let item: Option<DocumentItem> = items.into_iter().next().flatten();
    Ok(Found { document, item: item.unwrap_or_default(), attempts })
}

pub(super) async fn show(app: &App, kind: ObjectKind, number: &str) -> CliResult<Exit> {
    let config = app.config()?;
    let books = app.look_into_books(&config).await?;
    let timelines = find(&books, kind, number).await?;
    app.show(&timelines);
    Ok(Exit::Done)
}

/// The documents that people know by a number.
pub(super) async fn known(books: &Books, kind: ObjectKind, number: &str) -> CliResult<Vec<DocumentKey>> {
    let documents = books.audit.find(kind, number.trim()).await?;
    if documents.is_empty() {
        let kind = kind.singular().replace('_', " ");
        return Err(CliError::new(format!("no {kind} with the number {number} has been looked at yet")).help(
            "Give the number as SAP or Coupa shows it, or SAP's DocEntry; for a supplier its CardCode. A document \
             dated before `start_date` is left alone: `b1-coupa backfill` brings it.",
        ));
    }
    Ok(documents)
}

async fn find(books: &Books, kind: ObjectKind, number: &str) -> CliResult<Timelines> {
    let mut found = Vec::new();
    for document in known(books, kind, number).await? {
        found.push(of_document(books, document).await?);
    }
    Ok(Timelines(found))
}

pub(super) async fn list(app: &App, failed: bool, since: Option<Since>, limit: u32) -> CliResult<Exit> {
    let config = app.config()?;
    let books = app.look_into_books(&config).await?;
    let since = since.map(|since| since.moment(app.clock.now(), &app.zone));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    // One more than is shown tells whether there are more.
    let filter = AuditFilter { failed, since, limit: limit.saturating_add(1) };
    let mut attempts = books.audit.list(&filter).await?;
    let more = attempts.len() > limit;
    if more {
        attempts.remove(0);
    }
    app.show(&Attempts { attempts, more });
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::testing::{attempt, before_noon, filled, invoice, look},
        output::Report,
    };
    use model::{AuditOutcome, Chain, Code, DeadLetter, Direction, ErrorClass};

    #[tokio::test]
    async fn a_document_is_found_by_its_number_and_tells_its_story_in_order() {
        let failed = AuditEntry {
            at: before_noon(20),
            outcome: AuditOutcome::Failed,
            code: Some(Code::CoupaReferenceUnknown),
            class: Some(ErrorClass::Data),
            message: "Coupa has no payment term `Z30`".to_owned(),
            sent: vec![],
            ..attempt()
        };
        let books = filled(vec![failed, attempt()], DocumentItem::default()).await;
        let text = find(&books, ObjectKind::Invoice, "100237").await.unwrap().human(&look());
        let expected = "\
invoice 100237  (SAP: SBODEMOUS/invoice/2301)
Times are in UTC.

2026-11-23 11:40:00  FAILED  BC-0206
    Coupa has no payment term `Z30`
    What to do: Create the named record in Coupa, or map its code in `mapping.toml`. (docs/errors/BC-0206.md)
    Because SAP showed a change. 0.4 s, 2 Coupa calls, attempt 1.

2026-11-23 11:50:00  created in Coupa
    created as invoice 100237 (Coupa id 7)
    Sent: POST /api/invoices → 201, id 7, draft
    Because SAP showed a change. 0.4 s, 2 Coupa calls, attempt 1.

What was sent and answered in full, and where each field came from: add --json.";
        assert_eq!(text, expected);
    }

    #[tokio::test]
    async fn an_attempt_tells_where_it_wrote_also_when_what_it_sent_is_no_longer_kept() {
        let payload = "digest".to_owned();
        let chain = Chain { sequence: 1, before: String::new(), hash: String::new(), payload };
        let emptied = AuditEntry {
            outcome: AuditOutcome::Updated,
            direction: Some(Direction::CoupaToSap),
            sent: vec![],
            chain: Some(chain),
            ..attempt()
        };
        let books = filled(vec![emptied], DocumentItem::default()).await;
        let text = find(&books, ObjectKind::Invoice, "100237").await.unwrap().human(&look());
        assert!(text.contains("updated in SAP\n"), "{text}");
        assert!(text.contains("What it sent is no longer kept."), "{text}");
    }

    #[tokio::test]
    async fn the_document_says_how_it_stands_now() {
        let dead_letter = Some(DeadLetter {
            code: Code::NumberClash,
            message: "invoices 2301 and 2302 would both be 100237".to_owned(),
            at: before_noon(5),
        });
        let books = filled(vec![attempt()], DocumentItem { dead_letter, ..DocumentItem::default() }).await;
        let timelines = find(&books, ObjectKind::Invoice, "2301").await.unwrap();
        let text = timelines.human(&look());
        assert!(text.contains("Now: failed for good 5 min ago, BC-0306: invoices 2301 and 2302"), "{text}");
        let json = timelines.json();
        assert_eq!(json["documents"][0]["document"], "SBODEMOUS/invoice/2301");
        assert_eq!(json["documents"][0]["attempts"][0]["sent"][0]["path"], "/api/invoices");
        assert_eq!(json["documents"][0]["dead_letter"]["code"], "BC-0306");
    }

    #[tokio::test]
    async fn an_unknown_number_is_a_clear_error() {
        let books = filled(vec![attempt()], DocumentItem::default()).await;
        let error = find(&books, ObjectKind::CreditNote, "100237").await.err().unwrap().human();
        assert!(error.contains("no credit note with the number 100237"), "{error}");
        assert!(error.contains("\nhelp: "), "{error}");
    }

    #[test]
    fn the_list_has_a_line_for_each_attempt() {
        let failed = AuditEntry {
            outcome: AuditOutcome::Failed,
            code: Some(Code::TotalsDiffer),
            document: invoice(9),
            number: None,
            message: "off by 0.01".to_owned(),
            ..attempt()
        };
        let list = Attempts { attempts: vec![attempt(), failed], more: true };
        let text = list.human(&look());
        assert!(text.contains("2026-11-23 11:50:00  invoice  100237  created"), "{text}");
        assert!(text.contains("invoice  9       FAILED   BC-0304  off by 0.01"), "{text}");
        assert!(text.contains("the newest 2"), "{text}");
        assert_eq!(list.json()["more"], true);
        let none = Attempts { attempts: vec![], more: false };
        assert_eq!(none.human(&look()), "No attempts.");
    }
}
