//! The end of attempts, and what stands afterwards.

use super::{
    Harness,
    fixtures::{LASTS_SECONDS, ask, company, ending, entry, invoice, item, parked, put, stamp, take},
};
use crate::{AuditTrail, Finish, FinishedDocument, LeaseReply, StateStore, StoreError};
use model::{
    AppliedPayment, AuditOutcome, Code, CorrelationId, CoupaId, DeadLetter, DocumentItem, DocumentKey,
    InvoiceLink, InvoiceStage, LineId, Link, ObjectKind, OpenAttempt, OrderLink, OrderStage, Owner,
    PaymentLink, Sent, SupplierLink,
};

fn sent() -> Sent {
    let mut sent = Sent::new();
    sent.insert("z-first".to_owned(), serde_json::json!({"amount": "12.50", "lines": [1, null, "ß"]}));
    sent.insert("a-second".to_owned(), serde_json::json!(true));
    sent
}

fn links() -> [Link; 3] {
    [
        Link::Supplier(SupplierLink { sent: sent(), ..SupplierLink::new(CoupaId(u64::MAX >> 1)) }),
        Link::Order(OrderLink {
            coupa_id: CoupaId(7),
            po_number: "812".to_owned(),
            stage: OrderStage::Closed,
            version: 3,
            lines: [(LineId("SBODEMOUS/812/0".to_owned()), CoupaId(8))].into(),
            sent: sent(),
        }),
        Link::Invoice(InvoiceLink {
            coupa_id: CoupaId(9),
            number: "CN-77".to_owned(),
            stage: InvoiceStage::Submitted,
            paid: Some(true),
            sent: sent(),
        }),
    ]
}

/// Every field, with each kind of link.
pub async fn an_item_reads_back_whole<H: Harness>(h: &H) {
    let store = h.handle().await;
    for (entry, link) in (0..).zip(links()) {
        let document = invoice(entry);
        let unknown = OpenAttempt {
            started_at: h.now(),
            owner: Owner("a".into()),
            correlation: CorrelationId("c".into()),
        };
        let whole = DocumentItem {
            alert: Some(55),
            audit: Some(model::AuditHead { count: 3, hash: "ab12".to_owned() }),
            link: Some(link),
            number: Some("100237".to_owned()),
            sap_stamp: Some(stamp()),
            unknown: Some(unknown),
            unfinished: 4,
            tries: 5,
            looked_around: true,
            troubled_since: Some(h.now()),
            parked: Some(parked(&document, h.now(), Some(&invoice(99)))),
            dead_letter: Some(DeadLetter {
                code: Code::NotOurs, message: "„…“".to_owned(), at: h.now()
            }),
        };
        put(h, &store, &document, whole.clone()).await;
        assert_eq!(item(&h.handle().await, &document).await, whole);
        assert_eq!(take(h, &store, &document, "b").await.1, whole);
    }
}

/// What it paid on which invoice, to the cent.
pub async fn the_link_of_a_payment_reads_back<H: Harness>(h: &H) {
    let store = h.handle().await;
    let applied = AppliedPayment { invoice: CoupaId(9), amount: "1.10".parse().unwrap(), reversed: true };
    let link = Link::Payment(PaymentLink { applied: [(2301, applied)].into() });
    let payment = DocumentKey::entry(&company(), ObjectKind::Payment, 5);
    let whole = DocumentItem { link: Some(link), ..DocumentItem::default() };
    put(h, &store, &payment, whole.clone()).await;
    assert_eq!(item(&store, &payment).await, whole);
}

/// The next one need not wait for it to run out.
pub async fn finish_gives_up_the_lease<H: Harness>(h: &H) {
    let store = h.handle().await;
    put(h, &store, &invoice(1), DocumentItem::default()).await;
    take(h, &store, &invoice(1), "b").await;
}

/// An attempt that ended is not unknown, and what the item says of earlier ones stands.
pub async fn finish_erases_the_open_attempt<H: Harness>(h: &H) {
    let store = h.handle().await;
    take(h, &store, &invoice(1), "died").await;
    h.pass(LASTS_SECONDS).await;
    let (lease, found) = take(h, &store, &invoice(1), "b").await;
    store.finish(ending(&lease, DocumentItem { unknown: None, unfinished: 0, ..found })).await.unwrap();
    h.pass(LASTS_SECONDS).await;
    assert_eq!(take(h, &store, &invoice(1), "c").await.1, DocumentItem::default());
}

/// The attempt reached an end, so it isn't counted as unfinished; but Coupa must be asked.
pub async fn an_unknown_outcome_stays_unknown<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (lease, _) = take(h, &store, &invoice(1), "a").await;
    let attempt = OpenAttempt {
        started_at: h.now(),
        owner: lease.owner.clone(),
        correlation: CorrelationId("timed out".to_owned()),
    };
    let unknown = DocumentItem { unknown: Some(attempt), ..DocumentItem::default() };
    store.finish(ending(&lease, unknown.clone())).await.unwrap();
    assert_eq!(take(h, &store, &invoice(1), "b").await.1, unknown);
}

