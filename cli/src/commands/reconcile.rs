//! `b1-coupa reconcile`: compares both sides, certifies what it found, and has what differs looked at again.

mod key;
mod report;
mod verify;

use super::{App, Exit, stop};
use crate::{
    CliError, CliResult,
    args::{ReconcileArgs, ReconcileCommand},
    config::Config,
    engine::Engine,
    output::Bar,
};
use certificate::{About, Certificate, CertificateError, Files, LAST_COMPARISON};
use jiff::{ToSpan as _, civil::Date};
pub(crate) use key::signing_key;
use model::ObjectKind;
use pipeline::reconcile::{Balance, Progress, ReconcileError, Scope};
use report::Compared;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

pub(super) async fn run(app: &App, args: ReconcileArgs) -> CliResult<Exit> {
    if let Some(ReconcileCommand::Verify { file }) = &args.command {
        return verify::run(app, file).await;
    }
    let config = app.config()?;
    let engine = Engine::build(app, &config).await?;
    stop::running(engine, async |engine| compare(app, engine, &config, &args).await).await
}

async fn compare(app: &App, engine: &Engine, config: &Config, args: &ReconcileArgs) -> CliResult<Exit> {
    let scope = scope(config, args)?;
    let bars = Bars::new(app, &scope.objects);
    let balance = engine.pipeline.reconcile(&scope, &|progress| bars.show(progress)).await;
    bars.progress.clear();
    engine.remember_session().await?;
    let balance = balance.map_err(failed)?;
    let made = certify(app, engine, config, &scope, &balance, args.out.as_deref()).await?;
    let enqueued = if args.repair { Some(engine.pipeline.repair(&balance).await?) } else { None };
    let exit = if balance.differences.is_empty() { Exit::Done } else { Exit::Failed };
    app.show(&Compared { balance, json_file: made.json, page: made.page, enqueued });
    Ok(exit)
}

/// Compares everything and certifies it; answers how many differences there are.
pub(super) async fn nightly(app: &App, engine: &Engine, config: &Config) -> CliResult<usize> {
    let scope = Scope { objects: config.sync.objects.iter().copied().collect(), days: None };
    let balance = engine.pipeline.reconcile(&scope, &|_| ()).await.map_err(failed)?;
    certify(app, engine, config, &scope, &balance, None).await?;
    Ok(balance.differences.len())
}

fn scope(config: &Config, args: &ReconcileArgs) -> CliResult<Scope> {
    let moving: BTreeSet<ObjectKind> = config.sync.objects.iter().copied().collect();
    let objects: BTreeSet<ObjectKind> = args.objects.iter().copied().collect();
    if let Some(stranger) = objects.difference(&moving).next() {
        return Err(CliError::new(format!("{} are not kept in step", stranger.plural()))
            .help("Name objects that stand in `objects` under [sync]."));
    }
    let days = args.month.map(last_day).transpose()?;
    Ok(Scope { objects: if objects.is_empty() { moving } else { objects }, days })
}

fn last_day(first: Date) -> CliResult<(Date, Date)> {
    let last = first.checked_add(1.month()).and_then(Date::yesterday);
    last.map(|last| (first, last)).map_err(|_| CliError::new("that month is too far away"))
}

pub(super) fn failed(error: ReconcileError) -> CliError {
    match error {
        ReconcileError::Stopped => CliError::new("stopped before both sides were compared")
            .help("Nothing was written. Run it again: it begins anew."),
        error => {
            CliError::new(error.to_string()).help("Run `b1-coupa check`, which tries every part of the way.")
        }
    }
}

/// The files of a certificate.
pub(super) struct Made {
    json: PathBuf,
    page: PathBuf,
}

/// Signs what was found and writes both files.
pub(super) async fn certify(
    app: &App,
    engine: &Engine,
    config: &Config,
    scope: &Scope,
    balance: &Balance,
    folder: Option<&Path>,
) -> CliResult<Made> {
    let about = About::of(config, scope.days, app.clock.now());
    let certificate = Certificate::new(balance.clone(), about);
    let files = certificate.files(&signing_key(app, config).await?).map_err(unwritable)?;
    let made = write(folder.unwrap_or(&config.reconcile.folder), &files)?;
    let last = certificate.record(&made.json.to_string_lossy());
    engine.books.state.save_record(LAST_COMPARISON, Some(&last)).await?;
    Ok(made)
}

fn write(folder: &Path, files: &Files) -> CliResult<Made> {
    let made = Made { json: folder.join(&files.json.name), page: folder.join(&files.page.name) };
    let keep = |file: &Path, text: &str| {
        std::fs::create_dir_all(folder).and_then(|()| std::fs::write(file, text)).map_err(|error| {
            CliError::new(format!("the certificate can't be written to {}: {error}", file.display()))
                .help("Name a folder that you may write to with `--out`, or `folder` under [reconcile].")
        })
    };
    keep(&made.json, &files.json.text)?;
    keep(&made.page, &files.page.text)?;
    Ok(made)
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands over")]
fn unwritable(error: CertificateError) -> CliError {
    CliError::new(format!("the certificate can't be made: {error}"))
}

/// Rows looked at, for those who watch.
struct Bars {
    by_object: BTreeMap<ObjectKind, Bar>,
    progress: crate::output::Progress,
}

impl Bars {
    fn new(app: &App, objects: &BTreeSet<ObjectKind>) -> Self {
        let progress = app.output.progress();
        let by_object = objects.iter().map(|kind| (*kind, progress.counter(kind.plural()))).collect();
        Self { by_object, progress }
    }

    fn show(&self, progress: Progress) {
        if let Some(bar) = self.by_object.get(&progress.kind) {
            bar.set(progress.coupa.max(progress.sap));
            bar.say(if progress.sap > 0 { "rows of SAP" } else { "rows of Coupa" });
        }
    }
}
