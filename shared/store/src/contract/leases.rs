//! Leases, fences and open attempts.

use super::{
    Harness,
    fixtures::{LASTS_SECONDS, ahead, ask, ending, invoice, put, request, take},
};
use crate::{LeaseReply, StateStore, StoreError};
use model::{CorrelationId, DocumentItem, DocumentKey, OpenAttempt, Owner};
use std::collections::BTreeSet;

/// And the lease says what was asked for.
pub async fn a_document_never_seen_gives_an_empty_item<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (lease, item) = take(h, &store, &invoice(1), "a").await;
    assert_eq!(item, DocumentItem::default());
    assert_eq!(lease.document, invoice(1));
    assert_eq!(lease.owner, Owner("a".to_owned()));
    assert_eq!(lease.until, ahead(h, LASTS_SECONDS));
}

/// To the holder itself, too.
pub async fn a_held_lease_is_refused_to_everybody<H: Harness>(h: &H) {
    let (store, other) = (h.handle().await, h.handle().await);
    let (lease, _) = take(h, &store, &invoice(1), "a").await;
    h.pass(1).await;
    for owner in ["a", "b"] {
        assert_eq!(ask(h, &other, &invoice(1), owner).await, LeaseReply::Held { until: lease.until });
    }
}

/// One request may name a document twice.
pub async fn a_lease_is_not_given_twice_in_one_request<H: Harness>(h: &H) {
    let store = h.handle().await;
    let twice = [request(h, &invoice(1), "a"), request(h, &invoice(1), "a")];
    let replies = store.take_leases(&twice).await.unwrap();
    let taken = replies.iter().filter(|reply| matches!(reply, LeaseReply::Taken(..))).count();
    assert_eq!((replies.len(), taken), (2, 1), "{replies:?}");
}

/// Not a second earlier.
pub async fn a_lease_is_free_the_moment_it_runs_out<H: Harness>(h: &H) {
    let store = h.handle().await;
    take(h, &store, &invoice(1), "a").await;
    h.pass(LASTS_SECONDS - 1).await;
    assert!(matches!(ask(h, &store, &invoice(1), "b").await, LeaseReply::Held { .. }));
    h.pass(1).await;
    take(h, &store, &invoice(1), "b").await;
}

/// One that is held does not spoil the others.
pub async fn answers_come_in_order_and_each_on_its_own<H: Harness>(h: &H) {
    let store = h.handle().await;
    take(h, &store, &invoice(2), "b").await;
    assert_eq!(store.take_leases(&[]).await.unwrap(), []);
    let requests: Vec<_> = [3, 2, 1].map(|entry| request(h, &invoice(entry), "a")).into();
    let replies = store.take_leases(&requests).await.unwrap();
    let taken: Vec<Option<&DocumentKey>> = replies
        .iter()
        .map(|reply| match reply {
            LeaseReply::Taken(lease, _) => Some(&lease.document),
            LeaseReply::Held { .. } => None,
        })
        .collect();
    assert_eq!(taken, [Some(&invoice(3)), None, Some(&invoice(1))]);
}

/// After an end, a release, and a take-over.
pub async fn the_fence_grows_with_every_lease<H: Harness>(h: &H) {
    let store = h.handle().await;
    let mut fences = Vec::new();
    let (lease, item) = take(h, &store, &invoice(1), "a").await;
    fences.push(lease.fence);
    store.finish(ending(&lease, item)).await.unwrap();
    let (lease, _) = take(h, &store, &invoice(1), "a").await;
    fences.push(lease.fence);
    store.release(&[lease]).await.unwrap();
    for _ in 0..2 {
        fences.push(take(h, &store, &invoice(1), "a").await.0.fence);
        h.pass(LASTS_SECONDS).await;
    }
    assert!(fences.is_sorted_by(|earlier, later| earlier < later), "{fences:?}");
}

/// For everybody else, and its holder can end the attempt with either.
pub async fn a_renewed_lease_lasts_longer<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (lease, item) = take(h, &store, &invoice(1), "a").await;
    let until = ahead(h, 2 * LASTS_SECONDS);
    let renewed = store.renew_lease(&lease, until).await.unwrap();
    assert_eq!((renewed.until, renewed.fence, &renewed.owner), (until, lease.fence, &lease.owner));
    h.pass(LASTS_SECONDS).await;
    assert_eq!(ask(h, &store, &invoice(1), "b").await, LeaseReply::Held { until });
    store.finish(ending(&renewed, item)).await.unwrap();
}

/// Nobody was harmed meanwhile.
pub async fn a_lease_that_ran_out_but_is_the_newest_can_be_renewed<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (lease, _) = take(h, &store, &invoice(1), "a").await;
    h.pass(LASTS_SECONDS).await;
    store.renew_lease(&lease, ahead(h, LASTS_SECONDS)).await.unwrap();
    assert!(matches!(ask(h, &store, &invoice(1), "b").await, LeaseReply::Held { .. }));
}

/// And the new holder's lease stays as it is.
pub async fn a_lease_taken_over_cannot_be_renewed<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (lease, _) = take(h, &store, &invoice(1), "a").await;
    h.pass(LASTS_SECONDS).await;
    let (new, _) = take(h, &store, &invoice(1), "a").await;
    let refused = store.renew_lease(&lease, ahead(h, 9 * LASTS_SECONDS)).await;
    assert_eq!(refused, Err(StoreError::Fenced(invoice(1))));
    assert_eq!(ask(h, &store, &invoice(1), "b").await, LeaseReply::Held { until: new.until });
}

