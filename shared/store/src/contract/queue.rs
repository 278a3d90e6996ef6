//! The queue of changes.

use super::{
    QueueHarness,
    fixtures::{LASTS_SECONDS, ahead, change, company, invoice, receive, receive_one, seconds},
};
use crate::{DeadLetterCopy, Queue, Receipt};
use model::{Change, Code, DeadLetter, DocumentKey, Lane, ObjectKind, Step};
use std::collections::BTreeSet;

/// When something that lasts [`LASTS_SECONDS`] is surely still going on: a second before its end where time is exact, and
/// well before it where it is real and the machine may be slow.
fn early<H: QueueHarness>() -> u32 {
    if H::ORDERS { LASTS_SECONDS - 1 } else { 1 }
}

/// Nothing of a change is lost on the way.
pub async fn a_change_is_received_as_it_was_sent<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    let supplier = DocumentKey::supplier(&company(), "V 10/ü");
    let sent = Change { lane: Lane::Backfill, whatever_date: true, ..change(&supplier, h.now()) };
    store.send(std::slice::from_ref(&sent), h.now()).await.unwrap();
    let received = receive_one(h, &store).await;
    assert_eq!(received.change, sent);
    assert_eq!(received.receive_count, 1);
}

/// Out of sight for everybody, then back, and counted.
pub async fn a_received_change_is_out_of_sight_until_its_visibility_runs_out<H: QueueHarness>(h: &H) {
    let (store, other) = (h.queue().await, h.queue().await);
    store.send(&[change(&invoice(1), h.now())], h.now()).await.unwrap();
    receive_one(h, &store).await;
    assert_eq!(receive(h, &store).await, []);
    h.pass(early::<H>()).await;
    assert_eq!(receive(h, &other).await, []);
    h.pass(LASTS_SECONDS - early::<H>()).await;
    assert_eq!(receive_one(h, &other).await.receive_count, 2);
}

/// Not even after its visibility.
pub async fn an_acked_change_never_comes_back<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    store.send(&[change(&invoice(1), h.now())], h.now()).await.unwrap();
    let received = receive_one(h, &store).await;
    store.ack(&[received.receipt]).await.unwrap();
    h.pass(LASTS_SECONDS).await;
    assert_eq!(receive(h, &store).await, []);
}

/// A batch is acked with one call, and nothing but the batch.
pub async fn many_are_acked_at_once<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    let changes: Vec<Change> = (0..25).map(|entry| change(&invoice(entry), h.now())).collect();
    store.send(&changes, h.now()).await.unwrap();
    let received = receive(h, &store).await;
    assert_eq!(received.len(), 25);
    let receipts: Vec<Receipt> = received[1..].iter().map(|received| received.receipt.clone()).collect();
    store.ack(&receipts).await.unwrap();
    store.ack(&[]).await.unwrap();
    h.pass(LASTS_SECONDS).await;
    assert_eq!(receive_one(h, &store).await.change, received[0].change);
}

/// A slow worker must not take the message from the one who has it now.
pub async fn a_receipt_does_nothing_once_the_change_was_received_again<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    store.send(&[change(&invoice(1), h.now())], h.now()).await.unwrap();
    let slow = receive_one(h, &store).await;
    h.pass(LASTS_SECONDS).await;
    let second = receive_one(h, &store).await;
    store.put_back(&slow.receipt, h.now()).await.unwrap();
    assert_eq!(receive(h, &store).await, [], "still in the second one's hands");
    store.ack(&[slow.receipt]).await.unwrap();
    h.pass(LASTS_SECONDS).await;
    let third = receive_one(h, &store).await;
    assert_eq!(third.receive_count, 3);
    store.ack(&[second.receipt]).await.unwrap();
    store.ack(&[third.receipt]).await.unwrap();
    h.pass(LASTS_SECONDS).await;
    assert_eq!(receive(h, &store).await, []);
}

/// Whatever an adapter counts its messages by, it does not use twice.
pub async fn a_receipt_does_nothing_to_a_later_message<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    store.send(&[change(&invoice(1), h.now())], h.now()).await.unwrap();
    let first = receive_one(h, &store).await;
    store.ack(std::slice::from_ref(&first.receipt)).await.unwrap();
    store.send(&[change(&invoice(1), h.now())], h.now()).await.unwrap();
    receive_one(h, &store).await;
    store.ack(&[first.receipt]).await.unwrap();
    h.pass(LASTS_SECONDS).await;
    receive_one(h, &store).await;
}

/// Not before, and with its count.
pub async fn a_change_put_back_is_seen_again_at_its_time<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    store.send(&[change(&invoice(1), h.now())], h.now()).await.unwrap();
    let first = receive_one(h, &store).await;
    store.put_back(&first.receipt, ahead(h, LASTS_SECONDS)).await.unwrap();
    h.pass(early::<H>()).await;
    assert_eq!(receive(h, &store).await, []);
    h.pass(LASTS_SECONDS - early::<H>()).await;
    let second = receive_one(h, &store).await;
    assert_eq!(second.receive_count, 2);
    store.put_back(&second.receipt, h.now()).await.unwrap();
    assert_eq!(receive_one(h, &store).await.receive_count, 3, "at once");
}

