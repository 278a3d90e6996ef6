//! The mapping against both sides' master data.

use super::Checks;
use crate::{config::Config, engine::Engine};
use coupa::{Call, Reference, Tally};
use mapping::Table;
use model::Lane;
use std::collections::{BTreeMap, BTreeSet};

/// A table of the mapping file, what SAP calls its codes, and what they are in Coupa.
struct Held<'a> {
    name: &'static str,
    table: Table,
    reference: Reference,
    /// SAP's codes, each with the other name it may go by in the table.
    sap: &'a [(String, String)],
}

pub(super) async fn check(engine: &Engine, config: &Config, sap: bool, coupa: bool, checks: &mut Checks) {
    if !coupa {
        checks.note(
            "mapping",
            "not held against Coupa's master data".to_owned(),
            "Mend the lines above first.",
        );
        return;
    }
    let tally = Tally::default();
    let call = tally.call(Lane::Live);
    defaults(engine, config, &call, checks).await;
    let codes = if sap { codes(engine, checks).await } else { BTreeMap::new() };
    let of = |name: &str| codes.get(name).map_or(&[][..], Vec::as_slice);
    for held in [
        Held {
            name: "payment_terms",
            table: Table::PaymentTerms,
            reference: Reference::PaymentTerm,
            sap: of("payment_terms"),
        },
        Held {
            name: "currencies",
            table: Table::Currencies,
            reference: Reference::Currency,
            sap: of("currencies"),
        },
        Held { name: "units", table: Table::Units, reference: Reference::Unit, sap: of("units") },
        Held { name: "ship_to", table: Table::ShipTo, reference: Reference::Address, sap: of("ship_to") },
    ] {
        table(engine, &held, &call, checks).await;
    }
}

/// What the config itself names in Coupa.
async fn defaults(engine: &Engine, config: &Config, call: &Call<'_>, checks: &mut Checks) {
    let user = &config.coupa.ship_to_user;
    let by = if user.contains('@') { Reference::UserEmail } else { Reference::UserLogin };
    exists(engine, "ship_to_user", by, user, call, checks).await;
    if let Some(address) = &config.coupa.ship_to_address {
        exists(engine, "ship_to_address", Reference::Address, address, call, checks).await;
    }
    let chart = &config.coupa.chart_of_accounts;
    exists(engine, "chart_of_accounts", Reference::AccountType, chart, call, checks).await;
    reopen_reason(engine, config, call, checks).await;
}

/// Coupa's documents don't say that reasons can be read: what isn't found there is worth a look and no failure.
async fn reopen_reason(engine: &Engine, config: &Config, call: &Call<'_>, checks: &mut Checks) {
    const KEY: &str = "reopen_reason";
    let Some(code) = &config.coupa.reopen_reason else {
        return checks.note(
            KEY,
            "none is set".to_owned(),
            "Where Coupa wants a reason to open a closed order again, set `reopen_reason` under [coupa] to its code.",
        );
    };
    match engine.pipeline.coupa.known(call, Reference::Reason, std::slice::from_ref(code)).await {
        Ok(known) if known.contains(code) => checks.good(KEY, format!("`{code}` is in Coupa")),
        Ok(_) => checks.note(
            KEY,
            format!("`{code}` is not among the reasons that Coupa shows"),
            "Compare it with the reason codes in Coupa's setup: with a wrong one no closed order opens again.",
        ),
        Err(error) => checks.note(
            KEY,
            format!("`{code}` could not be looked up: {error}"),
            "Compare it with the reason codes in Coupa's setup yourself.",
        ),
    }
}

async fn exists(
    engine: &Engine,
    key: &str,
    kind: Reference,
    code: &str,
    call: &Call<'_>,
    checks: &mut Checks,
) {
    match engine.pipeline.coupa.known(call, kind, &[code.to_owned()]).await {
        Ok(known) if known.contains(code) => checks.good(key, format!("`{code}` is in Coupa")),
        Ok(_) => {
            let help = format!("Create `{code}` in Coupa, or change `{key}` under [coupa].");
            checks.bad(key, format!("`{code}` is not in Coupa"), &help);
        }
        // Reading users takes a scope that nothing else needs.
        Err(coupa::Error::ScopeMissing { .. }) if kind.needs_scope_of_its_own() => checks.note(
            key,
            format!("`{code}` could not be looked up: the OAuth client lacks core.user.read"),
            "Nothing else needs this scope: look the user up in Coupa yourself, or grant it.",
        ),
        Err(error) => checks.failure(key, &error.failure()),
    }
}

