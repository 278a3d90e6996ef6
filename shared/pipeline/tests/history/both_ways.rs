//! Suppliers both ways: what is changed on one side goes to the other once, and nothing comes back.

use crate::{
    rig::{Lifeline, Ties},
    world::{World, supplier},
};
use mapping::Mapping;
use model::{AuditOutcome, Code, Direction, ObjectKind};
use pipeline::{Join, Pipeline, Settings, SupplierSettings};
use serde_json::{Value, json};
use simulators::{
    coupa::{Effect, Fault, Kind},
    sap::{AddressSpec, ContactSpec, Fault as SapFault, FaultKind, Field, Refusal, SupplierSpec},
};
use std::{collections::BTreeSet, sync::Arc};
use store::StateStore as _;

pub fn both_ways(world: &World) -> Settings {
    Settings {
        suppliers: SupplierSettings { from_coupa: true, ..SupplierSettings::default() },
        objects: BTreeSet::from([ObjectKind::Supplier]),
        ..world.settings()
    }
}

/// V1, with rows that Coupa doesn't know of, in step on both sides and looked at from both. Answers Coupa's id.
pub async fn in_step(world: &World, worker: &Pipeline) -> u64 {
    let spec = supplier("V1");
    let second = ContactSpec {
        name: "Bo".to_owned(),
        first_name: "Bo".to_owned(),
        email: "bo@acme.example".to_owned(),
        active: true,
        ..ContactSpec::default()
    };
    let main = ContactSpec {
        name: "Ada".to_owned(),
        first_name: "Ada".to_owned(),
        last_name: "Pay".to_owned(),
        email: "ada@acme.example".to_owned(),
        active: true,
        ..ContactSpec::default()
    };
    let yard = AddressSpec { name: "YARD".to_owned(), ship_to: true, ..spec.addresses[0].clone() };
    let addresses = vec![spec.addresses[0].clone(), yard];
    world.sap.add_supplier(SupplierSpec { contacts: vec![main, second], addresses, ..spec }).unwrap();
    settle(world, worker).await;
    quiet(world);
    settle(world, worker).await;
    assert_eq!((world.writes(), sap_writes(world)), (0, 0), "the creation came back");
    world.coupa.supplier_by_number("V1").unwrap().id
}

pub async fn settle(world: &World, worker: &Pipeline) {
    for _ in 0..4 {
        world.settle(worker).await;
        world.pass(400);
    }
}

pub fn quiet(world: &World) {
    world.coupa.forget_requests();
    world.sap.clear_requests();
}

pub fn sap_writes(world: &World) -> usize {
    let requests = world.sap.requests();
    let writes = |one: &&simulators::sap::LoggedRequest| {
        one.method != http::Method::GET && one.path_and_query.contains("BusinessPartners")
    };
    requests.iter().filter(writes).count()
}

fn contact(world: &World) -> (String, String, i64) {
    let partner = world.sap.supplier("V1").unwrap();
    let row = &partner.rows("ContactEmployees")[0];
    let code =
        row.get("InternalCode").and_then(|code| if let Field::Int(code) = code { Some(*code) } else { None });
    (row.text("FirstName").to_owned(), row.text("E_Mail").to_owned(), code.unwrap())
}

const CONTACT: &str = r#"{"primary-contact": {"email": "new@acme.example", "name-given": "Cy"}}"#;

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn a_contact_changed_in_coupa_goes_to_sap_once_and_drops_no_rows() {
    let world = World::new();
    let worker = world.worker_with("one", both_ways(&world), Mapping::default());
    let id = in_step(&world, &worker).await;
    let (_, _, key) = contact(&world);
    world
        .sap
        .change_supplier("V1", |partner| {
            let mut method = simulators::sap::Record::new("BPPaymentMethod");
            method.set_text("PaymentMethodCode", "OUT-SEPA");
            partner.set("BPPaymentMethods", Field::Rows(vec![method]));
        })
        .unwrap();
    world.coupa.edit_supplier(id, parsed(CONTACT)).unwrap();
    settle(&world, &worker).await;
    assert_eq!((world.writes(), sap_writes(&world)), (0, 1));
    assert_eq!(contact(&world), ("Cy".to_owned(), "new@acme.example".to_owned(), key));
    let partner = world.sap.supplier("V1").unwrap();
    assert_eq!(partner.rows("ContactEmployees").len(), 2);
    assert_eq!(partner.rows("BPAddresses").len(), 2);
    assert_eq!(partner.rows("BPPaymentMethods").len(), 1);
    let last = world.last(&world.supplier_key("V1")).await;
    assert_eq!(last.sent.len(), 1, "{last:#?}");
    assert_eq!(last.sent[0]["to"], "SAP");
    assert_eq!(last.sent[0]["reply"]["status"], 204);
    assert!(last.sent[0]["sources"]["ContactEmployees"].is_string());
    assert_eq!(last.direction, Some(Direction::CoupaToSap));
    assert_eq!(last.outcome, AuditOutcome::Updated);
    world.assert_clean();
}

