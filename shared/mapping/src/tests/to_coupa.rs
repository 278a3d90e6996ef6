//! What Coupa is told of a supplier that SAP changed.

use super::*;
use coupa::WholeSupplier;

/// As Coupa shows it: one remit-to address of ours, and one that somebody made in Coupa.
fn held() -> WholeSupplier {
    read(&json!({
        "id": 7, "number": "V1", "name": "Acme",
        "remit-to-addresses": [
            {"id": 70, "remit-to-code": "V1-HQ", "street1": "Main 1"}, {"id": 71, "remit-to-code": "BANK"},
            {"id": 72, "remit-to-code": null},
        ],
    }))
}

fn fields(fields: Value) -> Fields {
    serde_json::from_value(fields).unwrap()
}

fn told(wanted: Value) -> Value {
    Value::Object(to_coupa(&fields(wanted), &held(), "V1"))
}

fn bonn() -> Value {
    json!({"street1": "Neu 7", "street2": null, "city": "Bonn", "postal_code": "53111", "state": null, "country": "DE"})
}

#[test]
fn each_field_goes_under_coupas_name_of_it_and_nothing_else_is_touched() {
    let address = json!({"street1": "Neu 7", "street2": null, "city": "Bonn", "postal-code": "53111", "state": null,
                         "country": {"code": "DE"}});
    for (wanted, expected) in [
        (json!({}), json!({})),
        (json!({"name": "Acme AG"}), json!({"name": "Acme AG"})),
        (json!({"status": "inactive"}), json!({"status": "inactive"})),
        (json!({"tax_id": "DE1"}), json!({"tax-id": "DE1"})),
        (json!({"tax_id": null}), json!({"tax-id": null})),
        (json!({"payment_term": "N14"}), json!({"payment-term": {"code": "N14"}})),
        (json!({"payment_term": null}), json!({"payment-term": null})),
        (json!({"address": bonn()}), json!({"primary-address": address})),
        (
            json!({"contact": {"email": "ada@acme.example", "given": "Ada", "family": "Pay"}}),
            json!({"primary-contact": {"email": "ada@acme.example", "name-given": "Ada", "name-family": "Pay"}}),
        ),
        (json!({"name": "Acme AG", "tax_id": "DE1"}), json!({"name": "Acme AG", "tax-id": "DE1"})),
    ] {
        assert_eq!(told(wanted.clone()), expected, "{wanted}");
    }
}

#[test]
fn an_address_is_emptied_part_by_part_but_for_its_country() {
    let street = json!({"street1": "Neu 7"});
    let expected =
        json!({"street1": "Neu 7", "street2": null, "city": null, "postal-code": null, "state": null});
    assert_eq!(told(json!({"address": street})), json!({"primary-address": expected}));
}

#[test]
fn a_contact_keeps_in_coupa_what_sap_does_not_say() {
    let contact = json!({"email": "ada@acme.example", "given": null, "family": null});
    assert_eq!(told(json!({"contact": contact})), json!({"primary-contact": {"email": "ada@acme.example"}}));
}

/// Else every change of a street would leave one more address behind, and somebody would be paid at the old one.
#[test]
fn a_remit_to_address_that_coupa_has_is_edited_and_another_is_added() {
    let street = json!({"street1": "Neu 7"});
    let row = |members: Value| {
        let parts =
            json!({"street1": "Neu 7", "street2": null, "city": null, "postal-code": null, "state": null});
        with(&parts, members)
    };
    for (name, members) in [
        ("HQ", json!({"id": 70})),
        ("BANK", json!({"id": 71})),
        ("YARD", json!({"name": "YARD", "remit-to-code": "V1-YARD"})),
        ("Berlin/Mitte", json!({"name": "Berlin/Mitte", "remit-to-code": "V1-Berlin/Mitte"})),
    ] {
        let wanted = json!({format!("remit_to/{name}"): street});
        assert_eq!(told(wanted), json!({"remit-to-addresses": [row(members)]}), "{name}");
    }
    let both = told(json!({"remit_to/HQ": street, "remit_to/YARD": street}));
    assert_eq!(both["remit-to-addresses"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_coupa_was_told_is_what_it_shows() {
    let wanted = json!({
        "name": "Acme", "status": "active", "tax_id": "DE1", "payment_term": "N14", "address": bonn(),
        "contact": {"email": "ada@acme.example", "given": "Ada", "family": "Pay"},
        "remit_to/HQ": bonn(), "remit_to/YARD": bonn(),
    });
    let nothing: WholeSupplier = read(&json!({"id": 7}));
    let mut body = to_coupa(&fields(wanted.clone()), &nothing, "V1");
    body.insert("id".to_owned(), json!(7));
    assert_eq!(coupa_fields(&read(&Value::Object(body)), "V1"), fields(wanted));
}

#[test]
fn a_remit_to_address_is_called_by_what_stands_behind_the_card_code() {
    let row = |code: &str| json!({"id": 1, "remit-to-code": code, "street1": "Main 1"});
    let codes = ["V1-HQ", "V1-Berlin-Mitte", "BANK", "V10-HQ", "V1-", "V1HQ", " "];
    let supplier = read(&json!({"id": 7, "remit-to-addresses": codes.map(row)}));
    let shown = coupa_fields(&supplier, "V1");
    let names: Vec<&str> = shown.keys().filter_map(|name| name.strip_prefix("remit_to/")).collect();
    assert_eq!(names, ["BANK", "Berlin-Mitte", "HQ", "V1-", "V10-HQ", "V1HQ"]);
}
