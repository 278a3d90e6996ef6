//! Parked changes.

use super::{
    Harness,
    fixtures::{ahead, invoice, item, parked, put},
};
use crate::StateStore;
use jiff::Timestamp;
use model::{DocumentItem, DocumentKey, Parked};

async fn park<H: Harness>(h: &H, store: &H::Store, parked: &Parked) {
    let item = DocumentItem { parked: Some(parked.clone()), tries: 3, ..DocumentItem::default() };
    put(h, store, &parked.change.document, item).await;
}

/// Parks invoices 1 to 4, due after 3, 1, 2 and 9 seconds; the first two wait for the tenth.
async fn park_four<H: Harness>(h: &H, store: &H::Store) -> [Parked; 4] {
    let tenth = invoice(10);
    let one = |doc, after, waits_for: Option<&DocumentKey>| parked(&invoice(doc), ahead(h, after), waits_for);
    let four =
        [one(1, 3, Some(&tenth)), one(2, 1, Some(&tenth)), one(3, 2, Some(&invoice(1))), one(4, 9, None)];
    for parked in &four {
        park(h, store, parked).await;
    }
    four
}

/// Whole, and the same again until they are taken off.
pub async fn due_changes_come_oldest_first_up_to_the_limit<H: Harness>(h: &H) {
    let store = h.handle().await;
    let [one, two, three, four] = park_four(h, &store).await;
    assert_eq!(store.due_parked(h.now(), 10).await.unwrap(), []);
    h.pass(3).await;
    let due = [two.clone(), three.clone(), one.clone()];
    assert_eq!(store.due_parked(h.now(), 10).await.unwrap(), due);
    assert_eq!(store.due_parked(h.now(), 2).await.unwrap(), due[..2]);
    assert_eq!(store.parked(10).await.unwrap(), [two.clone(), three, one, four]);
    assert_eq!(store.parked(1).await.unwrap(), [two]);
}

/// And the next moment is known.
pub async fn what_is_not_due_stays_parked<H: Harness>(h: &H) {
    let store = h.handle().await;
    assert_eq!(store.next_parked().await.unwrap(), None);
    let [_, two, _, four] = park_four(h, &store).await;
    assert_eq!(store.next_parked().await.unwrap(), Some(two.due_at));
    h.pass(8).await;
    let due = store.due_parked(h.now(), 10).await.unwrap();
    assert_eq!((due.len(), due.contains(&four)), (3, false));
    store.unpark(&due).await.unwrap();
    assert_eq!(store.next_parked().await.unwrap(), Some(four.due_at));
    h.pass(1).await;
    assert_eq!(store.due_parked(h.now(), 10).await.unwrap(), [four], "at its moment, not after it");
}

/// All of them, and no others.
pub async fn those_waiting_for_a_document_are_found<H: Harness>(h: &H) {
    let store = h.handle().await;
    let [one, two, three, _] = park_four(h, &store).await;
    let mut waiting = store.waiting_for(&invoice(10)).await.unwrap();
    waiting.sort_by(|left, right| left.change.document.cmp(&right.change.document));
    assert_eq!(waiting, [one, two]);
    assert_eq!(store.waiting_for(&invoice(1)).await.unwrap(), [three]);
    assert_eq!(store.waiting_for(&invoice(2)).await.unwrap(), []);
}

/// By due time, by what it waits for, in the item.
pub async fn an_unparked_change_is_off_every_list<H: Harness>(h: &H) {
    let store = h.handle().await;
    let [one, two, ..] = park_four(h, &store).await;
    store.unpark(&[one.clone(), two.clone()]).await.unwrap();
    store.unpark(std::slice::from_ref(&one)).await.unwrap();
    assert_eq!(store.waiting_for(&invoice(10)).await.unwrap(), []);
    assert_eq!(store.parked(10).await.unwrap().len(), 2);
    assert_eq!(item(&store, &one.change.document).await.parked, None);
    h.pass(3).await;
    assert_eq!(store.due_parked(h.now(), 10).await.unwrap().len(), 1);
}

/// It came back from the queue, and waits again.
pub async fn what_was_parked_anew_is_not_unparked<H: Harness>(h: &H) {
    let store = h.handle().await;
    let old = parked(&invoice(1), ahead(h, 1), None);
    park(h, &store, &old).await;
    let anew = Parked { due_at: ahead(h, 5), ..old.clone() };
    park(h, &store, &anew).await;
    store.unpark(&[old]).await.unwrap();
    assert_eq!(store.parked(10).await.unwrap(), [anew]);
}

/// Whatever brought it to its end.
pub async fn a_finish_without_parking_takes_it_off<H: Harness>(h: &H) {
    let store = h.handle().await;
    park(h, &store, &parked(&invoice(1), ahead(h, 1), Some(&invoice(2)))).await;
    put(h, &store, &invoice(1), DocumentItem::default()).await;
    assert_eq!(store.parked(10).await.unwrap(), []);
    assert_eq!(store.waiting_for(&invoice(2)).await.unwrap(), []);
    assert_eq!(store.due_parked(Timestamp::MAX, 10).await.unwrap(), []);
    assert_eq!(store.next_parked().await.unwrap(), None);
}

/// Under whosever lease it is meanwhile.
pub async fn unparking_leaves_the_rest_of_the_item_alone<H: Harness>(h: &H) {
    let store = h.handle().await;
    let parked = parked(&invoice(1), ahead(h, 1), None);
    park(h, &store, &parked).await;
    let (lease, found) = super::fixtures::take(h, &store, &invoice(1), "a").await;
    assert_eq!(found.parked.as_ref(), Some(&parked));
    store.unpark(&[parked]).await.unwrap();
    assert_eq!(item(&store, &invoice(1)).await, DocumentItem { parked: None, ..found.clone() });
    store.finish(super::fixtures::ending(&lease, DocumentItem { parked: None, ..found })).await.unwrap();
}
