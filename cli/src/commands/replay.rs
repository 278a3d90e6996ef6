//! `replay plan` and `replay apply`: what a replay would change is shown first, and then done exactly so.

use super::{
    App, Exit,
    shadow::{self, Plan},
    stop,
};
use crate::{
    CliError, CliResult,
    args::PlanArgs,
    engine::Engine,
    output::{Look, Report},
};
use jiff::{SignedDuration, Timestamp};
use model::{Cause, DocumentKey, Lane};
use pipeline::{
    plan::{Action, Planned, Shadow},
    replay::{HIGHEST_LIMIT, Named, Replay, Selection},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// So many documents stand in one record.
const IN_RECORD: usize = 50;
/// After so long a plan is no longer applied: it is cheaper to plan again than to read it.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 7);

/// A plan, but for its documents.
#[derive(Serialize, Deserialize)]
struct Kept {
    made_at: Timestamp,
    parts: usize,
}

pub(super) async fn plan(app: &App, args: PlanArgs) -> CliResult<Exit> {
    let config = app.config()?;
    let engine = Engine::build(app, &config).await?;
    stop::running(engine, async |engine| make(app, engine, &args).await).await
}

async fn make(app: &App, engine: &Engine, args: &PlanArgs) -> CliResult<Exit> {
    let documents = select(app, engine, args).await?;
    let shadow = Shadow::of(&engine.pipeline);
    let planned = shadow::plan(&shadow, &documents, true).await?;
    let id = keep(engine, &planned).await?;
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

fn head(id: &str) -> String {
    format!("plan/{id}")
}

fn part(id: &str, at: usize) -> String {
    format!("plan/{id}/{at}")
}

async fn keep(engine: &Engine, planned: &[Planned]) -> CliResult<String> {
    let state = &engine.books.state;
    let id = format!("{:08x}", engine.pipeline.random.next_u64() >> 32);
    let parts: Vec<&[Planned]> = planned.chunks(IN_RECORD).collect();
    for (at, some) in parts.iter().enumerate() {
        state.save_record(&part(&id, at), Some(&value(some)?)).await?;
    }
    let kept = Kept { made_at: engine.pipeline.clock.now(), parts: parts.len() };
    state.save_record(&head(&id), Some(&value(&kept)?)).await?;
    Ok(id)
}

fn value<T: Serialize + ?Sized>(thing: &T) -> CliResult<Value> {
    serde_json::to_value(thing).map_err(|error| CliError::new(error.to_string()))
}

fn read<T: for<'de> Deserialize<'de>>(value: Value) -> CliResult<T> {
    serde_json::from_value(value).map_err(|error| {
        CliError::new(format!("the plan can't be read: {error}"))
            .help("Make a new one with `b1-coupa replay plan`.")
    })
}

pub(super) async fn apply(app: &App, id: &str) -> CliResult<Exit> {
    let config = app.config()?;
    let engine = Engine::build(app, &config).await?;
    stop::running(engine, async |engine| apply_kept(app, engine, id).await).await
}

async fn apply_kept(app: &App, engine: &Engine, id: &str) -> CliResult<Exit> {
    let state = &engine.books.state;
    let unknown = || {
        CliError::new(format!("there is no plan {id}"))
            .help("`b1-coupa replay plan` makes one; it can be applied once, within a week.")
    };
    let kept: Kept = read(state.record(&head(id)).await?.ok_or_else(unknown)?)?;
    if engine.pipeline.clock.now().duration_since(kept.made_at) > KEPT {
        return Err(unknown());
    }
    let (mut enqueued, mut moved_on) = (0, Vec::new());
    let shadow = Shadow::of(&engine.pipeline);
    // Part by part: what is decided on what was read is enqueued soon after, and a crash between leaves the rest in the plan.
    for at in 0..kept.parts {
        let Some(record) = state.record(&part(id, at)).await? else { continue };
        let planned: Vec<Planned> = read(record)?;
        let documents: Vec<DocumentKey> = planned.iter().map(|one| one.document.clone()).collect();
        let today = shadow::plan(&shadow, &documents, true).await?;
        let today: BTreeMap<&DocumentKey, &Planned> = today.iter().map(|one| (&one.document, one)).collect();
        let mut changes = Vec::new();
        for one in &planned {
            match today.get(&one.document) {
                Some(now) if *now == one => changes.extend(
                    cause(one.action)
                        .map(|cause| engine.pipeline.asked_for(one.document.clone(), cause, Lane::Live)),
                ),
                Some(now) => moved_on.push((*now).clone()),
                None => {}
            }
        }
        engine.books.queue.send(&changes, engine.pipeline.clock.now()).await?;
        enqueued += changes.len();
        state.save_record(&part(id, at), None).await?;
    }
    state.save_record(&head(id), None).await?;
    let exit = if moved_on.is_empty() { Exit::Done } else { Exit::Pending };
    let anew = if moved_on.is_empty() {
        None
    } else {
        let id = keep(engine, &moved_on).await?;
        let mut plan = shown(engine, moved_on).await;
        plan.id = Some(id);
        Some(plan)
    };
    app.show(&Applied { enqueued, anew });
    Ok(exit)
}

/// Why a planned document is looked at; nothing where the plan says that it is left alone. What needs nothing is looked at
/// too: that closes its dead letter.
const fn cause(action: Action) -> Option<Cause> {
    match action {
        Action::Create | Action::Update | Action::Cancel => Some(Cause::Reconcile),
        Action::Unchanged | Action::NotApplicable => Some(Cause::Replay),
        Action::NotApplied | Action::Fail => None,
    }
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
