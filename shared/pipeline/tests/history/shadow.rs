//! A look that leaves no trace: what a sync would find, found without moving a cursor or filling a queue.

use crate::world::{World, document, line, supplier};
use http::Method;
use jiff::SignedDuration;
use model::{CorrelationId, Cursor, DocumentKey, Fence, Lease, ObjectKind, Owner};
use pipeline::plan::Shadow;
use serde_json::json;
use simulators::coupa::{Effect, Fault};
use std::collections::BTreeSet;
use store::{Depth, Finish, LeaseRequest, Queue as _, StateStore as _, StoreError};

#[tokio::test]
async fn it_finds_all_that_a_sync_would_once_and_a_sync_finds_it_all_the_same() {
    let world = World::new();
    let suppliers: BTreeSet<DocumentKey> = (0..250)
        .map(|n| {
            let code = format!("V{n:03}");
            world.sap.add_supplier(supplier(&code)).unwrap();
            world.supplier_key(&code)
        })
        .collect();
    let worker = world.worker("one");
    let shadow = Shadow::of(&worker);
    let (found, report) = shadow.poll(ObjectKind::Supplier).await.unwrap();
    assert_eq!((report.rows, report.enqueued), (250, 250), "every page is in the sum");
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), suppliers);
    // What was entered a moment before is looked at twice more, then nothing is left.
    for most in [250, 250, 0] {
        world.pass(3_600);
        let (found, _) = shadow.poll(ObjectKind::Supplier).await.unwrap();
        assert!(found.len() <= most, "its own cursor has moved on, {} found", found.len());
    }

    assert_eq!(world.store.depth().await.unwrap(), Depth::default());
    assert_eq!(world.writes(), 0);
    let report = worker.poll(ObjectKind::Supplier).await.unwrap();
    assert!(report.enqueued > 0, "the real cursor has not");
}

/// Only polls and plans are asked of it. Whoever asked for more would be told so, not left to think that it was done.
#[tokio::test]
async fn it_refuses_to_write() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    // A supplier that Coupa refuses, and an order that waits for it.
    let refusal = Effect::Refuse { object: "base".to_owned(), message: "not this one".to_owned() };
    world.coupa.plan(Fault::on(Method::POST, "/api/suppliers", refusal));
    world.sap.add_supplier(supplier("V2")).unwrap();
    world.sap.add_purchase_order(document("V2", vec![line("A1", 1, "10")])).unwrap();
    world.sync(&worker).await;
    let document = world.supplier_key("V1");
    let shadow = Shadow::of(&worker).pipeline;
    let items = shadow.state.items(std::slice::from_ref(&document)).await.unwrap();
    assert!(items[0].as_ref().is_some_and(|item| item.link.is_some()), "it reads what is there");
    assert_eq!(shadow.state.dead_letters().await.unwrap().len(), 1);
    assert_eq!(shadow.state.parked(9).await.unwrap().len(), 1);
    assert_eq!(shadow.state.next_parked().await, world.store.next_parked().await);
    world.store.save_record("told", Some(&json!(7))).await.unwrap();
    assert_eq!(shadow.state.record("told").await, Ok(Some(json!(7))));
    assert_eq!(shadow.state.save_cursor("own", &Cursor::default(), 4).await, Ok(5));
    assert_eq!(shadow.state.cursor("own").await, Ok((Cursor::default(), 5)));

    let (owner, now, correlation) = (Owner("shadow".to_owned()), world.now(), CorrelationId("c".to_owned()));
    let until = now + SignedDuration::from_secs(60);
    let lease = Lease { document: document.clone(), owner: owner.clone(), fence: Fence(1), until };
    let request = LeaseRequest { document, owner, now, until, correlation };
    let value = json!(1);
    let refused = [
        shadow.state.take_leases(&[request]).await.map(drop),
        shadow.state.renew_lease(&lease, until).await.map(drop),
        shadow.state.finish(Finish::default()).await,
        shadow.state.release(&[lease]).await,
        shadow.state.unpark(&[]).await,
        shadow.state.save_record("a", Some(&value)).await,
        shadow.state.replace_record("a", None, &value).await.map(drop),
    ];
    for (which, told) in refused.into_iter().enumerate() {
        assert_eq!(told, Err(StoreError::Unavailable("a shadow writes nothing".to_owned())), "{which}");
    }
    shadow.queue.send(&[], now).await.unwrap();
    assert_eq!((shadow.queue.depth().await, shadow.queue.next_due().await), (Ok(Depth::default()), Ok(None)));
}
