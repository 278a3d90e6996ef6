use super::Engine;
use crate::{CliError, CliResult, output::SummaryTable};
use jiff::{SignedDuration, Timestamp};
use model::{AuditOutcome, DocumentKey, ObjectKind, SapKey};
use pipeline::{BatchReport, PollError, PollReport};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

/// How often an idle worker looks for something to do.
const IDLE: Duration = Duration::from_millis(100);
/// How long to wait for Coupa between one poll of its suppliers and the next.
const PATIENCE: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];
/// How often what is parked is looked through while there is work.
const RELEASE_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// What happened to each document in this run, however many attempts it took.
#[derive(Debug, Default)]
pub struct Tally {
    last: BTreeMap<(ObjectKind, SapKey), AuditOutcome>,
    calls: BTreeMap<ObjectKind, u64>,
    done: BTreeMap<ObjectKind, u64>,
    ended: BTreeMap<AuditOutcome, u64>,
}

/// A moment in a [`Tally`].
#[derive(Clone, Debug)]
pub struct Mark {
    done: BTreeMap<ObjectKind, u64>,
    calls: u64,
}

impl Tally {
    fn add(&mut self, report: &BatchReport) {
        for (kind, calls) in &report.shared_coupa_calls {
            *self.calls.entry(*kind).or_default() += u64::from(*calls);
        }
        for ended in &report.ended {
            *self.calls.entry(ended.document.kind).or_default() += u64::from(ended.coupa_calls);
            self.add_ended(&ended.document, ended.outcome);
        }
    }

    fn add_ended(&mut self, document: &DocumentKey, outcome: AuditOutcome) {
        *self.ended.entry(outcome).or_default() += 1;
        let key = (document.kind, document.key.clone());
        let before = self.last.get(&key).copied();
        // What was created in this run stays that in the table, however often it is looked at again.
        let outcome = before.map_or(outcome, |before| stronger(before, outcome));
        if ends(outcome) && !before.is_some_and(ends) {
            *self.done.entry(document.kind).or_default() += 1;
        }
        self.last.insert(key, outcome);
    }

    /// Counts an attempt that somebody else made.
    #[cfg(feature = "aws")]
    pub(crate) fn add_attempt(&mut self, attempt: &model::AuditEntry) {
        *self.calls.entry(attempt.document.kind).or_default() += u64::from(attempt.coupa_calls);
        self.add_ended(&attempt.document, attempt.outcome);
    }

    /// Calls that asked Coupa which suppliers changed there.
    pub fn add_poll(&mut self, calls: u64) {
        if calls > 0 {
            *self.calls.entry(ObjectKind::Supplier).or_default() += calls;
        }
    }

    /// Marks this moment, to tell later what came after it.
    pub fn begin(&mut self) -> Mark {
        self.ended.clear();
        Mark { done: self.done.clone(), calls: self.calls.values().sum() }
    }

    /// Documents that came to an end since, for progress.
    pub fn done_since(&self, mark: &Mark, kind: ObjectKind) -> u64 {
        self.done(kind) - mark.done.get(&kind).copied().unwrap_or(0)
    }

    /// One line about what happened since.
    pub fn since(&self, mark: &Mark) -> String {
        let parts: Vec<String> =
            self.ended.iter().map(|(outcome, count)| format!("{count} {}", words(*outcome))).collect();
        let calls = self.calls.values().sum::<u64>() - mark.calls;
        if parts.is_empty() {
            return format!("Nothing to do; {calls} calls to Coupa.");
        }
        format!("{}; {calls} calls to Coupa.", parts.join(", "))
    }

    /// Documents that came to an end so far, for progress.
    pub fn done(&self, kind: ObjectKind) -> u64 {
        self.done.get(&kind).copied().unwrap_or(0)
    }

    /// The table for people and machines; `waiting` is what is still in queue or parked, by kind.
    pub fn table(&self, objects: &[ObjectKind], waiting: &BTreeMap<ObjectKind, u64>) -> SummaryTable {
        let mut table = SummaryTable::new(objects.iter().copied());
        for ((kind, _), outcome) in &self.last {
            table.count(*kind, *outcome, 0);
        }
        for (kind, calls) in &self.calls {
            table.row(*kind).coupa_calls += calls;
        }
        for (kind, count) in waiting {
            table.row(*kind).pending += count;
        }
        table
    }
}

fn words(outcome: AuditOutcome) -> &'static str {
    match outcome {
        AuditOutcome::Created => "created",
        AuditOutcome::Updated => "updated",
        AuditOutcome::Unchanged => "unchanged",
        AuditOutcome::NotApplicable => "not applicable",
        AuditOutcome::NotApplied => "not applied",
        AuditOutcome::Retry => "tried again",
        AuditOutcome::Waiting => "waited",
        AuditOutcome::Unknown => "of unknown outcome, asked for later",
        AuditOutcome::Failed => "failed",
        AuditOutcome::Superseded => "superseded",
    }
}

/// An outcome that says more about the run than another.
fn stronger(first: AuditOutcome, later: AuditOutcome) -> AuditOutcome {
    match (first, later) {
        (AuditOutcome::Created, _) | (_, AuditOutcome::Created) if ends(later) => AuditOutcome::Created,
        (AuditOutcome::Updated, AuditOutcome::Unchanged) => AuditOutcome::Updated,
        (_, later) => later,
    }
}

fn ends(outcome: AuditOutcome) -> bool {
    !matches!(
        outcome,
        AuditOutcome::Retry | AuditOutcome::Waiting | AuditOutcome::Unknown | AuditOutcome::Superseded
    )
}

