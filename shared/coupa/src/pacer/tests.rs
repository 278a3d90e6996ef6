use super::*;
use proptest::prelude::*;

mod machine;

const START: i64 = 1_800_000_000;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(START * 1_000 + milliseconds).unwrap()
}

fn fresh() -> BudgetState {
    BudgetState::default()
}

/// As on one machine.
fn draw(state: &BudgetState, now: Timestamp, rate_ns: i64, lane: Lane, wanted: u32) -> Draw {
    super::draw(state, now, rate_ns, BudgetBlock::Small, lane, wanted)
}

/// The slots of a block, each taken as soon as it is due.
fn slots(mut block: Block, mut now: Timestamp) -> Vec<Timestamp> {
    let mut taken = Vec::new();
    for _ in 0..100 {
        match block.take(now) {
            Take::Due => taken.push(now),
            Take::At(then) => now = then,
            Take::Empty => return taken,
        }
    }
    panic!("it goes on for ever: {taken:?}")
}

fn drawn(draw: Draw) -> (Block, BudgetState) {
    let Draw::Slots(block, state) = draw else { panic!("no slots: {draw:?}") };
    (block, state)
}

const TWENTY: i64 = 50 * MILLISECOND;

#[test]
fn a_block_is_as_large_as_needed_and_no_larger_than_a_fifth_of_a_second() {
    for (rate_ns, wanted, expected) in [
        (2 * SECOND, 100, 1),       // 0.5/s
        (TWENTY, 1, 1),             // 20/s
        (TWENTY, 3, 3),             // 20/s
        (TWENTY, 100, 4),           // 20/s
        (10 * MILLISECOND, 1, 2),   // 100/s
        (10 * MILLISECOND, 100, 8), // 100/s
        (MILLISECOND, 1, 20),       // 1,000/s
        (MILLISECOND / 2, 1, 40),   // 2,000/s
        (1_000, 1, 20_000),         // 1,000,000/s
    ] {
        let (block, _) = drawn(draw(&fresh(), at(0), rate_ns, Lane::Live, wanted));
        assert_eq!(block.left, expected, "{rate_ns} ns, {wanted} wanted");
    }
}

#[test]
fn a_large_block_holds_up_to_a_second_and_eight_where_nobody_else_wants_any() {
    let behind = BudgetState { next_slot: at(0), ..fresh() };
    let ahead = BudgetState { next_slot: at(300), ..fresh() };
    for (rate_ns, state, lane, wanted, expected) in [
        (TWENTY, &behind, Lane::Live, 1, 8),
        (TWENTY, &behind, Lane::Live, 16, 16),
        (TWENTY, &behind, Lane::Live, 100, 20),
        (TWENTY, &ahead, Lane::Live, 1, 1),
        (TWENTY, &behind, Lane::Backfill, 3, 3),
        (TWENTY, &behind, Lane::Backfill, 100, 20),
        (SECOND / 3, &behind, Lane::Live, 1, 3),
        (2 * SECOND, &behind, Lane::Live, 9, 1),
    ] {
        let (block, _) = drawn(super::draw(state, at(0), rate_ns, BudgetBlock::Large, lane, wanted));
        assert_eq!(block.left, expected, "{rate_ns} ns, {lane:?}, {wanted} wanted");
    }
    let (block, _) = drawn(super::draw(&behind, at(0), TWENTY, BudgetBlock::Large, Lane::Live, 4));
    assert_eq!(slots(block, at(250)).len(), 8);
    assert_eq!(slots(block, at(251)).len(), 7, "a slot lapses when five others have come due");
}

#[test]
fn what_a_clock_that_is_ahead_wrote_counts_with_one_that_is_behind() {
    let (ahead, behind) = (at(500), at(0));
    let hour = Some(Duration::from_secs(3_600));
    let state = slow(&fresh(), ahead, TWENTY, hour);
    assert_eq!(halvings(&state, behind), 1);
    assert!(matches!(draw(&state, behind, TWENTY, Lane::Live, 1), Draw::Paused(_)));
    let again = slow(&state, behind, TWENTY, None);
    assert_eq!(
        (again.halvings, again.slowed_until, again.paused_until),
        (1, state.slowed_until, state.paused_until)
    );
    // And the next slot never moves back.
    let state = BudgetState { next_slot: at(400), ..fresh() };
    let (block, state) = drawn(draw(&state, behind, TWENTY, Lane::Live, 2));
    assert_eq!((block.next, state.next_slot), (at(400), at(500)));
}

#[test]
fn slots_are_one_interval_apart_and_the_next_draw_goes_on_behind_them() {
    let (block, state) =
        drawn(draw(&BudgetState { next_slot: at(0), ..fresh() }, at(0), TWENTY, Lane::Live, 4));
    assert_eq!(slots(block, at(0)), [at(0), at(50), at(100), at(150)]);
    assert_eq!(state.next_slot, at(200));
}

