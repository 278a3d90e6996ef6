//! Suppliers both ways: who wins, and what SAP and Coupa are told.

use super::*;
use coupa::WholeSupplier;
use model::{Agreed, Code};
use sap::entities::BusinessPartner;

fn one(name: &str, value: &Value) -> Fields {
    Fields::from([(name.to_owned(), value.clone())])
}

fn agreed(name: &str, sap: &Value, coupa: &Value) -> BTreeMap<String, Agreed> {
    BTreeMap::from([(name.to_owned(), Agreed { sap: sap.clone(), coupa: coupa.clone() })])
}

/// What becomes of one field: sent to SAP, sent to Coupa, conflicts.
fn verdict(field: &str, last: Option<[&str; 2]>, now: [Value; 2]) -> (bool, bool, usize) {
    let last = last.map(|[sap, coupa]| agreed(field, &json!(sap), &json!(coupa))).unwrap_or_default();
    let [sap, coupa] = now;
    let decided = reconcile(&last, &one(field, &sap), &one(field, &coupa), &Ownership::default());
    (!decided.to_sap.is_empty(), !decided.to_coupa.is_empty(), decided.conflicts.len())
}

#[test]
fn a_change_travels_and_the_owner_wins_where_both_changed() {
    let now = |sap: &str, coupa: &str| [json!(sap), json!(coupa)];
    // SAP owns the name.
    assert_eq!(verdict("name", Some(["A", "A"]), now("A", "A")), (false, false, 0));
    assert_eq!(verdict("name", Some(["A", "A"]), now("B", "A")), (false, true, 0));
    assert_eq!(verdict("name", Some(["A", "A"]), now("A", "B")), (true, false, 0));
    assert_eq!(verdict("name", Some(["A", "A"]), now("B", "C")), (false, true, 1));
    assert_eq!(verdict("name", Some(["A", "A"]), now("B", "B")), (false, false, 0));
    // Coupa owns the contact.
    assert_eq!(verdict("contact", Some(["A", "A"]), now("B", "C")), (true, false, 1));
    assert_eq!(verdict("contact", Some(["A", "A"]), now("B", "A")), (false, true, 0));
    assert_eq!(verdict("remit_to/HQ", Some(["A", "A"]), now("B", "C")), (true, false, 1));
    // A spelling that was agreed on is no change.
    assert_eq!(verdict("name", Some(["ÄG", "AEG"]), now("ÄG", "AEG")), (false, false, 0));
    // Never agreed on.
    assert_eq!(verdict("name", None, now("A", "B")), (false, true, 1));
    assert_eq!(verdict("contact", None, now("A", "B")), (true, false, 1));
}

#[test]
fn what_was_never_agreed_on_is_not_emptied() {
    assert_eq!(verdict("tax_id", None, [Value::Null, json!("DE1")]), (true, false, 0));
    assert_eq!(verdict("contact", None, [json!("A"), Value::Null]), (false, true, 0));
    // Emptied later, it is empty on both sides, where a side can be without it.
    assert_eq!(verdict("tax_id", Some(["DE1", "DE1"]), [Value::Null, json!("DE1")]), (false, true, 0));
    assert_eq!(verdict("contact", Some(["A", "A"]), [json!("A"), Value::Null]), (false, false, 0));
    // Emptied on one side and changed on the other, it is the owner's to say.
    assert_eq!(verdict("tax_id", Some(["DE1", "DE1"]), [Value::Null, json!("DE2")]), (false, true, 1));
    assert_eq!(verdict("tax_id", Some(["DE1", "DE1"]), [json!("DE2"), Value::Null]), (false, true, 1));
    assert_eq!(verdict("contact", Some(["A", "A"]), [json!("B"), Value::Null]), (false, false, 1));
}

