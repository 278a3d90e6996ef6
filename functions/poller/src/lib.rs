//! Asks SAP what changed and enqueues the keys, as far as there is time; invokes itself again where more remains.

mod ask;

pub use ask::{Ask, Work};

use async_trait::async_trait;
use functions::{Deadline, Figures, store_failed};
use model::{Code, ErrorClass, Failure, ObjectKind};
use pipeline::{Pipeline, PollError, PollReport};
use serde_json::{Value, json};
use setup::Config;
use std::time::Duration;
use telemetry::{About, Metric};

/// A page is begun only while so much time remains.
const MARGIN: Duration = Duration::from_secs(30);
/// What is still under way then is given up, so that the answer gets out.
const LAST_MOMENT: Duration = Duration::from_secs(3);
/// So many invocations in a row, at the most: with a hundred rows to a page and one page in each, a million documents.
const MOST_GENERATIONS: u32 = 10_000;
/// So many parked changes are counted for the figure: it tells few from many.
const MOST_COUNTED: usize = 1_000;

/// Invokes this function once more, without waiting for what comes of it.
#[async_trait]
pub trait Again: Send + Sync {
    /// With this payload. The error is for people.
    async fn invoke(&self, payload: &Value) -> Result<(), String>;
}

/// Everything that the function needs, handed in.
pub struct Poller {
    /// The use cases.
    pub pipeline: Pipeline,
    /// This function.
    pub again: Box<dyn Again>,
    /// Where figures go.
    pub figures: Figures,
    /// For the subscription by which SAP tells what changes.
    pub config: Config,
    /// Notes how long SAP is away.
    pub sap: notify::Watch,
    /// And Coupa, which is asked for suppliers.
    pub coupa: notify::Watch,
}

/// How far one invocation came.
#[derive(Default)]
struct Progress {
    enqueued: usize,
    last: PollReport,
    /// Pages read.
    pages: u32,
    /// There was no time for the rest.
    unfinished: bool,
}

impl Poller {
    /// Works on one event.
    pub async fn handle(&self, event: Value, deadline: Deadline) -> Result<Value, Failure> {
        let ask = Ask::read(event)?;
        let clock = self.pipeline.clock.as_ref();
        let kind = match ask.work {
            Work::Release => {
                let released = self.release(deadline).await?;
                self.count().await?;
                let subscribed = setup::keep_subscribed(&self.pipeline, &self.config);
                // The answer need not wait for SAP.
                let _ended = deadline.earlier(LAST_MOMENT).bound(clock, subscribed).await;
                return Ok(json!({"released": released}));
            }
            Work::Poll(kind) => kind,
            Work::Backfill(backfill) => backfill.kind,
        };
        if !self.pipeline.settings.objects.contains(&kind) {
            tracing::info!(object = kind.plural(), "the config leaves this object out");
            return Ok(json!({"skipped": kind.plural()}));
        }
        let mut progress = Progress::default();
        let work = self.read(&ask, deadline.earlier(MARGIN), &mut progress);
        let read = deadline.earlier(LAST_MOMENT).bound(clock, work).await;
        if read.is_none() {
            tracing::warn!(object = kind.plural(), "a page took longer than there was time for");
            progress.unfinished = true;
        }
        let read = read.unwrap_or(Ok(()));
        let coupa_failed = progress.last.coupa_failed.as_ref();
        self.tell(kind, &progress, read.as_ref().err().or(coupa_failed));
        self.note(&progress, read.as_ref().err()).await;
        if let Err(error) = setup::remember_contact(&self.pipeline).await {
            tracing::debug!(%error, "`status` won't tell of SAP's last answer");
        }
        // What is parked is due whatever became of the poll.
        let released = self.release(deadline).await;
        read?;
        let continued = progress.unfinished && self.go_on(&ask, &progress).await?;
        Ok(json!({"enqueued": progress.enqueued, "released": released?, "continued": continued}))
    }

    /// How both systems were found.
    async fn note(&self, progress: &Progress, failure: Option<&Failure>) {
        let (state, now) = (self.pipeline.state.as_ref(), self.pipeline.clock.now());
        self.sap.poll(state, progress.pages, failure.map(|failure| failure.code), now).await;
        let PollReport { coupa_calls, coupa_failed, .. } = &progress.last;
        self.coupa.poll(state, *coupa_calls, coupa_failed.as_ref().map(|failure| failure.code), now).await;
    }

