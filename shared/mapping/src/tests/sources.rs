//! Whoever asks where a field comes from gets an answer, whatever is sent.

use super::*;
use sap::entities::BusinessPartner;

fn unknown<'a>(kind: ObjectKind, bodies: impl IntoIterator<Item = &'a Sent>) -> Vec<&'a String> {
    let names = bodies.into_iter().flat_map(Sent::keys);
    names.filter(|name| source_in_coupa(kind, name).is_none()).collect()
}

#[test]
fn every_field_that_goes_to_coupa_has_a_source() {
    let world = World::with("[custom_fields]\nComments = \"a\"\n[custom_fields.suppliers]\nPhone1 = \"a\"");
    let partner: BusinessPartner = read(&json!({
        "CardCode": "V1", "CardName": "Acme", "FederalTaxID": "DE1", "PayTermsGrpCode": 2, "BilltoDefault": "HQ",
        "BPAddresses": [{"AddressName": "HQ", "AddressType": "bo_BillTo", "Street": "Main 1"}],
    }));
    let image = supplier(&world.context(), &partner).unwrap();
    assert_eq!(unknown(ObjectKind::Supplier, [&image.fields, &image.at_creation]), [""; 0]);
    let wanted = coupa_fields(
        &read(&json!({"id": 7, "name": "Acme", "remit-to-addresses": [
        {"id": 70, "remit-to-code": "HQ", "street1": "Main 1"}]})),
        "V1",
    );
    let body = to_coupa(&wanted, &read(&json!({"id": 7})), "V1");
    assert_eq!(unknown(ObjectKind::Supplier, [&body]), [""; 0]);
    assert_eq!(unknown(ObjectKind::PurchaseOrder, [&world.order(&printers()).unwrap().header]), [""; 0]);
    let base = with_line(json!({"BaseType": 18, "BaseEntry": 812}));
    for (kind, image) in [
        (ObjectKind::Invoice, world.invoice(&printers()).unwrap()),
        (ObjectKind::CreditNote, world.credit_note(&base, &bases_of(&[printers()])).unwrap()),
    ] {
        assert_eq!(unknown(kind, [&image.header]), [""; 0]);
    }
}

#[test]
fn every_member_that_goes_to_sap_has_a_source_of_its_own_or_is_the_configs() {
    let fields: Fields = serde_json::from_value(json!({
        "name": "Acme", "status": "active", "tax_id": "DE1", "payment_term": "Net 14", "address": {"street1": "Main 1"},
        "contact": {"email": "ada@acme.example"},
    }))
    .unwrap();
    let world = World::new();
    let spans = json!({"CardCode": "V1", "ValidFrom": "2026-01-01", "ValidTo": "2026-01-01", "FrozenFrom": "2026-01-01",
                       "FrozenTo": "2026-01-01"});
    let mut body = to_sap(&world.context(), &read(&spans), &fields).unwrap();
    let rules = NewPartner {
        series: None,
        card_code: Some("C{id}".to_owned()),
        members: json!({"GroupCode": 101}).as_object().cloned().unwrap(),
    };
    body.extend(
        new_partner(&world.context(), model::CoupaId(7), &fields, &rules, Some("U_CoupaId")).unwrap(),
    );
    let by_config = body.keys().filter(|member| source_in_sap(member) == "[suppliers] of the config");
    assert_eq!(by_config.collect::<Vec<_>>(), ["GroupCode", "U_CoupaId"]);
}
