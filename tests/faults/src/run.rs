//! One seed, from the first document to the last check.

use crate::{
    check,
    logs::{Found, Reader},
    setup::RunOptions,
    world::World,
};
use jiff::SignedDuration;
use model::{AuditEntry, Cause};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use tracing::Level;

/// How a seed's history went.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Which.
    pub seed: u64,
    /// What did not hold.
    pub broken: Vec<String>,
    /// The same for the same history.
    pub hash: u64,
    /// How often each fault was met.
    pub faults: BTreeMap<&'static str, u64>,
    /// How often each rare state was met.
    pub rare: BTreeMap<&'static str, u64>,
    /// Of simulated time.
    pub hours: i64,
    /// Calls over the network, and times that anything was polled.
    pub calls: [u64; 4],
    /// What happened, for people.
    pub lines: Vec<String>,
}

/// Plays the history of a seed.
pub fn run(seed: u64, options: &RunOptions) -> Outcome {
    let found = Arc::new(Found::default());
    let level = if seed.is_multiple_of(8) { Level::DEBUG } else { Level::INFO };
    let reader = Reader::new(Arc::clone(&found), level);
    let played =
        tracing::subscriber::with_default(reader, || catch_unwind(AssertUnwindSafe(|| play(seed, options))));
    let mut outcome = played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Outcome { seed, broken: vec![format!("a panic: {}", text.unwrap_or_default())], ..Outcome::default() }
    });
    outcome.broken.extend(found.lines().into_iter().map(|line| format!("in a log line:{line}")));
    outcome.broken.truncate(20);
    outcome
}

fn play(seed: u64, options: &RunOptions) -> Outcome {
    let mut world = World::new(seed, options);
    let mut broken = Vec::new();
    if let Err(endless) = stages(&mut world, options, &mut broken) {
        broken.push(endless);
    }
    check::whole(&world, &mut broken);
    let hours = world.time.now().duration_since(world.setup.start).as_hours();
    let mut rare = world.faults.rare();
    rare.insert(crate::world::edition_name(world.setup.edition), 1);
    Outcome {
        seed,
        broken,
        hash: world.trace.hash(),
        faults: world.faults.counts(),
        rare,
        hours,
        calls: [
            world.trace.calls(),
            world.sap.request_count(),
            world.watch.seen().arrivals.len() as u64,
            world.executor.polls,
        ],
        lines: world.trace.lines(),
    }
}

fn stages(world: &mut World, options: &RunOptions, broken: &mut Vec<String>) -> Result<(), String> {
    world.begin(options.hours);
    world.run(world.setup.start + SignedDuration::from_hours(options.hours))?;

    world.settle();
    rest(world, 150, true)?;
    check::in_step(world, "settled", &check::excused(world), broken);
    check::suppliers_of_coupa(world, true, broken);
    check::dead_letters_are_told(world, broken);
    check::nothing_is_tried_for_ever(world, broken);

    world.mend();
    world.redrive();
    rest(world, 10, false)?;
    check::in_step(world, "redriven", &BTreeSet::new(), broken);
    check::suppliers_of_coupa(world, false, broken);
    check::nothing_left(world, "redriven", broken);
    world.compare();
    rest(world, 5, false)?;
    check::in_balance(world, broken);
    if !broken.is_empty() {
        return Ok(());
    }

    let renamed = world.something_new();
    rest(world, 2 + 2 * world.setup.interval.as_mins(), false)?;
    check::in_step(world, "a fresh change", &BTreeSet::new(), broken);
    check::renamed(world, renamed, broken);

    // Over some a worker died that had taken them up for nothing: what it came to is unknown, and such an order is sent once more.
    for document in world.cloud.left_unknown() {
        world.enqueue(document, Cause::Replay);
    }
    rest(world, 5, false)?;

    let writes = writes(world);
    let told = world.cloud.in_audit(<[_]>::len);
    for document in world.cloud.documents_where(|_| true) {
        world.enqueue(document, Cause::Replay);
    }
    rest(world, 5, false)?;
    check::in_step(world, "all replayed", &BTreeSet::new(), broken);
    check::nothing_left(world, "all replayed", broken);
    let again = self::writes(world);
    if again != writes {
        let wrote = world.cloud.in_audit(|audit| wrote(audit, told));
        broken.push(format!(
            "all replayed: writes to Coupa and SAP went from {writes:?} to {again:?} although nothing had changed: {wrote}"
        ));
    }
    check::failures_are_resolved(world, broken);
    Ok(())
}

/// What the attempts from that one on wrote, and all attempts on the same documents, for people.
fn wrote(audit: &[AuditEntry], from: usize) -> String {
    let mut lines = Vec::new();
    for wrote in audit[from..].iter().filter(|attempt| !attempt.sent.is_empty()) {
        for one in audit.iter().filter(|attempt| attempt.document == wrote.document) {
            let AuditEntry { at, step, cause, outcome, message, sent, .. } = one;
            lines.push(format!("{at} {cause:?} {step:?}: {outcome:?}, {message}, {} calls", sent.len()));
        }
        lines.push(format!("{} {:?}", wrote.document, wrote.sent));
    }
    lines.join("\n    ")
}

/// To Coupa and to SAP.
fn writes(world: &World) -> (u64, u64) {
    let seen = world.watch.seen();
    (seen.writes, seen.writes_to_sap)
}

/// So long, and until there is nothing to do.
fn rest(world: &mut World, minutes: i64, dead_letters: bool) -> Result<(), String> {
    world.run(world.time.now() + SignedDuration::from_mins(minutes))?;
    for _ in 0..MOST_HOURS * 12 {
        let (waits, dead) = world.cloud.unsettled();
        if world.cloud.messages() == 0 && (!waits || (dead && dead_letters)) {
            return Ok(());
        }
        world.run(world.time.now() + SignedDuration::from_mins(5))?;
    }
    Ok(())
}

/// Nothing takes longer to settle.
const MOST_HOURS: i64 = 30;
