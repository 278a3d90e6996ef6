//! Far more changes than usual: what is beyond the limit waits for a person, and nothing is lost.

use crate::world::{World, document, line, supplier};
use jiff::civil::date;
use model::{Code, ObjectKind};
use pipeline::{Guardrail, Limits, Pipeline};
use simulators::{compare::differences, sap::DocumentKind};
use std::sync::Arc;
use store::StateStore as _;

const LIMITS: Limits = Limits { changes: 2, share_percent: 0, cancellations: 1 };

fn guarded(world: &World) -> Pipeline {
    Pipeline { guardrail: Arc::new(Guardrail::new(LIMITS, true)), ..world.worker("guarded") }
}

async fn held(world: &World) -> usize {
    let parked = world.store.parked(99).await.unwrap();
    parked.iter().filter(|parked| parked.code == Code::HeldBack).count()
}

fn differ(world: &World) -> usize {
    differences(&world.sap, &world.coupa, date(2026, 1, 1)).len()
}

#[tokio::test]
async fn what_is_beyond_the_limit_waits_until_somebody_accepts_it() {
    let world = World::new();
    let codes = ["V1", "V2", "V3", "V4", "V5"];
    for code in codes {
        world.sap.add_supplier(supplier(code)).unwrap();
    }
    let worker = guarded(&world);
    world.settle(&worker).await;
    assert_eq!((differ(&world), worker.held_back().await.unwrap()), (0, None), "what is made is no change");
    for code in codes {
        let name = format!("Other than {code}");
        world.sap.change_supplier(code, |record| assert!(record.set_text("CardName", &name))).unwrap();
    }
    world.pass(60);
    world.sync(&worker).await;
    assert_eq!((held(&world).await, differ(&world)), (3, 3));
    let reason = worker.held_back().await.unwrap().unwrap();
    assert!(reason.starts_with("3 changes of "), "{reason}");

    assert_eq!(worker.accept_changes().await.unwrap(), 3);
    world.pass(10);
    world.work_through(&worker, 3).await;
    assert_eq!((held(&world).await, differ(&world)), (0, 0));
    assert_eq!(worker.held_back().await.unwrap(), None);
}

#[tokio::test]
async fn cancellations_have_a_limit_of_their_own() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let orders =
        [(); 2].map(|()| world.sap.add_purchase_order(document("V1", vec![line("A1", 1, "10")])).unwrap());
    let worker = guarded(&world);
    world.settle(&worker).await;
    for order in orders {
        world.sap.cancel(DocumentKind::Order, order).unwrap();
    }
    world.pass(60);
    world.sync(&worker).await;
    let parked = world.store.parked(99).await.unwrap();
    assert_eq!(parked.len(), 1, "{parked:#?}");
    assert_eq!((parked[0].code, parked[0].change.document.kind), (Code::HeldBack, ObjectKind::PurchaseOrder));
}
