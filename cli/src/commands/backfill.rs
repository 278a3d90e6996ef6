//! `backfill`: one object from a date on, in the lane that never holds up live changes.

use super::{
    App, Exit, stop,
    sync::{Bars, coupa_is_there, work_off},
};
use crate::{CliError, CliResult, args::BackfillArgs, engine::Engine};
use pipeline::Backfill;

pub(super) async fn run(app: &App, args: BackfillArgs) -> CliResult<Exit> {
    let config = app.config()?;
    #[cfg(feature = "aws")]
    if let Some(stack) = app.find_stack(&config).await? {
        return super::stack::backfill(app, &stack, &args).await;
    }
    let engine = Engine::build(app, &config).await?.guarded(&config, false).await?;
    stop::running(engine, async |engine| backfill(app, engine, &args).await).await
}

async fn backfill(app: &App, engine: &Engine, args: &BackfillArgs) -> CliResult<Exit> {
    coupa_is_there(engine).await?;
    let objects = [args.object];
    let bars = Bars::new(app, &objects);
    let backfill = Backfill { kind: args.object, since: args.since };
    let mut first = true;
    loop {
        let report = engine.pipeline.backfill(backfill, first).await;
        engine.remember_session().await?;
        let report = report.map_err(|error| {
            CliError::new(format!("{} can't be read from SAP: {error}", args.object.plural())).help(
                "Run it again: it goes on where it stopped. `b1-coupa check` tries every part of the way.",
            )
        })?;
        first = false;
        bars.found(args.object, report.enqueued);
        if !report.more || engine.stopping() {
            break;
        }
    }
    work_off(app, engine, args.max_wait.to_signed(), &objects, &bars).await
}
