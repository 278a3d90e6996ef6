//! The paper that proves it.

use crate::world::World;
use simulators::sap::DocumentKind;

fn synced() -> (World, String, String) {
    let world = World::new();
    world.supplier("V1");
    let (_, order) = world.order("V1");
    let failed = world.in_strange_currency(DocumentKind::Invoice, "V1");
    let failed = world.number(DocumentKind::Invoice, failed);
    world.sync().expect(2);
    (world, order, failed)
}

#[test]
fn show_takes_every_spelling_of_a_kind_and_tells_what_was_sent() {
    let (world, order, _) = synced();
    for kind in ["purchase-order", "purchase-orders", "purchase_order", "purchase_orders", "Purchase-Order"] {
        let attempts = world.attempts(kind, &order);
        assert_eq!(attempts[0]["outcome"], "created", "{kind}");
        assert_eq!(attempts[0]["sent"][0]["body"]["po-number"], order, "{kind}");
    }
    assert_eq!(world.attempts("supplier", "V1")[0]["outcome"], "created");
    let text = world.run(&["audit", "show", "purchase-order", &order]).expect(0).stdout;
    assert!(text.contains("created in Coupa") && text.contains("POST /api/purchase_orders"), "{text}");
    assert!(!text.contains('\u{1b}'), "colour outside of a terminal: {text}");
}

#[test]
fn an_unknown_number_is_an_error_that_helps() {
    let (world, ..) = synced();
    let error = world.run(&["audit", "show", "invoice", "4711", "--json"]).expect(1).error();
    assert!(error["message"].as_str().unwrap().contains("4711"), "{error}");
    assert!(error["help"].as_str().unwrap().contains("DocEntry"), "{error}");
}

#[test]
fn list_shows_all_or_what_failed_since_when() {
    let (world, _, failed) = synced();
    let list = |arguments: &[&str]| {
        let arguments = [&["audit", "list"], arguments, &["--json"]].concat();
        world.run(&arguments).expect(0).json()["attempts"].as_array().unwrap().clone()
    };
    // On AWS a document may have to wait for another that is still under way, which is an attempt more.
    let all = list(&[]).len();
    assert!(if world.stack.is_some() { all >= 3 } else { all == 3 }, "{all} attempts");
    for since in ["1h", "2026-01-01", "2026-01-01T08:00:00Z"] {
        let failures = list(&["--failed", "--since", since]);
        assert_eq!(failures.len(), 1, "{since}");
        assert_eq!(
            (&failures[0]["number"], &failures[0]["code"]),
            (&failed.clone().into(), &"BC-0303".into())
        );
    }
    assert!(list(&["--since", "2099-01-01"]).is_empty());
    assert_eq!(list(&["--limit", "1"]).len(), 1);
    let text = world.run(&["audit", "list", "--failed"]).expect(0).stdout;
    assert!(text.contains("FAILED") && text.contains("BC-0303"), "{text}");
}
