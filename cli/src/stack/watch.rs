use super::Stack;
use crate::{CliError, CliResult, books::Books, engine::Tally};
use jiff::{SignedDuration, Timestamp};
use model::{AuditEntry, Cursor, ObjectKind};
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};
use store::AuditFilter;

/// Between two looks at the queues.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// SQS tells its counts a moment late: only when they were nought so many times in a row is there nothing.
const QUIET_LOOKS: u32 = 4;
/// More attempts than this are not told one by one.
const MOST_ATTEMPTS: usize = 100_000;

/// Sees a stack through until nothing more falls due.
pub struct Watch<'a> {
    stack: &'a Stack,
    books: Books,
    began: Timestamp,
    max_wait: SignedDuration,
}

impl<'a> Watch<'a> {
    /// Begins now.
    pub fn new(stack: &'a Stack, max_wait: SignedDuration) -> Self {
        Self { stack, books: stack.books(), began: stack.clock.now(), max_wait }
    }

    /// Has the poller look through these objects, and waits until it has seen each to its end.
    pub async fn poll(&self, objects: &[ObjectKind]) -> CliResult<()> {
        for kind in objects {
            self.read(&json!({"object": kind.plural()}), &format!("poll/{}", kind.plural())).await?;
        }
        Ok(())
    }

    /// One event for the poller, which may need several invocations; the cursor tells when the last has ended.
    pub async fn read(&self, event: &serde_json::Value, cursor: &str) -> CliResult<()> {
        let answer = self.stack.poll(event).await?;
        if answer["continued"] != true {
            return Ok(());
        }
        let mut moved_at = self.stack.clock.now();
        let mut last = self.books.state.cursor(cursor).await?;
        loop {
            self.stack.clock.sleep(LOOK_EVERY).await;
            let now = self.books.state.cursor(cursor).await?;
            if ended_since(&now.0, self.began) {
                return Ok(());
            }
            if now.1 != last.1 {
                moved_at = self.stack.clock.now();
                last = now;
            } else if self.stack.clock.now().duration_since(moved_at) > STUCK_AFTER {
                return Err(CliError::new("the poller stopped before it had seen everything")
                    .help("Its log says why. Run this again: it goes on where it stopped."));
            }
        }
    }

    /// Waits until the queues are empty and nothing parked falls due within `max_wait`. `each` hears of how many are left.
    pub async fn drain(&self, mut each: impl FnMut(u64)) -> CliResult<u64> {
        let mut quiet = 0;
        let mut moved_at = self.stack.clock.now();
        let mut before = None;
        loop {
            let depth: u64 = self.books.queue.depth().await?.by_lane.values().sum();
            each(depth);
            let now = self.stack.clock.now();
            if before != Some(depth) {
                (before, moved_at) = (Some(depth), now);
            }
            quiet = if depth == 0 { quiet + 1 } else { 0 };
            if quiet >= QUIET_LOOKS {
                match self.books.state.next_parked().await? {
                    Some(due) if due <= now.saturating_add(self.max_wait).unwrap_or(now) => {
                        self.release(due).await?;
                        quiet = 0;
                    }
                    _ => return Ok(0),
                }
            } else if now.duration_since(moved_at) > self.max_wait.max(STUCK_AFTER) {
                // What was put back for later, or is held up.
                return Ok(depth);
            }
            self.stack.clock.sleep(LOOK_EVERY).await;
        }
    }

    /// The stack does so by itself every minute; somebody who watches need not wait for that.
    async fn release(&self, due: Timestamp) -> CliResult<()> {
        let left = due.duration_since(self.stack.clock.now());
        self.stack.clock.sleep(Duration::try_from(left).unwrap_or_default()).await;
        self.stack.poll(&json!({"release": true})).await.map(drop)
    }

    /// What was attempted since the beginning, and how it ended.
    pub async fn tally(&self, objects: &[ObjectKind]) -> CliResult<Tally> {
        let filter = AuditFilter { failed: false, since: Some(self.began), limit: MOST_ATTEMPTS };
        let wanted: BTreeSet<ObjectKind> = objects.iter().copied().collect();
        let attempts: Vec<AuditEntry> = self.books.audit.list(&filter).await?;
        let mut tally = Tally::default();
        for attempt in attempts.iter().filter(|attempt| wanted.contains(&attempt.document.kind)) {
            tally.add_attempt(attempt);
        }
        Ok(tally)
    }
}

/// Without a sign of life for so long, nobody is at work: an invocation and the pause before its repetition.
const STUCK_AFTER: SignedDuration = SignedDuration::from_secs(240);

fn ended_since(cursor: &Cursor, began: Timestamp) -> bool {
    cursor.pass.is_none() && cursor.polled_at.is_some_and(|polled| polled >= began)
}