#[test]
fn a_conflict_names_both_values_and_the_system_that_wins() {
    let told = |field: &str| {
        let (sap, coupa) = (one(field, &json!("A")), one(field, &json!("B")));
        let decided = reconcile(&BTreeMap::new(), &sap, &coupa, &Ownership::default());
        let told = decided.conflicts.iter();
        told.map(|one| format!("{}: {}, {}; {} wins", one.field, one.sap, one.coupa, one.winner))
            .collect::<Vec<_>>()
    };
    assert_eq!(told("name"), [r#"name: "A", "B"; SAP wins"#]);
    assert_eq!(told("contact"), [r#"contact: "A", "B"; Coupa wins"#]);
}

#[test]
fn a_status_that_sap_does_not_know_stays_in_coupa() {
    let now = [json!("active"), json!("onboarding")];
    assert_eq!(verdict("status", Some(["active", "active"]), now), (false, false, 0));
    assert_eq!(
        verdict("status", Some(["active", "active"]), [json!("active"), json!("inactive")]),
        (true, false, 0)
    );
}

fn partner() -> BusinessPartner {
    read(&json!({
        "CardCode": "V1", "CardName": "Acme", "CardType": "cSupplier", "Valid": "tYES", "Frozen": "tNO",
        "ValidTo": "2030-01-01", "BilltoDefault": "HQ", "ContactPerson": "Ada", "PayTermsGrpCode": 2,
        "BPAddresses": [
            {"AddressName": "HQ", "AddressType": "bo_BillTo", "Street": "Main", "StreetNo": "1", "City": "Berlin",
             "Country": "DE", "RowNum": 0},
            {"AddressName": "YARD", "AddressType": "bo_ShipTo", "Street": "Yard 1", "RowNum": 1}],
        "ContactEmployees": [
            {"Name": "Bo", "E_Mail": "bo@acme.example", "Active": "tYES", "InternalCode": 16},
            {"Name": "Ada", "FirstName": "Ada", "E_Mail": "ada@acme.example", "Active": "tYES", "InternalCode": 17}],
    }))
}

fn told(world: &World, field: &str, value: &Value) -> Value {
    Value::Object(to_sap(&world.context(), &partner(), &one(field, value)).unwrap())
}

#[test]
fn sap_is_told_by_its_own_keys() {
    let world = World::new();
    let address = json!({"street1": "Neu 7", "street2": null, "city": "Bonn", "postal_code": "53111", "state": null,
                         "country": "DE"});
    let row = json!({"RowNum": 0, "AddressName": "HQ", "AddressType": "bo_BillTo", "Street": "Neu 7", "StreetNo": null,
                     "Block": null, "City": "Bonn", "ZipCode": "53111", "State": null, "Country": "DE"});
    assert_eq!(told(&world, "address", &address), json!({"BPAddresses": [row]}));
    assert_eq!(told(&world, "remit_to/HQ", &address)["BPAddresses"][0]["RowNum"], 0);
    let added = told(&world, "remit_to/BANK", &address);
    assert_eq!(
        (&added["BPAddresses"][0]["AddressName"], added["BPAddresses"][0].get("RowNum")),
        (&json!("BANK"), None)
    );
    let contact = json!({"email": "new@acme.example", "given": "Cy", "family": null});
    let row = json!({"InternalCode": 17, "FirstName": "Cy", "LastName": null, "E_Mail": "new@acme.example"});
    assert_eq!(told(&world, "contact", &contact), json!({"ContactEmployees": [row]}));
    let status = json!({"Valid": "tNO", "Frozen": "tYES", "ValidTo": null});
    assert_eq!(told(&world, "status", &json!("inactive")), status);
}

#[test]
fn a_payment_term_goes_back_by_the_table_and_by_saps_name() {
    let term = |mapping: &str, code: Value| {
        let world = World::with(mapping);
        to_sap(&world.context(), &partner(), &one("payment_term", &code))
            .map(|body| body["PayTermsGrpCode"].clone())
            .map_err(|failure| failure.code)
    };
    assert_eq!(term("", json!("Net 14")), Ok(json!(2)));
    assert_eq!(term("[payment_terms]\n\"Net 14\" = \"N14\"", json!("N14")), Ok(json!(2)));
    assert_eq!(term("[payment_terms]\n\"7\" = \"N7\"", json!("N7")), Ok(json!(7)));
    assert_eq!(term("", Value::Null), Ok(json!(-1)));
    assert_eq!(term("", json!("Net 99")), Err(Code::CodeNotMapped));
}

#[test]
fn both_sides_show_the_same_of_a_supplier_that_we_made() {
    let world = World::new();
    let image = supplier(&world.context(), &partner()).unwrap();
    let mut body = image.fields.clone();
    body.extend(image.at_creation);
    body.insert("id".to_owned(), json!(7));
    let held: WholeSupplier = read(&Value::Object(body));
    let (sap, coupa) = (sap_fields(&world.context(), &partner()).unwrap(), coupa_fields(&held, "V1"));
    assert_eq!(sap, coupa);
    assert!(sap.contains_key("remit_to/HQ") && !sap.contains_key("remit_to/YARD"));
}

#[test]
fn the_owner_of_a_field_can_be_set_and_nothing_else() {
    let mapping = Mapping::parse("[suppliers.ownership]\nname = \"coupa\"").unwrap();
    assert_eq!((mapping.ownership().of("name"), mapping.ownership().of("status")), (Side::Coupa, Side::Sap));
    assert_eq!(mapping.ownership().of("remit_to/HQ"), Side::Coupa);
    for (wrong, said) in
        [("nam = \"sap\"", "did you mean `name`"), ("name = \"both\"", "allowed are \"sap\", \"coupa\"")]
    {
        let error = Mapping::parse(&format!("[suppliers.ownership]\n{wrong}")).unwrap_err();
        assert!(error.message.contains(said), "{error}");
    }
}

#[test]
fn the_main_contact_is_shown_with_what_it_has() {
    let world = World::new();
    let fields = sap_fields(&world.context(), &partner()).unwrap();
    assert_eq!(fields["contact"], json!({"email": "ada@acme.example", "given": "Ada", "family": null}));
}

#[test]
fn addresses_move_with_each_other_and_nothing_else_does() {
    for (written, field, expected) in [
        ("address", "remit_to/HQ", true),
        ("remit_to/HQ", "address", true),
        ("remit_to/HQ", "remit_to/YARD", true),
        ("address", "name", false),
        ("name", "address", false),
        ("name", "contact", false),
    ] {
        assert_eq!(moves_with(written, field), expected, "{written} and {field}");
    }
}
