use crate::{Counting, clock, company, invoice, noon, queued};
use jiff::{SignedDuration, Timestamp};
use model::{
    AuditEntry, AuditOutcome, Cause, Clock as _, Code, CorrelationId, DeadLetter, DocumentItem, DocumentKey,
    ObjectKind, Owner, Step,
};
use pipeline::replay::{Named, Replay, Replayed, Selection};
use simulators::clock::ManualClock;
use std::sync::{Arc, atomic::AtomicBool};
use store::{EmbeddedStore, Finish, FinishedDocument, LeaseReply, LeaseRequest, StateStore};

struct Rig {
    replay: Replay,
    store: Arc<EmbeddedStore>,
    clock: ManualClock,
}

fn rig() -> Rig {
    let (store, clock) = (Arc::new(EmbeddedStore::open_in_memory().unwrap()), clock());
    let replay = Replay {
        company: company(),
        queue: Arc::clone(&store) as _,
        state: Arc::clone(&store) as _,
        audit: Arc::clone(&store) as _,
        clock: Arc::new(clock.clone()),
        random: Arc::new(Counting::default()),
        per_second: 5,
        stopping: Arc::new(AtomicBool::new(false)),
    };
    Rig { replay, store, clock }
}

/// Leaves an attempt on `document` that ended so many minutes before noon, for good if it has a code.
async fn ended(rig: &Rig, document: &DocumentKey, minutes: i64, code: Option<Code>) {
    let at = ago(minutes);
    let number = format!("10{}", document.key);
    let request = LeaseRequest {
        document: document.clone(),
        owner: Owner("test".to_owned()),
        now: at,
        until: at + SignedDuration::from_secs(1),
        correlation: CorrelationId("c".to_owned()),
    };
    let replies = rig.store.take_leases(&[request]).await.unwrap();
    let LeaseReply::Taken(lease, _) = replies.into_iter().next().unwrap() else { panic!("held") };
    let entry = AuditEntry {
        document: document.clone(),
        number: Some(number.clone()),
        at,
        noticed_at: None,
        chain: None,
        duration_ms: 1,
        cause: Cause::Poll,
        step: Step::Document,
        sap_stamp: None,
        attempt: 1,
        outcome: if code.is_some() { AuditOutcome::Failed } else { AuditOutcome::Created },
        code,
        class: code.map(Code::class),
        message: "it ended".to_owned(),
        direction: None,
        sent: vec![],
        coupa_calls: 1,
        correlation: CorrelationId("c".to_owned()),
    };
    let dead_letter = code.map(|code| DeadLetter { code, message: "no".to_owned(), at });
    let item = DocumentItem { number: Some(number), dead_letter, ..DocumentItem::default() };
    let documents = vec![FinishedDocument { lease, item }];
    rig.store.finish(Finish { documents, audit: vec![entry] }).await.unwrap();
}

fn ago(minutes: i64) -> Timestamp {
    noon() - SignedDuration::from_mins(minutes)
}

fn order(doc_entry: i64) -> DocumentKey {
    DocumentKey::entry(&company(), ObjectKind::PurchaseOrder, doc_entry)
}

/// Two invoices and an order that failed, and an invoice that is fine.
async fn troubled() -> Rig {
    let rig = rig();
    ended(&rig, &invoice(1), 30, Some(Code::CoupaRefused)).await;
    ended(&rig, &invoice(2), 20, Some(Code::TotalsDiffer)).await;
    ended(&rig, &order(3), 10, Some(Code::CoupaRefused)).await;
    ended(&rig, &invoice(4), 5, None).await;
    rig
}

async fn selects(selection: Selection) -> Vec<DocumentKey> {
    let rig = troubled().await;
    let replayed = rig.replay.replay(&selection).await.unwrap();
    let mut documents: Vec<_> = queued(&rig.store).await.into_iter().map(|change| change.document).collect();
    documents.sort();
    assert_eq!((replayed.queued, replayed.left), (documents.len(), 0));
    documents
}

#[tokio::test]
async fn each_filter_narrows_the_dead_letters() {
    let all = || Selection::default();
    assert_eq!(selects(all()).await, [order(3), invoice(1), invoice(2)]);
    assert_eq!(selects(Selection { code: Some(Code::CoupaRefused), ..all() }).await, [order(3), invoice(1)]);
    assert_eq!(
        selects(Selection { kind: Some(ObjectKind::Invoice), ..all() }).await,
        [invoice(1), invoice(2)]
    );
    assert_eq!(selects(Selection { since: Some(ago(20)), ..all() }).await, [order(3), invoice(2)]);
    assert_eq!(selects(Selection { until: Some(ago(20)), ..all() }).await, [invoice(1)]);
    let both = Selection { code: Some(Code::CoupaRefused), kind: Some(ObjectKind::Invoice), ..all() };
    assert_eq!(selects(both).await, [invoice(1)]);
    let fine_too = Selection { all: true, since: Some(ago(20)), ..all() };
    assert_eq!(selects(fine_too).await, [order(3), invoice(2), invoice(4)]);
}

#[tokio::test]
async fn documents_are_named_by_number_or_key_whatever_became_of_them() {
    let rig = troubled().await;
    let named = |number: &str| Named { kind: ObjectKind::Invoice, number: number.to_owned() };
    // 104 is a number, 4 the key of the same document, 77 the key of one that was never attempted.
    let documents = ["104", "4", "77", "A-9"].map(named).to_vec();
    let selection = Selection { documents, ..Selection::default() };
    let replayed = rig.replay.replay(&selection).await.unwrap();
    assert_eq!(replayed, Replayed { queued: 2, left: 0, unknown: vec![named("A-9")] });
    let changes = queued(&rig.store).await;
    assert!(changes.iter().all(|change| change.cause == Cause::Replay && change.whatever_date));
    let mut documents: Vec<_> = changes.into_iter().map(|change| change.document).collect();
    documents.sort();
    assert_eq!(documents, [invoice(4), invoice(77)]);
}

#[tokio::test]
async fn a_replay_is_bounded_and_says_what_is_left() {
    let rig = troubled().await;
    let replayed = rig.replay.replay(&Selection { limit: 2, ..Selection::default() }).await.unwrap();
    assert_eq!((replayed.queued, replayed.left), (2, 1));
    let documents: Vec<_> = queued(&rig.store).await.into_iter().map(|change| change.document).collect();
    assert!(!documents.contains(&order(3)), "the oldest come first");
}

#[tokio::test]
async fn a_replay_keeps_to_its_pace() {
    let rig = rig();
    for entry in 1..=12 {
        ended(&rig, &invoice(entry), 30, Some(Code::CoupaRefused)).await;
    }
    let replayed = rig.replay.replay(&Selection::default()).await.unwrap();
    assert_eq!((replayed.queued, replayed.left), (12, 0));
    assert_eq!(rig.clock.now(), noon() + SignedDuration::from_secs(2), "5, 5 and 2 in three seconds");
}

#[tokio::test]
async fn a_replay_without_time_leaves_the_rest() {
    let rig = troubled().await;
    rig.replay.stopping.store(true, std::sync::atomic::Ordering::SeqCst);
    let replayed = rig.replay.replay(&Selection::default()).await.unwrap();
    assert_eq!((replayed.queued, replayed.left), (0, 3));
}