#[tokio::test]
async fn each_field_changed_in_coupa_is_written_to_sap_exactly_once() {
    let edits = [
        r#"{"name": "Renamed"}"#,
        r#"{"status": "inactive"}"#,
        r#"{"tax-id": "DE555"}"#,
        r#"{"tax-id": null}"#,
        r#"{"primary-address": {"street1": "Neu 7", "city": "Bonn"}}"#,
        CONTACT,
        r#"{"remit-to-addresses": [{"remit-to-code": "V1-BANK", "street1": "Pay 1", "city": "Kiel", "postal-code": "24103", "country": {"code": "DE"}}]}"#,
        r#"{"remit-to-addresses": [{"remit-to-code": "OTHER", "street1": "Pay 2", "city": "Kiel", "postal-code": "24103", "country": {"code": "DE"}}]}"#,
    ];
    for edit in edits {
        let world = World::new();
        let worker = world.worker_with("one", both_ways(&world), Mapping::default());
        let id = in_step(&world, &worker).await;
        world.coupa.edit_supplier(id, parsed(edit)).unwrap();
        settle(&world, &worker).await;
        let last = world.last(&world.supplier_key("V1")).await;
        assert_eq!((world.writes(), sap_writes(&world)), (0, 1), "{edit}: {}", last.message);
        world.assert_clean();
    }
}

#[tokio::test]
async fn each_field_changed_in_sap_is_written_to_coupa_exactly_once() {
    type Edit = fn(&mut simulators::sap::Record);
    let edits: [(&str, Edit); 6] = [
        ("name", |partner| assert!(partner.set_text("CardName", "Renamed"))),
        ("status", |partner| {
            partner.set("Frozen", Field::Name("tYES".to_owned()));
            partner.set("Valid", Field::Name("tNO".to_owned()));
        }),
        ("tax id", |partner| assert!(partner.set_text("FederalTaxID", "DE7"))),
        ("term", |partner| assert!(partner.set("PayTermsGrpCode", Field::Int(2)))),
        ("address", |partner| {
            let rows = partner.rows_mut("BPAddresses").unwrap();
            assert!(rows[0].set_text("Street", "Neu 9"));
        }),
        ("contact", |partner| {
            let rows = partner.rows_mut("ContactEmployees").unwrap();
            assert!(rows[0].set_text("E_Mail", "sap@acme.example"));
        }),
    ];
    for (what, edit) in edits {
        let world = World::new();
        let worker = world.worker_with("one", both_ways(&world), Mapping::default());
        in_step(&world, &worker).await;
        world.sap.change_supplier("V1", edit).unwrap();
        settle(&world, &worker).await;
        let last = world.last(&world.supplier_key("V1")).await;
        assert_eq!((world.writes(), sap_writes(&world)), (1, 0), "{what}: {}", last.message);
        world.assert_clean();
    }
}

#[tokio::test]
async fn where_both_changed_the_owner_wins_and_the_trail_holds_both_values() {
    for (ownership, name, email) in [
        ("", "In SAP", "coupa@acme.example"),
        ("[suppliers.ownership]\nname = \"coupa\"\ncontact = \"sap\"", "In Coupa", "sap@acme.example"),
    ] {
        let world = World::new();
        let worker = world.worker_with("one", both_ways(&world), Mapping::parse(ownership).unwrap());
        let id = in_step(&world, &worker).await;
        world
            .sap
            .change_supplier("V1", |partner| {
                partner.set_text("CardName", "In SAP");
                partner.rows_mut("ContactEmployees").unwrap()[0].set_text("E_Mail", "sap@acme.example");
            })
            .unwrap();
        let edit = json!({"name": "In Coupa", "primary-contact": {"email": "coupa@acme.example"}});
        world.coupa.edit_supplier(id, edit).unwrap();
        settle(&world, &worker).await;
        let held = world.coupa.supplier_by_number("V1").unwrap();
        assert_eq!((held.name.as_str(), held.contact.2.as_str()), (name, email));
        assert_eq!(world.sap.supplier("V1").unwrap().text("CardName"), name);
        assert_eq!(contact(&world).1, email);
        assert_eq!((world.writes(), sap_writes(&world)), (1, 1));
        let last = world.last(&world.supplier_key("V1")).await;
        for value in ["In SAP", "In Coupa", "sap@acme.example", "coupa@acme.example"] {
            assert!(last.message.contains(value), "{value} is lost: {}", last.message);
        }
        world.assert_clean();
    }
}