/// Why the workers stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Nothing more falls due within the wait.
    Empty,
    /// They were asked to stop.
    Stopped,
}

impl Engine {
    /// Polls each object until its pass is over.
    pub async fn poll_all(
        &self,
        objects: &[ObjectKind],
        mut each: impl FnMut(ObjectKind, &PollReport),
    ) -> CliResult<()> {
        for kind in objects {
            loop {
                let report = self.poll_patiently(*kind).await;
                self.remember_session().await?;
                let report = report.map_err(|error| {
                    CliError::new(format!("{} can't be read from SAP: {error}", kind.plural()))
                        .help("Run `b1-coupa check`, which tries every part of the way.")
                })?;
                let (state, now) = (self.books.state.as_ref(), self.pipeline.clock.now());
                let code = report.coupa_failed.as_ref().map(|failure| failure.code);
                self.coupa.poll(state, report.coupa_calls, code, now).await;
                if let Some(failure) = &report.coupa_failed {
                    tracing::warn!(%failure, "Coupa was not asked which suppliers changed there; the next poll asks again");
                }
                each(*kind, &report);
                if !report.more || self.stopping() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Coupa slows us down and comes back: that ends no sync.
    async fn poll_patiently(&self, kind: ObjectKind) -> Result<PollReport, PollError> {
        let mut pauses = PATIENCE.iter();
        loop {
            let report = self.pipeline.poll(kind).await?;
            let heals = report.coupa_failed.as_ref().is_some_and(|failure| failure.class().heals());
            let Some(pause) = pauses.next().filter(|_| heals && !self.stopping()) else { return Ok(report) };
            tracing::debug!("Coupa's suppliers are asked for again");
            self.pipeline.clock.sleep(*pause).await;
        }
    }

    /// Works until nothing more falls due within `max_wait`.
    pub async fn drain(
        &self,
        max_wait: SignedDuration,
        tally: &Mutex<Tally>,
        each: &(dyn Fn(&Tally) + Sync),
    ) -> CliResult<Drained> {
        let workers = (0..WORKERS).map(|_| self.drain_one(max_wait, tally, each));
        let ended = futures::future::try_join_all(workers).await?;
        Ok(if ended.contains(&Drained::Stopped) { Drained::Stopped } else { Drained::Empty })
    }

    async fn drain_one(
        &self,
        max_wait: SignedDuration,
        tally: &Mutex<Tally>,
        each: &(dyn Fn(&Tally) + Sync),
    ) -> CliResult<Drained> {
        let mut released_at = self.pipeline.clock.now();
        loop {
            if self.stopping() {
                return Ok(Drained::Stopped);
            }
            let report = self.work().await?;
            let now = self.pipeline.clock.now();
            if report.received > 0 {
                let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                tally.add(&report);
                each(&tally);
            }
            if report.received == 0 || now.duration_since(released_at) > RELEASE_EVERY {
                released_at = now;
                if self.pipeline.release_due().await? > 0 {
                    continue;
                }
            }
            if report.received == 0 {
                match self.next_due().await? {
                    Some(due) if due <= now.saturating_add(self.patience(max_wait).await?).unwrap_or(now) => {
                        self.pipeline.clock.sleep(pause(now, due)).await;
                    }
                    _ => return Ok(Drained::Empty),
                }
            }
        }
    }

    /// Works off one batch, and notes how Coupa was found.
    pub async fn work(&self) -> Result<BatchReport, store::StoreError> {
        let report = self.pipeline.work(self.batch).await?;
        let ended = report.ended.iter().map(|ended| (ended.outcome, ended.code));
        self.coupa.attempts(self.books.state.as_ref(), ended, self.pipeline.clock.now()).await;
        Ok(report)
    }

    /// What another worker holds, perhaps a dead one, is waited for until its lease has run out.
    async fn patience(&self, max_wait: SignedDuration) -> CliResult<SignedDuration> {
        let in_flight = self.books.queue.depth().await?.in_flight > 0;
        Ok(if in_flight { max_wait.max(self.pipeline.settings.longest_hold()) } else { max_wait })
    }

    async fn next_due(&self) -> CliResult<Option<Timestamp>> {
        let queued = self.books.queue.next_due().await?;
        let parked = self.books.state.next_parked().await?;
        Ok([queued, parked].into_iter().flatten().min())
    }

    /// What is still to come, by kind: in the queue or parked.
    pub async fn waiting(&self) -> CliResult<BTreeMap<ObjectKind, u64>> {
        let mut waiting: BTreeMap<ObjectKind, u64> = BTreeMap::new();
        for parked in self.books.state.parked(usize::MAX).await? {
            *waiting.entry(parked.change.document.kind).or_default() += 1;
        }
        for (kind, count) in self.books.queued_by_kind().await? {
            *waiting.entry(kind).or_default() += count;
        }
        Ok(waiting)
    }

    /// Whether the process is asked to end.
    pub fn stopping(&self) -> bool {
        self.pipeline.stopping.load(Ordering::Relaxed)
    }

    /// Begins nothing new from here on.
    pub fn stop(&self) {
        self.pipeline.stopping.store(true, Ordering::Relaxed);
    }
}

/// Batches in the air at once: while one waits for the disk or for SAP, the other uses Coupa's budget.
const WORKERS: usize = 2;

/// Not past the moment when something falls due, and not so long that what arrives meanwhile waits noticeably.
fn pause(now: Timestamp, due: Timestamp) -> Duration {
    let until = Duration::try_from(due.duration_since(now)).unwrap_or_default();
    until.clamp(Duration::from_millis(10), IDLE)
}