/// Whoever put it back has nothing more to say about it.
pub async fn a_receipt_does_nothing_once_the_change_was_put_back_and_received_again<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    store.send(&[change(&invoice(1), h.now())], h.now()).await.unwrap();
    let first = receive_one(h, &store).await;
    store.put_back(&first.receipt, h.now()).await.unwrap();
    let second = receive_one(h, &store).await;
    store.ack(&[first.receipt]).await.unwrap();
    store.put_back(&second.receipt, h.now()).await.unwrap();
    receive_one(h, &store).await;
}

/// Many changes to one document are one piece of work.
pub async fn equal_changes_fold_until_one_is_received<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    let one = change(&invoice(1), h.now());
    store.send(&[one.clone(), one.clone()], h.now()).await.unwrap();
    store.send(std::slice::from_ref(&one), h.now()).await.unwrap();
    let received = receive(h, &store).await;
    assert!(received.iter().all(|received| received.change == one));
    if H::FOLDS {
        assert_eq!(received.len(), 1);
    }
}

/// A backfill is overtaken by a live change of the same document.
pub async fn a_folded_change_takes_the_more_urgent_lane<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    let live = change(&invoice(1), h.now());
    store.send(&[Change { lane: Lane::Backfill, ..live.clone() }, live], h.now()).await.unwrap();
    let received = receive(h, &store).await;
    assert!(received.iter().any(|received| received.change.lane == Lane::Live));
    assert!(!H::FOLDS || received.len() == 1);
}

/// A backfill does not make a live change wait.
pub async fn a_folded_change_keeps_the_more_urgent_lane<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    let live = change(&invoice(1), h.now());
    store.send(&[live.clone(), Change { lane: Lane::Backfill, ..live }], h.now()).await.unwrap();
    let received = receive(h, &store).await;
    assert!(received.iter().any(|received| received.change.lane == Lane::Live));
    assert!(!H::FOLDS || received.len() == 1);
}

/// A dependency from before the start date stays wanted, whichever of the two came first.
pub async fn a_folded_change_keeps_whatever_date<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    for (document, first, second) in [(invoice(1), true, false), (invoice(2), false, true)] {
        let plain = change(&document, h.now());
        let changes = [first, second].map(|whatever_date| Change { whatever_date, ..plain.clone() });
        store.send(&changes, h.now()).await.unwrap();
    }
    let received = receive(h, &store).await;
    for document in [invoice(1), invoice(2)] {
        let wanted = |received: &&crate::Received| {
            received.change.document == document && received.change.whatever_date
        };
        assert_eq!(received.iter().filter(wanted).count(), 1, "{received:?}");
    }
    assert!(!H::FOLDS || received.len() == 2);
}

/// Closing an order is other work than bringing it up to date.
pub async fn a_change_of_another_step_is_not_folded<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    let document = change(&invoice(1), h.now());
    let close = Change { step: Step::Close, ..document.clone() };
    store.send(&[document, close], h.now()).await.unwrap();
    let steps: BTreeSet<Step> =
        receive(h, &store).await.iter().map(|received| received.change.step).collect();
    assert_eq!(steps, BTreeSet::from([Step::Document, Step::Close]));
}

/// The worker may have read the document before it changed once more.
pub async fn a_change_sent_while_its_equal_is_worked_on_survives_the_ack<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    let one = change(&invoice(1), h.now());
    store.send(std::slice::from_ref(&one), h.now()).await.unwrap();
    let first = receive_one(h, &store).await;
    store.send(std::slice::from_ref(&one), h.now()).await.unwrap();
    store.ack(&[first.receipt]).await.unwrap();
    assert_eq!(receive_one(h, &store).await.receive_count, 1);
}

/// A retry that backs off does not hold a new change back.
pub async fn a_change_sent_after_its_equal_was_put_back_is_seen_at_once<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    let one = change(&invoice(1), h.now());
    store.send(std::slice::from_ref(&one), h.now()).await.unwrap();
    let first = receive_one(h, &store).await;
    store.put_back(&first.receipt, ahead(h, LASTS_SECONDS)).await.unwrap();
    store.send(std::slice::from_ref(&one), h.now()).await.unwrap();
    receive_one(h, &store).await;
}

/// Even where the backfill came first and its documents rank first.
pub async fn live_comes_before_backfill<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    let supplier = DocumentKey::supplier(&company(), "V1");
    let backfill = Change { lane: Lane::Backfill, ..change(&supplier, h.now()) };
    store.send(&[backfill, change(&invoice(1), h.now())], h.now()).await.unwrap();
    let lanes: Vec<Lane> = receive(h, &store).await.iter().map(|received| received.change.lane).collect();
    if H::ORDERS {
        assert_eq!(lanes, [Lane::Live, Lane::Backfill]);
    } else {
        assert_eq!(lanes.len(), 2);
    }
}

