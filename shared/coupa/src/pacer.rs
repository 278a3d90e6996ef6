//! The arithmetic of Coupa's budget. It reads no clock and keeps nothing.
//!
//! Time is cut into slots, one interval of the rate apart, and every request uses up one slot. A slot belongs to
//! whoever drew it from the shared [`BudgetState`], is good from its own time on, and lapses unless it is used
//! soon after. So whatever the processes do, and however many slots they draw at once, in any window of *w* seconds
//! at most rate × (*w* + lapse + skew) + 1 requests go out, where skew is how far their clocks are apart: each uses its
//! slots between their time and the lapse after it, as its own clock shows it.
//!
//! - On one machine ([`BudgetBlock::Small`]) the skew is none and the lapse is ten slots at most, which leaves nine of
//!   the twenty that the window may exceed the rate by to what the network does on the way. (From 2,000 slots a second
//!   on, where ten of them are less than a scheduler's pause, the lapse is 5 ms.)
//! - On many machines ([`BudgetBlock::Large`]) the skew is up to 500 ms and the lapse five slots at most. That makes
//!   0.5 s of the rate and six: 16 at 20/s, 18.5 at the 25/s that Coupa allows. Only above 28/s it comes to more than
//!   twenty.
//!
//! The next slot in the shared state only moves forward, whoever's clock is behind; what a clock that is ahead wrote
//! counts in full.

use crate::{BudgetBlock, BudgetState};
use jiff::{SignedDuration, Timestamp};
use model::{
    Lane,
    planted::{Bug, bug},
};
use std::time::Duration;

const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MILLISECOND;

/// Timers are no finer than this, so a slot counts as due this much early.
const EARLY: SignedDuration = SignedDuration::from_millis(1);
/// What a block that ended longer ago was used for says nothing of now.
const RECENT: SignedDuration = SignedDuration::from_secs(1);
/// A 429 halves the rate for this long.
const SLOWED_FOR: SignedDuration = SignedDuration::from_secs(30);
/// One overload answers several requests with 429: they halve the rate once.
const ONE_OVERLOAD: SignedDuration = SignedDuration::from_secs(2);
const MOST_HALVINGS: u8 = 3;
/// Where Coupa doesn't say how long, its bucket gets this long to drain.
const PAUSE_UNSAID: SignedDuration = SignedDuration::from_secs(1);
/// A longer pause than this is nothing that Coupa would ask for.
pub(crate) const MOST_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// Clocks may be this far apart for what the one writes to count with the other.
const SKEW: SignedDuration = SignedDuration::from_secs(5);
/// A state further ahead than this comes from a clock that was set back.
const MOST_AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// Slots that one draw gave to one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    next: Timestamp,
    interval_ns: i64,
    lapse_ns: i64,
    left: u32,
    size: u32,
    used: u32,
}

/// What a block has for somebody who asks now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// A slot that is due.
    Due,
    /// Nothing before then.
    At(Timestamp),
    /// Nothing any more.
    Empty,
}

impl Block {
    /// Takes the next slot if it is due. Slots that lapsed are skipped.
    pub(crate) fn take(&mut self, now: Timestamp) -> Take {
        let late_ns = nanoseconds(now.duration_since(self.next)).saturating_sub(self.lapse_ns);
        if late_ns > 0 {
            let lapsed = late_ns / self.interval_ns + 1;
            self.skip(u32::try_from(lapsed).unwrap_or(u32::MAX));
        }
        if self.left == 0 {
            return Take::Empty;
        }
        if self.next > plus(now, EARLY) {
            return Take::At(self.next);
        }
        self.skip(1);
        self.used += 1;
        Take::Due
    }

    /// The time of its first slot that is left.
    pub(crate) const fn begins(&self) -> Timestamp {
        self.next
    }

    /// How many slots the next block should hold, going by this one. Requests that are on their way don't wait for a
    /// slot, but most come back for one before the block is over.
    pub(crate) fn appetite(&self, now: Timestamp) -> u32 {
        let over = now.duration_since(self.next) > RECENT;
        match self.used {
            _ if over => 0,
            used if used == self.size => used.saturating_mul(2),
            used => used,
        }
    }

    fn skip(&mut self, slots: u32) {
        self.next = after_slots(self.next, self.interval_ns, slots.min(self.left));
        self.left = self.left.saturating_sub(slots);
    }
}

/// What a draw came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Draw {
    /// A block, if the new state can be saved.
    Slots(Block, BudgetState),
    /// Somebody else's slots come first: ask again then.
    NotBefore(Timestamp),
    /// Coupa wants a pause until then.
    Paused(Timestamp),
}

