//! The audit trail.

use super::{
    Harness,
    fixtures::{ahead, company, entry, invoice, put},
};
use crate::{AuditFilter, AuditTrail, Finish, StateStore};
use model::{
    AuditEntry, AuditOutcome, CoupaId, DocumentItem, DocumentKey, InvoiceLink, InvoiceStage, Link,
    ObjectKind, OrderLink, OrderStage, Sent,
};

async fn append<S: StateStore>(store: &S, audit: Vec<AuditEntry>) {
    store.finish(Finish { documents: Vec::new(), audit }).await.unwrap();
}

/// Also those of the same moment, and none of other documents.
pub async fn attempts_on_a_document_come_oldest_first<H: Harness>(h: &H) {
    let store = h.handle().await;
    let outcomes = [AuditOutcome::Retry, AuditOutcome::Unknown, AuditOutcome::Created, AuditOutcome::Updated];
    for (doc, pause) in [(1, 1), (2, 0)] {
        for outcome in outcomes {
            append(&store, vec![entry(&invoice(doc), h.now(), outcome)]).await;
            h.pass(pause).await;
        }
    }
    for doc in [1, 2] {
        let entries = store.of_document(&invoice(doc)).await.unwrap();
        assert!(entries.iter().all(|entry| entry.document == invoice(doc)));
        assert_eq!(entries.iter().map(|entry| entry.outcome).collect::<Vec<_>>(), outcomes);
    }
    assert_eq!(store.of_document(&invoice(3)).await.unwrap(), []);
}

/// Full and almost empty ones.
pub async fn an_entry_reads_back_whole<H: Harness>(h: &H) {
    let store = h.handle().await;
    let full = entry(&invoice(1), h.now(), AuditOutcome::Failed);
    let bare = AuditEntry {
        number: None,
        at: ahead(h, 1),
        sap_stamp: None,
        code: None,
        class: None,
        sent: Vec::new(),
        ..full.clone()
    };
    append(&store, vec![full.clone(), bare.clone()]).await;
    assert_eq!(h.handle().await.of_document(&invoice(1)).await.unwrap(), [full, bare]);
}

/// SAP's number, Coupa's number, SAP's key; all that share one.
pub async fn a_document_is_found_by_each_of_its_numbers<H: Harness>(h: &H) {
    let store = h.handle().await;
    let note = DocumentKey::entry(&company(), ObjectKind::CreditNote, 2301);
    let link = Link::Invoice(InvoiceLink {
        coupa_id: CoupaId(9),
        number: "CN-77".to_owned(),
        stage: InvoiceStage::Draft,
        paid: Some(false),
        sent: Sent::new(),
    });
    let item = DocumentItem { link: Some(link), number: Some("77".to_owned()), ..DocumentItem::default() };
    put(h, &store, &note, item).await;
    for number in ["77", "CN-77", "2301"] {
        assert_eq!(
            store.find(ObjectKind::CreditNote, number).await.unwrap(),
            std::slice::from_ref(&note),
            "{number}"
        );
    }
    for number in ["7", "CN-7", "cn-77", "", "230"] {
        assert_eq!(store.find(ObjectKind::CreditNote, number).await.unwrap(), [], "{number}");
    }
    let order = DocumentKey::entry(&company(), ObjectKind::PurchaseOrder, 5);
    let link = Link::Order(OrderLink {
        coupa_id: CoupaId(1),
        po_number: "PO 5".to_owned(),
        stage: OrderStage::Issued,
        version: 1,
        lines: std::collections::BTreeMap::new(),
        sent: Sent::new(),
    });
    put(h, &store, &order, DocumentItem { link: Some(link), ..DocumentItem::default() }).await;
    assert_eq!(store.find(ObjectKind::PurchaseOrder, "PO 5").await.unwrap(), [order]);
    let supplier = DocumentKey::supplier(&company(), "V 10/000");
    put(h, &store, &supplier, DocumentItem::default()).await;
    assert_eq!(store.find(ObjectKind::Supplier, "V 10/000").await.unwrap(), [supplier]);
}

