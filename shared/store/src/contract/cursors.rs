//! Cursors and records.

use super::{Harness, fixtures::stamp};
use crate::{StateStore, StoreError};
use model::{Cursor, Pass, SapKey, Seen};
use serde_json::json;

fn at(last_entry: i64) -> Cursor {
    Cursor { last_entry, ..Cursor::default() }
}

/// So that the first write is conditional, too.
pub async fn a_cursor_begins_at_revision_zero<H: Harness>(h: &H) {
    let store = h.handle().await;
    assert_eq!(store.cursor("invoices").await.unwrap(), (Cursor::default(), 0));
}

/// Every field, in another process.
pub async fn a_saved_cursor_reads_back<H: Harness>(h: &H) {
    let store = h.handle().await;
    let seen =
        |key, settled| Seen { key, stamp: Some(stamp()), first_at: h.now(), settled, cancelled: settled };
    let cursor = Cursor {
        high_water: Some(stamp()),
        mark_moved_at: Some(h.now()),
        last_pass_at: Some(h.now()),
        last_entry: i64::MAX,
        pass: Some(Pass { target: Some(stamp()), after: Some(SapKey::DocEntry(5)), started_at: h.now() }),
        seen: vec![seen(SapKey::DocEntry(7), true), seen(SapKey::CardCode("007".to_owned()), false)],
        polled_at: Some(h.now()),
    };
    let revision = store.save_cursor("invoices", &cursor, 0).await.unwrap();
    assert_ne!(revision, 0);
    assert_eq!(h.handle().await.cursor("invoices").await.unwrap(), (cursor, revision));
}

/// Neither from an older nor from one that never was; the first write included.
pub async fn a_cursor_moves_only_from_the_revision_read<H: Harness>(h: &H) {
    let store = h.handle().await;
    let first = store.save_cursor("invoices", &at(1), 0).await.unwrap();
    let second = store.save_cursor("invoices", &at(2), first).await.unwrap();
    assert_ne!(first, second);
    for wrong in [0, first, second + 1] {
        let refused = store.save_cursor("invoices", &at(3), wrong).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "from {wrong}: {refused:?}");
    }
    let refused = store.save_cursor("payments", &at(3), 1).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "there is none yet: {refused:?}");
    assert_eq!(store.cursor("invoices").await.unwrap(), (at(2), second));
}

/// Each object has its own.
pub async fn cursors_do_not_touch_each_other<H: Harness>(h: &H) {
    let store = h.handle().await;
    store.save_cursor("invoices", &at(1), 0).await.unwrap();
    store.save_cursor("payments", &at(2), 0).await.unwrap();
    assert_eq!(store.cursor("invoices").await.unwrap().0, at(1));
    assert_eq!(store.cursor("payments").await.unwrap().0, at(2));
}

/// From the first write on.
pub async fn of_two_pollers_one_moves_the_cursor<H: Harness>(h: &H) {
    let (one, other) = (h.handle().await, h.handle().await);
    for round in 0..10 {
        let (_, revision) = one.cursor("invoices").await.unwrap();
        let (ours, theirs) = (at(round), at(-round - 1));
        let (left, right) = futures::join!(
            one.save_cursor("invoices", &ours, revision),
            other.save_cursor("invoices", &theirs, revision)
        );
        assert!(left.is_ok() != right.is_ok(), "{left:?} {right:?}");
        let winner = if left.is_ok() { ours } else { theirs };
        assert_eq!(one.cursor("invoices").await.unwrap().0, winner);
    }
}

/// The later one stands; other names are others.
pub async fn a_record_reads_back_until_removed<H: Harness>(h: &H) {
    let store = h.handle().await;
    assert_eq!(store.record("log-in").await.unwrap(), None);
    let values = [json!({"until": "2026-11-03T10:00:00Z", "n": [1, 2.5]}), json!(null), json!("ü")];
    for value in &values {
        store.save_record("log-in", Some(value)).await.unwrap();
        assert_eq!(h.handle().await.record("log-in").await.unwrap().as_ref(), Some(value));
    }
    store.save_record("other", Some(&json!(1))).await.unwrap();
    store.save_record("log-in", None).await.unwrap();
    store.save_record("log-in", None).await.unwrap();
    assert_eq!(store.record("log-in").await.unwrap(), None);
    assert_eq!(store.record("other").await.unwrap(), Some(json!(1)));
}

/// The first write included.
pub async fn a_record_is_replaced_only_where_it_is_as_seen<H: Harness>(h: &H) {
    let store = h.handle().await;
    let long = json!({"why": "x".repeat(5_000)});
    let (one, other) = (json!({"n": 1, "at": "2026-11-03T10:00:00Z"}), json!({"n": 2}));
    assert!(!store.replace_record("counts", Some(&one), &other).await.unwrap(), "there is none yet");
    assert_eq!(store.record("counts").await.unwrap(), None);
    assert!(store.replace_record("counts", None, &one).await.unwrap());
    assert!(!store.replace_record("counts", None, &other).await.unwrap(), "there is one");
    assert!(!store.replace_record("counts", Some(&other), &other).await.unwrap(), "it is another");
    assert_eq!(store.record("counts").await.unwrap(), Some(one.clone()));
    for (seen, value) in [(&one, &long), (&long, &other), (&other, &one)] {
        let seen_there = h.handle().await.record("counts").await.unwrap();
        assert_eq!(seen_there.as_ref(), Some(seen));
        assert!(store.replace_record("counts", Some(seen), value).await.unwrap());
    }
    store.save_record("counts", Some(&other)).await.unwrap();
    assert!(store.replace_record("counts", Some(&other), &one).await.unwrap(), "written without a condition");
}

/// From the first write on.
pub async fn of_two_that_replace_a_record_one_does<H: Harness>(h: &H) {
    let (one, other) = (h.handle().await, h.handle().await);
    for round in 0..10 {
        let seen = one.record("counts").await.unwrap();
        let (ours, theirs) = (json!({"ours": round}), json!({"theirs": round}));
        let (left, right) = futures::join!(
            one.replace_record("counts", seen.as_ref(), &ours),
            other.replace_record("counts", seen.as_ref(), &theirs)
        );
        let (left, right) = (left.unwrap(), right.unwrap());
        assert!(left != right, "{left} {right}");
        assert_eq!(one.record("counts").await.unwrap(), Some(if left { ours } else { theirs }));
    }
}