    async fn read(&self, ask: &Ask, until: Deadline, progress: &mut Progress) -> Result<(), Failure> {
        loop {
            if until.is_over(self.pipeline.clock.as_ref()) {
                progress.unfinished = true;
                return Ok(());
            }
            let report = match ask.work {
                // A backfill that was done before begins anew, but not in the middle of its own chain.
                Work::Backfill(backfill) => {
                    let restart = ask.generation == 0 && progress.pages == 0;
                    self.pipeline.backfill(backfill, restart).await
                }
                Work::Poll(kind) => self.pipeline.poll(kind).await,
                Work::Release => return Ok(()),
            };
            let report = report.map_err(|error| failure_of(&error))?;
            progress.pages += 1;
            progress.enqueued += report.enqueued;
            let more = report.more;
            progress.last = report;
            if !more {
                return Ok(());
            }
        }
    }

    /// Invokes this function once more, unless that led nowhere so far.
    async fn go_on(&self, ask: &Ask, progress: &Progress) -> Result<bool, Failure> {
        let position = progress.last.position.as_ref().map(ToString::to_string);
        let moved = progress.pages > 0 && position != ask.after;
        let generation = ask.generation.saturating_add(1);
        if !moved || generation > MOST_GENERATIONS {
            let message = format!(
                "invocation {generation} in a row stands at {}, as the one before did at {}",
                position.as_deref().unwrap_or("the beginning"),
                ask.after.as_deref().unwrap_or("the beginning"),
            );
            return Err(Failure::new(Code::PollStuck, message));
        }
        let next = ask.next(generation, position.as_deref());
        match self.again.invoke(&next).await {
            Ok(()) => Ok(true),
            // The next scheduled poll goes on from the same cursor; a backfill has no other to wait for.
            Err(error) => {
                let message = format!("this function could not be invoked again: {error}");
                Err(Failure::new(Code::StoreFailed, message))
            }
        }
    }

    /// Puts back into the queue what is due, as far as there is time.
    async fn release(&self, deadline: Deadline) -> Result<usize, Failure> {
        let clock = self.pipeline.clock.as_ref();
        let mut released = 0;
        while !deadline.earlier(LAST_MOMENT).is_over(clock) {
            let some = deadline.earlier(LAST_MOMENT).bound(clock, self.pipeline.release_due()).await;
            match some.unwrap_or(Ok(0)).map_err(|error| store_failed(&error))? {
                0 => break,
                some => released += some,
            }
        }
        Ok(released)
    }

    async fn count(&self) -> Result<(), Failure> {
        let state = &self.pipeline.state;
        let dead = state.dead_letters().await.map_err(|error| store_failed(&error))?.len();
        let parked = state.parked(MOST_COUNTED).await.map_err(|error| store_failed(&error))?.len();
        for (metric, count) in [(Metric::DeadLetters, dead), (Metric::Parked, parked)] {
            self.figures.put(About::Company, metric, u64::try_from(count).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    fn tell(&self, kind: ObjectKind, progress: &Progress, failure: Option<&Failure>) {
        match failure {
            None if !progress.unfinished => self.figures.put(About::Object(kind), Metric::PollSucceeded, 1),
            None => {}
            Some(failure) => {
                tracing::warn!(
                    object = kind.plural(),
                    code = failure.code.number(),
                    reason = failure.message,
                    "poll"
                );
                self.figures.put(About::Object(kind), Metric::PollFailed, 1);
                if failure.class() == ErrorClass::Auth {
                    self.figures.put(About::Company, Metric::AuthFailures, 1);
                }
            }
        }
        self.figures.calls(&self.pipeline);
        tracing::info!(
            object = kind.plural(),
            pages = progress.pages,
            enqueued = progress.enqueued,
            unfinished = progress.unfinished,
            overtaken = progress.last.overtaken,
            "poll"
        );
    }
}

fn failure_of(error: &PollError) -> Failure {
    match error {
        PollError::Sap(error) => error.failure(),
        PollError::Store(error) => store_failed(error),
    }
}
