//! The commands. Each takes what it needs from [`App`], so that tests can hand it another world.

pub mod audit;
mod backfill;
mod check;
pub mod dead_letters;
#[cfg(feature = "demo")]
mod demo;
mod guardrail;
pub mod init;
mod notifications;
mod reconcile;
pub mod records;
mod replay;
mod run;
pub mod secrets;
mod shadow;
mod shell;
#[cfg(feature = "aws")]
mod stack;
pub mod status;
mod stop;
mod suppliers;
mod sync;
pub mod tunnel;
mod webhooks;
mod why;

use crate::books::Books;
use crate::{
    CliError, CliResult,
    args::{
        AuditCommand, Command, DeadLettersCommand, GuardrailCommand, ReplayCommand, SecretsCommand,
        SuppliersCommand, TunnelCommand,
    },
    config::Config,
    output::{Look, Output, Report},
};
use jiff::tz::TimeZone;
use model::Clock;
use std::{path::PathBuf, process::ExitCode, sync::Arc};
use store::{EmbeddedStore, OpenError, Secrets};
use wire::SystemClock;

/// What a command ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All done.
    Done,
    /// It could not work at all, or a check failed.
    CouldNotWork,
    /// Something ended in the dead letters.
    Failed,
    /// Nothing failed, but something still waits.
    Pending,
}

impl Exit {
    /// As the shell sees it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::CouldNotWork => 1,
            Self::Failed => 2,
            Self::Pending => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What every command works with.
#[derive(Clone)]
pub struct App {
    /// Where it prints to.
    pub output: Output,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The zone that moments are shown in, and that days begin in.
    pub zone: TimeZone,
    /// The config file.
    pub config_file: PathBuf,
    /// The stack on AWS that stands in place of the file.
    pub stack: Option<String>,
    /// The environment's variables.
    pub variable: fn(&str) -> Option<String>,
}

impl App {
    /// For this process.
    pub fn of_process(output: Output, config_file: PathBuf, stack: Option<String>) -> Self {
        Self {
            output,
            clock: Arc::new(SystemClock),
            zone: TimeZone::system(),
            config_file,
            stack,
            variable: |name| std::env::var(name).ok(),
        }
    }

    /// The config, read and checked.
    pub fn config(&self) -> CliResult<Config> {
        Ok(Config::load(&self.config_file)?)
    }

    /// Opens the database, and makes it where there is none.
    pub fn open_books(&self, config: &Config) -> CliResult<Books> {
        Ok(EmbeddedStore::open(&config.store.path)?.into())
    }

    /// Opens the database to look at. Where there is none yet, an empty one takes its place: looking must not
    /// make a file, which could belong to the wrong user.
    #[cfg_attr(
        not(feature = "aws"),
        expect(clippy::unused_async, reason = "a stack is found over the network")
    )]
    pub async fn look_into_books(&self, config: &Config) -> CliResult<Books> {
        #[cfg(feature = "aws")]
        if let Some(stack) = self.find_stack(config).await? {
            return Ok(stack.books());
        }
        if config.store.path.exists() {
            self.open_books(config)
        } else {
            Ok(EmbeddedStore::open_in_memory()?.into())
        }
    }

    /// The stack that was named, if one was.
    #[cfg(feature = "aws")]
    pub async fn find_stack(&self, config: &Config) -> CliResult<Option<crate::stack::Stack>> {
        let Some(name) = &self.stack else { return Ok(None) };
        let (clock, random) = (Arc::clone(&self.clock), Arc::new(wire::SystemRandom));
        crate::stack::Stack::find(name, config, clock, random).await.map(Some)
    }

    /// The secrets at hand, from the environment and the encrypted file.
    pub fn secrets(&self, config: &Config) -> CliResult<Secrets> {
        Secrets::load(config.secrets_file(), self.variable).map_err(CliError::from)
    }

    /// How text looks now.
    pub fn look(&self) -> Look {
        Look { colour: self.output.colour(), zone: self.zone.clone(), now: self.clock.now() }
    }

    /// Prints what a command has found out.
    pub fn show(&self, report: &dyn Report) {
        self.output.show(report, &self.look());
    }
}