/// Draws slots for `wanted` waiting requests.
///
/// Live requests may draw ahead of time. Backfill draws only what is due: as long as live requests queue
/// anywhere, the shared next slot stays ahead of now, and backfill goes without.
pub(crate) fn draw(
    state: &BudgetState,
    now: Timestamp,
    rate_ns: i64,
    size: BudgetBlock,
    lane: Lane,
    wanted: u32,
) -> Draw {
    let state = settled(state, now, rate_ns);
    if state.paused_until > plus(now, EARLY) {
        return Draw::Paused(state.paused_until);
    }
    if lane == Lane::Backfill && state.next_slot > plus(now, EARLY) {
        return Draw::NotBefore(state.next_slot);
    }
    let interval_ns = slowed_interval_ns(&state, rate_ns);
    // Slots just missed while nobody could draw are made up for, half a lapse of them: that keeps the rate whole.
    let lapse_ns = lapse_ns(interval_ns, size);
    let missed = SignedDuration::from_nanos(lapse_ns / 2);
    let start = state.next_slot.max(minus(now, missed)).max(state.paused_until);
    let alone = lane == Lane::Live && state.next_slot <= now;
    let slots = block_size(interval_ns, size, wanted, alone);
    let block = Block { next: start, interval_ns, lapse_ns, left: slots, size: slots, used: 0 };
    let next_slot = after_slots(start, interval_ns, slots);
    let next_slot = if bug(Bug::BudgetNotShared) { state.next_slot } else { next_slot };
    Draw::Slots(block, BudgetState { next_slot, ..state })
}

/// The state after a 429.
pub(crate) fn slow(
    state: &BudgetState,
    now: Timestamp,
    rate_ns: i64,
    retry_after: Option<Duration>,
) -> BudgetState {
    let mut state = settled(state, now, rate_ns);
    let pause = retry_after.and_then(|pause| SignedDuration::try_from(pause).ok()).unwrap_or(PAUSE_UNSAID);
    let pause = if bug(Bug::RetryAfterIgnored) { PAUSE_UNSAID / 1_000 } else { pause };
    state.paused_until = state.paused_until.max(plus(now, pause.min(MOST_PAUSE)));
    let halved_at = minus(state.slowed_until, SLOWED_FOR);
    if state.halvings == 0 || now.duration_since(halved_at) > ONE_OVERLOAD {
        state.halvings = (state.halvings + 1).min(MOST_HALVINGS);
        state.slowed_until = state.slowed_until.max(plus(now, SLOWED_FOR));
    }
    state
}

/// How many times over the rate is halved now.
pub(crate) fn halvings(state: &BudgetState, now: Timestamp) -> u8 {
    let over = state.slowed_until <= now || state.slowed_until > plus(plus(now, SLOWED_FOR), SKEW);
    if over { 0 } else { state.halvings.min(MOST_HALVINGS) }
}

/// Forgets what is over, and what only a clock that was set back can have written.
fn settled(state: &BudgetState, now: Timestamp, rate_ns: i64) -> BudgetState {
    let mut state = state.clone();
    state.halvings = halvings(&state, now);
    if state.paused_until > plus(plus(now, MOST_PAUSE), SKEW) {
        state.paused_until = now;
    }
    let twenty_slots = SignedDuration::from_nanos(slowed_interval_ns(&state, rate_ns).saturating_mul(20));
    if state.next_slot > plus(now, twenty_slots.max(MOST_AHEAD)) {
        state.next_slot = now;
    }
    state
}

fn slowed_interval_ns(state: &BudgetState, rate_ns: i64) -> i64 {
    rate_ns.saturating_mul(1 << state.halvings)
}

/// How long a slot stays good.
fn lapse_ns(interval_ns: i64, size: BudgetBlock) -> i64 {
    let slots = match size {
        BudgetBlock::Small => 10,
        BudgetBlock::Large => 5,
    };
    interval_ns.saturating_mul(slots).clamp(5 * MILLISECOND, SECOND)
}

/// As many slots as there are requests waiting, but no more than [`BudgetBlock`] allows: what a process that dies had
/// drawn lapses, and meanwhile the others wait. At high rates at least 20 ms of slots, so that draws cost nothing to
/// speak of.
fn block_size(interval_ns: i64, size: BudgetBlock, wanted: u32, alone: bool) -> u32 {
    let frequent = slots_in(20 * MILLISECOND, interval_ns);
    let (least, most) = match size {
        BudgetBlock::Small if interval_ns > MILLISECOND => {
            (frequent, slots_in(200 * MILLISECOND, interval_ns).min(8))
        }
        BudgetBlock::Small => (frequent, frequent),
        BudgetBlock::Large => (frequent.max(if alone { 8 } else { 1 }), slots_in(SECOND, interval_ns)),
    };
    wanted.clamp(least.min(most), most)
}

fn slots_in(span_ns: i64, interval_ns: i64) -> u32 {
    u32::try_from(span_ns / interval_ns).unwrap_or(u32::MAX).max(1)
}

fn after_slots(start: Timestamp, interval_ns: i64, slots: u32) -> Timestamp {
    plus(start, SignedDuration::from_nanos(interval_ns.saturating_mul(i64::from(slots))))
}

fn plus(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

fn minus(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_sub(span).unwrap_or(Timestamp::MIN)
}

fn nanoseconds(span: SignedDuration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(if span.is_negative() { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests;
