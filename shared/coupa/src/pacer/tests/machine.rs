//! The budget as a state machine: several processes whose clocks are apart send, draw and are told to slow down, in any order.

use super::*;

/// As a process keeps them: its clock, and the block that it drew last.
struct Process {
    ahead: SignedDuration,
    block: Option<Block>,
    /// By its own clock it sends nothing before: it was told so.
    told: Timestamp,
}

/// How much time passes before a step.
#[derive(Clone, Copy, Debug)]
enum Gap {
    Microseconds(i64),
    /// As much as is left of the pause, by the clock of the process whose turn it is, and so much more or less.
    RestOfPause(i64),
}

/// Time passes, and one process wants to send, or its last request comes back with 429.
#[derive(Clone, Debug)]
struct Step {
    gap: Gap,
    process: usize,
    lane: Lane,
    wanted: u32,
    slowed: Option<Slowed>,
}

/// A 429, with its Retry-After.
#[derive(Clone, Copy, Debug)]
struct Slowed(Option<u64>);

impl Slowed {
    /// For how long nobody may send.
    fn pause(self) -> SignedDuration {
        self.0.map_or(SignedDuration::from_secs(1), |seconds| {
            SignedDuration::from_secs(i64::try_from(seconds).unwrap().min(3_600))
        })
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let gap = prop_oneof![
        40 => (0..2_000_i64).prop_map(Gap::Microseconds),
        30 => (0..60_000_i64).prop_map(Gap::Microseconds),
        10 => (0..3_000_000_i64).prop_map(Gap::Microseconds),
        2 => (0..40_000_000_i64).prop_map(Gap::Microseconds),
        4 => (-3_000..3_000_i64).prop_map(Gap::RestOfPause),
    ];
    let retry_after = prop_oneof![
        3 => Just(None),
        4 => (0..8_u64).prop_map(Some),
        1 => (0..100_u64).prop_map(Some),
        1 => (0..10_000_u64).prop_map(Some),
    ];
    let slowed = prop::option::weighted(0.02, retry_after.prop_map(Slowed));
    let lane = prop_oneof![Just(Lane::Live), Just(Lane::Backfill)];
    let step = (gap, 0..3_usize, lane, 1..50_u32, slowed)
        .prop_map(|(gap, process, lane, wanted, slowed)| Step { gap, process, lane, wanted, slowed });
    prop::collection::vec(step, 1..500)
}

/// All of them, what they share, and what has happened so far.
struct Fleet {
    truly: Timestamp,
    rate_ns: i64,
    size: BudgetBlock,
    state: BudgetState,
    processes: [Process; 3],
    /// When requests went out.
    sent: Vec<Timestamp>,
    /// When a 429 came.
    slowed: Vec<Timestamp>,
    /// When the pause is over, by the clock of whoever was told.
    pause_ends: Timestamp,
}

/// Clocks are never further apart.
const APART: SignedDuration = SignedDuration::from_millis(500);
/// Said once more than where it is done: 429s of one overload, and how long the rate is halved.
const OVERLOAD: SignedDuration = SignedDuration::from_secs(2);
const HALVED_FOR: SignedDuration = SignedDuration::from_secs(30);

impl Fleet {
    fn new(rate: i64, size: BudgetBlock, ahead_ms: [i64; 3]) -> Self {
        let process = |ahead_ms| Process {
            ahead: SignedDuration::from_millis(ahead_ms),
            block: None,
            told: Timestamp::MIN,
        };
        Self {
            truly: at(0),
            rate_ns: SECOND / rate,
            size,
            state: BudgetState { next_slot: at(0), ..fresh() },
            processes: ahead_ms.map(process),
            sent: vec![],
            slowed: vec![],
            pause_ends: Timestamp::MIN,
        }
    }

    fn play(&mut self, steps: &[Step]) {
        for step in steps {
            let ahead = self.processes[step.process].ahead;
            let gap = match step.gap {
                Gap::Microseconds(gap) => SignedDuration::from_micros(gap),
                Gap::RestOfPause(more) => {
                    let rest = self.pause_ends.duration_since(plus(self.truly, ahead));
                    rest.max(SignedDuration::ZERO) + SignedDuration::from_micros(more)
                }
            };
            self.truly = plus(self.truly, gap.max(SignedDuration::ZERO));
            match step.slowed {
                Some(slowed) => self.slow(step.process, slowed),
                None => self.send(step.process, step.lane, step.wanted),
            }
        }
    }

    fn slow(&mut self, process: usize, slowed: Slowed) {
        let process = &mut self.processes[process];
        let now = plus(self.truly, process.ahead);
        self.state = slow(&self.state, now, self.rate_ns, slowed.0.map(Duration::from_secs));
        // As the gate does it, so that nothing goes out that was drawn before.
        process.block = None;
        process.told = process.told.max(plus(now, slowed.pause()));
        self.pause_ends = self.pause_ends.max(plus(now, slowed.pause()));
        self.slowed.push(self.truly);
    }