impl From<OpenError> for CliError {
    fn from(error: OpenError) -> Self {
        let help = match &error {
            OpenError::Io { .. } => {
                "Check `path` under [store] in the config, and that the user who runs b1-coupa may write to its folder."
            }
            OpenError::NotOurs { .. } => "Check `path` under [store] in the config.",
            OpenError::Newer { .. } => "The file is safe: nothing was changed in it.",
        };
        Self::new(error.to_string()).help(help)
    }
}

/// Does what the command line says.
pub async fn run(app: &App, command: Command) -> CliResult<Exit> {
    check_stack(app, &command)?;
    match command {
        Command::Init => init::run(app),
        Command::Secrets(SecretsCommand::Set { name }) => secrets::set(app, name),
        Command::Secrets(SecretsCommand::List) => secrets::list(app),
        Command::Check => check::run(app).await,
        Command::Sync(args) => sync::run(app, args).await,
        Command::Run(args) if args.shadow => Box::pin(shadow::run(app)).await,
        Command::Run(_) => run::run(app).await,
        Command::Guardrail(GuardrailCommand::Accept) => guardrail::accept(app).await,
        Command::Replay(ReplayCommand::Plan(args)) => Box::pin(replay::plan(app, args)).await,
        Command::Replay(ReplayCommand::Apply { plan }) => Box::pin(replay::apply(app, &plan)).await,
        Command::Backfill(args) => backfill::run(app, args).await,
        Command::Status => status::run(app).await,
        Command::Audit(AuditCommand::Show { kind, number }) => audit::show(app, kind, &number).await,
        Command::Audit(AuditCommand::List { failed, since, limit }) => {
            audit::list(app, failed, since, limit).await
        }
        Command::Audit(AuditCommand::Verify) => audit::verify::run(app).await,
        Command::Audit(AuditCommand::Export { since, format }) => {
            audit::export::run(app, since, format).await
        }
        Command::Why(args) => Box::pin(why::run(app, &args)).await,
        Command::Reconcile(args) => Box::pin(reconcile::run(app, args)).await,
        Command::Suppliers(SuppliersCommand::Match(args)) => suppliers::run(app, args).await,
        Command::DeadLetters(DeadLettersCommand::List) => dead_letters::list(app).await,
        Command::DeadLetters(DeadLettersCommand::Redrive { code, kind }) => {
            dead_letters::redrive(app, code, kind).await
        }
        Command::Webhooks(command) => webhooks::run(app, &command).await,
        Command::Tunnel(TunnelCommand::NewKey { file }) => tunnel::new_key(app, &file),
        Command::Tunnel(TunnelCommand::PublicKey { file }) => tunnel::public_key(app, &file),
        Command::Tunnel(TunnelCommand::AgentConfig(args)) => tunnel::agent_config(app, &args),
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::run(app, args).await,
        Command::Completions { shell } => Ok(shell::completions(app, shell)),
        Command::Man => shell::man(app),
    }
}

/// A stack stands in place of the file only for commands that look into it, and only where this program knows AWS.
fn check_stack(app: &App, command: &Command) -> CliResult {
    let Some(stack) = &app.stack else { return Ok(()) };
    let looks = matches!(
        command,
        Command::Status
            | Command::Audit(_)
            | Command::DeadLetters(_)
            | Command::Check
            | Command::Backfill(_)
            | Command::Sync(_)
            | Command::Reconcile(_)
            | Command::Replay(_)
            | Command::Why(_)
            | Command::Guardrail(_)
            | Command::Webhooks(_)
    );
    if !looks {
        return Err(CliError::new("`--stack` does not go with this command").help(
            "It goes with `status`, `audit`, `why`, `dead-letters`, `check`, `backfill`, `sync`, `guardrail`, `replay`, `reconcile` and `webhooks`; the stack itself runs on AWS.",
        ));
    }
    if cfg!(feature = "aws") {
        return Ok(());
    }
    Err(CliError::new(format!("this b1-coupa knows no AWS, so it can't look into the stack {stack}"))
        .help("Build it with `cargo build --release --features aws`."))
}

#[cfg(test)]
mod testing;
