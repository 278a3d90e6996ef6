//! How many changes are let through, and by whom.

use super::*;
use proptest::prelude::*;
use std::sync::Arc;
use store::EmbeddedStore;

const LIMITS: Limits = Limits { changes: 5, share_percent: 20, cancellations: 2 };

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn admitted(tally: &mut Tally, linked: u64, weight: Weight) -> usize {
    let mut one = || {
        let room = LIMITS.room(*tally, linked, weight) > 0;
        tally.add(weight, 1);
        room
    };
    (0..100).take_while(|_| one()).count()
}

#[test]
fn it_takes_the_number_and_the_share() {
    assert_eq!(admitted(&mut Tally::default(), 10, Weight::Change), 5);
    assert_eq!(admitted(&mut Tally::default(), 50, Weight::Change), 10);
    assert_eq!(admitted(&mut Tally::default(), 10, Weight::Cancellation), 2);
    assert_eq!(admitted(&mut Tally::default(), 20, Weight::Cancellation), 4);
}

#[test]
fn what_completes_a_creation_is_no_change() {
    let company = model::CompanyDb("ACME".to_owned());
    let body = model::Sent::new();
    let weight = |document: DocumentKey| weight(&document, Write::Update(model::CoupaId(7), &body));
    assert_eq!(weight(DocumentKey::new_supplier(&company, model::CoupaId(7))), None);
    assert_eq!(weight(DocumentKey::entry(&company, ObjectKind::Payment, 7)), None);
    assert_eq!(weight(DocumentKey::supplier(&company, "V7")), Some(Weight::Change));
}

#[test]
fn what_takes_a_document_out_of_coupa_is_a_cancellation_and_other_actions_do_not_count() {
    let order = DocumentKey::entry(&model::CompanyDb("ACME".to_owned()), ObjectKind::PurchaseOrder, 7);
    let weight = |action| weight(&order, Write::Act(model::CoupaId(7), &action));
    for action in [Action::Cancel, Action::Void, Action::Abandon] {
        assert_eq!(weight(action), Some(Weight::Cancellation));
    }
    for action in [Action::Close, Action::Submit, Action::Reopen(model::Sent::new())] {
        assert_eq!(weight(action), None);
    }
}

#[test]
fn what_is_made_is_written_down_by_fifties_and_counts_as_linked() {
    let state = store();
    let (guardrail, another) = (Guardrail::new(LIMITS, true), Guardrail::new(LIMITS, true));
    let made = |guardrail: &Guardrail, count| {
        for _ in 0..count {
            futures::executor::block_on(guardrail.made(state.as_ref())).unwrap();
        }
        futures::executor::block_on(stored(state.as_ref())).unwrap().created
    };
    assert_eq!([made(&guardrail, 49), made(&guardrail, 1), made(&another, 50)], [0, 50, 100]);
    assert_eq!(made(&guardrail, 49), 100);
    assert_eq!(made(&Guardrail::default(), 99), 100, "without limits nothing is counted");
    // A fifth of 149.
    assert_eq!((0..100).take_while(|_| ask(&guardrail, &state, now(), Weight::Change)).count(), 29);
}

fn store() -> Arc<dyn StateStore> {
    Arc::new(EmbeddedStore::open_in_memory().unwrap())
}

fn ask(guardrail: &Guardrail, state: &Arc<dyn StateStore>, at: Timestamp, weight: Weight) -> bool {
    futures::executor::block_on(guardrail.admits(state.as_ref(), at, weight)).unwrap()
}

#[test]
fn once_held_it_stays_held_until_somebody_accepts() {
    for by_day in [false, true] {
        let (state, guardrail) = (store(), Guardrail::new(LIMITS, by_day));
        guardrail.set_linked(10);
        let one = || ask(&guardrail, &state, now(), Weight::Change);
        assert_eq!((0..100).take_while(|_| one()).count(), 5);
        let reason = futures::executor::block_on(held_back(state.as_ref())).unwrap().unwrap();
        assert!(reason.starts_with("6 changes of 10 linked documents"), "{reason}");
        guardrail.set_linked(1_000_000);
        assert!(!one());
        let accept = |record| GuardrailRecord { accepted_until: Some(now() + DAY), ..record };
        futures::executor::block_on(change(state.as_ref(), accept)).unwrap();
        guardrail.set_linked(10);
        let later = now() + FRESH;
        assert!((0..100).all(|_| ask(&guardrail, &state, later, Weight::Cancellation)));
        assert!(!ask(&guardrail, &state, now() + DAY, Weight::Change), "it is held once more");
    }
}

#[test]
fn a_run_counts_for_itself_and_the_others_by_the_day() {
    let state = store();
    let all = |by_day, at| {
        let guardrail = Guardrail::new(LIMITS, by_day);
        guardrail.set_linked(10);
        (0..4).filter(|_| ask(&guardrail, &state, at, Weight::Change)).count()
    };
    assert_eq!((all(false, now()), all(false, now())), (4, 4));
    assert_eq!(all(true, now()), 4, "what runs made does not count");
    assert_eq!(all(true, now() + DAY), 4, "a day later it is counted anew");
    assert_eq!(all(true, now() + DAY), 1, "what the one before made counts");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn together_workers_never_make_more_than_the_limit(
        changes in 0u64..600, linked in 0u64..3_000, turns in proptest::collection::vec(0usize..4, 0..900),
    ) {
        let limits = Limits { changes, share_percent: 20, cancellations: changes / 5 };
        let most = changes.max(linked / 5);
        let (state, workers) = (store(), [(); 4].map(|()| Guardrail::new(limits, true)));
        for worker in &workers {
            worker.set_linked(linked);
        }
        let asked = turns.len() as u64;
        // Each asks at a time of its own: none of them sees at once what another has written.
        let made = turns.iter().filter(|turn| ask(&workers[**turn], &state, now(), Weight::Change)).count() as u64;
        prop_assert!(made <= most, "{made} of {most}");
        // What others drew and have not made is all that can be missing.
        prop_assert!(made + 4 * 20 >= asked.min(most), "{made} of {most}, {asked} asked");
    }
}
