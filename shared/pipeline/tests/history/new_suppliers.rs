//! Suppliers that are new in Coupa: one business partner each, whatever happens between the two writes.

use crate::{
    both_ways::{both_ways, quiet, sap_writes, settle},
    rig::{Lifeline, Ties},
    world::{World, supplier},
};
use mapping::{Mapping, NewPartner};
use model::{AuditOutcome, Code, CoupaId, DocumentKey};
use pipeline::{Settings, SupplierSettings};
use serde_json::{Value, json};
use simulators::{
    coupa::{Effect, Fault, Kind},
    sap::{Approval, Fault as SapFault, FaultKind, SupplierSpec},
};
use std::sync::Arc;
use store::StateStore as _;

/// By what a partner of ours is found again.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Found {
    Id,
    Rule,
    NameAndTaxId,
}

fn creating(world: &World, found: Found) -> Settings {
    let settings = both_ways(world);
    world.sap.configure(|settings| settings.partners_have_coupa_id = found == Found::Id);
    let rule = found == Found::Rule;
    let new_partner = NewPartner {
        series: (!rule).then_some(71),
        card_code: rule.then(|| "C{id}".to_owned()),
        members: json!({"GroupCode": 101, "Currency": "EUR"}).as_object().unwrap().clone(),
    };
    let suppliers = SupplierSettings {
        create_in_sap: true,
        coupa_id_member: Some("U_CoupaId".to_owned()),
        new_partner,
        ..settings.suppliers
    };
    Settings { suppliers, ..settings }
}

fn newcomer(name: &str) -> Value {
    json!({
        "name": name, "status": "active", "tax-id": "DE999888777",
        "primary-contact": {"email": "joe@new.example", "name-given": "Joe", "name-family": "New"},
        "primary-address": {"street1": "New 1", "city": "Kiel", "postal-code": "24103", "country": {"code": "DE"}},
    })
}

async fn assert_one_partner(world: &World, id: u64, when: &str) {
    let codes = world.sap.supplier_codes();
    assert_eq!(codes.len(), 1, "{when}: {codes:?}");
    let held = world.coupa.supplier_by_number(&codes[0]);
    assert_eq!(held.map(|held| held.id), Some(id), "{when}");
    assert_eq!(world.coupa.suppliers().len(), 1, "{when}");
    let letters = world.store.dead_letters().await.unwrap();
    assert!(letters.is_empty(), "{when}: {letters:#?}");
}

#[tokio::test]
async fn a_supplier_without_a_number_becomes_a_business_partner_and_gets_its_code() {
    for found in [Found::Id, Found::Rule, Found::NameAndTaxId] {
        let world = World::new();
        let worker = world.worker_with("one", creating(&world, found), Mapping::default());
        let id = world.coupa.enter(Kind::Supplier, newcomer("Newcomer")).unwrap();
        settle(&world, &worker).await;
        assert_one_partner(&world, id, &format!("{found:?}")).await;
        let code = &world.sap.supplier_codes()[0];
        let partner = world.sap.supplier(code).unwrap();
        assert_eq!(partner.text("CardName"), "Newcomer");
        assert_eq!(partner.text("FederalTaxID"), "DE999888777");
        assert_eq!(partner.rows("BPAddresses")[0].text("City"), "Kiel");
        assert_eq!(partner.rows("ContactEmployees")[0].text("E_Mail"), "joe@new.example");
        let mark = if found == Found::Id { id.to_string() } else { String::new() };
        assert_eq!(partner.text("U_CoupaId"), mark);
        let last = world.last(&DocumentKey::new_supplier(&world.company, CoupaId(id))).await;
        assert_eq!(last.outcome, AuditOutcome::Created, "{}", last.message);

        quiet(&world);
        settle(&world, &worker).await;
        assert_eq!((world.writes(), sap_writes(&world)), (0, 0), "{found:?}: it came back");
        world.assert_clean();
    }
}

