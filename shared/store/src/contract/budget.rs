//! Coupa's budget.

use super::{Harness, fixtures::ahead};
use coupa::{BudgetLedger, BudgetState};

/// With the default and revision 0.
pub async fn a_budget_begins_unused<H: Harness>(h: &H) {
    assert_eq!(h.handle().await.load().await.unwrap(), (BudgetState::default(), 0));
}

/// Whole, and seen by everybody.
pub async fn a_budget_moves_only_from_the_revision_read<H: Harness>(h: &H) {
    let store = h.handle().await;
    let drawn = BudgetState {
        next_slot: ahead(h, 1),
        paused_until: ahead(h, 2),
        slowed_until: ahead(h, 3),
        halvings: 2,
    };
    assert!(!store.save(&drawn, 1).await.unwrap(), "there is none yet");
    assert!(store.save(&drawn, 0).await.unwrap());
    let (state, revision) = h.handle().await.load().await.unwrap();
    assert_eq!(state, drawn);
    assert!(!store.save(&BudgetState::default(), 0).await.unwrap());
    assert!(!store.save(&BudgetState::default(), revision + 1).await.unwrap());
    assert!(store.save(&BudgetState::default(), revision).await.unwrap());
    assert!(!store.save(&drawn, revision).await.unwrap());
    assert_eq!(store.load().await.unwrap().0, BudgetState::default());
}

/// No slot is given to two.
pub async fn of_two_drawers_one_wins<H: Harness>(h: &H) {
    let (one, other) = (h.handle().await, h.handle().await);
    for round in 1..=10 {
        let (_, revision) = one.load().await.unwrap();
        let ours = BudgetState { next_slot: ahead(h, round), ..BudgetState::default() };
        let theirs = BudgetState { next_slot: ahead(h, 100 + round), ..BudgetState::default() };
        let (left, right) = futures::join!(one.save(&ours, revision), other.save(&theirs, revision));
        let (left, right) = (left.unwrap(), right.unwrap());
        assert!(left != right, "{left} {right}");
        assert_eq!(one.load().await.unwrap().0, if left { ours } else { theirs });
    }
}