/// By [`Change::rank`], whatever the order of sending; also from one receive to the next.
pub async fn dependencies_come_first_and_closes_last<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    let of = |kind, entry| change(&DocumentKey::entry(&company(), kind, entry), h.now());
    let changes = [
        Change { step: Step::Close, ..of(ObjectKind::PurchaseOrder, 1) },
        of(ObjectKind::Payment, 5),
        of(ObjectKind::CreditNote, 4),
        of(ObjectKind::Invoice, 3),
        of(ObjectKind::PurchaseOrder, 2),
        change(&DocumentKey::supplier(&company(), "V1"), h.now()),
    ];
    store.send(&changes, h.now()).await.unwrap();
    let mut ranks = Vec::new();
    for _ in 0..3 {
        let received = store.receive(2, seconds(LASTS_SECONDS), h.now()).await.unwrap();
        ranks.extend(received.iter().map(|received| received.change.rank()));
    }
    assert_eq!(ranks.len(), 6);
    if H::ORDERS {
        assert!(ranks.is_sorted(), "{ranks:?}");
    }
}

/// The rest stays for others.
pub async fn no_more_than_max_are_received<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    let changes: Vec<Change> = (0..7).map(|entry| change(&invoice(entry), h.now())).collect();
    store.send(&changes, h.now()).await.unwrap();
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let received = store.receive(3, seconds(LASTS_SECONDS), h.now()).await.unwrap();
        assert!(received.len() <= 3);
        seen.extend(received.into_iter().map(|received| received.change.document));
    }
    assert_eq!(seen.len(), 7);
}

/// Acked messages don't count; received ones count as in flight until they are acked or put back.
pub async fn depth_counts_by_lane_and_in_flight<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    assert_eq!(store.depth().await.unwrap(), crate::Depth::default());
    let first = h.now();
    let backfill = |entry| Change { lane: Lane::Backfill, ..change(&invoice(entry), first) };
    store.send(&[backfill(1), backfill(2)], h.now()).await.unwrap();
    h.pass(1).await;
    store.send(&[change(&invoice(3), h.now())], h.now()).await.unwrap();
    let received = receive(h, &store).await;
    assert_eq!(received.len(), 3);
    let of = |entry| received.iter().find(|received| received.change.document == invoice(entry)).unwrap();
    store.ack(&[of(1).receipt.clone()]).await.unwrap();
    store.put_back(&of(2).receipt, h.now()).await.unwrap();
    let depth = store.depth().await.unwrap();
    if H::ORDERS {
        assert_eq!(depth.by_lane, [(Lane::Live, 1), (Lane::Backfill, 1)].into());
        assert_eq!(depth.in_flight, 1);
        assert_eq!(depth.oldest, Some(first));
    }
}

/// At once, at the end of a visibility, at the time put back to, or never.
pub async fn the_next_due_moment_is_known<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    assert_eq!(store.next_due().await.unwrap(), None);
    store.send(&[change(&invoice(1), h.now())], h.now()).await.unwrap();
    let at_once = store.next_due().await.unwrap();
    let until = ahead(h, LASTS_SECONDS);
    let received = receive_one(h, &store).await;
    let out_of_sight = store.next_due().await.unwrap();
    let back = ahead(h, 2);
    store.put_back(&received.receipt, back).await.unwrap();
    let put_back = store.next_due().await.unwrap();
    if H::ORDERS {
        assert!(at_once.is_some_and(|due| due <= h.now()), "{at_once:?}");
        assert_eq!((out_of_sight, put_back), (Some(until), Some(back)));
    }
}

/// Two processes on one queue.
pub async fn two_receivers_never_share_a_change<H: QueueHarness>(h: &H) {
    let (one, other) = (h.queue().await, h.queue().await);
    let changes: Vec<Change> = (0..40).map(|entry| change(&invoice(entry), h.now())).collect();
    one.send(&changes, h.now()).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..8 {
        let (left, right) = futures::join!(
            one.receive(5, seconds(LASTS_SECONDS), h.now()),
            other.receive(5, seconds(LASTS_SECONDS), h.now())
        );
        let both = left.unwrap().into_iter().chain(right.unwrap());
        seen.extend(both.map(|received| received.change.document));
    }
    let different: BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), different.len()), (40, 40));
}

/// It lies elsewhere, if anywhere, and the same copy may be left twice.
pub async fn a_copy_of_a_dead_letter_is_no_work<H: QueueHarness>(h: &H) {
    let store = h.queue().await;
    let letter = DeadLetter { code: Code::NotOurs, message: "„mend it“".to_owned(), at: h.now() };
    let copy = DeadLetterCopy { change: change(&invoice(1), h.now()), letter, attempts: 1 };
    store.copy_dead_letter(&copy).await.unwrap();
    store.copy_dead_letter(&copy).await.unwrap();
    assert_eq!(receive(h, &store).await, []);
    assert_eq!(store.depth().await.unwrap(), crate::Depth::default());
}