#[tokio::test]
async fn a_worker_that_dies_at_any_point_leaves_one_partner() {
    for found in [Found::Id, Found::Rule, Found::NameAndTaxId] {
        for dies_at in (1..).step_by(if found == Found::NameAndTaxId { 1 } else { 3 }) {
            let when = format!("{found:?}, killed at {dies_at}");
            let world = World::new();
            let settings = creating(&world, found);
            let survivor = world.worker_with("survivor", settings.clone(), Mapping::default());
            let id = world.coupa.enter(Kind::Supplier, newcomer("Newcomer")).unwrap();
            world.poll(&survivor).await;

            let life = Lifeline::new(dies_at);
            let ties = Ties { life: Arc::clone(&life), ..Ties::default() };
            let mortal = world.worker_with("mortal", settings, Mapping::default());
            let mortal = world.retied(mortal, &ties);
            let work = async { while mortal.work(50).await.unwrap().received > 0 {} };
            let survived = life.live(work).await.is_some();
            drop(mortal);

            // SAP shows the new partner before the first worker's lease has run out.
            world.pass(5);
            world.poll(&survivor).await;
            world.work_through(&survivor, 3).await;
            settle(&world, &survivor).await;
            assert_one_partner(&world, id, &when).await;
            if survived {
                assert!(dies_at > 10, "it hardly began");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_partner_that_nobody_heard_of_is_found_again() {
    for found in [Found::Id, Found::Rule, Found::NameAndTaxId] {
        for fault in [FaultKind::DropAfterWork, FaultKind::DropBeforeWork, FaultKind::Garble] {
            let world = World::new();
            let worker = world.worker_with("one", creating(&world, found), Mapping::default());
            let id = world.coupa.enter(Kind::Supplier, newcomer("Newcomer")).unwrap();
            let post = SapFault::new(fault.clone()).on(http::Method::POST).at("/BusinessPartners");
            world.sap.inject(post);
            settle(&world, &worker).await;
            assert_one_partner(&world, id, &format!("{found:?}, {fault:?}")).await;
        }
        for effect in [Effect::LoseReply, Effect::DropBefore, Effect::FailBefore(503), crate::world::late()] {
            let world = World::new();
            let worker = world.worker_with("one", creating(&world, found), Mapping::default());
            let id = world.coupa.enter(Kind::Supplier, newcomer("Newcomer")).unwrap();
            world.coupa.plan(Fault::on(http::Method::PUT, "/api/suppliers", effect.clone()));
            settle(&world, &worker).await;
            assert_one_partner(&world, id, &format!("{found:?}, {effect:?}")).await;
        }
    }
}

#[tokio::test]
async fn a_partner_that_needs_approval_is_posted_once() {
    for found in [Found::Id, Found::NameAndTaxId] {
        let world = World::new();
        let worker = world.worker_with("one", creating(&world, found), Mapping::default());
        world.sap.configure(|settings| settings.partner_approval = Some(Approval::DraftKey));
        let id = world.coupa.enter(Kind::Supplier, newcomer("Newcomer")).unwrap();
        settle(&world, &worker).await;
        let key = DocumentKey::new_supplier(&world.company, CoupaId(id));
        let last = world.last(&key).await;
        assert_eq!(
            (last.outcome, last.code),
            (AuditOutcome::Waiting, Some(Code::SapDraft)),
            "{}",
            last.message
        );
        assert_eq!(world.sap.partner_drafts(), 1, "posted again");

        world.sap.configure(|settings| settings.partner_approval = None);
        world.sap.approve_partners().unwrap();
        settle(&world, &worker).await;
        assert_one_partner(&world, id, &format!("{found:?}")).await;
    }
}

#[tokio::test]
async fn a_refusal_behind_which_a_draft_may_stand_stops_for_a_person() {
    let world = World::new();
    let worker = world.worker_with("one", creating(&world, Found::Id), Mapping::default());
    world.sap.configure(|settings| settings.partner_approval = Some(Approval::NoMatch));
    let id = world.coupa.enter(Kind::Supplier, newcomer("Newcomer")).unwrap();
    settle(&world, &worker).await;
    let key = DocumentKey::new_supplier(&world.company, CoupaId(id));
    let last = world.last(&key).await;
    assert_eq!(
        (last.outcome, last.code),
        (AuditOutcome::Failed, Some(Code::SapMaybeDraft)),
        "{}",
        last.message
    );
    assert_eq!(world.sap.partner_drafts(), 1, "posted again");

    world.sap.configure(|settings| settings.partner_approval = None);
    world.sap.approve_partners().unwrap();
    world.redrive(&worker, &key).await;
    settle(&world, &worker).await;
    assert_one_partner(&world, id, "approved").await;
}

#[tokio::test]
async fn somebody_who_looks_the_same_is_never_joined_without_a_person() {
    for found in [Found::Id, Found::NameAndTaxId] {
        for (name, tax_id) in [("Newcomer", "DE999888777"), ("Newcomer", "DE1"), ("Another", "DE999888777")] {
            let world = World::new();
            let worker = world.worker_with("one", creating(&world, found), Mapping::default());
            let spec =
                SupplierSpec { name: name.to_owned(), federal_tax_id: tax_id.to_owned(), ..supplier("V1") };
            world.sap.add_supplier(spec).unwrap();
            let id = world.coupa.enter(Kind::Supplier, newcomer("Newcomer")).unwrap();
            world.poll(&worker).await;
            world.work(&worker).await;
            let last = world.last(&DocumentKey::new_supplier(&world.company, CoupaId(id))).await;
            assert_eq!(last.code, Some(Code::SupplierUnclear), "{found:?}, {name}: {}", last.message);
            assert_eq!(world.sap.supplier_codes(), ["V1"]);
        }
    }
}

#[tokio::test]
async fn only_active_suppliers_that_meet_the_filter_are_created() {
    let world = World::new();
    let settings = creating(&world, Found::Id);
    let filter = vec![("website".to_owned(), "https://ours.example".to_owned())];
    let suppliers = SupplierSettings { filter, ..settings.suppliers.clone() };
    let settings = Settings { suppliers, ..settings };
    let worker = world.worker_with("one", settings, Mapping::default());
    let enter = |name: &str, change: Value| {
        let mut body = newcomer(name);
        body["tax-id"] = json!(name);
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        world.coupa.enter(Kind::Supplier, body).unwrap();
    };
    enter("Wanted", json!({"website": "https://ours.example"}));
    enter("Elsewhere", json!({"website": "https://theirs.example"}));
    enter("Not yet", json!({"website": "https://ours.example", "status": "draft"}));
    enter("Unknown number", json!({"website": "https://ours.example", "number": "X1"}));
    enter("Foreign number", json!({"number": "X2"}));
    settle(&world, &worker).await;
    let names: Vec<String> = world
        .sap
        .supplier_codes()
        .iter()
        .map(|code| world.sap.supplier(code).unwrap().text("CardName").to_owned())
        .collect();
    assert_eq!(names, ["Wanted"]);
    let letters = world.store.dead_letters().await.unwrap();
    let codes: Vec<_> = letters.iter().map(|row| (row.document.key.to_string(), row.letter.code)).collect();
    assert_eq!(codes, [("X1".to_owned(), Code::SupplierNotInSap)]);

    // Put back without anything being mended, it fails again and is not forgotten.
    world.redrive(&worker, &world.supplier_key("X1")).await;
    assert_eq!(world.store.dead_letters().await.unwrap().len(), 1);
    world.assert_clean();
}

#[tokio::test]
async fn without_leave_nothing_is_created_in_sap() {
    let world = World::new();
    let worker = world.worker_with("one", both_ways(&world), Mapping::default());
    world.coupa.enter(Kind::Supplier, newcomer("Newcomer")).unwrap();
    let mut numbered = newcomer("Numbered");
    numbered["number"] = json!("X1");
    world.coupa.enter(Kind::Supplier, numbered).unwrap();
    settle(&world, &worker).await;
    assert!(world.sap.supplier_codes().is_empty());
    assert!(world.store.dead_letters().await.unwrap().is_empty());
    assert_eq!((world.writes(), sap_writes(&world)), (0, 0));
}
