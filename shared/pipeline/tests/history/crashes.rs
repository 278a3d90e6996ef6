//! A worker that dies at any point of its work, and another one that takes up what it left.

use crate::{
    rig::{Lifeline, Ties},
    world::{World, document, line, supplier},
};
use jiff::civil::date;
use pipeline::Pipeline;
use simulators::{
    compare::differences,
    sap::{DocumentKind, DocumentSpec, Field, LineSpec},
};
use std::sync::Arc;
use store::{Queue as _, StateStore as _};

/// Something that a worker has to bring to Coupa.
struct Scene {
    /// In Coupa before the worker starts that dies.
    before: fn(&World),
    /// What it has to bring there.
    change: fn(&World),
}

async fn play(scene: &Scene, name: &str) {
    let every = if name == "everything_at_once" { 7 } else { 1 };
    for dies_at in (1..).step_by(every) {
        let world = World::new();
        world.sap.add_supplier(supplier("V1")).unwrap();
        (scene.before)(&world);
        let survivor = world.worker("survivor");
        world.settle(&survivor).await;
        world.pass(600);
        (scene.change)(&world);
        world.poll(&survivor).await;

        let life = Lifeline::new(dies_at);
        let ties = Ties { life: Arc::clone(&life), ..Ties::default() };
        let mortal = world.tied("mortal", &ties);
        let survived = life.live(work_off(&mortal)).await.is_some();
        drop(mortal);

        world.work_through(&survivor, 3).await;
        check(&world, &format!("{name}, killed at {dies_at}")).await;
        let writes = world.writes();
        world.pass(600);
        world.settle(&survivor).await;
        assert_eq!(world.writes(), writes, "{name}, killed at {dies_at}: written again");
        if survived {
            assert!(dies_at > 10, "{name} hardly began");
            return;
        }
    }
}

async fn work_off(worker: &Pipeline) {
    while worker.work(50).await.unwrap().received > 0 {}
}

async fn check(world: &World, when: &str) {
    let differences = differences(&world.sap, &world.coupa, date(2026, 1, 1));
    assert!(differences.is_empty(), "{when}: {differences:#?}");
    let letters = world.store.dead_letters().await.unwrap();
    assert!(letters.is_empty(), "{when}: {letters:#?}");
    assert_eq!(world.store.depth().await.unwrap(), store::Depth::default(), "{when}: left in the queue");
    assert_eq!(world.store.parked(9).await.unwrap(), [], "{when}: left waiting");
}

fn nothing(_: &World) {}

fn order(world: &World) {
    world
        .sap
        .add_purchase_order(document("V1", vec![line("A1", 10, "25.5"), line("A2", 3, "9.99")]))
        .unwrap();
}

fn closed_order(world: &World) {
    order(world);
    world.sap.close_order(1).unwrap();
}

fn invoice(world: &World) {
    world.sap.copy(DocumentKind::Order, 1, DocumentKind::Invoice, DocumentSpec::default()).unwrap();
}

/// Takes half, which leaves the order open.
fn half_invoice(world: &World) {
    let half = LineSpec { quantity: Some(5.into()), ..LineSpec::copied_from(DocumentKind::Order, 1, 0) };
    world.sap.add_invoice(document("V1", vec![half])).unwrap();
}

fn pay(world: &World) {
    let total = world.sap.document(DocumentKind::Invoice, 1).unwrap().total.local;
    world.sap.pay(&[(1, total)]).unwrap();
}

macro_rules! scenes {
    ($($name:ident: $before:expr => $change:expr;)*) => {
        $(#[tokio::test]
        async fn $name() {
            play(&Scene { before: $before, change: $change }, stringify!($name)).await;
        })*
    };
}

scenes! {
    a_supplier_is_created: nothing => |world| {
        world.sap.add_supplier(supplier("V2")).unwrap();
    };
    a_supplier_is_changed: nothing => |world| {
        world
            .sap
            .change_supplier("V1", |partner| {
                partner.set("CardName", Field::Text("Renamed".to_owned()));
            })
            .unwrap();
    };
    an_order_is_created: nothing => order;
    an_order_is_created_and_closed: nothing => closed_order;
    an_order_is_changed: order => |world| {
        world.sap.change_document(DocumentKind::Order, 1, |order| order.lines[0].quantity = 11.into()).unwrap();
    };
    an_order_is_closed: order => |world| world.sap.close_order(1).unwrap();
    an_order_is_cancelled: order => |world| {
        world.sap.cancel(DocumentKind::Order, 1).unwrap();
    };
    an_order_is_opened_again: closed_order => |world| world.sap.reopen_order(1).unwrap();
    an_invoice_brings_its_order: nothing => |world| {
        order(world);
        half_invoice(world);
    };
    an_invoice_closes_its_order: order => invoice;
    an_invoice_on_a_closed_order: |world| {
        order(world);
        half_invoice(world);
        world.sap.close_order(1).unwrap();
    } => |world| {
        world.sap.reopen_order(1).unwrap();
        half_invoice(world);
    };
    an_invoice_is_cancelled: |world| {
        order(world);
        half_invoice(world);
    } => |world| {
        world.sap.cancel(DocumentKind::Invoice, 1).unwrap();
    };
    a_credit_note: |world| {
        order(world);
        half_invoice(world);
    } => |world| {
        world
            .sap
            .copy(DocumentKind::Invoice, 1, DocumentKind::CreditNote, DocumentSpec::default())
            .unwrap();
    };
    a_payment: |world| {
        order(world);
        half_invoice(world);
    } => pay;
    a_payment_is_cancelled: |world| {
        order(world);
        half_invoice(world);
        pay(world);
    } => |world| world.sap.cancel_payment(1).unwrap();
    everything_at_once: nothing => |world| {
        world.sap.add_supplier(supplier("V2")).unwrap();
        order(world);
        invoice(world);
        pay(world);
    };
}

#[tokio::test]
async fn the_death_of_a_poller_loses_nothing() {
    for dies_at in 1.. {
        let world = World::new();
        world.sap.add_supplier(supplier("V1")).unwrap();
        for _ in 0..5 {
            order(&world);
        }
        let life = Lifeline::new(dies_at);
        let mortal = world.tied("mortal", &Ties { life: Arc::clone(&life), page_size: 2, ..Ties::default() });
        let survived = life.live(world.poll(&mortal)).await.is_some();
        let survivor = world.tied("survivor", &Ties { page_size: 2, ..Ties::default() });
        world.poll(&survivor).await;
        world.work_through(&survivor, 3).await;
        check(&world, &format!("a poller killed at {dies_at}")).await;
        if survived {
            assert!(dies_at > 20, "it hardly began");
            return;
        }
    }
}
