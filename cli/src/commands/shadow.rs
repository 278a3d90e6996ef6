//! `sync --once --dry-run` and `run --shadow`: everything but the writing.

mod report;

use super::{App, Exit, reconcile::failed, stop, sync::coupa_is_there};
use crate::{CliError, CliResult, engine::Engine};
use model::{DocumentKey, ObjectKind};
use pipeline::plan::{Planned, Shadow};
pub(super) use report::Plan;
use std::time::Duration;

/// How often a shadow that sleeps looks whether it shall end.
const STEP: Duration = Duration::from_millis(200);

pub(super) async fn dry_run(app: &App) -> CliResult<Exit> {
    let config = app.config()?;
    let engine = Engine::build(app, &config).await?;
    let shadow = Shadow::of(&engine.pipeline);
    stop::running(engine, async |engine| once(app, engine, &shadow).await).await
}

async fn once(app: &App, engine: &Engine, shadow: &Shadow) -> CliResult<Exit> {
    coupa_is_there(engine).await?;
    let mut planned = Vec::new();
    for kind in engine.pipeline.settings.objects.clone() {
        planned.extend(look(shadow, kind).await?);
    }
    app.show(&Plan::new(planned, &engine.pipeline.settings.objects, seconds_per_call(engine).await));
    Ok(Exit::Done)
}

/// What a sync would do to what changed in one object.
async fn look(shadow: &Shadow, kind: ObjectKind) -> CliResult<Vec<Planned>> {
    let (documents, _) = shadow.poll(kind).await.map_err(|error| {
        CliError::new(format!("{} can't be read from SAP: {error}", kind.plural()))
            .help("Run `b1-coupa check`, which tries every part of the way.")
    })?;
    plan(shadow, &documents, false).await
}

pub(super) async fn plan(
    shadow: &Shadow,
    documents: &[DocumentKey],
    whatever_date: bool,
) -> CliResult<Vec<Planned>> {
    shadow.pipeline.plan(documents, whatever_date).await.map_err(failed)
}

/// How long the budget makes one call wait. Milliseconds.
pub(super) async fn seconds_per_call(engine: &Engine) -> u64 {
    let Ok((_, rate)) = engine.pipeline.coupa.budget().await else { return 0 };
    let per_second = rate.requests_per_second();
    let pause = rust_decimal::Decimal::from(1_000).checked_div(per_second).unwrap_or_default();
    pause.round().try_into().unwrap_or(0)
}

pub(super) async fn run(app: &App) -> CliResult<Exit> {
    let config = app.config()?;
    let engine = Engine::build(app, &config).await?;
    let shadow = Shadow::of(&engine.pipeline);
    app.output.say("Looking, and writing nothing. Ctrl-C or SIGTERM stops.");
    let interval = config.sync.poll_interval.to_std();
    stop::running(engine, async |engine| watch(app, engine, &shadow, interval).await)
        .await
        .map(|()| Exit::Done)
}

/// Tells at each poll what a sync would do, until it is asked to stop.
async fn watch(app: &App, engine: &Engine, shadow: &Shadow, interval: Duration) -> CliResult<()> {
    while !engine.stopping() {
        let mut planned = Vec::new();
        for kind in engine.pipeline.settings.objects.clone() {
            match look(shadow, kind).await {
                Ok(some) => planned.extend(some),
                Err(_) if engine.stopping() => return Ok(()),
                Err(error) => {
                    tracing::error!(object = kind.plural(), %error, "the look failed and is tried again");
                }
            }
        }
        if !planned.is_empty() {
            app.show(&Plan::new(planned, &engine.pipeline.settings.objects, seconds_per_call(engine).await));
        }
        let mut rest = interval;
        while !rest.is_zero() && !engine.stopping() {
            engine.pipeline.clock.sleep(STEP.min(rest)).await;
            rest = rest.saturating_sub(STEP);
        }
    }
    Ok(())
}