#[tokio::test]
async fn who_is_quicker_in_sap_is_read_again_and_keeps_his_change() {
    let mut refused = 0;
    for at in 1..=6 {
        let world = World::new();
        let worker = world.worker_with("one", both_ways(&world), Mapping::default());
        let id = in_step(&world, &worker).await;
        world.coupa.edit_supplier(id, parsed(CONTACT)).unwrap();
        world.pass(60);
        world.poll(&worker).await;
        world.sap.after_request(at, |sap| {
            sap.change_supplier("V1", |partner| assert!(partner.set_text("CardName", "Quicker"))).unwrap();
        });
        world.work(&worker).await;
        settle(&world, &worker).await;
        refused += world.sap.requests().iter().filter(|one| one.status == 412).count();
        assert_eq!(world.sap.supplier("V1").unwrap().text("CardName"), "Quicker", "{at}");
        assert_eq!(contact(&world).1, "new@acme.example", "{at}");
        let held = world.coupa.supplier_by_number("V1").unwrap();
        assert_eq!((held.name.as_str(), held.contact.2.as_str()), ("Quicker", "new@acme.example"), "{at}");
        world.assert_clean();
    }
    assert!(refused > 0, "SAP never said 412: nothing was tried");
}

#[tokio::test]
async fn a_write_to_sap_that_nobody_heard_of_is_looked_at_before_it_is_repeated() {
    for (fault, patches) in [
        (FaultKind::DropAfterWork, 1),
        (FaultKind::DropBeforeWork, 2),
        (
            FaultKind::Answer {
                status: 502,
                content_type: "text/html".to_owned(),
                body: "<html>".to_owned(),
            },
            2,
        ),
    ] {
        let world = World::new();
        let worker = world.worker_with("one", both_ways(&world), Mapping::default());
        let id = in_step(&world, &worker).await;
        world.coupa.edit_supplier(id, parsed(CONTACT)).unwrap();
        world.sap.inject(SapFault::new(fault.clone()).on(http::Method::PATCH));
        settle(&world, &worker).await;
        assert_eq!(contact(&world).1, "new@acme.example", "{fault:?}");
        assert_eq!(sap_writes(&world), patches, "{fault:?}");
        assert!(world.store.dead_letters().await.unwrap().is_empty(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_write_to_coupa_that_nobody_heard_of_is_not_taken_for_a_change_of_its_people() {
    for effect in [Effect::LoseReply, Effect::DropBefore, Effect::MalformedJson, crate::world::late()] {
        let world = World::new();
        let worker = world.worker_with("one", both_ways(&world), Mapping::default());
        in_step(&world, &worker).await;
        world.coupa.plan(Fault::on(http::Method::PUT, "/api/suppliers", effect.clone()));
        world.sap.change_supplier("V1", |partner| assert!(partner.set_text("CardName", "Renamed"))).unwrap();
        settle(&world, &worker).await;
        assert_eq!(world.coupa.supplier_by_number("V1").unwrap().name, "Renamed", "{effect:?}");
        assert_eq!(sap_writes(&world), 0, "{effect:?}");
        let last = world.last(&world.supplier_key("V1")).await;
        assert_eq!(last.code, None, "{effect:?}: {}", last.message);
        world.assert_clean();
    }
}

#[tokio::test]
async fn what_sap_ignores_without_a_word_is_told() {
    let world = World::new();
    let worker = world.worker_with("one", both_ways(&world), Mapping::default());
    let id = in_step(&world, &worker).await;
    let member = "FederalTaxID".to_owned();
    world.sap.configure(|settings| settings.read_only_partner_members = BTreeSet::from([member]));
    world.coupa.edit_supplier(id, json!({"tax-id": "DE1"})).unwrap();
    settle(&world, &worker).await;
    let last = world.last(&world.supplier_key("V1")).await;
    assert_eq!((last.outcome, last.code), (AuditOutcome::Failed, Some(Code::SapIgnored)), "{}", last.message);
    assert!(last.message.contains("tax_id was sent as \"DE1\""), "{}", last.message);
    assert_eq!(sap_writes(&world), 1, "sent again although nobody has mended anything");

    world.sap.configure(|settings| settings.read_only_partner_members.clear());
    world.redrive(&worker, &world.supplier_key("V1")).await;
    assert_eq!(world.sap.supplier("V1").unwrap().text("FederalTaxID"), "DE1");
    world.assert_clean();
}

#[tokio::test]
async fn what_sap_refuses_to_take_holds_nothing_up_that_goes_to_coupa() {
    let world = World::new();
    let worker = world.worker_with("one", both_ways(&world), Mapping::default());
    let id = in_step(&world, &worker).await;
    let message = "You are not authorized to perform this action".to_owned();
    let refusal = Refusal { status: 403, code: -6006, message };
    world.sap.inject(SapFault::new(FaultKind::Refuse(refusal)).on(http::Method::PATCH).times(100));
    world.coupa.edit_supplier(id, parsed(CONTACT)).unwrap();
    world.sap.change_supplier("V1", |partner| assert!(partner.set_text("CardName", "At once"))).unwrap();
    settle(&world, &worker).await;
    assert_eq!(world.coupa.supplier_by_number("V1").unwrap().name, "At once");
    let last = world.last(&world.supplier_key("V1")).await;
    assert_eq!((last.outcome, last.code), (AuditOutcome::Failed, Some(Code::SapRefused)), "{}", last.message);

    // Nor when it has failed already.
    world.sap.change_supplier("V1", |partner| assert!(partner.set_text("CardName", "Later"))).unwrap();
    settle(&world, &worker).await;
    assert_eq!(world.coupa.supplier_by_number("V1").unwrap().name, "Later");
    let held = world.coupa.supplier_by_number("V1").unwrap();
    assert_eq!(held.contact.2, "new@acme.example", "what SAP refused is undone in Coupa");
    assert_eq!(world.writes(), 2);

    world.sap.clear_faults();
    world.redrive(&worker, &world.supplier_key("V1")).await;
    assert_eq!(contact(&world).1, "new@acme.example");
    assert!(world.store.dead_letters().await.unwrap().is_empty());
    world.assert_clean();
}

/// Coupa's own supplier, grown beside SAP's.
pub fn theirs(number: Option<&str>) -> Value {
    json!({
        "number": number, "name": "Their spelling", "status": "active",
        "primary-contact": {"email": "joe@own.example", "name-given": "Joe", "name-family": "Own"},
        "primary-address": {"street1": "Old 1", "city": "Leeds", "postal-code": "LS1", "country": {"code": "GB"}},
    })
}

#[tokio::test]
async fn two_that_meet_for_the_first_time_take_each_field_from_its_owner() {
    let world = World::new();
    let worker = world.worker_with("one", both_ways(&world), Mapping::default());
    world.coupa.enter(Kind::Supplier, theirs(Some("V1"))).unwrap();
    world.sap.add_supplier(supplier("V1")).unwrap();
    settle(&world, &worker).await;
    assert_eq!((world.writes(), sap_writes(&world)), (1, 1));
    let held = world.coupa.supplier_by_number("V1").unwrap();
    assert_eq!((held.name.as_str(), held.contact.2.as_str()), ("Supplier V1", "joe@own.example"));
    assert_eq!(held.address.city, "Berlin");
    assert_eq!(contact(&world).1, "joe@own.example");
    world.assert_clean();
}

#[tokio::test]
async fn a_person_joins_two_that_nothing_but_a_name_connects() {
    let world = World::new();
    let worker = world.worker_with("one", both_ways(&world), Mapping::default());
    let id = world.coupa.enter(Kind::Supplier, theirs(None)).unwrap();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let join = Join { card_code: "V1".to_owned(), coupa_id: model::CoupaId(id) };
    let ended = worker.join_supplier(&join).await.unwrap().unwrap();
    assert_eq!(ended.outcome, AuditOutcome::Updated);
    settle(&world, &worker).await;
    assert_eq!(world.coupa.suppliers().len(), 1);
    assert_eq!(world.coupa.supplier_by_number("V1").unwrap().id, id);

    let again = Join { card_code: "V2".to_owned(), ..join };
    let ended = worker.join_supplier(&again).await.unwrap().unwrap();
    assert_eq!(ended.code, Some(Code::SupplierNumberDiffers));
    world.assert_clean();
}

#[tokio::test]
async fn another_number_in_coupa_stops_the_supplier_for_a_person() {
    let world = World::new();
    let worker = world.worker_with("one", both_ways(&world), Mapping::default());
    let id = in_step(&world, &worker).await;
    world.coupa.edit_supplier(id, json!({"number": "X9"})).unwrap();
    world.sap.change_supplier("V1", |partner| assert!(partner.set_text("CardName", "Renamed"))).unwrap();
    settle(&world, &worker).await;
    let last = world.last(&world.supplier_key("V1")).await;
    assert_eq!(last.code, Some(Code::SupplierNumberDiffers), "{}", last.message);
    assert_eq!((world.writes(), sap_writes(&world)), (0, 0));

    world.coupa.edit_supplier(id, json!({"number": null})).unwrap();
    settle(&world, &worker).await;
    world.redrive(&worker, &world.supplier_key("V1")).await;
    assert_eq!(world.coupa.supplier_by_number("V1").unwrap().name, "Renamed");
    world.assert_clean();
}

#[tokio::test]
async fn a_worker_that_dies_between_the_two_sides_loses_nothing() {
    for dies_at in (1..).step_by(2) {
        let world = World::new();
        let survivor = world.worker_with("survivor", both_ways(&world), Mapping::default());
        let id = in_step(&world, &survivor).await;
        world.coupa.edit_supplier(id, parsed(CONTACT)).unwrap();
        world.sap.change_supplier("V1", |partner| assert!(partner.set_text("CardName", "Renamed"))).unwrap();
        world.pass(60);
        world.poll(&survivor).await;

        let life = Lifeline::new(dies_at);
        let ties = Ties { life: Arc::clone(&life), ..Ties::default() };
        let mortal = world.worker_with("mortal", both_ways(&world), Mapping::default());
        let mortal = world.retied(mortal, &ties);
        let work = async { while mortal.work(50).await.unwrap().received > 0 {} };
        let survived = life.live(work).await.is_some();
        drop(mortal);

        settle(&world, &survivor).await;
        let held = world.coupa.supplier_by_number("V1").unwrap();
        let both = (held.name.as_str(), held.contact.2.as_str());
        assert_eq!(both, ("Renamed", "new@acme.example"), "killed at {dies_at}");
        assert_eq!(world.sap.supplier("V1").unwrap().text("CardName"), "Renamed", "killed at {dies_at}");
        assert_eq!(contact(&world).1, "new@acme.example", "killed at {dies_at}");
        quiet(&world);
        settle(&world, &survivor).await;
        assert_eq!((world.writes(), sap_writes(&world)), (0, 0), "killed at {dies_at}: written again");
        if survived {
            assert!(dies_at > 10, "it hardly began");
            return;
        }
    }
}

/// A link as a version wrote it that went one way only.
#[tokio::test]
async fn a_link_of_a_version_that_went_one_way_is_taken_over() {
    let world = World::new();
    let one_way = Settings { objects: BTreeSet::from([ObjectKind::Supplier]), ..world.settings() };
    let old = world.worker_with("old", one_way, Mapping::default());
    world.sap.add_supplier(supplier("V1")).unwrap();
    world.settle(&old).await;
    let id = world.coupa.supplier_by_number("V1").unwrap().id;
    world
        .coupa
        .edit_supplier(id, json!({"name": "Edited", "primary-contact": {"email": "new@acme.example"}}))
        .unwrap();
    world.settle(&old).await;
    quiet(&world);

    let new = world.worker_with("new", both_ways(&world), Mapping::default());
    settle(&world, &new).await;
    let held = world.coupa.supplier_by_number("V1").unwrap();
    assert_eq!((held.name.as_str(), held.contact.2.as_str()), ("Supplier V1", "new@acme.example"));
    assert_eq!(contact(&world).1, "new@acme.example");
    assert_eq!((world.writes(), sap_writes(&world)), (1, 1));
    let last = world.last(&world.supplier_key("V1")).await;
    assert!(last.message.contains("Edited"), "the loser is not told: {}", last.message);
    world.assert_clean();
}
