//! The audit trail as finance uses it: whole or not, exported, and asked where a value comes from.

use crate::world::World;
use rusqlite::Connection;
use serde_json::{Value, json};
use simulators::sap::Field;

/// Somebody with access to the database.
fn tamper(world: &World, sql: &str) {
    let connection = Connection::open(world.folder().join("b1-coupa.db")).unwrap();
    connection
        .execute_batch(
            "DROP TRIGGER IF EXISTS audit_is_not_changed; DROP TRIGGER IF EXISTS audit_is_not_deleted;
             DROP TRIGGER IF EXISTS audit_is_not_replaced;",
        )
        .unwrap();
    connection.execute_batch(sql).unwrap();
}

fn verify(world: &World, code: i32) -> Value {
    world.run(&["audit", "verify", "--json"]).expect(code).json()
}

/// Three suppliers, of which one was changed twice.
fn company() -> World {
    let world = World::new();
    for code in ["V1", "V2", "V3"] {
        world.supplier(code);
    }
    world.sync().expect(0);
    for name in ["One", "Two"] {
        let name = Field::Text(name.to_owned());
        let change = |partner: &mut simulators::sap::Record| {
            partner.set("CardName", name);
        };
        world.sap.change_supplier("V1", change).unwrap();
        world.sync().expect(0);
    }
    world
}

#[test]
fn each_way_to_tamper_with_the_trail_is_named_with_its_place() {
    let cases = [
        (
            "UPDATE audit SET body = replace(body, '\"outcome\":\"updated\"', '\"outcome\":\"unchanged\"') WHERE id = 4",
            "entry 2 was altered",
        ),
        ("UPDATE audit SET payload = NULL WHERE id = 4", "what entry 2 sent was taken out"),
        (
            "UPDATE audit SET payload = (SELECT payload FROM audit WHERE id = 5) WHERE id = 4",
            "entry 2 was altered",
        ),
        ("DELETE FROM audit WHERE id = 4", "before entry 3 was taken out"),
        ("DELETE FROM audit WHERE id = 5", "1 entries at the end"),
        ("DELETE FROM audit WHERE document LIKE '%V1'", "3 entries at the end"),
        ("UPDATE audit SET at = at + 100000000000 WHERE id = 4", "entry 2 stands in the wrong place"),
        (
            "INSERT INTO audit (document, at, failed, body) SELECT document, at + 1, failed, body FROM audit WHERE id = 5",
            "wrong place",
        ),
    ];
    for (sql, place) in cases {
        let world = company();
        let whole = verify(&world, 0);
        assert_eq!(
            (&whole["whole"], &whole["documents"], &whole["entries"]),
            (&json!(true), &json!(3), &json!(5))
        );
        tamper(&world, sql);
        let found = verify(&world, 2);
        let wrong = &found["wrong"][0];
        assert!(wrong["document"].as_str().unwrap().ends_with("supplier/V1"), "{sql}: {found}");
        assert!(wrong["what"].as_str().unwrap().contains(place), "{sql}: {found}");
    }
}

#[test]
fn a_document_that_is_taken_out_whole_is_missed_by_the_checkpoint() {
    let world = company();
    verify(&world, 0);
    tamper(&world, "DELETE FROM audit WHERE document LIKE '%V2'; DELETE FROM document WHERE key LIKE '%V2'");
    let found = verify(&world, 2);
    assert!(found["wrong"][0]["what"].as_str().unwrap().contains("taken out whole"), "{found}");
    let checkpoint = world.folder().join("certificates/audit-checkpoint.json");
    let text = std::fs::read_to_string(&checkpoint).unwrap();
    std::fs::write(&checkpoint, text.replace("/V2", "/W2")).unwrap();
    world.run(&["audit", "verify"]).expect(1);
}

