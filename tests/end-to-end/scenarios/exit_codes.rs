//! What a script learns from the exit code.

use crate::{
    process::Ended,
    world::{COUPA_SECRET, NOBODY, SAP_PASSWORD, World},
};
use serde_json::Value;

#[test]
fn two_when_something_ended_in_the_dead_letters_while_all_else_arrived() {
    let world = World::new();
    world.supplier("V1");
    let strange = world.in_strange_currency(simulators::sap::DocumentKind::Invoice, "V1");
    world.order("V1");
    let (_, number) = world.invoice("V1");

    let ended = world.sync().expect(2);
    assert_eq!((ended.total("failed"), ended.count("invoices", "failed")), (1, 1));
    assert!(world.coupa.invoice("V1", &number).is_some());
    assert_eq!(world.coupa.orders().len(), 1);
    let attempts = world.attempts("invoice", &strange.to_string());
    assert_eq!(attempts.len(), 1, "{attempts:?}");
    assert_eq!((&attempts[0]["outcome"], &attempts[0]["code"]), (&"failed".into(), &"BC-0303".into()));
    // It failed in that run, not in this one.
    assert_eq!(world.sync().expect(0).total("failed"), 0);
}

pub(super) fn three_while_a_payment_waits_for_an_approval_and_zero_after_it() {
    let world = World::new();
    world.coupa.configure(|settings| settings.submitted_status = "pending_approval");
    world.supplier("V1");
    let (invoice, number) = world.invoice("V1");
    let (_, payment) = world.payment(invoice);

    let ended = world.sync().expect(3);
    assert_eq!((ended.total("pending"), ended.count("payments", "pending")), (1, 1));
    assert_eq!((ended.total("failed"), ended.count("invoices", "created")), (0, 1));
    assert_eq!(world.last_attempt("payment", &payment), ("waiting".to_owned(), "BC-0402".to_owned()));
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["waiting"][0]["code"], "BC-0402");
    assert_eq!(status["waiting"][0]["object"], "payments");
    assert_eq!(status["waiting"][0]["count"], 1);

    let text = world.run(&["sync", "--once", "--max-wait", "0"]).expect(3).stdout;
    assert!(text.contains("pending") && text.contains("1 still waiting"), "{text}");

    world.coupa.approve_invoice("V1", &number);
    // It looks again after a while at first, then ever more rarely.
    world.sync_waiting("180s").expect(0);
    assert_eq!(world.coupa.payments("V1", &number).len(), 1);
    world.expect_in_step();
}

#[track_caller]
fn could_not_work(ended: Ended) -> Value {
    ended.expect(1).error()
}

#[track_caller]
fn says(error: &Value, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is not in {text}");
    }
}

#[test]
fn one_when_sap_does_not_answer() {
    let mut world = World::new();
    let url = world.sap_url();
    world.configure(&url, NOBODY);
    says(&could_not_work(world.sync()), &["no reply from the Service Layer", "b1-coupa check"]);
    assert_eq!(world.writes(), 0);
}

#[test]
fn one_when_coupa_does_not_answer_or_refuses_the_client() {
    let mut world = World::new();
    let url = world.coupa_url();
    world.configure(&url, NOBODY);
    says(&could_not_work(world.sync()), &["BC-0201"]);
    world.configure(NOBODY, &url);
    world.configure("client_id = \"coupa-client\"", "client_id = \"somebody\"");
    says(&could_not_work(world.sync()), &["BC-0203", "client_id"]);
}

#[test]
fn one_when_the_config_is_missing_or_wrong() {
    let mut world = World::new();
    world.write_config("[sap]\nservice_layer_url = \"http://127.0.0.1:5\"\n".to_owned());
    says(&could_not_work(world.sync()), &["company_db", "b1-coupa init"]);
    std::fs::remove_file(world.config_file()).unwrap();
    says(&could_not_work(world.sync()), &["there is no such config file", "b1-coupa init"]);
}

#[test]
fn one_when_a_secret_is_missing() {
    let world = World::new();
    let mut command = world.command_without_secrets(&["sync", "--once", "--json"]);
    command.env("B1_COUPA_SAP_PASSWORD", SAP_PASSWORD);
    let error = could_not_work(Ended::of(command));
    says(&error, &["coupa-client-secret", "b1-coupa secrets set", "B1_COUPA_COUPA_CLIENT_SECRET"]);
    let mut command = world.command_without_secrets(&["sync", "--once", "--json"]);
    command.env("B1_COUPA_COUPA_CLIENT_SECRET", COUPA_SECRET);
    says(&could_not_work(Ended::of(command)), &["sap-password"]);
}

#[test]
fn one_when_the_command_line_is_wrong() {
    let world = World::new();
    for arguments in [
        &["sync", "--json"][..],
        &["backfill", "--object", "invoces", "--since", "2025-07-01", "--json"],
        &["backfill", "--object", "invoices", "--since", "2025-02-30", "--json"],
        &["audit", "show", "letter", "1", "--json"],
        &["audit", "list", "--since", "yesterday", "--json"],
        &["dead-letters", "redrive", "--code", "BC-9999", "--json"],
        &["nonsense", "--json"],
    ] {
        could_not_work(world.run(arguments));
    }
}
