//! What would change far more than is usual waits for a person.

use crate::world::World;
use serde_json::json;
use simulators::sap::{DocumentKind, Field};

fn rename_all(world: &World, name: &str) {
    for code in world.sap.supplier_codes() {
        let name = Field::Text(format!("{name} {code}"));
        world
            .sap
            .change_supplier(&code, |partner| {
                partner.set("CardName", name);
            })
            .unwrap();
    }
}

fn named(world: &World, name: &str) -> usize {
    world.coupa.suppliers().iter().filter(|supplier| supplier.name.starts_with(name)).count()
}

#[test]
fn changes_stop_at_the_limit_and_go_on_when_a_person_accepts_them() {
    let mut world = World::new();
    let config = std::fs::read_to_string(world.config_file()).unwrap();
    world.write_config(format!("{config}\n[guardrail]\nchanges = 10\nshare_percent = 20\n"));
    for at in 0..30 {
        world.supplier(&format!("V{at}"));
    }
    // Creations never count.
    world.sync().expect(0);
    rename_all(&world, "Changed");
    // What is new goes over all the same.
    world.supplier("NEW");
    let held = world.sync().expect(3);
    assert_eq!(named(&world, "Changed"), 10);
    assert!(world.coupa.supplier_by_number("NEW").is_some());
    let reason = held.json()["held_back"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("11 changes of "), "{reason}");
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["held_back"], json!(reason));
    // It stays held.
    world.sync().expect(3);
    assert_eq!(named(&world, "Changed"), 10);

    let accepted = world.run(&["guardrail", "accept", "--json"]).expect(0).json();
    assert_eq!(accepted["released"], 20);
    world.sync().expect(0);
    assert_eq!(named(&world, "Changed"), 30);
    world.expect_in_step();
    assert_eq!(world.run(&["status", "--json"]).expect(0).json()["held_back"], json!(null));
}

#[test]
fn a_first_sync_is_never_held_whatever_it_closes_pays_and_submits() {
    let mut world = World::new();
    let config = std::fs::read_to_string(world.config_file()).unwrap();
    world.write_config(format!("{config}\n[guardrail]\nchanges = 0\ncancellations = 0\nshare_percent = 0\n"));
    world.fill(11, 120);
    world.sync_waiting("20s").expect(0);
    world.expect_in_step();
}

#[test]
fn cancellations_have_a_limit_of_their_own_and_it_can_be_switched_off() {
    let mut world = World::new();
    let config = std::fs::read_to_string(world.config_file()).unwrap();
    world.write_config(format!("{config}\n[guardrail]\ncancellations = 2\nshare_percent = 20\n"));
    world.supplier("V1");
    let orders: Vec<_> = (0..4).map(|_| world.order("V1")).collect();
    world.sync().expect(0);
    for (entry, _) in &orders {
        world.sap.cancel(DocumentKind::Order, *entry).unwrap();
    }
    let cancelled =
        |world: &World| world.coupa.orders().iter().filter(|order| order.status == "cancelled").count();
    let held = world.sync().expect(3).json();
    assert_eq!(cancelled(&world), 2);
    assert!(held["held_back"].as_str().unwrap().contains("cancellations"), "{held}");

    world.write_config(format!("{config}\n[guardrail]\nenabled = false\n"));
    world.run(&["guardrail", "accept"]).expect(0);
    world.sync().expect(0);
    assert_eq!(cancelled(&world), 4);
}
