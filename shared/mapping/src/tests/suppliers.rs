use super::*;
use sap::entities::BusinessPartner;

fn acme() -> Value {
    json!({
        "CardCode": "V10000", "CardName": "Acme Associates", "CardType": "cSupplier", "FederalTaxID": "DE123456789",
        "EmailAddress": "ap@acme.example", "PayTermsGrpCode": 2, "Valid": "tYES", "Frozen": "tNO",
        "BilltoDefault": "HQ", "ContactPerson": "AP", "Address": "Header street 9", "City": "Kiel",
        "ZipCode": "24103", "Country": "DE",
        "BPAddresses": [
            {"AddressName": "HQ", "AddressType": "bo_ShipTo", "Street": "Dock 7", "Country": "DE"},
            {
                "AddressName": "Branch", "AddressType": "bo_BillTo", "Street": "Side 2", "City": "Bonn",
                "ZipCode": "53111", "Country": "DE",
            },
            {
                "AddressName": "HQ", "AddressType": "bo_BillTo", "Street": "Main", "StreetNo": "1", "Block": "B",
                "City": "Berlin", "ZipCode": "10115", "Country": "DE", "State": null,
            },
        ],
        "ContactEmployees": [
            {"Name": "Old", "E_Mail": "old@acme.example", "Active": "tNO"},
            {"Name": "First", "FirstName": "Fay", "LastName": "First", "E_Mail": "fay@acme.example", "Active": "tYES"},
            {"Name": "AP", "FirstName": "Ada", "LastName": "Pay", "E_Mail": "ada@acme.example", "Active": "tYES"},
        ],
    })
}

fn map(world: &World, partner: &Value) -> Result<SupplierImage, Failure> {
    supplier(&world.context(), &read::<BusinessPartner>(partner))
}

fn image(members: Value) -> SupplierImage {
    map(&World::new(), &with(&acme(), members)).unwrap()
}

#[test]
fn a_supplier_has_every_field_of_its_own() {
    let image = image(json!({}));
    assert_eq!((image.number.as_str(), image.name.as_str()), ("V10000", "Acme Associates"));
    assert_eq!(
        Value::Object(image.fields),
        json!({
            "number": "V10000", "name": "Acme Associates", "status": "active", "tax-id": "DE123456789",
            "payment-term": {"code": "Net 14"}, "invoice-matching-level": "none",
            "primary-address": {
                "street1": "Main 1", "street2": "B", "city": "Berlin", "postal-code": "10115", "state": null,
                "country": {"code": "DE"},
            },
        })
    );
    let remit_to = |name: &str, street: &str, block: Value, city: &str, code: &str| {
        json!({
            "name": name, "remit-to-code": format!("V10000-{name}"), "street1": street, "street2": block,
            "city": city, "postal-code": code, "state": null, "country": {"code": "DE"},
        })
    };
    assert_eq!(
        Value::Object(image.at_creation),
        json!({
            "po-method": "prompt", "payment-method": "invoice",
            "primary-contact": {"email": "ada@acme.example", "name-given": "Ada", "name-family": "Pay"},
            "remit-to-addresses": [
                remit_to("Branch", "Side 2", json!(null), "Bonn", "53111"),
                remit_to("HQ", "Main 1", json!("B"), "Berlin", "10115"),
            ],
        })
    );
}

#[test]
fn the_number_is_the_card_code_exactly() {
    for code in ["000V 1", "v10000", "V 10  0", " V1 "] {
        let image = image(json!({"CardCode": code}));
        assert_eq!((image.number.as_str(), &image.fields["number"]), (code, &json!(code)));
    }
    fails(map(&World::new(), &with(&acme(), json!({"CardCode": ""}))), "BC-0305", &["CardCode"]);
    fails(map(&World::new(), &with(&acme(), json!({"CardName": null}))), "BC-0305", &["V10000", "CardName"]);
    assert_eq!(image(json!({"CardName": "ü".repeat(120)})).name, "ü".repeat(100));
}

#[test]
fn documents_name_their_supplier_exactly() {
    let world = World::new();
    for code in ["000V 1", "v10000", " V1 "] {
        let document = with(&printers(), json!({"CardCode": code}));
        let (order, invoice) = (world.order(&document).unwrap(), world.invoice(&document).unwrap());
        assert_eq!((order.supplier.as_str(), invoice.supplier.as_str()), (code, code));
        for header in [order.header, invoice.header] {
            assert_eq!(header["supplier"], json!({"number": code}));
        }
    }
}