fn numbered(number: &str) -> DocumentItem {
    DocumentItem { number: Some(number.to_owned()), ..DocumentItem::default() }
}

/// Two invoices of one payment, say.
pub async fn finish_writes_documents_and_audit_together<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (first, _) = take(h, &store, &invoice(1), "a").await;
    let (second, _) = take(h, &store, &invoice(2), "a").await;
    let audit = [1, 2].map(|doc| entry(&invoice(doc), h.now(), AuditOutcome::Created));
    let documents = vec![
        FinishedDocument { lease: first, item: numbered("1") },
        FinishedDocument { lease: second, item: numbered("2") },
    ];
    store.finish(Finish { documents, audit: audit.to_vec() }).await.unwrap();
    for (doc, number) in [(1, "1"), (2, "2")] {
        assert_eq!(item(&store, &invoice(doc)).await, numbered(number));
        assert_eq!(store.of_document(&invoice(doc)).await.unwrap().len(), 1);
    }
    let alone =
        Finish { documents: vec![], audit: vec![entry(&invoice(3), h.now(), AuditOutcome::NotApplicable)] };
    store.finish(alone).await.unwrap();
    assert_eq!(store.of_document(&invoice(3)).await.unwrap().len(), 1);
}

/// Whichever it is: no item, no lease, no audit entry is touched, and the error names it.
pub async fn one_fenced_document_stops_the_whole_finish<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (late, _) = take(h, &store, &invoice(1), "a").await;
    h.pass(LASTS_SECONDS).await;
    take(h, &store, &invoice(1), "b").await;
    let (good, _) = take(h, &store, &invoice(2), "a").await;
    let late = FinishedDocument { lease: late, item: numbered("late") };
    let fine = FinishedDocument { lease: good.clone(), item: numbered("good") };
    for documents in [vec![fine.clone(), late.clone()], vec![late, fine]] {
        let audit = vec![entry(&invoice(2), h.now(), AuditOutcome::Created)];
        let refused = store.finish(Finish { documents, audit }).await;
        assert_eq!(refused, Err(StoreError::Fenced(invoice(1))));
        assert_eq!(item(&store, &invoice(2)).await, DocumentItem::default());
        assert_eq!(store.of_document(&invoice(2)).await.unwrap(), []);
        assert_eq!(ask(h, &store, &invoice(2), "b").await, LeaseReply::Held { until: good.until });
    }
    store.finish(ending(&good, numbered("good"))).await.unwrap();
}

/// Its lease, its open attempt and its end.
pub async fn a_late_finish_leaves_the_new_holder_alone<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (late, _) = take(h, &store, &invoice(1), "a").await;
    h.pass(LASTS_SECONDS).await;
    let (new, found) = take(h, &store, &invoice(1), "b").await;
    assert_eq!(store.finish(ending(&late, numbered("late"))).await, Err(StoreError::Fenced(invoice(1))));
    assert_eq!(ask(h, &store, &invoice(1), "c").await, LeaseReply::Held { until: new.until });
    h.pass(LASTS_SECONDS).await;
    let (newest, item) = take(h, &store, &invoice(1), "c").await;
    assert_eq!((item.unfinished, item.unknown.unwrap().owner), (found.unfinished + 1, new.owner));
    store.finish(ending(&newest, numbered("newest"))).await.unwrap();
}

/// The fence, not the clock, decides over our own stores.
pub async fn finish_on_a_lease_that_ran_out_succeeds_while_nobody_took_it<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (lease, _) = take(h, &store, &invoice(1), "a").await;
    h.pass(2 * LASTS_SECONDS).await;
    store.finish(ending(&lease, numbered("late"))).await.unwrap();
    assert_eq!(take(h, &store, &invoice(1), "b").await.1, numbered("late"));
}

/// A lease is given up once: an end repeated because its answer was lost counts once.
pub async fn a_second_finish_is_fenced_and_writes_nothing<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (lease, _) = take(h, &store, &invoice(1), "a").await;
    let finish = |number| {
        let audit = vec![entry(&invoice(1), h.now(), AuditOutcome::Created)];
        Finish { audit, ..ending(&lease, numbered(number)) }
    };
    store.finish(finish("first")).await.unwrap();
    assert_eq!(store.finish(finish("second")).await, Err(StoreError::Fenced(invoice(1))));
    assert_eq!(item(&store, &invoice(1)).await, numbered("first"));
    assert_eq!(store.of_document(&invoice(1)).await.unwrap().len(), 1);
    let (released, _) = take(h, &store, &invoice(2), "a").await;
    store.release(std::slice::from_ref(&released)).await.unwrap();
    let refused = store.finish(ending(&released, numbered("x"))).await;
    assert_eq!(refused, Err(StoreError::Fenced(invoice(2))));
}

