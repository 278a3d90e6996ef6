//! What the tests are made of.

use super::{Harness, Place, QueueHarness};
use crate::{Finish, FinishedDocument, LeaseReply, LeaseRequest, Received, StateStore};
use jiff::{SignedDuration, Timestamp, civil};
use model::{
    AuditEntry, AuditOutcome, Cause, Change, Code, CompanyDb, CorrelationId, DocumentItem, DocumentKey,
    ErrorClass, Lane, Lease, ObjectKind, Owner, Parked, Stamp, Step,
};

/// How long a lease or a message out of sight lasts in the tests.
pub const LASTS_SECONDS: u32 = 4;

/// The company of the tests.
pub fn company() -> CompanyDb {
    CompanyDb("SBODEMOUS".to_owned())
}

/// An invoice.
pub fn invoice(doc_entry: i64) -> DocumentKey {
    DocumentKey::entry(&company(), ObjectKind::Invoice, doc_entry)
}

/// A live change of the document.
pub fn change(document: &DocumentKey, now: Timestamp) -> Change {
    Change {
        document: document.clone(),
        step: Step::Document,
        cause: Cause::Poll,
        lane: Lane::Live,
        whatever_date: false,
        seen_at: now,
        correlation: CorrelationId(format!("poll of {document}")),
    }
}

/// So many seconds.
pub fn seconds(seconds: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(seconds))
}

/// The moment so many seconds from now.
pub fn ahead<H: Place>(harness: &H, by: u32) -> Timestamp {
    harness.now().checked_add(seconds(by)).unwrap()
}

/// Asks for the lease for [`LASTS_SECONDS`].
pub fn request<H: Place>(harness: &H, document: &DocumentKey, owner: &str) -> LeaseRequest {
    LeaseRequest {
        document: document.clone(),
        owner: Owner(owner.to_owned()),
        now: harness.now(),
        until: ahead(harness, LASTS_SECONDS),
        correlation: CorrelationId(format!("work of {owner}")),
    }
}

/// Asks, and tells what was answered.
pub async fn ask<H: Harness>(
    harness: &H,
    store: &H::Store,
    document: &DocumentKey,
    owner: &str,
) -> LeaseReply {
    let mut replies = store.take_leases(&[request(harness, document, owner)]).await.unwrap();
    assert_eq!(replies.len(), 1);
    replies.remove(0)
}

/// Takes the lease, which must be free.
pub async fn take<H: Harness>(
    harness: &H,
    store: &H::Store,
    document: &DocumentKey,
    owner: &str,
) -> (Lease, DocumentItem) {
    match ask(harness, store, document, owner).await {
        LeaseReply::Taken(lease, item) => (lease, *item),
        held @ LeaseReply::Held { .. } => panic!("{document} should be free: {held:?}"),
    }
}

/// The end of an attempt on one document, without an audit entry.
pub fn ending(lease: &Lease, item: DocumentItem) -> Finish {
    Finish { documents: vec![FinishedDocument { lease: lease.clone(), item }], audit: Vec::new() }
}

/// Takes the lease and ends the attempt with this item.
pub async fn put<H: Harness>(harness: &H, store: &H::Store, document: &DocumentKey, item: DocumentItem) {
    let (lease, _) = take(harness, store, document, "put").await;
    store.finish(ending(&lease, item)).await.unwrap();
}

/// The item as it stands; a document never seen has an empty one.
pub async fn item<S: StateStore>(store: &S, document: &DocumentKey) -> DocumentItem {
    let mut items = store.items(std::slice::from_ref(document)).await.unwrap();
    assert_eq!(items.len(), 1);
    items.remove(0).unwrap_or_default()
}

/// Receives all that can be received, out of sight for [`LASTS_SECONDS`].
pub async fn receive<H: QueueHarness>(harness: &H, queue: &H::Queue) -> Vec<Received> {
    use crate::Queue;
    queue.receive(1000, seconds(LASTS_SECONDS), harness.now()).await.unwrap()
}

/// Receives the one message that there is.
pub async fn receive_one<H: QueueHarness>(harness: &H, queue: &H::Queue) -> Received {
    let mut received = receive(harness, queue).await;
    assert_eq!(received.len(), 1, "{received:?}");
    received.remove(0)
}

/// A parked change of the document.
pub fn parked(document: &DocumentKey, due_at: Timestamp, waits_for: Option<&DocumentKey>) -> Parked {
    Parked {
        change: Change { step: Step::Close, ..change(document, due_at) },
        due_at,
        waits_for: waits_for.cloned(),
        code: Code::Waiting,
        reason: "its order isn't there".to_owned(),
    }
}

/// An audit entry with something in every field.
pub fn entry(document: &DocumentKey, at: Timestamp, outcome: AuditOutcome) -> AuditEntry {
    AuditEntry {
        document: document.clone(),
        number: Some("100237".to_owned()),
        at,
        noticed_at: None,
        chain: None,
        duration_ms: 321,
        cause: Cause::Dependency,
        step: Step::Document,
        sap_stamp: Some(stamp()),
        attempt: 3,
        outcome,
        code: Some(Code::CoupaRefused),
        class: Some(ErrorClass::Data),
        message: "Coupa says: „nein“".to_owned(),
        direction: None,
        sent: vec![serde_json::json!({"method": "POST", "body": {"total": "1.10"}})],
        coupa_calls: 2,
        correlation: CorrelationId("c-1".to_owned()),
    }
}

/// A stamp of SAP's.
pub fn stamp() -> Stamp {
    Stamp { date: civil::date(2026, 11, 3), time: civil::time(9, 41, 0, 0) }
}
