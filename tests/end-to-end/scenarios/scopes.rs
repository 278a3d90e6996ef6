//! An OAuth client that was granted fewer scopes than asked for.

use crate::world::World;

fn granted_all_but(scopes: &[&str]) -> World {
    let world = World::new();
    world.coupa.configure(|settings| {
        for client in settings.clients.values_mut() {
            client.scopes.retain(|scope| !scopes.contains(&scope.as_str()));
        }
    });
    world.supplier("V1");
    world
}

#[test]
fn what_needs_the_scope_fails_and_all_else_arrives() {
    let world = granted_all_but(&["core.invoice.delete"]);
    let (invoice, number) = world.invoice("V1");
    world.payment(invoice);
    world.sync().expect(0);
    world.expect_in_step();

    let check = world.run(&["check", "--json"]).expect(1).json();
    let bad = check["checks"].as_array().unwrap().iter().filter(|line| line["state"] == "bad");
    let bad: Vec<_> = bad.map(|line| line["name"].as_str().unwrap()).collect();
    assert_eq!(bad, ["Coupa scope core.invoice.delete"], "{check}");

    let (second, number_of_second) = world.invoice("V1");
    world.sync().expect(0);
    world.sap.cancel(simulators::sap::DocumentKind::Invoice, second).unwrap();
    let ended = world.sync();
    assert_ne!(ended.code, Some(0), "{ended:?}");
    assert_eq!(world.last_attempt("invoice", &number_of_second).1, "BC-0204");
    assert_eq!(world.coupa.invoice("V1", &number).unwrap().status, "approved");
}

#[test]
fn without_the_scope_to_read_the_sync_says_which() {
    let world = granted_all_but(&["core.supplier.read"]);
    let error = world.sync().expect(1).error().to_string();
    assert!(error.contains("BC-0204") && error.contains("core.supplier.read"), "{error}");
}
