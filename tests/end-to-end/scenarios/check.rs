//! `check`: every part of the way, and what to do about what fails.

use crate::world::{NOBODY, World};
use serde_json::Value;

/// The lines of `check` in this state, as name, text and help in one.
fn lines(check: &Value, state: &str) -> Vec<String> {
    let all = check["checks"].as_array().unwrap().iter().filter(|line| line["state"] == state);
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    all.map(|line| format!("{}: {} → {}", text(line, "name"), text(line, "text"), text(line, "help")))
        .collect()
}

/// Exactly one line fails, it says these words, and there is help.
#[track_caller]
fn one_fails(world: &World, words: &[&str]) {
    let check = world.run(&["check", "--json"]).expect(1).json();
    assert_eq!(check["good"], false);
    let bad = lines(&check, "bad");
    assert_eq!(bad.len(), 1, "{check:#}");
    for word in words {
        assert!(bad[0].contains(word), "`{word}` is not in {}", bad[0]);
    }
    assert!(!bad[0].ends_with("→ "), "no help: {}", bad[0]);
    let human = world.run(&["check"]).expect(1).stdout;
    assert_eq!(human.matches("FAIL  ").count(), 1, "{human}");
}

#[test]
fn all_good_is_zero_and_only_reads() {
    let world = World::with_documents(21, 10);
    let check = world.run(&["check", "--json"]).expect(0).json();
    assert_eq!(check["good"], true);
    let good = lines(&check, "good").join("\n");
    for words in [
        "config",
        "Service Layer",
        "SAP log-in",
        "core.supplier.write",
        "core.invoice.delete",
        "ship_to_address",
        "chart_of_accounts",
        "[payment_terms]",
        "[currencies]",
        "[units]",
        "[ship_to]",
    ] {
        assert!(good.contains(words), "{words}: {check:#}");
    }
    assert_eq!(world.writes(), 0);
    assert_eq!(world.sap.live_sessions(), world.sessions_kept());
    let text = world.run(&["check"]).expect(0).stdout;
    assert!(text.contains("All good."), "{text}");
}

#[test]
fn a_user_that_may_not_be_looked_up_is_a_note_and_an_unknown_one_a_failure() {
    let mut world = World::new();
    let check = world.run(&["check", "--json"]).expect(0).json();
    let notes = lines(&check, "note").join("\n");
    assert!(notes.contains("ship_to_user") && notes.contains("core.user.read"), "{check:#}");

    world.coupa.configure(|settings| {
        for client in settings.clients.values_mut() {
            client.scopes.insert("core.user.read".to_owned());
        }
    });
    world.configure("ship_to_user = \"buyer@acme.example\"", "ship_to_user = \"nobody@acme.example\"");
    // The scope isn't asked for, so the token lacks it still.
    world.run(&["check"]).expect(0);
}

#[test]
fn sap_at_a_port_where_nobody_listens() {
    let mut world = World::new();
    let url = world.sap_url();
    world.configure(&url, NOBODY);
    one_fails(&world, &["Service Layer", "BC-0101", "port"]);
}

#[test]
fn a_wrong_password_or_company() {
    let mut world = World::new();
    world.sap.configure(|settings| settings.password = "another".to_owned());
    one_fails(&world, &["SAP log-in", "BC-0102", "password"]);
    world.sap.configure(|settings| settings.password = "correct horse".to_owned());
    world.configure("SBODEMO_ACME", "SBODEMO_OTHER");
    one_fails(&world, &["SAP log-in", "BC-0102"]);
}

#[test]
fn coupa_away_or_the_client_unknown() {
    let mut world = World::new();
    let url = world.coupa_url();
    world.configure("client_id = \"coupa-client\"", "client_id = \"somebody\"");
    one_fails(&world, &["Coupa", "BC-0203", "client_id"]);
    world.configure(&url, NOBODY);
    one_fails(&world, &["Coupa", "BC-0201"]);
}

#[test]
fn names_in_the_config_that_coupa_does_not_know() {
    let mut world = World::new();
    world.configure("ship_to_address = \"01\"", "ship_to_address = \"MOON\"");
    one_fails(&world, &["ship_to_address", "`MOON`", "[coupa]"]);
    world.configure("MOON", "01");
    world.configure("Main COA", "Other COA");
    one_fails(&world, &["chart_of_accounts", "`Other COA`"]);
}

#[test]
fn a_reason_that_coupa_does_not_show_is_a_note() {
    let mut world = World::new();
    let note = |world: &World| {
        let check = world.run(&["check", "--json"]).expect(0).json();
        lines(&check, "note").into_iter().find(|line| line.starts_with("reopen_reason"))
    };
    assert_eq!(note(&world), None, "the reason in the config is one of Coupa's");
    world.configure("ERP_REOPENED", "WHO_KNOWS");
    assert!(note(&world).is_some_and(|line| line.contains("`WHO_KNOWS`")));
    world.configure("reopen_reason = \"WHO_KNOWS\"\n", "");
    assert!(note(&world).is_some_and(|line| line.contains("none is set")));
}

#[test]
fn codes_in_the_mapping_that_one_side_does_not_know() {
    let mut world = World::new();
    world.map("[payment_terms]\n\"3\" = \"Z30\"\n");
    one_fails(&world, &["[payment_terms]", "Coupa does not know `Z30`"]);
    world.map("[payment_terms]\n\"99\" = \"Net 30\"\n");
    one_fails(&world, &["[payment_terms]", "SAP does not know `99`"]);
    world.map("[currencies]\n\"USD\" = \"USX\"\n");
    one_fails(&world, &["[currencies]", "`USX`"]);
    world.map("[ship_to]\n\"01\" = \"MOON\"\n");
    one_fails(&world, &["[ship_to]", "`MOON`"]);
    world.map("[units]\n\"pcs\" = \"EACH\"\n");
    one_fails(&world, &["[units]", "`EACH`"]);
    world.map("[units]\npcs = 3\n");
    one_fails(&world, &["mapping.toml"]);
}

#[test]
fn a_config_that_can_not_be_read_is_a_failing_line_too() {
    let mut world = World::new();
    world.configure("company_db", "company_bd");
    one_fails(&world, &["config", "company_bd", "company_db"]);
}
