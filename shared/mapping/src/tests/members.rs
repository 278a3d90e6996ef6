//! Members of SAP that a custom field can show without being asked for.

use super::*;
use sap::entities::BusinessPartner;

fn file(object: &str, members: &Value) -> String {
    let fields = members.as_object().unwrap().keys().map(|member| format!("{member} = \"{member}\"\n"));
    format!("[custom_fields.{object}]\n{}", fields.collect::<String>())
}

#[test]
fn a_documents_own_members_are_read_anyway_and_can_be_shown() {
    let shown = json!({
        "CardCode": "V10000", "CardName": "Acme Associates", "Comments": "urgent", "DocCurrency": "EUR",
        "DocDate": "2026-11-02", "DocDueDate": "2026-11-16", "DocEntry": "812", "DocNum": "400812", "NumAtCard": "A-77",
        "Series": "11", "TaxDate": "2026-11-01",
    });
    let world = World::with(&file("purchase_orders", &shown));
    assert!(world.mapping.extra_members(ObjectKind::PurchaseOrder).is_empty());
    let document = with(&printers(), json!({"Comments": "urgent"}));
    assert_eq!(world.order(&document).unwrap().header["custom-fields"], shown);
    let bare = json!({"CardName": "", "Comments": null, "DocDueDate": "", "NumAtCard": "", "Series": null, "TaxDate": null});
    let emptied = json!({"CardName": null, "Comments": null, "DocDueDate": null, "NumAtCard": null, "Series": null,
                         "TaxDate": null});
    let image = world.order(&with(&document, bare)).unwrap();
    assert_eq!(image.header["custom-fields"], with(&shown, emptied));
}

#[test]
fn a_partners_own_members_are_read_anyway_and_can_be_shown() {
    let shown = json!({
        "CardCode": "V1", "CardName": "Acme", "ContactPerson": "Ada", "EmailAddress": "ap@acme.example",
        "FederalTaxID": "DE1", "Phone1": "+49 30 1", "Website": "acme.example",
    });
    let world = World::with(&file("suppliers", &shown));
    assert!(world.mapping.extra_members(ObjectKind::Supplier).is_empty());
    let partner: BusinessPartner = read(&shown);
    assert_eq!(supplier(&world.context(), &partner).unwrap().fields["custom-fields"], shown);
}

#[test]
fn any_other_member_is_asked_for_once() {
    let world = World::with(
        "[custom_fields.invoices]\nU_B = \"b\"\nU_A = \"a\"\nPhone1 = \"p\"\n[custom_fields]\nU_A = \"c\"",
    );
    assert_eq!(world.mapping.extra_members(ObjectKind::Invoice), ["Phone1", "U_A", "U_B"]);
    assert_eq!(world.mapping.extra_members(ObjectKind::CreditNote), ["U_A"]);
    assert!(world.mapping.extra_members(ObjectKind::Payment).is_empty());
}
