//! `demo`: the whole thing at work on the two simulators, with a year of a believable company, and trouble on the way.

mod stage;
mod trouble;

use super::{App, Exit, sync::Bars};
use crate::{
    CliError, CliResult,
    args::DemoArgs,
    engine::{Engine, Tally},
    output::{Look, Report, SummaryTable},
};
use jiff::SignedDuration;
use model::ObjectKind;
use serde_json::{Value, json};
use stage::Stage;
use std::sync::{Mutex, PoisonError};

/// What was lost on the way is asked for again within so long.
const MAX_WAIT: SignedDuration = SignedDuration::from_secs(60);

pub(super) async fn run(app: &App, args: DemoArgs) -> CliResult<Exit> {
    let stage = Stage::set(args.keep).await?;
    let app = stage.app(app);
    let config = app.config()?;
    let engine = Engine::build(&app, &config).await?;
    let played = super::stop::unless_asked_to(&engine, play(&app, &stage, &engine)).await;
    engine.close().await;
    let report = played?;
    app.show(&report);
    Ok(if report.differences.is_empty() && !report.stopped { Exit::Done } else { Exit::CouldNotWork })
}

async fn play(app: &App, stage: &Stage, engine: &Engine) -> CliResult<DemoReport> {
    let say = |text: &str| app.output.say(text);
    say(&format!("A company in SAP: {}. Coupa is empty.", stage.inventory()));
    say("\n1. Everything goes to Coupa for the first time.\n");
    let tally = Mutex::new(Tally::default());
    let mut stopped = sync(app, engine, &tally).await?;

    say("\n2. A day at work in SAP, and a bad one for the line:\n");
    for trouble in trouble::make(stage)? {
        say(&format!("   - {trouble}"));
    }
    say("\n3. The changes go to Coupa.\n");
    stopped |= sync(app, engine, &tally).await?;

    say("\n4. Once more, with nothing changed: nothing is written.\n");
    let writes: u64 = stage.coupa.writes().values().sum();
    stopped |= sync(app, engine, &tally).await?;
    let idle: u64 = stage.coupa.writes().values().sum::<u64>() - writes;

    let waiting = engine.waiting().await?;
    let mut table = tally.lock().unwrap_or_else(PoisonError::into_inner).table(&ObjectKind::ALL, &waiting);
    table.set_duplicates(u64::try_from(stage.coupa.duplicates().len()).unwrap_or(u64::MAX));
    let mut differences = stage.differences();
    if idle > 0 {
        differences.push(format!("{idle} writes although nothing had changed"));
    }
    Ok(DemoReport { table, differences, stopped, met: stage.met(engine), look_at: stage.look_at()? })
}

/// One sync with a bar for each object. Whether it was asked to stop.
async fn sync(app: &App, engine: &Engine, tally: &Mutex<Tally>) -> CliResult<bool> {
    let bars = Bars::new(app, &ObjectKind::ALL);
    engine.poll_all(&ObjectKind::ALL, |kind, report| bars.polled(kind, report)).await?;
    let before = {
        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        let before = tally.begin();
        tally.add_poll(bars.poll_calls());
        before
    };
    engine.drain(MAX_WAIT, tally, &|tally| bars.done_since(tally, &before)).await?;
    bars.finish();
    let table = tally.lock().unwrap_or_else(PoisonError::into_inner).since(&before);
    app.output.say(&format!("   {table}"));
    Ok(engine.stopping())
}

/// How it went.
struct DemoReport {
    table: SummaryTable,
    differences: Vec<String>,
    stopped: bool,
    /// What went wrong on the way, counted by the simulators.
    met: Vec<(&'static str, u64)>,
    /// The command that shows one document's audit trail.
    look_at: String,
}

impl Report for DemoReport {
    fn human(&self, look: &Look) -> String {
        let met: Vec<String> = self.met.iter().map(|(what, count)| format!("{count} {what}")).collect();
        let mut lines =
            vec![String::new(), self.table.human(look), format!("\nMet on the way: {}.", met.join(", "))];
        if self.differences.is_empty() {
            lines.push(look.good("Coupa holds exactly what SAP implies, each document once, to the cent."));
        } else {
            lines.push(look.bad(&format!("Coupa differs from SAP in {} places:", self.differences.len())));
            lines.extend(self.differences.iter().take(20).map(|difference| format!("  {difference}")));
        }
        if self.stopped {
            lines.push("Stopped before the end.".to_owned());
        }
        lines.push(format!("\nWhat was done to one invoice, and why:\n\n    {}\n", self.look_at));
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let mut json = self.table.json();
        if let Value::Object(members) = &mut json {
            let met = self.met.iter().map(|(what, count)| ((*what).to_owned(), Value::from(*count)));
            members.insert("met".to_owned(), Value::Object(met.collect()));
            members.insert("differences".to_owned(), json!(self.differences));
            members.insert("audit_command".to_owned(), json!(self.look_at));
        }
        json
    }
}

fn failed(what: impl std::fmt::Display) -> CliError {
    CliError::new(format!("the demo's stage can't be set: {what}"))
}
