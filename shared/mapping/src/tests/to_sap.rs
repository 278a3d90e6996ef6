//! What SAP is told of a supplier: of one that Coupa changed, and of one that is new there.

use super::*;
use model::{Code, CoupaId};
use sap::entities::BusinessPartner;

fn fields(fields: Value) -> Fields {
    serde_json::from_value(fields).unwrap()
}

fn told(partner: &Value, wanted: Value) -> Value {
    let partner: BusinessPartner =
        read(&with(&json!({"CardCode": "V1", "CardName": "Acme"}), partner.clone()));
    Value::Object(to_sap(&World::new().context(), &partner, &fields(wanted)).unwrap())
}

/// A row of SAP's as it is sent.
fn row(name: &str, street: &str, members: Value) -> Value {
    let parts = json!({
        "AddressName": name, "AddressType": "bo_BillTo", "Street": street, "Block": null, "City": null, "ZipCode": null,
        "State": null, "Country": null,
    });
    with(&parts, members)
}

#[test]
fn name_tax_id_and_status_go_into_saps_members() {
    for (wanted, expected) in [
        (json!({}), json!({})),
        (json!({"name": "Acme AG"}), json!({"CardName": "Acme AG"})),
        (json!({"tax_id": "DE1"}), json!({"FederalTaxID": "DE1"})),
        (json!({"tax_id": null}), json!({"FederalTaxID": null})),
        (json!({"status": "active"}), json!({"Valid": "tYES", "Frozen": "tNO"})),
        (json!({"status": "inactive"}), json!({"Valid": "tNO", "Frozen": "tYES"})),
    ] {
        assert_eq!(told(&json!({}), wanted.clone()), expected, "{wanted}");
    }
}

#[test]
fn no_span_of_dates_is_left_that_says_otherwise() {
    let spans = json!({"ValidFrom": "2026-01-01", "FrozenFrom": "2026-02-01", "FrozenTo": "2026-03-01"});
    let expected =
        json!({"Valid": "tYES", "Frozen": "tNO", "ValidFrom": null, "FrozenFrom": null, "FrozenTo": null});
    assert_eq!(told(&spans, json!({"status": "active"})), expected);
}

#[test]
fn an_address_that_is_also_paid_at_is_one_row_and_what_is_paid_at_holds() {
    let partner = json!({
        "BilltoDefault": "HQ", "BPAddresses": [{"AddressName": "HQ", "AddressType": "bo_BillTo", "RowNum": 3}],
    });
    let wanted = json!({
        "address": {"street1": "Home 1"}, "remit_to/HQ": {"street1": "Bank 2"}, "remit_to/YARD": {"street1": "Yard 3"},
    });
    let rows = [row("HQ", "Bank 2", json!({"RowNum": 3})), row("YARD", "Yard 3", json!({}))];
    assert_eq!(told(&partner, wanted), json!({"BPAddresses": rows}));
}

#[test]
fn a_first_address_becomes_the_default_under_a_name_that_is_free() {
    let wanted = json!({"address": {"street1": "Home 1"}});
    let expected = json!({"BilltoDefault": "Bill to", "BPAddresses": [row("Bill to", "Home 1", json!({}))]});
    assert_eq!(told(&json!({}), wanted.clone()), expected);
    let ships_to =
        json!({"BPAddresses": [{"AddressName": "Bill to", "AddressType": "bo_ShipTo", "RowNum": 0}]});
    assert_eq!(told(&ships_to, wanted.clone()), expected, "SAP counts names by the row's type");
    let names = ["Bill to", "Bill to (Coupa)", "Bill to (Coupa 2)"];
    for taken in 1..names.len() {
        let bill_to = |name| json!({"AddressName": name, "AddressType": "bo_BillTo", "RowNum": 0});
        let rows: Vec<_> = names[..taken].iter().map(bill_to).collect();
        let name = names[taken];
        let expected = json!({"BilltoDefault": name, "BPAddresses": [row(name, "Home 1", json!({}))]});
        assert_eq!(told(&json!({"BPAddresses": rows}), wanted.clone()), expected);
    }
}

#[test]
fn a_street_number_of_saps_own_is_emptied_only_where_there_is_one() {
    for (number, members) in [("12a", json!({"RowNum": 0, "StreetNo": null})), (" ", json!({"RowNum": 0}))] {
        let hq = json!({"AddressName": "HQ", "AddressType": "bo_BillTo", "StreetNo": number, "RowNum": 0});
        let expected = json!({"BPAddresses": [row("HQ", "Neu 7", members)]});
        assert_eq!(
            told(&json!({"BPAddresses": [hq]}), json!({"remit_to/HQ": {"street1": "Neu 7"}})),
            expected
        );
    }
}