/// And two documents with one number are both found.
pub async fn a_document_is_found_by_the_number_in_its_audit_entry<H: Harness>(h: &H) {
    let store = h.handle().await;
    let entries = [3, 4, 3].map(|doc| entry(&invoice(doc), h.now(), AuditOutcome::Failed));
    append(&store, entries.to_vec()).await;
    let mut found = store.find(ObjectKind::Invoice, "100237").await.unwrap();
    found.sort();
    assert_eq!(found, [invoice(3), invoice(4)]);
}

/// Of SAP and of Coupa, also where it has others by now.
pub async fn a_document_is_found_by_a_number_it_used_to_have<H: Harness>(h: &H) {
    let store = h.handle().await;
    let order = DocumentKey::entry(&company(), ObjectKind::PurchaseOrder, 5);
    let numbered = |number: &str, po_number: &str| {
        let link = Link::Order(OrderLink {
            coupa_id: CoupaId(1),
            po_number: po_number.to_owned(),
            stage: OrderStage::Issued,
            version: 1,
            lines: std::collections::BTreeMap::new(),
            sent: Sent::new(),
        });
        DocumentItem { link: Some(link), number: Some(number.to_owned()), ..DocumentItem::default() }
    };
    for (number, po_number) in [("11", "11"), ("12", "PO-12"), ("13", "PO-13"), ("12", "12")] {
        put(h, &store, &order, numbered(number, po_number)).await;
    }
    put(h, &store, &order, DocumentItem::default()).await;
    for number in ["11", "12", "PO-12", "13", "PO-13", "5"] {
        let found = store.find(ObjectKind::PurchaseOrder, number).await.unwrap();
        assert_eq!(found, std::slice::from_ref(&order), "{number}");
    }
    assert_eq!(store.find(ObjectKind::PurchaseOrder, "PO-11").await.unwrap(), []);
}

/// Invoice 5 isn't order 5.
pub async fn kinds_do_not_mix_in_find<H: Harness>(h: &H) {
    let store = h.handle().await;
    put(h, &store, &invoice(5), DocumentItem::default()).await;
    assert_eq!(store.find(ObjectKind::PurchaseOrder, "5").await.unwrap(), []);
    assert_eq!(store.find(ObjectKind::Invoice, "5").await.unwrap(), [invoice(5)]);
}

async fn five<H: Harness>(h: &H, store: &H::Store) -> Vec<AuditEntry> {
    let mut entries = Vec::new();
    for doc in 1..=5 {
        let outcome = if doc % 2 == 0 { AuditOutcome::Failed } else { AuditOutcome::Waiting };
        entries.push(entry(&invoice(10 - doc), h.now(), outcome));
        h.pass(1).await;
    }
    append(store, entries.clone()).await;
    entries
}

/// Over all documents.
pub async fn the_list_keeps_the_newest_and_shows_the_oldest_first<H: Harness>(h: &H) {
    let store = h.handle().await;
    let entries = five(h, &store).await;
    let limited = |limit| AuditFilter { limit, ..AuditFilter::default() };
    assert_eq!(store.list(&limited(100)).await.unwrap(), entries);
    assert_eq!(store.list(&limited(2)).await.unwrap(), entries[3..]);
    assert_eq!(store.list(&limited(0)).await.unwrap(), []);
}

/// That moment included.
pub async fn the_list_begins_at_since<H: Harness>(h: &H) {
    let store = h.handle().await;
    let entries = five(h, &store).await;
    let filter = AuditFilter { since: Some(entries[2].at), limit: 100, ..AuditFilter::default() };
    assert_eq!(store.list(&filter).await.unwrap(), entries[2..]);
}

/// Those that heal aren't failures.
pub async fn the_list_of_failures_holds_failures_alone<H: Harness>(h: &H) {
    let store = h.handle().await;
    let entries = five(h, &store).await;
    let failed = [entries[1].clone(), entries[3].clone()];
    let filter = AuditFilter { failed: true, limit: 100, since: None };
    assert_eq!(store.list(&filter).await.unwrap(), failed);
    let since = AuditFilter { since: Some(entries[2].at), ..filter.clone() };
    assert_eq!(store.list(&since).await.unwrap(), failed[1..]);
    assert_eq!(store.list(&AuditFilter { limit: 1, ..filter }).await.unwrap(), failed[1..]);
}
