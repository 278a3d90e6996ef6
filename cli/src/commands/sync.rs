//! `sync --once`: polls everything once and works until nothing more falls due.

use super::{App, Exit, audit::let_go_payloads, notifications};
use crate::{
    CliError, CliResult,
    args::SyncArgs,
    engine::{Drained, Engine, Tally},
    output::Bar,
};
use jiff::SignedDuration;
use model::{Failure, Lane, ObjectKind};
use pipeline::PollReport;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

pub(super) async fn run(app: &App, args: SyncArgs) -> CliResult<Exit> {
    if args.dry_run {
        return Box::pin(super::shadow::dry_run(app)).await;
    }
    let config = app.config()?;
    #[cfg(feature = "aws")]
    if let Some(stack) = app.find_stack(&config).await? {
        return super::stack::sync(app, &config, &stack, args.max_wait.to_signed()).await;
    }
    let engine = Engine::build(app, &config).await?.guarded(&config, false).await?;
    let_go_payloads(app, &engine, &config).await;
    super::stop::running(engine, async |engine| {
        let ended = sync(app, engine, args.max_wait.to_signed()).await;
        // Also after a sync that broke off: what failed until then is there, and SAP may have refused the log-in.
        if !engine.stopping() {
            notifications::tell(app, engine, &config).await;
        }
        ended
    })
    .await
}

async fn sync(app: &App, engine: &Engine, max_wait: SignedDuration) -> CliResult<Exit> {
    coupa_is_there(engine).await?;
    let objects: Vec<ObjectKind> = engine.pipeline.settings.objects.iter().copied().collect();
    let bars = Bars::new(app, &objects);
    engine.poll_all(&objects, |kind, report| bars.polled(kind, report)).await?;
    work_off(app, engine, max_wait, &objects, &bars).await
}

/// Without Coupa nothing can be done: better said at once than by every document.
pub(super) async fn coupa_is_there(engine: &Engine) -> CliResult<()> {
    let tally = coupa::Tally::default();
    let call = tally.call(Lane::Live);
    let tried = engine.pipeline.coupa.try_scope(&call, "core.supplier.read").await;
    let (state, now) = (engine.books.state.as_ref(), engine.pipeline.clock.now());
    match tried {
        Ok(_) => {
            engine.coupa.works(state, now).await;
            Ok(())
        }
        Err(error) => {
            let failure = error.failure();
            engine.coupa.fails(state, failure.code, now).await;
            Err(CliError::new(format!("Coupa can't be used: {} {}", failure.code, failure.message))
                .help(failure.code.fix()))
        }
    }
}

/// What to do about changes that are held back.
pub(super) fn how_to_accept(reason: &str) -> String {
    format!(
        "The guardrail holds changes back: {reason}. Look at them with `b1-coupa sync --once --dry-run`; `b1-coupa guardrail accept` lets them through."
    )
}

/// Works off what is enqueued, shows the table, and says by the exit code how it went.
pub(super) async fn work_off(
    app: &App,
    engine: &Engine,
    max_wait: SignedDuration,
    objects: &[ObjectKind],
    bars: &Bars,
) -> CliResult<Exit> {
    let tally = Mutex::new(Tally::default());
    let drained = engine.drain(max_wait, &tally, &|tally| bars.done(tally)).await?;
    bars.finish();
    engine.remember_session().await?;
    engine.pipeline.close_run(false).await;
    let waiting = engine.waiting().await?;
    tally.lock().unwrap_or_else(PoisonError::into_inner).add_poll(bars.poll_calls());
    let mut table = tally.lock().unwrap_or_else(PoisonError::into_inner).table(objects, &waiting);
    table.held_back = engine.pipeline.held_back().await?;
    app.show(&table);
    if let Some(reason) = &table.held_back {
        app.output.say(&how_to_accept(reason));
    }
    if let Some(failure) = bars.coupa_failed() {
        app.output.say(&format!(
            "What changed among Coupa's suppliers is not known: {failure}. The next run asks again."
        ));
    }
    if drained == Drained::Stopped {
        app.output.say("Stopped before everything was done. The next run goes on from here.");
    }
    // What does not heal would be the same at every run, and `check` says what to do about it.
    let unread = bars.coupa_failed().is_some_and(|failure| failure.class().heals());
    Ok(if unread && table.exit() == Exit::Done { Exit::Pending } else { table.exit() })
}

/// A progress bar for each object.
pub(super) struct Bars {
    by_object: BTreeMap<ObjectKind, Bar>,
    found: Mutex<BTreeMap<ObjectKind, u64>>,
    poll_calls: AtomicU64,
    coupa_failed: Mutex<Option<Failure>>,
    progress: crate::output::Progress,
}

impl Bars {
    pub(super) fn new(app: &App, objects: &[ObjectKind]) -> Self {
        let progress = app.output.progress();
        let by_object = objects.iter().map(|kind| (*kind, progress.bar(kind.plural(), 0))).collect();
        Self {
            by_object,
            found: Mutex::default(),
            poll_calls: AtomicU64::new(0),
            coupa_failed: Mutex::default(),
            progress,
        }
    }

    /// What a poll found.
    pub(super) fn polled(&self, kind: ObjectKind, report: &PollReport) {
        self.found(kind, report.enqueued);
        self.poll_calls.fetch_add(report.coupa_calls.into(), Ordering::Relaxed);
        if let Some(failure) = &report.coupa_failed {
            *self.coupa_failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.clone());
        }
    }

    /// Why Coupa could not be asked which suppliers changed there, if it could not.
    fn coupa_failed(&self) -> Option<Failure> {
        self.coupa_failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls to Coupa that the polls took.
    pub(super) fn poll_calls(&self) -> u64 {
        self.poll_calls.load(Ordering::Relaxed)
    }

    /// So many more are to do.
    pub(super) fn found(&self, kind: ObjectKind, more: usize) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let total = found.entry(kind).or_default();
        *total += u64::try_from(more).unwrap_or(u64::MAX);
        if let Some(bar) = self.by_object.get(&kind) {
            bar.set_total(*total);
        }
    }

    fn done(&self, tally: &Tally) {
        self.show(|kind| tally.done(kind));
    }

    fn show(&self, done: impl Fn(ObjectKind) -> u64) {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, bar) in &self.by_object {
            let done = done(*kind);
            // What others brought along was not found by the poll.
            bar.set_total(found.get(kind).copied().unwrap_or(0).max(done));
            bar.set(done);
        }
    }

    /// The same for a tally that goes on from an earlier run.
    #[cfg(feature = "demo")]
    pub(super) fn done_since(&self, tally: &Tally, mark: &crate::engine::Mark) {
        self.show(|kind| tally.done_since(mark, kind));
    }

    pub(super) fn finish(&self) {
        for bar in self.by_object.values() {
            bar.finish();
        }
        self.progress.clear();
    }
}