/// By its end or by release; nor can one that never was.
pub async fn a_lease_given_up_cannot_be_renewed<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (ended, item) = take(h, &store, &invoice(1), "a").await;
    store.finish(ending(&ended, item)).await.unwrap();
    let (released, _) = take(h, &store, &invoice(2), "a").await;
    store.release(std::slice::from_ref(&released)).await.unwrap();
    let never = model::Lease { document: invoice(3), ..released.clone() };
    for lease in [ended, released, never] {
        let refused = store.renew_lease(&lease, ahead(h, LASTS_SECONDS)).await;
        assert_eq!(refused, Err(StoreError::Fenced(lease.document.clone())));
        take(h, &store, &lease.document, "b").await;
    }
}

/// With when, who and what for, so that the next one can ask Coupa first.
pub async fn an_attempt_found_open_is_unknown_and_counted<H: Harness>(h: &H) {
    let store = h.handle().await;
    let before = DocumentItem { number: Some("812".to_owned()), tries: 2, ..DocumentItem::default() };
    put(h, &store, &invoice(1), before.clone()).await;
    let started_at = h.now();
    take(h, &store, &invoice(1), "died").await;
    h.pass(LASTS_SECONDS).await;
    let (_, item) = take(h, &store, &invoice(1), "b").await;
    let unknown = OpenAttempt {
        started_at,
        owner: Owner("died".to_owned()),
        correlation: CorrelationId("work of died".to_owned()),
    };
    assert_eq!(item, DocumentItem { unknown: Some(unknown), unfinished: 1, ..before });
}

/// What it sent may be the last to arrive. All of them count.
pub async fn the_latest_open_attempt_is_the_unknown_one<H: Harness>(h: &H) {
    let store = h.handle().await;
    for owner in ["a", "b", "c"] {
        take(h, &store, &invoice(1), owner).await;
        h.pass(LASTS_SECONDS).await;
    }
    let (_, item) = take(h, &store, &invoice(1), "d").await;
    assert_eq!(item.unknown.unwrap().owner, Owner("c".to_owned()));
    assert_eq!(item.unfinished, 3);
}

/// Free at once, nothing unknown, nothing counted.
pub async fn a_released_lease_leaves_no_trace<H: Harness>(h: &H) {
    let store = h.handle().await;
    let leases = [take(h, &store, &invoice(1), "a").await.0, take(h, &store, &invoice(2), "a").await.0];
    store.release(&leases).await.unwrap();
    for lease in leases {
        assert_eq!(take(h, &store, &lease.document, "b").await.1, DocumentItem::default());
    }
}

/// Nobody asked Coupa about it yet.
pub async fn release_keeps_an_earlier_unknown<H: Harness>(h: &H) {
    let store = h.handle().await;
    take(h, &store, &invoice(1), "died").await;
    h.pass(LASTS_SECONDS).await;
    let (lease, found) = take(h, &store, &invoice(1), "b").await;
    store.release(&[lease]).await.unwrap();
    let (_, item) = take(h, &store, &invoice(1), "c").await;
    assert_eq!(item.unknown, found.unknown);
    assert_eq!((item.unfinished, item.unknown.is_some()), (1, true));
}

/// Whoever comes late has nothing to give up.
pub async fn release_does_nothing_to_a_later_lease<H: Harness>(h: &H) {
    let store = h.handle().await;
    let (late, _) = take(h, &store, &invoice(1), "a").await;
    h.pass(LASTS_SECONDS).await;
    let (new, item) = take(h, &store, &invoice(1), "b").await;
    store.release(&[late]).await.unwrap();
    assert_eq!(ask(h, &store, &invoice(1), "c").await, LeaseReply::Held { until: new.until });
    store.finish(ending(&new, item)).await.unwrap();
}

/// Also for a lease that ran out.
pub async fn of_two_takers_one_wins<H: Harness>(h: &H) {
    let (one, other) = (h.handle().await, h.handle().await);
    for entry in 0..10 {
        let document = invoice(entry / 2);
        let (left, right) = futures::join!(ask(h, &one, &document, "a"), ask(h, &other, &document, "b"));
        let taken = [&left, &right].into_iter().filter(|reply| matches!(reply, LeaseReply::Taken(..)));
        assert_eq!(taken.count(), 1, "{left:?} {right:?}");
        h.pass(LASTS_SECONDS).await;
    }
}

/// Two workers that got the same keys from the queue.
pub async fn two_takers_share_a_batch_without_overlap<H: Harness>(h: &H) {
    let (one, other) = (h.handle().await, h.handle().await);
    let requests = |owner| (0..20).map(|entry| request(h, &invoice(entry), owner)).collect::<Vec<_>>();
    let (forward, mut backward) = (requests("a"), requests("b"));
    backward.reverse();
    let (left, right) = futures::join!(one.take_leases(&forward), other.take_leases(&backward));
    let taken: Vec<DocumentKey> = left
        .unwrap()
        .into_iter()
        .chain(right.unwrap())
        .filter_map(|reply| match reply {
            LeaseReply::Taken(lease, _) => Some(lease.document),
            LeaseReply::Held { .. } => None,
        })
        .collect();
    assert_eq!((taken.len(), taken.iter().collect::<BTreeSet<_>>().len()), (20, 20));
}
