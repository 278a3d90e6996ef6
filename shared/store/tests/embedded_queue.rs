//! What the embedded queue keeps to beyond what every queue promises.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "tests say what they expect by failing")]

use jiff::{SignedDuration, Timestamp};
use store::{
    EmbeddedStore, Queue, Receipt,
    contract::fixtures::{change, invoice},
};

const LASTS: SignedDuration = SignedDuration::from_secs(30);

async fn with_one(now: Timestamp) -> (EmbeddedStore, Receipt) {
    let store = EmbeddedStore::open_in_memory().unwrap();
    store.send(&[change(&invoice(1), now)], now).await.unwrap();
    let receipt = store.receive(1, LASTS, now).await.unwrap().remove(0).receipt;
    (store, receipt)
}

#[tokio::test]
async fn a_receipt_is_spent_once_the_change_was_put_back() {
    let now = Timestamp::UNIX_EPOCH;
    let (store, receipt) = with_one(now).await;
    store.put_back(&receipt, now).await.unwrap();
    store.put_back(&receipt, now + LASTS).await.unwrap();
    store.ack(&[receipt]).await.unwrap();
    assert_eq!(store.receive(1, LASTS, now).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_came_back_into_sight_is_in_nobodys_hands() {
    let now = Timestamp::UNIX_EPOCH;
    let (store, receipt) = with_one(now).await;
    assert_eq!(store.depth().await.unwrap().in_flight, 1);
    assert!(store.receive(0, LASTS, now + LASTS).await.unwrap().is_empty());
    assert_eq!(store.depth().await.unwrap().in_flight, 0);
    store.ack(&[receipt]).await.unwrap();
    assert_eq!(store.receive(1, LASTS, now + LASTS).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_receipt_of_another_queue_does_nothing() {
    let now = Timestamp::UNIX_EPOCH;
    let (store, _) = with_one(now).await;
    for foreign in ["", "1", "1.", ".1", "1.1.1", "x.y", "1.99", "-1.1"] {
        let foreign = Receipt(foreign.to_owned());
        store.put_back(&foreign, now).await.unwrap();
        store.ack(&[foreign]).await.unwrap();
    }
    assert_eq!(store.receive(1, LASTS, now).await.unwrap().len(), 0);
    assert_eq!(store.receive(1, LASTS, now + LASTS).await.unwrap().len(), 1);
}
