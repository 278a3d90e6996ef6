//! `suppliers match`: two grown lists of suppliers, and a person who says which of them are the same.

mod file;

use super::{App, Exit};
use crate::{
    CliError, CliResult,
    args::MatchArgs,
    engine::Engine,
    output::{Look, Report, Table},
};
use coupa::{Query, Supplier, Tally};
use mapping::{Match, Party, Reason};
use model::{CoupaId, Lane};
use pipeline::{Ended, Join};
use serde_json::{Value, json};

/// A proposal with all that a person needs to decide.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    pub card_code: String,
    pub sap: Party,
    pub coupa_id: CoupaId,
    pub coupa: Party,
    pub because: Reason,
    pub likeness: u8,
}

/// Everything that was found, and how long the comparing took.
struct Found {
    proposals: Vec<Proposal>,
    in_sap: usize,
    in_coupa: usize,
    took_ms: i128,
}

pub(super) async fn run(app: &App, args: MatchArgs) -> CliResult<Exit> {
    let config = app.config()?;
    let engine = Engine::build(app, &config).await?;
    let ended = matched(app, &engine, &args).await;
    engine.remember_session().await?;
    engine.close().await;
    ended
}

async fn matched(app: &App, engine: &Engine, args: &MatchArgs) -> CliResult<Exit> {
    if let Some(path) = &args.apply {
        let joins = file::decisions(path)?;
        return confirm_and_join(app, engine, joins, args.yes).await;
    }
    let found = find(app, engine).await?;
    if let Some(path) = &args.csv {
        file::write(path, &found.proposals)?;
        app.show(&Summary { found: &found, file: Some(path.display().to_string()) });
        return Ok(Exit::Done);
    }
    app.show(&Summary { found: &found, file: None });
    if app.output.is_json() {
        return Ok(Exit::Done);
    }
    let joins = ask(app, &found.proposals);
    confirm_and_join(app, engine, joins, args.yes).await
}

/// Reads both lists and compares them. Writes nothing.
async fn find(app: &App, engine: &Engine) -> CliResult<Found> {
    let help = "`b1-coupa check` tries every part of the way.";
    let failed = |error: &dyn std::fmt::Display| CliError::new(error.to_string()).help(help);
    let cards = engine.pipeline.sap.supplier_cards().await.map_err(|error| failed(&error))?;
    let tally = Tally::default();
    let suppliers: Vec<Supplier> =
        engine.pipeline.coupa.list(&tally.call(Lane::Live), &Query::new()).await.map_err(|e| failed(&e))?;
    let sap: Vec<Party> = cards
        .into_iter()
        .map(|card| Party { number: card.code, name: card.name, tax_id: card.tax_id, country: card.country })
        .collect();
    let coupa: Vec<Party> = suppliers.iter().map(party).collect();
    let began = app.clock.now();
    let matches = mapping::propose(&sap, &coupa);
    let took_ms = app.clock.now().duration_since(began).as_millis();
    let proposal = |one: &Match| {
        let (in_sap, in_coupa) = (sap.get(one.sap)?, coupa.get(one.coupa)?);
        Some(Proposal {
            card_code: in_sap.number.clone(),
            sap: in_sap.clone(),
            coupa_id: suppliers.get(one.coupa)?.id,
            coupa: in_coupa.clone(),
            because: one.reason,
            likeness: one.likeness,
        })
    };
    let proposals = matches.iter().filter_map(proposal).collect();
    Ok(Found { proposals, in_sap: sap.len(), in_coupa: coupa.len(), took_ms })
}

fn party(supplier: &Supplier) -> Party {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let country = supplier.primary_address.as_ref().and_then(|address| address.country.as_ref());
    Party {
        number: text(&supplier.number),
        name: text(&supplier.name),
        tax_id: text(&supplier.tax_id),
        country: country.map(|country| text(&country.code)).unwrap_or_default(),
    }
}

/// Shows each pair that isn't joined by its number, and takes the person's word.
fn ask(app: &App, proposals: &[Proposal]) -> Vec<Join> {
    let open: Vec<&Proposal> = proposals.iter().filter(|one| one.because != Reason::Number).collect();
    let mut joins = vec![];
    for (at, one) in open.iter().enumerate() {
        let mut table = Table::new(["", "SAP", "Coupa"]);
        table.row(["number".to_owned(), one.card_code.clone(), one.coupa.number.clone()]);
        table.row(["name".to_owned(), one.sap.name.clone(), one.coupa.name.clone()]);
        table.row(["tax id".to_owned(), one.sap.tax_id.clone(), one.coupa.tax_id.clone()]);
        table.row(["country".to_owned(), one.sap.country.clone(), one.coupa.country.clone()]);
        app.output.say(&format!(
            "\n{} of {}: by {}, names {} % alike\n{}",
            at + 1,
            open.len(),
            one.because.name(),
            one.likeness,
            table.text()
        ));
        match app.output.ask("The same? [y]es, [n]o, [q]uit:").as_deref() {
            Some("y" | "yes") => joins.push(one.join()),
            Some("q" | "quit") | None => break,
            Some(_) => {}
        }
    }
    joins
}