#[test]
fn a_slot_lapses_when_ten_others_have_come_due() {
    let (block, _) = drawn(draw(&BudgetState { next_slot: at(0), ..fresh() }, at(0), TWENTY, Lane::Live, 4));
    assert_eq!(slots(block, at(500)).len(), 4);
    assert_eq!(slots(block, at(501)).len(), 3);
    assert_eq!(slots(block, at(10_000)).len(), 0);
}

#[test]
fn slots_that_are_due_by_the_thousand_stay_good_for_five_milliseconds() {
    let behind = BudgetState { next_slot: at(0), ..fresh() };
    let (block, _) = drawn(draw(&behind, at(0), 1_000, Lane::Live, 1));
    for (late, left) in [(micros(5_000), 19_999), (micros(5_001), 19_997)] {
        let mut block = block;
        assert_eq!(block.take(plus(at(0), late)), Take::Due);
        assert_eq!(block.left, left);
    }
}

#[test]
fn after_an_idle_hour_only_half_a_lapse_is_made_up_for() {
    let (mut block, state) = drawn(draw(&fresh(), at(3_600_000), TWENTY, Lane::Live, 4));
    assert_eq!(block.take(at(3_600_000)), Take::Due);
    assert_eq!(state.next_slot, at(3_600_000 - 250 + 200));
}

#[test]
fn backfill_draws_only_what_is_due() {
    let ahead = BudgetState { next_slot: at(120), ..fresh() };
    assert_eq!(draw(&ahead, at(0), TWENTY, Lane::Backfill, 1), Draw::NotBefore(at(120)));
    assert!(matches!(draw(&ahead, at(0), TWENTY, Lane::Live, 1), Draw::Slots(..)));
    assert!(matches!(draw(&ahead, at(120), TWENTY, Lane::Backfill, 1), Draw::Slots(..)));
}

#[test]
fn a_429_halves_once_for_an_overload_and_three_times_at_most() {
    let first = slow(&fresh(), at(0), TWENTY, None);
    assert_eq!((first.halvings, first.paused_until, first.slowed_until), (1, at(1_000), at(30_000)));
    let echo = slow(&first, at(1_500), TWENTY, None);
    assert_eq!((echo.halvings, echo.paused_until), (1, at(2_500)));
    let mut state = echo;
    for (second, expected) in [(5, 2), (10, 3), (15, 3)] {
        state = slow(&state, at(second * 1_000), TWENTY, None);
        assert_eq!(state.halvings, expected);
    }
    let (block, _) = drawn(draw(&state, at(17_000), TWENTY, Lane::Live, 4));
    assert_eq!(block.interval_ns, 8 * TWENTY);
    assert_eq!(halvings(&state, at(44_999)), 3);
    assert_eq!(halvings(&state, at(45_000)), 0);
}

#[test]
fn retry_after_pauses_everybody_and_a_shorter_one_does_not_shorten_it() {
    let state = slow(&fresh(), at(0), TWENTY, Some(Duration::from_secs(7)));
    let state = slow(&state, at(100), TWENTY, Some(Duration::from_secs(2)));
    assert_eq!(draw(&state, at(6_000), TWENTY, Lane::Live, 1), Draw::Paused(at(7_000)));
    // Nothing from before the end of the pause is made up for.
    let (block, _) = drawn(draw(&state, at(7_100), TWENTY, Lane::Live, 4));
    assert_eq!(block.next, at(7_000));
}

#[test]
fn a_clock_that_was_set_back_stops_nobody_for_long() {
    let ahead = BudgetState {
        next_slot: at(86_400_000),
        paused_until: at(86_400_000),
        slowed_until: at(86_400_000),
        halvings: 3,
    };
    let (mut block, state) = drawn(draw(&ahead, at(0), TWENTY, Lane::Backfill, 1));
    assert_eq!(block.take(at(0)), Take::Due);
    assert!(state.next_slot < at(1_000));
}

fn micros(microseconds: i64) -> SignedDuration {
    SignedDuration::from_micros(microseconds)
}

#[test]
fn slots_pauses_and_the_turn_of_backfill_count_as_due_a_millisecond_early() {
    let (early, too_early) = (plus(at(0), micros(1_000)), plus(at(0), micros(1_001)));
    for (then, is_due) in [(early, true), (too_early, false)] {
        let ahead = BudgetState { next_slot: then, ..fresh() };
        let (mut block, _) = drawn(draw(&ahead, at(0), TWENTY, Lane::Live, 1));
        assert_eq!(block.take(at(0)), if is_due { Take::Due } else { Take::At(then) });
        let backfill = draw(&ahead, at(0), TWENTY, Lane::Backfill, 1);
        assert_eq!(matches!(backfill, Draw::Slots(..)), is_due, "{backfill:?}");
        let paused = BudgetState { paused_until: then, ..fresh() };
        let live = draw(&paused, at(0), TWENTY, Lane::Live, 1);
        assert_eq!(matches!(live, Draw::Slots(..)), is_due, "{live:?}");
    }
}