    fn send(&mut self, process: usize, lane: Lane, wanted: u32) {
        let now = plus(self.truly, self.processes[process].ahead);
        // A block that was just drawn has a slot, or will have one.
        for _ in 0..2 {
            let Process { block, told, .. } = &mut self.processes[process];
            match block.as_mut().map_or(Take::Empty, |block| block.take(now)) {
                Take::Due => {
                    assert!(*told <= plus(now, EARLY), "it was told to send nothing before {told}: {now}");
                    return self.sent.push(self.truly);
                }
                Take::At(_) => return,
                Take::Empty => match self.draw(now, lane, wanted) {
                    Some(block) => self.processes[process].block = Some(block),
                    None => return,
                },
            }
        }
        panic!("a block without a slot at {now}");
    }

    fn draw(&mut self, now: Timestamp, lane: Lane, wanted: u32) -> Option<Block> {
        let paused = self.pause_ends > plus(now, EARLY);
        match super::super::draw(&self.state, now, self.rate_ns, self.size, lane, wanted) {
            Draw::Paused(until) => {
                assert!(paused && until == self.pause_ends, "{until}, and not {}", self.pause_ends);
                None
            }
            Draw::NotBefore(then) => {
                assert!(!paused && lane == Lane::Backfill && then > now, "{then}");
                None
            }
            Draw::Slots(block, state) => {
                assert!(!paused, "there is a pause until {}", self.pause_ends);
                assert!(block.next >= self.pause_ends, "a slot from within the pause");
                self.check_rate(block.interval_ns);
                self.state = state;
                Some(block)
            }
        }
    }

    /// The rate is halved once for each overload that the last one goes on from, three times at most, and is whole after half a
    /// minute without.
    fn check_rate(&self, interval_ns: i64) {
        let halvings = (0..=3).find(|halvings| interval_ns == self.rate_ns << halvings);
        let halvings = halvings.unwrap_or_else(|| panic!("{interval_ns} ns"));
        let (mut least, mut most) = (0, 0);
        let mut counted = Timestamp::MIN;
        let mut previous = Timestamp::MIN;
        for told in self.slowed.iter().copied() {
            let since = told.duration_since(previous);
            if since > HALVED_FOR + APART {
                most = 0;
            }
            if told.duration_since(counted) > OVERLOAD - APART {
                (most, counted) = (most + 1, told);
            }
            let surely_counts = self.truly.duration_since(told) < HALVED_FOR - OVERLOAD - 2 * APART;
            if surely_counts && since > OVERLOAD + APART {
                least += 1;
            }
            previous = told;
        }
        if self.truly.duration_since(previous) > HALVED_FOR + APART {
            most = 0;
        }
        assert!((least.min(3)..=most.min(3)).contains(&halvings), "{least} to {most}: {halvings}");
    }

    /// Half a minute after the last pause everybody gets slots at the whole rate again.
    fn recovers(&mut self) {
        let over = self.pause_ends.max(self.state.next_slot).max(self.truly);
        self.truly = plus(over, HALVED_FOR + 2 * APART);
        for process in 0..self.processes.len() {
            let sent = self.sent.len();
            self.processes[process].block = None;
            self.send(process, Lane::Live, 1);
            let block = self.processes[process].block.unwrap();
            assert_eq!(block.interval_ns, self.rate_ns);
            assert!(self.sent.len() > sent || block.next <= plus(self.truly, SignedDuration::from_secs(5)));
        }
    }

    /// The most requests by which a window exceeds its share, with clocks so far apart.
    fn most_beyond(&self, apart_ms: i64) -> i64 {
        let sent: Vec<i64> = self.sent.iter().map(|sent| nanoseconds(sent.duration_since(at(0)))).collect();
        let mut most = i64::MIN;
        for (first, from) in sent.iter().enumerate() {
            for (calls, to) in (1..).zip(&sent[first..]) {
                most = most.max(calls - (to - from + apart_ms * MILLISECOND) / self.rate_ns);
            }
        }
        most
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// In any window of w seconds at most rate × w + 12 requests: eight below the promise, for the network.
    #[test]
    fn no_window_holds_more_than_its_share_and_a_pause_is_kept_by_all_who_were_told(
        steps in steps(), rate in prop_oneof![Just(1_i64), Just(5), Just(20), Just(137), Just(1_500)],
    ) {
        let mut fleet = Fleet::new(rate, BudgetBlock::Small, [0, 0, 0]);
        fleet.play(&steps);
        let beyond = fleet.most_beyond(0);
        prop_assert!(beyond <= 13, "{} more than its share", beyond);
        fleet.recovers();
    }

    /// The same with large blocks and clocks that differ: rate × (w + 0.5 s) + 6.
    #[test]
    fn no_window_holds_more_than_its_share_and_a_pause_is_kept_where_clocks_differ(
        steps in steps(), rate in prop_oneof![Just(1_i64), Just(5), Just(20), Just(25)],
        ahead_ms in prop::array::uniform3(0_i64..=500),
    ) {
        let mut fleet = Fleet::new(rate, BudgetBlock::Large, ahead_ms);
        fleet.play(&steps);
        let apart_ms = ahead_ms.into_iter().max().unwrap() - ahead_ms.into_iter().min().unwrap();
        let beyond = fleet.most_beyond(apart_ms);
        prop_assert!(beyond <= 7, "{} more than its share", beyond);
        fleet.recovers();
    }
}
