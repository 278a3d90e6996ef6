//! Suppliers are looked for in both systems.

use crate::{
    both_ways::{both_ways, in_step, settle, theirs},
    world::{World, supplier},
};
use mapping::Mapping;
use model::{DocumentKey, ObjectKind};
use pipeline::{Settings, SupplierSettings};
use serde_json::json;
use simulators::coupa::{Effect, Fault, Kind};

#[tokio::test]
async fn where_coupa_makes_suppliers_the_poll_reads_them_all_once_and_then_what_changed() {
    let world = World::new();
    let filter = vec![("name".to_owned(), "nobody".to_owned())];
    let suppliers =
        SupplierSettings { from_coupa: true, create_in_sap: true, filter, ..SupplierSettings::default() };
    let worker = world.worker_with("one", Settings { suppliers, ..both_ways(&world) }, Mapping::default());
    for at in 0..120 {
        let mut body = theirs(Some(&format!("N{at}")));
        body["name"] = json!(format!("Name {at}"));
        world.coupa.enter(Kind::Supplier, body).unwrap();
        world.pass(1);
    }
    let mut enqueued = 0;
    loop {
        let report = worker.poll(ObjectKind::Supplier).await.unwrap();
        enqueued += report.enqueued;
        if !report.more {
            break;
        }
    }
    assert_eq!(enqueued, 120);
    settle(&world, &worker).await;
    world.coupa.forget_requests();
    let report = worker.poll(ObjectKind::Supplier).await.unwrap();
    assert_eq!(
        (report.enqueued, world.coupa.api_requests()),
        (0, 1),
        "a poll that finds nothing takes one call"
    );

    let id = world.coupa.supplier_by_number("N7").unwrap().id;
    world.coupa.edit_supplier(id, json!({"name": "New 7"})).unwrap();
    let report = worker.poll(ObjectKind::Supplier).await.unwrap();
    assert_eq!(report.enqueued, 1);
    let received =
        store::Queue::receive(world.store.as_ref(), 9, jiff::SignedDuration::from_secs(1), world.now());
    let keys: Vec<DocumentKey> = received.await.unwrap().into_iter().map(|one| one.change.document).collect();
    assert_eq!(keys, [world.supplier_key("N7")]);
}

#[tokio::test]
async fn coupas_outage_does_not_hold_up_saps_suppliers() {
    let world = World::new();
    let worker = world.worker_with("one", both_ways(&world), Mapping::default());
    in_step(&world, &worker).await;
    world.sap.add_supplier(supplier("V2")).unwrap();
    world.pass(60);
    world.coupa.plan(Fault::next(Effect::FailBefore(503)).times(50));
    let report = worker.poll(ObjectKind::Supplier).await.unwrap();
    assert!(report.coupa_failed.is_some_and(|failure| failure.class().heals()));
    world.coupa.clear_faults();
    world.work_through(&worker, 3).await;
    assert!(world.coupa.supplier_by_number("V2").is_some(), "it was not enqueued");
}

#[tokio::test]
async fn a_poll_ends_however_many_suppliers_both_sides_show_again() {
    let world = World::new();
    // Each side shows more than one page.
    world.sap.configure(|settings| settings.page_size = 20);
    let worker = world.worker_with("one", both_ways(&world), Mapping::default());
    for at in 0..120 {
        world.sap.add_supplier(supplier(&format!("V{at}"))).unwrap();
    }
    settle(&world, &worker).await;
    for at in 0..120 {
        let id = world.coupa.supplier_by_number(&format!("V{at}")).unwrap().id;
        world.coupa.edit_supplier(id, json!({"name": format!("Changed {at}")})).unwrap();
    }
    let mut pages = 0;
    while worker.poll(ObjectKind::Supplier).await.unwrap().more {
        pages += 1;
        assert!(pages < 50, "it never ends");
    }
    settle(&world, &worker).await;
    assert!(pages > 2, "{pages}");
}
