//! What would be done, before it is.

use crate::world::{World, wait_until};
use serde_json::{Value, json};
use simulators::{
    coupa::Kind,
    sap::{DocumentKind, Field},
};

fn action<'a>(plan: &'a Value, kind: &str, number: &str) -> &'a Value {
    let documents = plan["documents"].as_array().unwrap_or_else(|| panic!("no documents: {plan}"));
    let wanted = |one: &&Value| one["kind"] == kind && one["number"] == number;
    documents.iter().find(wanted).unwrap_or_else(|| panic!("no {kind} {number}: {plan}"))
}

fn rename(world: &World, code: &str, name: &str) {
    let name = Field::Text(name.to_owned());
    world
        .sap
        .change_supplier(code, |partner| {
            partner.set("CardName", name);
        })
        .unwrap();
}

#[test]
fn a_dry_run_tells_what_a_sync_would_do_and_writes_nothing_anywhere() {
    let world = World::new();
    world.supplier("V1");
    let (order, order_number) = world.order("V1");
    let (invoice, _) = world.invoice("V1");
    world.payment(invoice);
    let dry = || world.run(&["sync", "--once", "--dry-run", "--json"]).expect(0).json();
    let first = dry();
    assert_eq!(world.writes(), 0);
    for (object, count) in [("suppliers", 1), ("purchase_orders", 1), ("invoices", 1), ("credit_notes", 0)] {
        assert_eq!(first["objects"][object]["create"], count, "{object}: {first}");
    }
    assert_eq!(first["objects"]["payments"]["not_applicable"], 1, "{first}");
    assert!(first["coupa_calls"].as_u64().unwrap() >= 5);
    // It has left nothing behind that a sync could miss.
    assert_eq!(dry()["documents"], first["documents"]);
    world.sync().expect(0);
    world.expect_in_step();

    rename(&world, "V1", "Renamed");
    world.sap.cancel(DocumentKind::Order, order).unwrap();
    let writes = world.writes();
    let plan = dry();
    let supplier = action(&plan, "supplier", "V1");
    assert_eq!(supplier["action"], "update");
    let name = |change: &&Value| change["field"] == "name";
    let change = supplier["changes"].as_array().unwrap().iter().find(name).unwrap();
    assert_eq!(change["sap"], "Renamed");
    assert_eq!(action(&plan, "purchase_order", &order_number)["action"], "cancel");
    assert_eq!(world.writes(), writes);
    world.sync().expect(0);
    world.expect_in_step();
}

#[test]
fn what_would_fail_is_told_with_its_code() {
    let world = World::new();
    world.supplier("V1");
    let entry = world.in_strange_currency(DocumentKind::Invoice, "V1");
    let number = world.number(DocumentKind::Invoice, entry);
    let plan = world.run(&["sync", "--once", "--dry-run", "--json"]).expect(0).json();
    let invoice = action(&plan, "invoice", &number);
    assert_eq!(invoice["action"], "fail");
    let code = invoice["code"].as_str().unwrap().to_owned();
    world.sync().expect(2);
    assert_eq!(world.last_attempt("invoice", &number), ("failed".to_owned(), code));
}

#[test]
fn a_shadow_goes_along_and_writes_nothing() {
    let world = World::new();
    world.supplier("V1");
    let mut running = world.start(&["run", "--shadow", "--json"]);
    let payments = || {
        world
            .sap
            .requests()
            .iter()
            .filter(|request| request.path_and_query.contains("VendorPayments"))
            .count()
    };
    wait_until("the shadow looks for the third time", || payments() > 4);
    running.signal("TERM");
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(world.writes(), 0);
    let first = ended.stdout.lines().find(|line| line.contains("\"plan\"")).expect("a plan");
    let plan: Value = serde_json::from_str(first).unwrap();
    assert_eq!(action(&plan, "supplier", "V1")["action"], "create");
    world.sync().expect(0);
    world.expect_in_step();
}

#[test]
fn a_plan_is_done_exactly_and_what_moved_on_is_planned_anew() {
    let world = World::new();
    for code in ["V1", "V2", "V3"] {
        world.supplier(code);
    }
    world.sync().expect(0);
    for (code, name) in [("V1", "One"), ("V2", "Two")] {
        let id = world.coupa.supplier_by_number(code).unwrap().id;
        assert!(world.coupa.set(Kind::Supplier, id, "tax-id", json!(format!("X{name}"))));
    }
    let args = [
        "replay",
        "plan",
        "--document",
        "supplier/V1",
        "--document",
        "supplier/V2",
        "--document",
        "supplier/V3",
    ];
    let plan = world.run(&[&args[..], &["--json"]].concat()).expect(0).json();
    let id = plan["plan"].as_str().unwrap();
    assert_eq!(action(&plan, "supplier", "V1")["action"], "update");
    assert_eq!(action(&plan, "supplier", "V3")["action"], "unchanged");

    // The truth moves on.
    rename(&world, "V2", "Moved on");
    let applied = world.run(&["replay", "apply", id, "--json"]).expect(3).json();
    assert_eq!(applied["enqueued"], 2, "{applied}");
    let anew = &applied["planned_anew"];
    let fields: Vec<&str> = action(anew, "supplier", "V2")["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|change| change["field"].as_str())
        .collect();
    assert!(fields.contains(&"name") && fields.contains(&"tax-id"), "{fields:?}");
    world.run(&["replay", "apply", id]).expect(1);
    world.run(&["replay", "apply", anew["plan"].as_str().unwrap()]).expect(0);
    world.sync().expect(0);
}

#[test]
fn what_failed_is_planned_by_code_and_kind_and_closed_when_it_succeeds() {
    let world = World::new();
    world.supplier("V1");
    let entry = world.in_strange_currency(DocumentKind::Invoice, "V1");
    let number = world.number(DocumentKind::Invoice, entry);
    world.sync().expect(2);
    let (_, code) = world.last_attempt("invoice", &number);
    let plan = world.run(&["replay", "plan", "--failed", "--json"]).expect(0).json();
    assert_eq!(action(&plan, "invoice", &number)["action"], "fail");
    let none = world
        .run(&["replay", "plan", "--code", &code, "--kind", "purchase-order", "--json"])
        .expect(0)
        .json();
    assert_eq!(none["documents"], json!([]));

    world
        .sap
        .change_document(DocumentKind::Invoice, entry, |invoice| invoice.currency = "EUR".to_owned())
        .unwrap();
    let plan = world.run(&["replay", "plan", "--code", &code, "--json"]).expect(0).json();
    assert_eq!(action(&plan, "invoice", &number)["action"], "create");
    world.run(&["replay", "apply", plan["plan"].as_str().unwrap()]).expect(0);
    world.sync().expect(0);
    assert_eq!(world.last_attempt("invoice", &number).0, "created");
    let letters = world.run(&["dead-letters", "list", "--json"]).expect(0).json();
    assert_eq!(letters["dead_letters"], 0, "{letters}");
    world.run(&["replay", "plan", "--document", "invoice/nobody"]).expect(1);
    world.run(&["replay", "apply", "no-such-plan"]).expect(1);
}