/// SAP's codes by table.
async fn codes(engine: &Engine, checks: &mut Checks) -> BTreeMap<&'static str, Vec<(String, String)>> {
    let sap = &engine.pipeline.sap;
    let coded = |rows: Vec<sap::Coded>| rows.into_iter().map(|row| (row.code, row.name)).collect::<Vec<_>>();
    let terms = sap
        .payment_terms()
        .await
        .map(|terms| terms.into_iter().map(|term| (term.name, term.number.to_string())).collect::<Vec<_>>());
    let lists = [
        ("payment_terms", terms),
        ("currencies", sap.currencies().await.map(coded)),
        ("units", sap.units().await.map(coded)),
        ("ship_to", sap.warehouses().await.map(coded)),
    ];
    let mut by_table = BTreeMap::new();
    for (name, list) in lists {
        match list {
            Ok(list) => drop(by_table.insert(name, list)),
            Err(error) => {
                let text = format!("SAP's list can't be read: {error}");
                checks.note(name, text, "Give the integration user the authorization to read it, or look through the mapping file yourself.");
            }
        }
    }
    by_table
}

/// Holds one table against both sides: what it names must exist, and every code of SAP's should arrive somewhere.
async fn table(engine: &Engine, held: &Held<'_>, call: &Call<'_>, checks: &mut Checks) {
    let table = engine.pipeline.mapping.table(held.table);
    let name = format!("[{}]", held.name);
    let in_sap: BTreeSet<&str> =
        held.sap.iter().flat_map(|(code, other)| [code.as_str(), other.as_str()]).collect();
    let strangers: Vec<&str> = table
        .entries()
        .keys()
        .map(String::as_str)
        .filter(|code| !in_sap.is_empty() && !in_sap.contains(code))
        .collect();
    if !strangers.is_empty() {
        let text = format!("SAP does not know {}", quoted(&strangers));
        checks.bad(&name, text, "Correct the code on the left side in the mapping file, or remove the line.");
    }
    let target =
        |code: &str, other: &str| table.get(code).or_else(|| table.get(other)).unwrap_or(code).to_owned();
    let mapped: BTreeSet<String> = table.entries().values().cloned().collect();
    // Warehouses without an entry go to the config's `ship_to_address`.
    let passed: BTreeSet<String> = match held.table {
        Table::ShipTo => BTreeSet::new(),
        _ => held
            .sap
            .iter()
            .map(|(code, other)| target(code, other))
            .filter(|code| !mapped.contains(code))
            .collect(),
    };
    let wanted: Vec<String> = mapped.iter().chain(&passed).cloned().collect();
    let known = match engine.pipeline.coupa.known(call, held.reference, &wanted).await {
        Ok(known) => known,
        Err(error) => return checks.failure(&name, &error.failure()),
    };
    let missing = |codes: &BTreeSet<String>| codes.difference(&known).cloned().collect::<Vec<_>>();
    let (wrong, unmapped) = (missing(&mapped), missing(&passed));
    if !wrong.is_empty() {
        let text = format!("Coupa does not know {}", quoted(&wrong));
        checks.bad(&name, text, "Create it in Coupa, or correct the right side in the mapping file.");
    }
    if !unmapped.is_empty() {
        let text = format!("in SAP, but neither mapped nor known to Coupa: {}", quoted(&unmapped));
        checks.note(
            &name,
            text,
            "A document that uses one of these will fail: map it in the mapping file, or create it in Coupa.",
        );
    }
    if wrong.is_empty() && strangers.is_empty() {
        checks.good(&name, format!("{} codes are known on both sides", known.len()));
    }
}

fn quoted<S: AsRef<str>>(codes: &[S]) -> String {
    const MOST: usize = 12;
    let mut list: Vec<String> = codes.iter().take(MOST).map(|code| format!("`{}`", code.as_ref())).collect();
    if codes.len() > MOST {
        list.push(format!("and {} more", codes.len() - MOST));
    }
    list.join(", ")
}
