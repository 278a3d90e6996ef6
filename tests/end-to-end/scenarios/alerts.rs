//! Failures told where the buyer works.

use crate::world::World;
use serde_json::{Value, json};
use simulators::{coupa::Kind, sap::DocumentKind};

fn all(world: &World, kind: Kind) -> Vec<Value> {
    world.coupa.ids(kind).into_iter().filter_map(|id| world.coupa.json(kind, id)).collect()
}

#[test]
fn an_error_of_data_is_raised_in_coupa_and_resolved_when_the_document_succeeds() {
    let mut world = World::new();
    world.coupa.add(Kind::Integration, &json!({"name": "SAP Business One", "code": "SAPB1"}));
    world.set("coupa", "integration = \"SAPB1\"");
    world.run(&["check"]).expect(0);
    world.supplier("V1");
    let entry = world.in_strange_currency(DocumentKind::Invoice, "V1");
    let number = world.number(DocumentKind::Invoice, entry);
    world.sync().expect(2);
    let (_, code) = world.last_attempt("invoice", &number);

    let errors = all(&world, Kind::IntegrationError);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    let error = &errors[0];
    assert_eq!((&error["document-type"], &error["resolved"]), (&json!("InvoiceHeader"), &json!(false)));
    let response = &error["responses"][0];
    assert_eq!(response["response-code"], json!(code));
    let text = response["response-message"].as_str().unwrap();
    assert!(text.contains(&number) && text.contains("[currencies]"), "{text}");
    let runs = all(&world, Kind::IntegrationRun);
    assert!(runs.iter().all(|run| run["integration"]["code"] == "SAPB1"), "{runs:#?}");
    if world.stack.is_none() {
        assert_eq!((runs.len(), &runs[0]["status"]), (1, &json!("successful")));
    }

    // The same failure again is the same error.
    world.run(&["dead-letters", "redrive"]).expect(0);
    world.sync_what_fails();
    let open = |world: &World| {
        all(world, Kind::IntegrationError).iter().filter(|one| one["resolved"] == false).count()
    };
    assert_eq!(open(&world), 1);

    world
        .sap
        .change_document(DocumentKind::Invoice, entry, |invoice| invoice.currency = "EUR".to_owned())
        .unwrap();
    world.sync().expect(0);
    assert_eq!(open(&world), 0);
    world.expect_clean_requests();
}

#[test]
fn a_run_that_writes_nothing_opens_none_and_without_the_scope_nothing_is_told_and_nothing_is_lost() {
    let mut world = World::new();
    world.coupa.add(Kind::Integration, &json!({"name": "SAP Business One", "code": "SAPB1"}));
    world.supplier("V1");
    world.sync().expect(0);
    world.set("coupa", "integration = \"SAPB1\"");
    world.sync().expect(0);
    assert_eq!(all(&world, Kind::IntegrationRun).len(), 0);

    // Coupa refuses each call of them.
    world.coupa.plan(
        simulators::coupa::Fault::on(
            http::Method::POST,
            "/api/integration_runs",
            simulators::coupa::Effect::FailBefore(403),
        )
        .times(9),
    );
    world.in_strange_currency(DocumentKind::Invoice, "V1");
    world.supplier("V2");
    world.sync().expect(2);
    assert_eq!(all(&world, Kind::IntegrationError).len(), 0);
    assert!(world.coupa.supplier_by_number("V2").is_some());
}