impl Proposal {
    fn join(&self) -> Join {
        Join { card_code: self.card_code.clone(), coupa_id: self.coupa_id }
    }
}

async fn confirm_and_join(app: &App, engine: &Engine, joins: Vec<Join>, yes: bool) -> CliResult<Exit> {
    if joins.is_empty() {
        app.output.say("Nothing was decided, so nothing is written.");
        return Ok(Exit::Done);
    }
    let question = format!("Write {} numbers to Coupa? [y/N]:", joins.len());
    if !yes && !matches!(app.output.ask(&question).as_deref(), Some("y" | "yes")) {
        app.output.say("Nothing was written.");
        return Ok(Exit::Done);
    }
    let mut ends = vec![];
    for join in joins {
        let ended = engine.pipeline.join_supplier(&join).await?;
        ends.push((join, ended));
    }
    let joined = Joined(ends);
    app.show(&joined);
    Ok(if joined.failed() == 0 { Exit::Done } else { Exit::Failed })
}

struct Summary<'a> {
    found: &'a Found,
    file: Option<String>,
}

impl Summary<'_> {
    fn count(&self, reason: Reason) -> usize {
        self.found.proposals.iter().filter(|one| one.because == reason).count()
    }
}

impl Report for Summary<'_> {
    fn human(&self, _: &Look) -> String {
        let Found { in_sap, in_coupa, took_ms, .. } = self.found;
        let [number, tax_id, name] = [Reason::Number, Reason::TaxId, Reason::Name].map(|one| self.count(one));
        let mut text = format!(
            "{in_sap} suppliers in SAP and {in_coupa} in Coupa, compared in {took_ms} ms: {number} pairs have the same \
             number and need no decision, {tax_id} the same tax id, {name} a similar name."
        );
        if let Some(file) = &self.file {
            text.extend([format!(
                "\nFill in the column `decision` of {file} with yes or no, then `b1-coupa suppliers match --apply {file}`."
            )]);
        }
        text
    }

    fn json(&self) -> Value {
        let Found { in_sap, in_coupa, took_ms, proposals } = self.found;
        let pair = |one: &Proposal| {
            json!({"card_code": one.card_code, "coupa_id": one.coupa_id, "because": one.because.name(),
                   "likeness": one.likeness, "sap_name": one.sap.name, "coupa_name": one.coupa.name})
        };
        json!({"in_sap": in_sap, "in_coupa": in_coupa, "took_ms": i64::try_from(*took_ms).unwrap_or(i64::MAX),
               "by_number": self.count(Reason::Number), "by_tax_id": self.count(Reason::TaxId),
               "by_name": self.count(Reason::Name), "file": self.file,
               "pairs": proposals.iter().map(pair).collect::<Vec<_>>()})
    }
}

struct Joined(Vec<(Join, Option<Ended>)>);

impl Joined {
    fn failed(&self) -> usize {
        let good = |ended: &Option<Ended>| ended.as_ref().is_some_and(|ended| ended.code.is_none());
        self.0.iter().filter(|(_, ended)| !good(ended)).count()
    }
}

impl Report for Joined {
    fn human(&self, look: &Look) -> String {
        let (failed, all) = (self.failed(), self.0.len());
        let mut text = format!(
            "{} {} suppliers. `b1-coupa sync --once` or a `run` that is under way brings both sides together.",
            look.good("Joined"),
            all - failed
        );
        if failed > 0 {
            text.extend([format!("\n{failed} did not work; `b1-coupa audit list` says why:")]);
            for (join, ended) in &self.0 {
                let code = match ended {
                    Some(ended) => ended.code.map(model::Code::number),
                    None => Some("another worker has it just now"),
                };
                if let Some(code) = code {
                    text.extend([format!(
                        "\n  {} with Coupa's supplier {}: {code}",
                        join.card_code, join.coupa_id
                    )]);
                }
            }
        }
        text
    }

    fn json(&self) -> Value {
        json!({"joined": self.0.len() - self.failed(), "failed": self.failed()})
    }
}
