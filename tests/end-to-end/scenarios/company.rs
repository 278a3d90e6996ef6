//! A whole company, judged document by document.

use crate::world::World;
use simulators::sap::DocumentKind;

const OBJECTS: [&str; 5] = ["suppliers", "purchase_orders", "invoices", "credit_notes", "payments"];
const COLUMNS: [&str; 9] = [
    "created",
    "updated",
    "unchanged",
    "not_applicable",
    "not_applied",
    "failed",
    "pending",
    "coupa_calls",
    "coupa_calls_per_document",
];

#[test]
fn a_generated_company_arrives_and_stays() {
    let world = World::with_documents(1, 100);
    let first = world.sync_waiting("20s").expect(0);
    world.expect_in_step();
    assert!(world.coupa.ignored_references().is_empty(), "{:?}", world.coupa.ignored_references());

    let table = first.json();
    for object in OBJECTS {
        for column in COLUMNS {
            assert!(table["objects"][object][column].is_number(), "{object} {column}: {table}");
        }
        assert!(first.count(object, "created") > 0, "no {object}: {table}");
    }
    for column in COLUMNS {
        assert!(table[column].is_number(), "{column}: {table}");
    }
    let sum: u64 = OBJECTS.iter().map(|object| first.count(object, "coupa_calls")).sum();
    assert_eq!(first.total("coupa_calls"), sum);
    // Every call is in the table but the one that asks whether Coupa is there; and on AWS, where the table is made from the
    // attempts, those that many documents shared.
    let calls = u64::try_from(world.coupa.api_requests()).unwrap();
    assert!(if world.stack.is_some() { calls > sum } else { calls == sum + 1 }, "{calls} calls: {table}");

    world.coupa.forget_requests();
    let second = world.sync().expect(0);
    assert_eq!(world.writes(), 0);
    assert_eq!((second.total("created"), second.total("updated")), (0, 0));
    world.expect_in_step();
}

#[test]
fn a_day_of_changes_arrives() {
    let world = World::with_documents(2, 60);
    world.sync_waiting("20s").expect(0);
    let open = |kind| {
        let all = world.sap.entries(kind).into_iter().rev();
        all.filter_map(|entry| world.sap.document(kind, entry))
            .filter(|one| !one.closed && one.cancel == simulators::sap::CancelStatus::No)
            .collect::<Vec<_>>()
    };
    let orders = open(DocumentKind::Order);
    world.sap.close_order(orders[0].entry).unwrap();
    world.sap.cancel(DocumentKind::Order, orders[1].entry).unwrap();
    let invoices = open(DocumentKind::Invoice);
    let unpaid: Vec<_> = invoices.iter().filter(|invoice| invoice.paid.local.is_zero()).collect();
    world.sap.cancel(DocumentKind::Invoice, unpaid[0].entry).unwrap();
    world.payment(world.invoice(&unpaid[0].card_code).0);
    let payment = *world.sap.payment_entries().last().unwrap();
    world.sap.cancel_payment(payment).unwrap();
    let code = world.sap.supplier_codes().remove(0);
    let renamed = simulators::sap::Field::Text("Renamed & Partners".to_owned());
    world
        .sap
        .change_supplier(&code, |partner| {
            partner.set("CardName", renamed);
        })
        .unwrap();

    world.sync_waiting("20s").expect(0);
    world.expect_in_step();
}
