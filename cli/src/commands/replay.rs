//! `replay plan` and `replay apply`: what a replay would change is shown first, and then done exactly so.

use super::{
    App, Exit,
    reconcile::failed,
    shadow::{self, Plan},
    stop,
};
use crate::{
    CliError, CliResult,
    args::PlanArgs,
    engine::Engine,
    output::{Look, Report},
};
use model::DocumentKey;
use pipeline::{
    plan::{Planned, Shadow},
    replay::{HIGHEST_LIMIT, Named, Replay, Selection},
};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn plan(app: &App, args: PlanArgs) -> CliResult<Exit> {
    let config = app.config()?;
    let engine = Engine::build(app, &config).await?;
    stop::running(engine, async |engine| make(app, engine, &args).await).await
}

async fn make(app: &App, engine: &Engine, args: &PlanArgs) -> CliResult<Exit> {
    let documents = select(app, engine, args).await?;
    let shadow = Shadow::of(&engine.pipeline);
    let planned = shadow::plan(&shadow, &documents, true).await?;
    let id = engine.pipeline.keep_plan(&planned).await?;
    let mut plan = shown(engine, planned).await;
    plan.id = Some(id);
    app.show(&plan);
    Ok(Exit::Done)
}

async fn shown(engine: &Engine, planned: Vec<Planned>) -> Plan {
    let objects = planned.iter().map(|one| one.document.kind).collect();
    Plan::new(planned, &objects, shadow::seconds_per_call(engine).await)
}

async fn select(app: &App, engine: &Engine, args: &PlanArgs) -> CliResult<Vec<DocumentKey>> {
    let moment = |since: crate::args::Since| since.moment(app.clock.now(), &app.zone);
    let name = |(kind, number): &(model::ObjectKind, String)| Named { kind: *kind, number: number.clone() };
    let selection = Selection {
        documents: args.documents.iter().map(name).collect(),
        code: args.code,
        kind: args.kind,
        since: args.since.map(moment),
        until: args.until.map(moment),
        all: !args.failed && args.code.is_none() && (args.since.is_some() || args.until.is_some()),
        limit: HIGHEST_LIMIT,
    };
    let pipeline = &engine.pipeline;
    let replay = Replay {
        company: pipeline.settings.company.clone(),
        queue: Arc::clone(&engine.books.queue),
        state: Arc::clone(&engine.books.state),
        audit: Arc::clone(&engine.books.audit),
        clock: Arc::clone(&pipeline.clock),
        random: Arc::clone(&pipeline.random),
        per_second: 1,
        stopping: Arc::clone(&pipeline.stopping),
    };
    let (mut documents, unknown) = replay.select(&selection).await?;
    documents.truncate(selection.limit);
    if let Some(unknown) = unknown.first() {
        return Err(CliError::new(format!(
            "no {} with the number {} is known",
            unknown.kind, unknown.number
        ))
        .help("Give the number as SAP or Coupa shows it, or SAP's DocEntry; for a supplier its CardCode."));
    }
    Ok(documents)
}

pub(super) async fn apply(app: &App, id: &str) -> CliResult<Exit> {
    let config = app.config()?;
    let engine = Engine::build(app, &config).await?;
    stop::running(engine, async |engine| apply_kept(app, engine, id).await).await
}

async fn apply_kept(app: &App, engine: &Engine, id: &str) -> CliResult<Exit> {
    let applied = engine.pipeline.apply_plan(id).await.map_err(failed)?;
    let Some(pipeline::plan::Applied { enqueued, moved_on }) = applied else {
        return Err(CliError::new(format!("there is no plan {id}"))
            .help("`b1-coupa replay plan` makes one; it can be applied once, within a week."));
    };
    let exit = if moved_on.is_empty() { Exit::Done } else { Exit::Pending };
    let anew = if moved_on.is_empty() {
        None
    } else {
        let id = engine.pipeline.keep_plan(&moved_on).await?;
        let mut plan = shown(engine, moved_on).await;
        plan.id = Some(id);
        Some(plan)
    };
    app.show(&Applied { enqueued, anew });
    Ok(exit)
}

struct Applied {
    enqueued: usize,
    /// What moved on, planned anew.
    anew: Option<Plan>,
}

impl Report for Applied {
    fn human(&self, look: &Look) -> String {
        let done = format!(
            "{} {} documents into the queue. `b1-coupa sync --once` works them off now; a `run` that is under way does so by \
             itself.",
            look.good("Put"),
            self.enqueued
        );
        match &self.anew {
            None => done,
            Some(plan) => format!(
                "{done}\n{} {} documents are no longer as they were planned, and were not touched. Planned anew:\n\n{}",
                look.warn("Moved on:"),
                plan.planned.len(),
                plan.human(look)
            ),
        }
    }

    fn json(&self) -> Value {
        json!({"enqueued": self.enqueued, "planned_anew": self.anew.as_ref().map(Report::json)})
    }
}
