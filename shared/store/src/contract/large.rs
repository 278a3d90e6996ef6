//! What is unusually large, or unusually much.

use super::{
    Harness,
    fixtures::{LASTS_SECONDS, ahead, company, ending, entry, invoice, item, put, stamp, take},
};
use crate::{AuditTrail, Finish, FinishedDocument, StateStore, StoreError};
use model::{
    AuditEntry, AuditOutcome, CoupaId, Cursor, DocumentItem, DocumentKey, LineId, Link, ObjectKind,
    OrderLink, OrderStage, SapKey, Seen, Sent,
};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Text that looks the same in no two places.
fn noise(seed: u64, len: usize) -> String {
    let mut state = seed.wrapping_add(1);
    let mut text = String::new();
    while text.len() < len {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        write!(text, "{state:016x}").unwrap();
    }
    text
}

fn order() -> DocumentKey {
    DocumentKey::entry(&company(), ObjectKind::PurchaseOrder, 812)
}

fn line(number: u64) -> Value {
    json!({
        "line-num": number,
        "description": format!("{} {}", noise(number, 24), noise(number + 7, 24)),
        "quantity": format!("{}.5", number % 97),
        "price": format!("{}.{:02}", 10 + number * 7 % 1000, number % 100),
        "account": {"code": noise(number % 20, 16), "account-type": {"name": "Main COA"}},
        "custom-fields": {"external-id": format!("SBODEMOUS/812/{number}")},
    })
}

fn order_of(lines: u64) -> DocumentItem {
    let mut sent = Sent::new();
    sent.insert("order-lines".to_owned(), (0..lines).map(line).collect());
    let link = Link::Order(OrderLink {
        coupa_id: CoupaId(1),
        po_number: "812".to_owned(),
        stage: OrderStage::Issued,
        version: 1,
        lines: (0..lines).map(|line| (LineId(format!("SBODEMOUS/812/{line}")), CoupaId(line * 31))).collect(),
        sent,
    });
    DocumentItem { link: Some(link), number: Some("812".to_owned()), ..DocumentItem::default() }
}

/// What no compression makes small.
fn incompressible(seed: u64) -> DocumentItem {
    let mut sent = Sent::new();
    sent.insert("text".to_owned(), noise(seed, 1_500_000).into());
    let Some(Link::Order(order)) = order_of(1).link else { unreachable!() };
    DocumentItem { link: Some(Link::Order(OrderLink { sent, ..order })), ..order_of(1) }
}

/// Three thousand of them.
pub async fn an_order_of_very_many_lines_reads_back<H: Harness>(h: &H) {
    let store = h.handle().await;
    let whole = order_of(3_000);
    put(h, &store, &order(), whole.clone()).await;
    assert_eq!(item(&h.handle().await, &order()).await, whole);
    assert_eq!(take(h, &store, &order(), "b").await.1, whole);
}

/// Nothing of what was there before is left, and it can still be found.
pub async fn a_large_item_can_shrink_and_grow<H: Harness>(h: &H) {
    let store = h.handle().await;
    for whole in
        [incompressible(1), incompressible(2), order_of(1), incompressible(2), DocumentItem::default()]
    {
        put(h, &store, &order(), whole.clone()).await;
        assert_eq!(item(&store, &order()).await, whole);
    }
}

/// Large on both sides.
pub async fn a_late_end_of_a_large_item_leaves_the_other_alone<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (late, _) = take(h, &store, &order(), "a").await;
    h.pass(LASTS_SECONDS).await;
    let (new, _) = take(h, &store, &order(), "b").await;
    store.finish(ending(&new, incompressible(1))).await.unwrap();
    for same_or_not in [incompressible(1), incompressible(2)] {
        let refused = store.finish(ending(&late, same_or_not)).await;
        assert_eq!(refused, Err(StoreError::Fenced(order())));
    }
    assert_eq!(item(&store, &order()).await, incompressible(1));
}

/// Between small ones.
pub async fn an_audit_entry_of_any_size_reads_back<H: Harness>(h: &H) {
    let store = h.handle().await;
    let small = entry(&order(), h.now(), AuditOutcome::Failed);
    let sent = vec![json!({"method": "POST", "body": noise(1, 1_500_000)})];
    let large = AuditEntry { at: ahead(h, 1), sent, ..small.clone() };
    let lines: Vec<Value> = (0..3_000).map(line).collect();
    let long = AuditEntry { at: ahead(h, 2), sent: lines, ..small.clone() };
    let last = AuditEntry { at: ahead(h, 3), ..small.clone() };
    let audit = vec![small, large, long, last];
    let (lease, found) = take(h, &store, &order(), "a").await;
    store.finish(Finish { audit: audit.clone(), ..ending(&lease, found) }).await.unwrap();
    assert_eq!(store.of_document(&order()).await.unwrap(), audit);
    h.pass(3).await;
    let filter = crate::AuditFilter { limit: 3, ..crate::AuditFilter::default() };
    assert_eq!(store.list(&filter).await.unwrap(), audit[1..]);
}

