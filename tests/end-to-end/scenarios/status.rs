//! How it stands, without asking either system.

use crate::{
    books::{document, line},
    world::World,
};

#[test]
fn before_the_first_sync_there_is_nothing_and_no_file_is_made() {
    let world = World::new();
    let text = world.run(&["status"]).expect(0).stdout;
    assert!(text.contains("never logged in") && text.contains("empty"), "{text}");
    assert!(!world.folder().join("b1-coupa.db").exists());
    assert_eq!((world.sap.request_count(), world.coupa.api_requests()), (0, 0));
}

#[test]
fn it_tells_cursors_queue_dead_letters_session_and_budget() {
    let world = World::new();
    world.supplier("V1");
    world.order("V1");
    let mut strange = document("V1", vec![line("A1", 1, "10")]);
    strange.currency = "$$".to_owned();
    world.sap.add_invoice(strange).unwrap();
    world.sync().expect(2);
    let asked = (world.sap.request_count(), world.coupa.api_requests());

    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["company"], "SBODEMO_ACME");
    for object in ["suppliers", "purchase_orders", "invoices", "credit_notes", "payments"] {
        assert!(status["objects"][object]["polled_at"].is_string(), "{object}: {status}");
    }
    assert!(status["objects"]["purchase_orders"]["read_up_to"]["date"].is_string(), "{status}");
    // Only a file can count that.
    let in_coupa = if world.stack.is_some() { serde_json::Value::Null } else { 1.into() };
    assert_eq!(status["objects"]["purchase_orders"]["in_coupa"], in_coupa);
    assert_eq!((&status["queue"]["live"], &status["queue"]["backfill"]), (&0.into(), &0.into()));
    assert_eq!(status["dead_letters"]["BC-0303"], 1);
    assert!(status["sap_session"]["logged_in_at"].is_string(), "{status}");
    assert!(status["sap_contact"]["answered_at"].is_string(), "{status}");
    assert_eq!(status["coupa_budget"]["requests_per_second"], "1000");

    let text = world.run(&["status"]).expect(0).stdout;
    for words in ["purchase orders", "BC-0303", "logged in", "1000 requests per second", "SBODEMO_ACME"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!((world.sap.request_count(), world.coupa.api_requests()), asked);
}