#[test]
fn active_is_what_valid_and_frozen_say_today() {
    let cases = [
        (json!({}), "active"),
        (json!({"Valid": "tNO"}), "inactive"),
        (json!({"Frozen": "tYES"}), "inactive"),
        (json!({"Valid": "tNO", "Frozen": "tYES"}), "inactive"),
        (json!({"ValidFrom": "2026-11-02", "ValidTo": "2026-11-02"}), "active"),
        (json!({"ValidFrom": "2026-11-03"}), "inactive"),
        (json!({"ValidTo": "2026-11-01"}), "inactive"),
        (json!({"Frozen": "tYES", "FrozenFrom": "2026-11-03"}), "active"),
        (json!({"Frozen": "tYES", "FrozenTo": "2026-11-01"}), "active"),
        (json!({"Frozen": "tYES", "FrozenFrom": "2026-11-02", "FrozenTo": "2026-11-02"}), "inactive"),
        (json!({"Valid": "tNO", "Frozen": "tYES", "FrozenTo": "2026-11-01"}), "active"),
    ];
    for (members, status) in cases {
        assert_eq!(image(members.clone()).fields["status"], status, "{members}");
    }
}

#[test]
fn a_missing_address_comes_from_the_header() {
    let header = json!({
        "street1": "Header street 9", "street2": null, "city": "Kiel", "postal-code": "24103", "state": null,
        "country": {"code": "DE"},
    });
    let blank = json!([{"AddressName": "HQ", "AddressType": "bo_BillTo", "Street": " "}]);
    for members in [
        json!({"BilltoDefault": "gone"}),
        json!({"BilltoDefault": null}),
        json!({"BPAddresses": null}),
        json!({"BPAddresses": blank}),
    ] {
        assert_eq!(image(members).fields["primary-address"], header);
    }
    let blank = json!([{"AddressName": "HQ", "AddressType": "bo_BillTo", "Street": " "}]);
    let image_of_blank = image(json!({"BPAddresses": blank}));
    assert_eq!(image_of_blank.fields["primary-address"], header);
    assert!(!image_of_blank.at_creation.contains_key("remit-to-addresses"));
    let nothing = json!({"BPAddresses": [], "Address": "", "City": "", "ZipCode": null, "Country": null});
    let image = image(nothing);
    assert!(!image.fields.contains_key("primary-address"));
    assert!(!image.at_creation.contains_key("remit-to-addresses"));
}

#[test]
fn the_contact_is_the_main_one_else_the_first_active_else_the_header() {
    let contact = |members| image(members).at_creation["primary-contact"].clone();
    let ada = json!({"email": "ada@acme.example", "name-given": "Ada", "name-family": "Pay"});
    assert_eq!(contact(json!({})), ada);
    let fay = json!({"email": "fay@acme.example", "name-given": "Fay", "name-family": "First"});
    assert_eq!(contact(json!({"ContactPerson": "gone"})), fay);
    assert_eq!(contact(json!({"ContactPerson": ""})), fay);
    let header = json!({"email": "ap@acme.example", "name-family": "Acme Associates"});
    assert_eq!(contact(json!({"ContactEmployees": []})), header);
    let half = json!({"ContactEmployees": [{"Name": "Sales desk", "Active": "tYES"}]});
    assert_eq!(contact(half), json!({"email": "ap@acme.example", "name-family": "Sales desk"}));
    let bare = json!({"ContactEmployees": [], "EmailAddress": ""});
    assert_eq!(contact(bare), json!({"name-family": "Acme Associates"}));
}

#[test]
fn the_mapping_file_says_how_suppliers_match_are_ordered_from_and_paid() {
    let world = World::with(
        "[suppliers]\ninvoice_matching_level = \"3-way\"\npo_method = \"email\"\npayment_method = \"pcard\"\n\
         [payment_terms]\n\"Net 14\" = \"N14\"\n[custom_fields.suppliers]\nU_Group = \"group\"\nPhone1 = \"phone\"\n\
         Website = \"site\"",
    );
    let mut partner: BusinessPartner = read(&with(&acme(), json!({"Phone1": "+49 30 1"})));
    partner.extra.insert("U_Group".to_owned(), "A".to_owned());
    let image = supplier(&world.context(), &partner).unwrap();
    assert_eq!(image.fields["invoice-matching-level"], "3-way");
    assert_eq!(image.fields["payment-term"], json!({"code": "N14"}));
    assert_eq!(image.fields["custom-fields"], json!({"group": "A", "phone": "+49 30 1", "site": null}));
    assert_eq!(image.at_creation["po-method"], "email");
    assert_eq!(image.at_creation["payment-method"], "pcard");
    assert_eq!(world.mapping.extra_members(ObjectKind::Supplier), ["U_Group"]);
}

#[test]
fn what_is_emptied_in_sap_is_emptied_in_coupa() {
    let (before, after) = (image(json!({})), image(json!({"FederalTaxID": "", "PayTermsGrpCode": null})));
    let expected = json!({"tax-id": null, "payment-term": null});
    assert_eq!(Value::Object(difference(&before.fields, &after.fields)), expected);
}