#[test]
fn the_trail_goes_on_over_many_runs_and_is_exported_whole() {
    let world = company();
    verify(&world, 0);
    let jsonl = world.run(&["audit", "export", "--since", "7d"]).expect(0).stdout;
    assert_eq!(jsonl.lines().count(), 5);
    let last: Value = serde_json::from_str(jsonl.lines().last().unwrap()).unwrap();
    assert_eq!((&last["chain"]["sequence"], &last["outcome"]), (&json!(3), &json!("updated")));
    let csv = world.run(&["audit", "export", "--since", "7d", "--format", "csv"]).expect(0).stdout;
    assert_eq!(csv.lines().count(), 6);
    assert!(csv.starts_with("at,company,kind,key,number,cause,direction,outcome,"), "{csv}");
}

#[test]
fn why_tells_where_a_value_comes_from_and_what_changed_since() {
    let world = World::new();
    world.supplier("V1");
    let (_, number) = world.invoice("V1");
    world.sync().expect(0);
    let why = world.run(&["why", "invoice", &number, "gross-total", "--json"]).expect(0).json();
    let answer = &why["documents"][0];
    assert_eq!(answer["field"], "supplier-total");
    assert!(answer["sap"]["DocTotal"].is_string(), "{why}");
    let total: rust_decimal::Decimal = answer["coupa"].as_str().unwrap().parse().unwrap();
    let sent: rust_decimal::Decimal = answer["sent"][0]["value"].as_str().unwrap().parse().unwrap();
    assert_eq!(total, sent);
    assert_eq!(answer["changed_since"], json!(null));

    world
        .sap
        .change_supplier("V1", |partner| {
            partner.set("CardName", Field::Text("Other".to_owned()));
        })
        .unwrap();
    let why = world.run(&["why", "supplier", "V1", "name"]).expect(0).stdout;
    for words in ["CardName = Other", "Rule", "a sync would send `Other` now"] {
        assert!(why.contains(words), "{words}: {why}");
    }
    let unknown = world.run(&["why", "supplier", "V1", "colour"]).expect(1);
    assert!(unknown.stderr.contains("payment-term"), "{}", unknown.stderr);
}

#[test]
fn personal_fields_are_sent_and_not_kept() {
    let mut world = World::new();
    let config = std::fs::read_to_string(world.config_file()).unwrap();
    world.write_config(format!("{config}\n[audit]\npersonal = [\"name\"]\n"));
    world.supplier("V1");
    world.sync().expect(0);
    let name = world.coupa.supplier_by_number("V1").unwrap().name;
    let trail = world.run(&["audit", "export"]).expect(0).stdout;
    assert!(trail.contains("[redacted]") && !trail.contains(&name), "{trail}");
    verify(&world, 0);
}

#[test]
fn what_was_kept_long_enough_is_let_go_under_a_signature() {
    let mut world = World::new();
    let kept_for_good = std::fs::read_to_string(world.config_file()).unwrap();
    world.write_config(format!("{kept_for_good}\n[audit]\nkeep_payloads = \"1s\"\n"));
    world.supplier("V1");
    world.sync().expect(0);
    assert!(world.attempts("supplier", "V1")[0]["sent"][0]["body"].is_object());
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    world.supplier("V2");
    world.sync().expect(0);
    let attempt = &world.attempts("supplier", "V1")[0];
    assert!(attempt["sent"].as_array().is_none_or(Vec::is_empty), "{attempt}");
    assert!(world.attempts("supplier", "V2")[0]["sent"][0]["body"].is_object());
    let told = world.run(&["audit", "show", "supplier", "V1"]).expect(0).stdout;
    assert!(told.contains("no longer kept"), "{told}");
    assert_eq!(verify(&world, 0)["checkpoint"], json!(null), "no document was looked at before");

    // What is kept longer from now on does not make a fault of what is gone.
    world.write_config(kept_for_good);
    assert!(verify(&world, 0)["checkpoint"].is_string());
    tamper(&world, "UPDATE audit SET payload = NULL WHERE document LIKE '%V2'");
    let found = verify(&world, 2);
    let wrong = &found["wrong"][0];
    assert!(wrong["document"].as_str().unwrap().ends_with("supplier/V2"), "{found}");
    assert!(wrong["what"].as_str().unwrap().contains("was taken out"), "{found}");
}
