//! `check`: tries every part of the way, and says what to do about what fails. Reads only; a webhook for notifications gets a call
//! that says that it is a check.

mod certificate;
mod coupa;
mod master_data;
mod notifications;
mod sap;

use super::{App, Exit};
use crate::{
    CliError, CliResult,
    config::Config,
    engine::Engine,
    output::{Look, Report},
};
use serde_json::{Value, json};

pub(super) async fn run(app: &App) -> CliResult<Exit> {
    let mut checks = Checks::default();
    let config = match app.config() {
        Ok(config) => config,
        Err(error) => {
            checks.error("config", &error);
            return Ok(checks.show(app));
        }
    };
    checks.good("config", format!("{} can be read", config.file.display()));
    let engine = match prepare(app, &config).await {
        Ok(engine) => engine,
        Err(error) => {
            checks.error("secrets, mapping and database", &error);
            return Ok(checks.show(app));
        }
    };
    checks.good("secrets, mapping and database", "can be read".to_owned());
    let sap = sap::check(&engine, &config, &mut checks).await;
    if sap {
        sap::coupa_id(&engine, &mut checks).await;
    }
    engine.remember_session().await?;
    let coupa = coupa::check(&engine, &mut checks).await;
    master_data::check(&engine, &config, sap, coupa, &mut checks).await;
    if app.stack.is_none() {
        notifications::check(app, &config, &mut checks).await;
    }
    engine.close().await;
    Ok(checks.show(app))
}

async fn prepare(app: &App, config: &Config) -> CliResult<Engine> {
    let engine = Engine::build(app, config).await?;
    // A person is here and wants both log-ins tried now, whatever was refused or granted before.
    engine.pipeline.sap.forget_refusal().await.map_err(|error| CliError::new(error.to_string()))?;
    engine.pipeline.coupa.forget_token().await.map_err(|error| CliError::new(error.to_string()))?;
    Ok(engine)
}

/// How one part of the way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    /// Worth knowing; nothing fails because of it yet.
    Note,
    Bad,
}

/// One line of the answer.
struct Line {
    name: String,
    state: State,
    text: String,
    help: Option<String>,
}

/// All lines so far.
#[derive(Default)]
struct Checks(Vec<Line>);

impl Checks {
    fn good(&mut self, name: &str, text: String) {
        self.0.push(Line { name: name.to_owned(), state: State::Good, text, help: None });
    }

    fn note(&mut self, name: &str, text: String, help: &str) {
        self.0.push(Line { name: name.to_owned(), state: State::Note, text, help: Some(help.to_owned()) });
    }

    fn bad(&mut self, name: &str, text: String, help: &str) {
        self.0.push(Line { name: name.to_owned(), state: State::Bad, text, help: Some(help.to_owned()) });
    }

    fn error(&mut self, name: &str, error: &CliError) {
        let help = error.help_text().map(str::to_owned);
        self.0.push(Line { name: name.to_owned(), state: State::Bad, text: error.to_string(), help });
    }

    fn failure(&mut self, name: &str, failure: &model::Failure) {
        self.bad(name, failure.to_string(), failure.code.fix());
    }

    fn is_good(&self) -> bool {
        self.0.iter().all(|line| line.state != State::Bad)
    }

    fn show(&self, app: &App) -> Exit {
        app.show(self);
        if self.is_good() { Exit::Done } else { Exit::CouldNotWork }
    }
}

impl Report for Checks {
    fn human(&self, look: &Look) -> String {
        let line = |line: &Line| {
            let mark = match line.state {
                State::Good => look.good("ok  "),
                State::Note => look.warn("note"),
                State::Bad => look.bad("FAIL"),
            };
            let help = line.help.as_ref().map_or_else(String::new, |help| format!("\n       → {help}"));
            format!("{mark}  {}: {}{help}", look.bold(&line.name), line.text)
        };
        let mut lines: Vec<String> = self.0.iter().map(line).collect();
        let verdict = if self.is_good() {
            "All good."
        } else {
            "Something must be mended first: see the lines marked FAIL."
        };
        lines.push(format!("\n{verdict}"));
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let line = |line: &Line| {
            let state = match line.state {
                State::Good => "good",
                State::Note => "note",
                State::Bad => "bad",
            };
            json!({"name": line.name, "state": state, "text": line.text, "help": line.help})
        };
        json!({"good": self.is_good(), "checks": self.0.iter().map(line).collect::<Vec<_>>()})
    }
}
