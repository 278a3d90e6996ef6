//! Suppliers both ways, and two grown lists that a person joins.

use crate::world::World;
use model::Clock as _;
use serde_json::json;
use simulators::{
    clock::SystemClock,
    coupa::Kind,
    sap::{AddressSpec, SupplierSpec},
};
use std::io::Write as _;

fn in_sap(code: &str, name: &str, tax_id: &str) -> SupplierSpec {
    SupplierSpec {
        code: code.to_owned(),
        name: name.to_owned(),
        federal_tax_id: tax_id.to_owned(),
        ..simulators::samples::supplier(code)
    }
}

fn in_coupa(name: &str, tax_id: &str) -> serde_json::Value {
    json!({
        "name": name, "status": "active", "tax-id": tax_id,
        "primary-contact": {"email": "joe@own.example", "name-given": "Joe", "name-family": "Own"},
        "primary-address": {"street1": "Weg 1", "city": "Kiel", "postal-code": "24103", "country": {"code": "DE"}},
    })
}

#[test]
fn a_new_supplier_goes_to_sap_and_a_change_comes_back_once() {
    let mut world = World::new();
    let suppliers = "\n[suppliers]\nfrom_coupa = true\ncreate_in_sap = true\nseries = 71\nnew_partner = { GroupCode = 101 }\n";
    world.configure("\n[sync]\n", &format!("{suppliers}\n[sync]\n"));
    let id = world.coupa.enter(Kind::Supplier, in_coupa("Newcomer", "DE999")).unwrap();
    world.sync().expect(0);
    let codes = world.sap.supplier_codes();
    assert_eq!(codes.len(), 1);
    assert_eq!(world.coupa.supplier_by_number(&codes[0]).unwrap().id, id);
    world.sync().expect(0);
    world.coupa.forget_requests();
    world.sap.clear_requests();
    world.coupa.edit_supplier(id, json!({"primary-contact": {"email": "new@own.example"}})).unwrap();
    world.sync().expect(0);
    world.sync().expect(0);
    let partner = world.sap.supplier(&codes[0]).unwrap();
    assert_eq!(partner.rows("ContactEmployees")[0].text("E_Mail"), "new@own.example");
    let patches = world.sap.requests().iter().filter(|one| one.method.as_str() == "PATCH").count();
    assert_eq!((patches, world.writes()), (1, 0));
    let checked = world.run(&["check"]);
    assert!(checked.stdout.contains("U_CoupaId"), "{}", checked.stdout);
    world.expect_clean_requests();
}

#[test]
fn check_says_how_to_add_the_field_that_keeps_coupas_id() {
    let mut world = World::new();
    world.configure("\n[sync]\n", "\n[suppliers]\nfrom_coupa = true\ncreate_in_sap = true\n\n[sync]\n");
    world.sap.configure(|settings| settings.partners_have_coupa_id = false);
    let checked = world.run(&["check"]);
    assert!(checked.stdout.contains("User-Defined Fields"), "{}", checked.stdout);
}

#[test]
fn a_person_joins_two_grown_lists_by_a_file() {
    let world = World::new();
    world.sap.add_supplier(in_sap("V1", "Alpha GmbH", "DE111")).unwrap();
    world.sap.add_supplier(in_sap("V2", "Müller Schrauben AG", "DE222")).unwrap();
    world.sap.add_supplier(in_sap("V3", "Nobody Else", "DE333")).unwrap();
    let alpha = world.coupa.enter(Kind::Supplier, in_coupa("Alfa Trading", "DE 111")).unwrap();
    let muller = world.coupa.enter(Kind::Supplier, in_coupa("Schrauben Muller", "")).unwrap();
    let file = world.folder().join("pairs.csv");
    let path = file.to_str().unwrap();
    let found = world.run(&["suppliers", "match", "--csv", path, "--json"]).expect(0).json();
    assert_eq!((&found["by_tax_id"], &found["by_name"]), (&json!(1), &json!(1)));
    assert_eq!(world.writes(), 0, "written before anybody decided");

    let text = std::fs::read_to_string(&file).unwrap();
    let decided: Vec<String> = text
        .lines()
        .map(|line| line.strip_prefix(",V1,").map_or(line.to_owned(), |rest| format!("yes,V1,{rest}")))
        .collect();
    std::fs::write(&file, decided.join("\n")).unwrap();
    // stdin is empty: nobody confirms.
    world.run(&["suppliers", "match", "--apply", path]).expect(0);
    assert_eq!(world.writes(), 0, "written although nobody confirmed");
    world.run(&["suppliers", "match", "--apply", path, "--yes"]).expect(0);
    assert_eq!(world.coupa.supplier_by_number("V1").unwrap().id, alpha);
    assert!(world.coupa.supplier_by_number("V2").is_none());

    // What the file left open is asked at the terminal.
    let mut child = world
        .command(&["suppliers", "match"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"y\ny\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("Müller Schrauben AG") && shown.contains("Schrauben Muller"), "{shown}");
    assert!(output.status.success(), "{shown}");
    assert_eq!(world.coupa.supplier_by_number("V2").unwrap().id, muller);

    world.sync().expect(0);
    assert_eq!(world.coupa.suppliers().len(), 3, "V3 is new, and nobody is there twice");
}

#[test]
#[ignore = "a measurement: 10,000 suppliers on each side, best with --release"]
fn ten_thousand_on_each_side() {
    let world = World::new();
    let words =
        ["Nord", "Stahl", "Holz", "Glas", "Papier", "Werk", "Technik", "Handel", "Logistik", "Chemie"];
    let name = |at: usize| {
        let part = |place: usize| words[at / 10_usize.pow(u32::try_from(place).unwrap()) % 10];
        format!("{} {} {}{} {}", part(0), part(1), part(2), part(3).to_lowercase(), at * 7919 % 100_000)
    };
    for at in 0..10_000 {
        let address = AddressSpec::default();
        let spec = in_sap(&format!("V{at}"), &format!("{} GmbH", name(at)), &format!("DE{at}"));
        world.sap.add_supplier(SupplierSpec { addresses: vec![address], ..spec }).unwrap();
        let tax_id = if at % 2 == 0 { format!("DE {at}") } else { String::new() };
        world.coupa.enter(Kind::Supplier, in_coupa(&name(at).replace("ie", "y"), &tax_id)).unwrap();
    }
    let began = SystemClock.now();
    let found = world.run(&["suppliers", "match", "--json"]).expect(0).json();
    println!(
        "{} by tax id, {} by name; compared in {} ms, {} ms in all",
        found["by_tax_id"],
        found["by_name"],
        found["took_ms"],
        SystemClock.now().duration_since(began).as_millis()
    );
}