fn cursor_of<H: Harness>(h: &H, keys: i64, noisy: usize) -> Cursor {
    let seen = |entry: i64| Seen {
        key: match noisy {
            0 => SapKey::DocEntry(entry * 3),
            len => SapKey::CardCode(noise(entry.unsigned_abs(), len)),
        },
        stamp: Some(stamp()),
        cancelled: entry % 2 == 0,
        first_at: ahead(h, u32::try_from(entry).unwrap()),
        settled: entry % 3 == 0,
    };
    Cursor { seen: (0..keys).map(seen).collect(), ..Cursor::default() }
}

/// Somebody changed five thousand documents in one go; then the overlap is over.
pub async fn a_cursor_after_a_mass_change_reads_back<H: Harness>(h: &H) {
    let store = h.handle().await;
    let mut revision = 0;
    for (keys, noisy) in [(5_000, 0), (20_000, 64), (20_001, 64), (3, 0), (20_000, 64)] {
        let cursor = cursor_of(h, keys, noisy);
        revision = store.save_cursor("invoices", &cursor, revision).await.unwrap();
        assert_eq!(h.handle().await.cursor("invoices").await.unwrap(), (cursor, revision));
    }
    let refused = store.save_cursor("invoices", &cursor_of(h, 20_000, 64), 1).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert_eq!(store.cursor("invoices").await.unwrap().0, cursor_of(h, 20_000, 64));
}

/// As small ones do.
pub async fn a_large_record_reads_back_until_removed<H: Harness>(h: &H) {
    let store = h.handle().await;
    for seed in [1, 2] {
        let value = json!({"text": noise(seed, 1_000_000)});
        store.save_record("large", Some(&value)).await.unwrap();
        assert_eq!(store.record("large").await.unwrap(), Some(value));
    }
    store.save_record("large", None).await.unwrap();
    assert_eq!(store.record("large").await.unwrap(), None);
}

async fn many<H: Harness>(h: &H, store: &H::Store) -> Vec<FinishedDocument> {
    let payment = DocumentKey::entry(&company(), ObjectKind::Payment, 5);
    let mut documents = Vec::new();
    for document in std::iter::once(payment).chain((1..=150).map(invoice)) {
        let (lease, _) = take(h, store, &document, "a").await;
        let item = DocumentItem { number: Some(document.key.to_string()), ..DocumentItem::default() };
        documents.push(FinishedDocument { lease, item });
    }
    documents
}

/// The payment, and the invoices that it pays.
pub async fn a_payment_of_very_many_invoices_ends_whole<H: Harness>(h: &H) {
    let store = h.handle().await;
    let documents = many(h, &store).await;
    let payment = documents[0].lease.document.clone();
    let audit = vec![entry(&payment, h.now(), AuditOutcome::Created)];
    store.finish(Finish { documents: documents.clone(), audit: audit.clone() }).await.unwrap();
    for FinishedDocument { lease, item: whole } in documents {
        assert_eq!(take(h, &store, &lease.document, "b").await.1, whole);
    }
    assert_eq!(store.of_document(&payment).await.unwrap(), audit);
}

/// Wherever in the list the one stands that was taken over.
pub async fn a_late_end_of_very_many_documents_writes_nothing<H: Harness>(h: &H) {
    let store = h.handle().await;
    let documents = many(h, &store).await;
    store.release(&[documents[140].lease.clone()]).await.unwrap();
    let fenced = documents[140].lease.document.clone();
    let audit = vec![entry(&documents[0].lease.document, h.now(), AuditOutcome::Created)];
    let refused = store.finish(Finish { documents: documents.clone(), audit }).await;
    assert_eq!(refused, Err(StoreError::Fenced(fenced)));
    for FinishedDocument { lease, .. } in &documents {
        assert_eq!(item(&store, &lease.document).await, DocumentItem::default());
    }
    assert_eq!(store.of_document(&documents[0].lease.document).await.unwrap(), []);
}

/// In the order of their keys, and those that aren't there, too.
pub async fn very_many_items_are_read_at_once<H: Harness>(h: &H) {
    let store = h.handle().await;
    let documents = many(h, &store).await;
    let expected: Vec<_> = documents.iter().map(|document| document.item.clone()).collect();
    let mut keys: Vec<_> = documents.iter().map(|document| document.lease.document.clone()).collect();
    store.finish(Finish { documents, audit: vec![] }).await.unwrap();
    keys.extend((1_000..1_100).map(invoice));
    let found = store.items(&keys).await.unwrap();
    assert_eq!(found.len(), 251);
    assert!(found[151..].iter().all(Option::is_none));
    assert_eq!(found.into_iter().flatten().collect::<Vec<_>>(), expected);
}