#[test]
fn a_first_contact_becomes_the_main_one_and_has_a_name() {
    let long = "x".repeat(60);
    for (contact, name) in [
        (json!({"given": "Ada", "family": "Pay", "email": "ada@acme.example"}), "Ada Pay"),
        (json!({"given": null, "family": "Pay", "email": null}), "Pay"),
        (json!({"given": "Ada", "family": null, "email": null}), "Ada"),
        (json!({"given": null, "family": null, "email": "ada@acme.example"}), "ada@acme.example"),
        (json!({"given": null, "family": null, "email": null}), "Contact"),
        (json!({"given": null, "family": long, "email": null}), &long[..50]),
    ] {
        let person = json!({"Name": name, "FirstName": contact["given"], "LastName": contact["family"],
                            "E_Mail": contact["email"]});
        let expected = json!({"ContactPerson": name, "ContactEmployees": [person]});
        assert_eq!(told(&json!({}), json!({"contact": contact})), expected);
    }
}

fn new(rules: &NewPartner, mark: Option<&str>, wanted: Value) -> Result<Value, Failure> {
    new_partner(&World::new().context(), CoupaId(12), &fields(wanted), rules, mark).map(Value::Object)
}

fn rules() -> NewPartner {
    NewPartner {
        series: None,
        card_code: Some("C{id}".to_owned()),
        members: json!({"GroupCode": 101}).as_object().cloned().unwrap(),
    }
}

#[test]
fn a_new_supplier_becomes_a_partner_with_all_that_coupa_knows_of_it() {
    let wanted = json!({
        "name": "Acme", "status": "active", "tax_id": "DE1", "payment_term": "Net 14", "address": {"street1": "Home 1"},
        "remit_to/BANK": {"street1": "Bank 2"},
        "contact": {"email": "ada@acme.example", "given": "Ada", "family": null},
    });
    let expected = json!({
        "GroupCode": 101, "CardType": "cSupplier", "CardName": "Acme", "CardCode": "C12", "FederalTaxID": "DE1",
        "PayTermsGrpCode": 2, "U_CoupaId": "12", "BilltoDefault": "Bill to", "EmailAddress": "ada@acme.example",
        "BPAddresses": [row("Bill to", "Home 1", json!({})), row("BANK", "Bank 2", json!({}))],
        "ContactEmployees": [
            {"Name": "Ada", "FirstName": "Ada", "LastName": null, "E_Mail": "ada@acme.example"}],
    });
    assert_eq!(new(&rules(), Some("U_CoupaId"), wanted), Ok(expected));
}

#[test]
fn of_a_new_supplier_what_coupa_leaves_open_stays_open() {
    let empty =
        json!({"name": "Acme", "tax_id": null, "payment_term": null, "address": null, "contact": null});
    for wanted in [json!({"name": "Acme"}), empty] {
        let expected = json!({"CardType": "cSupplier", "CardName": "Acme"});
        assert_eq!(new(&NewPartner::default(), None, wanted), Ok(expected));
    }
    for nameless in [json!({}), json!({"name": null})] {
        let failure = new(&rules(), None, nameless).unwrap_err();
        assert_eq!(failure.code, Code::FieldMissing);
        assert!(failure.message.contains("supplier 12"), "{failure}");
    }
    let failure = new(&rules(), None, json!({"name": "Acme", "payment_term": "Net 99"})).unwrap_err();
    assert_eq!(failure.code, Code::CodeNotMapped);
}

#[test]
fn a_new_partner_is_numbered_by_the_rule_else_by_the_series() {
    let number = |card_code: Option<&str>, series| {
        let rules = NewPartner { series, card_code: card_code.map(str::to_owned), ..NewPartner::default() };
        let body = new(&rules, None, json!({"name": "Acme"})).unwrap();
        (body["CardCode"].clone(), body["Series"].clone())
    };
    assert_eq!(number(Some("C{id}"), Some(71)), (json!("C12"), Value::Null));
    assert_eq!(number(None, Some(71)), (Value::Null, json!(71)));
    assert_eq!(number(None, None), (Value::Null, Value::Null));
}

#[test]
fn a_number_of_fifteen_characters_is_the_longest() {
    let code = |rule: &str| {
        let rules = NewPartner { card_code: Some(rule.to_owned()), ..NewPartner::default() };
        rules.code(CoupaId(12)).map_err(|failure| failure.code)
    };
    assert_eq!(code("COUPA-SUPPLÄ-{id}"), Ok(Some("COUPA-SUPPLÄ-12".to_owned())));
    assert_eq!(code("COUPA-SUPPLIE-{id}"), Err(Code::NumberTooLong));
}

/// SAP refuses a partner with two rows of one name.
#[test]
fn a_remit_to_address_called_as_the_main_one_makes_no_second_row() {
    let rows = |wanted| new(&NewPartner::default(), None, wanted).unwrap()["BPAddresses"].clone();
    let wanted =
        json!({"name": "Acme", "address": {"street1": "Home 1"}, "remit_to/Bill to": {"street1": "Bank 2"}});
    assert_eq!(rows(wanted), json!([row("Bill to", "Home 1", json!({}))]));
    let alone = json!({"name": "Acme", "address": null, "remit_to/Bill to": {"street1": "Bank 2"}});
    assert_eq!(rows(alone), json!([row("Bill to", "Bank 2", json!({}))]));
}
