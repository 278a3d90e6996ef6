//! `b1-coupa status`: how far each object is, what waits, what failed, and how session and budget stand.

mod report;
mod ways;

use super::{
    App, Exit,
    notifications::Way,
    records::{self, SAP_REFUSAL, SAP_SESSION, SessionRecord},
};
use crate::{CliError, CliResult, books::Books, config::Config};
use jiff::Timestamp;
use report::{ObjectStatus, Status, Wait};
use std::{collections::BTreeMap, sync::Arc};
use ways::Ways;

/// So many of what waits are looked at.
const PARKED: usize = 100_000;

pub(super) async fn run(app: &App) -> CliResult<Exit> {
    let config = app.config()?;
    let books = app.look_into_books(&config).await?;
    let status = read(&books, &config, app.clock.now()).await?;
    app.show(&status);
    Ok(Exit::Done)
}

async fn read(books: &Books, config: &Config, at: Timestamp) -> CliResult<Status> {
    let links = books.link_counts().await?;
    let mut objects = Vec::new();
    for kind in &config.sync.objects {
        let (cursor, _) = books.state.cursor(&format!("poll/{}", kind.plural())).await?;
        objects.push(ObjectStatus {
            kind: *kind,
            cursor,
            linked: links.as_ref().map(|links| links.get(kind).copied().unwrap_or(0)),
        });
    }
    let (session, refusal) = session(books).await?;
    let (budget, _) = books.ledger.load().await.map_err(|error| CliError::new(error.to_string()))?;
    let (from_coupa, _) = books.state.cursor(pipeline::COUPA_CURSOR).await?;
    Ok(Status {
        at,
        held_back: pipeline::held_back(books.state.as_ref()).await?,
        reconciled: books.state.record(certificate::LAST_COMPARISON).await?,
        ways: Ways::read(books, at).await?,
        from_coupa: config.suppliers.from_coupa.then_some(from_coupa),
        company: config.sap.company_db.clone(),
        objects,
        queue: books.queue.depth().await?,
        next_due: books.queue.next_due().await?,
        waits: waits(books).await?,
        dead_letters: books.dead_letter_counts().await?,
        notified: notified(books, config).await?,
        contact: records::read(books, setup::SAP_CONTACT).await?,
        session,
        refusal,
        rate: config.coupa.requests_per_second,
        poll_interval: config.sync.poll_interval,
        budget,
    })
}

/// How the SAP session stands, and why no log-in is tried.
async fn session(books: &Books) -> CliResult<(Option<SessionRecord>, Option<sap::Refusal>)> {
    let Some(cell) = &books.sap_session else {
        return Ok((records::read(books, SAP_SESSION).await?, records::read(books, SAP_REFUSAL).await?));
    };
    let status = sap::SessionStatus::shared(Arc::clone(cell)).await;
    let status = status.map_err(|error| CliError::new(error.to_string()))?;
    let session = status.logged_in.map(|(logged_in_at, info)| SessionRecord {
        logged_in_at,
        last_used_at: status.last_used,
        timeout_minutes: info.session_timeout_minutes,
        version: info.version,
    });
    Ok((session, status.refusal))
}

/// When each way to people was last used.
async fn notified(books: &Books, config: &Config) -> CliResult<Vec<(&'static str, Option<Timestamp>)>> {
    // A stack has a topic of its own; what the config names is for a process that runs on a machine.
    let ways = match books.file {
        Some(_) => Way::all(config).into_iter().map(Way::name).collect(),
        None => vec![notify::TOPIC],
    };
    let mut notified = Vec::new();
    for way in ways {
        notified.push((way, notify::told(books.state.as_ref(), way).await?.last_at()));
    }
    Ok(notified)
}