#[test]
fn a_block_that_was_used_up_wants_twice_as_much_next_and_one_that_is_long_over_nothing() {
    let behind = BudgetState { next_slot: at(0), ..fresh() };
    let block = drawn(draw(&behind, at(0), TWENTY, Lane::Live, 4)).0;
    for (used, appetite) in [(0, 0), (1, 1), (3, 3), (4, 8)] {
        let mut block = block;
        for _ in 0..used {
            assert_eq!(block.take(at(200)), Take::Due);
        }
        let over = block.begins();
        assert_eq!(block.appetite(over), appetite, "{used} used");
        assert_eq!(block.appetite(plus(over, SignedDuration::from_secs(1))), appetite, "{used} used");
        assert_eq!(block.appetite(plus(over, micros(1_000_001))), 0, "{used} used");
    }
}

#[test]
fn what_no_clock_of_now_can_have_written_is_forgotten_and_what_one_can_is_not() {
    let (hour, skew) = (3_600_000, 5_000);
    for (ahead, counts) in [(hour + skew, true), (hour + skew + 1, false)] {
        let state = BudgetState { paused_until: at(ahead), ..fresh() };
        assert_eq!(matches!(draw(&state, at(0), TWENTY, Lane::Live, 1), Draw::Paused(_)), counts, "{ahead}");
    }
    for (ahead, counts) in [(30_000 + skew, 3), (30_000 + skew + 1, 0)] {
        let state = BudgetState { slowed_until: at(ahead), halvings: 3, ..fresh() };
        assert_eq!(halvings(&state, at(0)), counts, "{ahead}");
    }
    // Ten minutes of slots, or twenty slots where those are longer.
    for (rate_ns, ahead, counts) in [
        (TWENTY, 600_000, true),
        (TWENTY, 600_001, false),
        (100 * SECOND, 2_000_000, true),
        (100 * SECOND, 2_000_001, false),
    ] {
        let state = BudgetState { next_slot: at(ahead), ..fresh() };
        let expected = if counts { at(ahead) } else { at(0) };
        assert_eq!(drawn(draw(&state, at(0), rate_ns, Lane::Live, 1)).0.next, expected, "{ahead}");
    }
}

#[test]
fn a_429_two_seconds_after_another_is_of_the_same_overload_and_a_later_one_is_not() {
    let first = slow(&fresh(), at(0), TWENTY, None);
    assert_eq!(slow(&first, at(2_000), TWENTY, None).halvings, 1);
    assert_eq!(slow(&first, at(2_001), TWENTY, None).halvings, 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// A draw never gives a slot twice, whatever the state.
    #[test]
    fn draws_never_overlap(ahead_ms in -10_000_i64..10_000, now_ms in 0_i64..1_000, rate_ns in 1_i64..5_000_000_000, wanted in 0_u32..100, halvings in 0_u8..9) {
        let state = BudgetState { next_slot: at(ahead_ms), halvings, slowed_until: at(2_000), ..fresh() };
        if let Draw::Slots(block, new) = draw(&state, at(now_ms), rate_ns, Lane::Live, wanted) {
            prop_assert!(block.left >= 1);
            prop_assert!(block.next >= state.next_slot);
            prop_assert_eq!(new.next_slot, after_slots(block.next, block.interval_ns, block.left));
        }
    }
}

proptest! {
    // Each takes ten thousands of slots.
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// Somebody who always wants more gets the whole rate, though each wake-up comes a little late.
    #[test]
    fn a_hungry_process_spends_the_rate_whole(late_us in 0_i64..4_000, rate in prop_oneof![Just(1_i64), Just(20), Just(200), Just(900)]) {
        let rate_ns = SECOND / rate;
        let late = SignedDuration::from_micros(late_us);
        let mut now = at(0);
        let mut state = BudgetState { next_slot: at(0), ..fresh() };
        let mut block: Option<Block> = None;
        let mut sent = 0_i64;
        let seconds = 100;
        let mut turns = 0;
        while now < at(seconds * 1_000) {
            turns += 1;
            prop_assert!(turns < 10 * rate * seconds, "nothing moves at {}", now);
            match block.as_mut().map_or(Take::Empty, |block| block.take(now)) {
                Take::Due => sent += 1,
                Take::At(then) => now = plus(then, late),
                Take::Empty => {
                    let (new, next) = drawn(draw(&state, now, rate_ns, Lane::Live, 50));
                    (block, state) = (Some(new), next);
                }
            }
        }
        prop_assert!(sent >= rate * seconds * 98 / 100, "{sent} of {}", rate * seconds);
    }
}