/// Whether the adapter says that it knows it already or that it comes too late.
pub async fn an_end_repeated_word_for_word_counts_once<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (lease, _) = take(h, &store, &invoice(1), "a").await;
    let audit = vec![entry(&invoice(1), h.now(), AuditOutcome::Created)];
    let finish = Finish { audit, ..ending(&lease, numbered("1")) };
    store.finish(finish.clone()).await.unwrap();
    let repeated = h.handle().await.finish(finish).await;
    assert!(matches!(repeated, Ok(()) | Err(StoreError::Fenced(_))), "{repeated:?}");
    assert_eq!(store.of_document(&invoice(1)).await.unwrap().len(), 1);
    assert_eq!(take(h, &store, &invoice(1), "b").await.1, numbered("1"));
}

/// A whole batch ends side by side, and one that is fenced spoils no other.
pub async fn many_finishes_at_once_all_hold<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (late, _) = take(h, &store, &invoice(25), "a").await;
    h.pass(LASTS_SECONDS).await;
    let mut finishes = vec![ending(&late, numbered("late"))];
    for doc in 0..50 {
        let (lease, _) = take(h, &store, &invoice(doc), "b").await;
        let audit = vec![entry(&invoice(doc), h.now(), AuditOutcome::Created)];
        finishes.push(Finish { audit, ..ending(&lease, numbered(&doc.to_string())) });
    }
    finishes.swap(0, 25);
    let results = futures::future::join_all(finishes.into_iter().map(|finish| store.finish(finish))).await;
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
    assert_eq!(results[25], Err(StoreError::Fenced(invoice(25))));
    for doc in 0..50 {
        assert_eq!(item(&store, &invoice(doc)).await, numbered(&doc.to_string()));
        assert_eq!(store.of_document(&invoice(doc)).await.unwrap().len(), 1);
    }
}

/// The same lease in two hands, as after a worker was frozen and copied.
pub async fn of_two_finishes_one_wins<H: Harness>(h: &H) {
    let (one, other) = (h.handle().await, h.handle().await);
    for doc in 0..5 {
        let (lease, _) = take(h, &one, &invoice(doc), "a").await;
        let (left, right) = futures::join!(
            one.finish(ending(&lease, numbered("left"))),
            other.finish(ending(&lease, numbered("right")))
        );
        assert!(left.is_ok() != right.is_ok(), "{left:?} {right:?}");
        let winner = if left.is_ok() { "left" } else { "right" };
        assert_eq!(item(&one, &invoice(doc)).await, numbered(winner));
    }
}

/// Unknown ones keep their place.
pub async fn items_come_in_the_order_of_the_keys<H: Harness>(h: &H) {
    let store = h.handle().await;
    put(h, &store, &invoice(1), numbered("1")).await;
    put(h, &store, &invoice(2), numbered("2")).await;
    let wanted = [invoice(2), invoice(3), invoice(1), invoice(2)];
    let items = store.items(&wanted).await.unwrap();
    let two = Some(numbered("2"));
    assert_eq!(items, [two.clone(), None, Some(numbered("1")), two]);
    assert_eq!(store.items(&[]).await.unwrap(), []);
}

/// Leading zeros, case and blanks tell card codes apart.
pub async fn keys_are_exact<H: Harness>(h: &H) {
    let store = h.handle().await;
    let codes = ["17", "0017", "v17", "V17", "V 17", "V17 ", "V/17", "Ü17", "%", ""];
    for code in codes {
        put(h, &store, &DocumentKey::supplier(&company(), code), numbered(code)).await;
    }
    for code in codes {
        assert_eq!(item(&store, &DocumentKey::supplier(&company(), code)).await, numbered(code));
    }
    put(h, &store, &invoice(17), numbered("invoice")).await;
    let order = DocumentKey::entry(&company(), ObjectKind::PurchaseOrder, 17);
    assert_eq!(item(&store, &order).await, DocumentItem::default());
}

fn dead<H: Harness>(h: &H, code: Code) -> DocumentItem {
    let letter = DeadLetter { code, message: "mend it".to_owned(), at: h.now() };
    DocumentItem { dead_letter: Some(letter), ..numbered("100237") }
}

/// With the number that people know.
pub async fn dead_letters_come_oldest_first<H: Harness>(h: &H) {
    let store = h.handle().await;
    assert_eq!(store.dead_letters().await.unwrap(), []);
    for (doc, code) in [(2, Code::NotOurs), (1, Code::NumberClash), (3, Code::NotOurs)] {
        put(h, &store, &invoice(doc), dead(h, code)).await;
        h.pass(1).await;
    }
    let rows = store.dead_letters().await.unwrap();
    let seen: Vec<_> = rows.iter().map(|row| (row.document.clone(), row.letter.code)).collect();
    let expected = [(2, Code::NotOurs), (1, Code::NumberClash), (3, Code::NotOurs)];
    assert_eq!(seen, expected.map(|(doc, code)| (invoice(doc), code)));
    assert_eq!(rows[0].number.as_deref(), Some("100237"));
    assert_eq!(rows[0].letter.message, "mend it");
}

/// Its next end says so.
pub async fn a_mended_document_is_no_dead_letter<H: Harness>(h: &H) {
    let store = h.handle().await;
    put(h, &store, &invoice(1), dead(h, Code::NotOurs)).await;
    put(h, &store, &invoice(1), numbered("1")).await;
    assert_eq!(store.dead_letters().await.unwrap(), []);
}