/// What is parked, by why and by kind.
async fn waits(books: &Books) -> CliResult<Vec<Wait>> {
    let mut waits = BTreeMap::new();
    for parked in books.state.parked(PARKED).await? {
        let key = (parked.code, parked.change.document.kind);
        let wait = waits.entry(key).or_insert_with(|| Wait {
            code: parked.code,
            kind: parked.change.document.kind,
            count: 0,
            oldest: parked.change.seen_at,
            next_due: parked.due_at,
            example: parked.reason.clone(),
        });
        wait.count += 1;
        wait.oldest = wait.oldest.min(parked.change.seen_at);
        wait.next_due = wait.next_due.min(parked.due_at);
    }
    Ok(waits.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::testing::{attempt, before_noon, configured, empty, filled, invoice, look, noon},
        output::Report,
    };
    use jiff::SignedDuration;
    use model::{
        Cause, Change, Code, CorrelationId, Cursor, DeadLetter, DocumentItem, Lane, Parked, Stamp, Step,
    };

    fn change() -> Change {
        Change {
            document: invoice(2301),
            step: Step::Document,
            cause: Cause::Poll,
            lane: Lane::Live,
            whatever_date: false,
            seen_at: before_noon(30),
            correlation: CorrelationId("c".to_owned()),
        }
    }

    async fn status_of(books: &Books) -> Status {
        let folder = configured();
        let config = Config::load(&folder.path().join("b1-coupa.toml")).unwrap();
        read(books, &config, noon()).await.unwrap()
    }

    #[tokio::test]
    async fn before_the_first_sync_it_says_so() {
        let status = status_of(&empty()).await;
        let text = status.human(&look());
        assert!(text.contains("SBODEMOUS"), "{text}");
        assert!(text.contains("invoices                0  never"), "{text}");
        assert!(text.contains("Queue         empty"), "{text}");
        assert!(text.contains("Dead letters  none"), "{text}");
        assert!(text.contains("SAP session   never logged in"), "{text}");
        assert!(text.contains("Coupa budget  20 requests per second"), "{text}");
        assert!(text.contains("SAP contact   never"), "{text}");
        assert_eq!(status.json()["objects"]["invoices"]["polled_at"], serde_json::Value::Null);
    }

    #[tokio::test]
    async fn a_store_at_work_shows_everything() {
        let parked = Parked {
            change: change(),
            due_at: noon() + SignedDuration::from_mins(15),
            waits_for: None,
            code: Code::WaitingForApproval,
            reason: "invoice 100237 is pending_approval".to_owned(),
        };
        let books =
            filled(vec![attempt()], DocumentItem { parked: Some(parked), ..DocumentItem::default() }).await;
        books.queue.send(&[change()], before_noon(3)).await.unwrap();
        let cursor = Cursor {
            high_water: Some(Stamp {
                date: "2026-11-23".parse().unwrap(),
                time: "12:41:00".parse().unwrap(),
            }),
            polled_at: Some(before_noon(2)),
            ..Cursor::default()
        };
        books.state.save_cursor("poll/invoices", &cursor, 0).await.unwrap();
        let unstamped = Stamp { date: "1900-01-01".parse().unwrap(), time: "00:00:00".parse().unwrap() };
        let cursor = Cursor { high_water: Some(unstamped), last_entry: 261, ..cursor };
        books.state.save_cursor("poll/payments", &cursor, 0).await.unwrap();
        let session = SessionRecord {
            logged_in_at: before_noon(40),
            last_used_at: Some(before_noon(2)),
            timeout_minutes: 30,
            version: "1000110".to_owned(),
        };
        let session = serde_json::to_value(session).unwrap();
        let contact = setup::SapContact { answered_at: before_noon(3) };
        let contact = serde_json::to_value(contact).unwrap();
        books.state.save_record(setup::SAP_CONTACT, Some(&contact)).await.unwrap();
        books.state.save_record(SAP_SESSION, Some(&session)).await.unwrap();

        let status = status_of(&books).await;
        let text = status.human(&look());
        assert!(text.contains("2 min ago    2026-11-23 12:41"), "{text}");
        assert!(text.contains("payments                0  2 min ago    entry 261"), "{text}");
        assert!(text.contains("1 live, 0 backfill, 0 of them in work; the oldest from 3 min ago"), "{text}");
        assert!(text.contains("1 invoice  BC-0402  The invoice isn't approved in Coupa yet"), "{text}");
        assert!(text.contains("since 30 min ago, next try in 15 min"), "{text}");
        assert!(text.contains("logged in 40 min ago, last used 2 min ago"), "{text}");
        assert!(text.contains("SAP contact   last answered 3 min ago\n"), "{text}");
        let json = status.json();
        assert_eq!(json["sap_contact"]["answered_at"], "2026-11-23T11:57:00Z");
        assert_eq!(json["waiting"][0]["count"], 1);
        assert_eq!(json["queue"]["live"], 1);
        assert_eq!(json["objects"]["invoices"]["behind_seconds"], 120);
    }

    #[tokio::test]
    async fn a_line_that_is_down_stands_out() {
        let books = empty();
        let contact = setup::SapContact { answered_at: before_noon(20) };
        let contact = serde_json::to_value(contact).unwrap();
        books.state.save_record(setup::SAP_CONTACT, Some(&contact)).await.unwrap();
        let text = status_of(&books).await.human(&look());
        assert!(text.contains("last answered 20 min ago; is the line down?"), "{text}");
    }

    #[tokio::test]
    async fn a_stack_tells_when_its_topic_was_last_used_and_no_other_way() {
        let books = Books { file: None, ..empty() };
        assert!(status_of(&books).await.human(&look()).contains("Notified      by sns never"));
        let told = serde_json::json!({"drift": {"at": before_noon(7), "newest": before_noon(9), "count": 1}});
        books.state.save_record("notified/sns", Some(&told)).await.unwrap();
        let status = status_of(&books).await;
        assert!(status.human(&look()).contains("Notified      by sns 7 min ago"));
        assert_eq!(status.json()["notified"], serde_json::json!({"sns": before_noon(7)}));
    }

    #[tokio::test]
    async fn trouble_stands_out() {
        let letter = DeadLetter { code: Code::NumberClash, message: "x".to_owned(), at: before_noon(1) };
        let item = DocumentItem { dead_letter: Some(letter), ..DocumentItem::default() };
        let books = filled(vec![attempt()], item).await;
        let refusal = sap::Refusal {
            until: noon() + SignedDuration::from_mins(10),
            times: 2,
            text: "Invalid login credential".to_owned(),
        };
        let refusal = serde_json::to_value(refusal).unwrap();
        books.state.save_record(SAP_REFUSAL, Some(&refusal)).await.unwrap();
        let mut budget = coupa::BudgetState::default();
        budget.paused_until = noon() + SignedDuration::from_secs(20);
        budget.slowed_until = budget.paused_until;
        budget.halvings = 2;
        assert!(books.ledger.save(&budget, 0).await.unwrap());

        let text = status_of(&books).await.human(&look());
        assert!(text.contains("1 × BC-0306 Two SAP documents would get the same number"), "{text}");
        assert!(
            text.contains("log-in refused 2 times: Invalid login credential; next try in 10 min"),
            "{text}"
        );
        assert!(text.contains("Coupa asked to pause; goes on in 20 s"), "{text}");
    }
}
