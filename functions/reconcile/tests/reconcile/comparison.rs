//! The comparison, and what becomes of what it found.

use crate::rig::{Kept, rig, signing_key};
use certificate::{Key, Signed};
use model::{Clock as _, Code, Credential, ObjectKind};
use secrecy::SecretString;
use serde_json::json;
use simulators::samples::supplier;
use std::{sync::Arc, time::Duration};

#[tokio::test]
async fn both_sides_in_balance_are_certified_and_counted() {
    let rig = rig(7, Duration::ZERO).await;
    let answer = rig.compare(json!("all")).await.unwrap();
    let files = rig.kept.files.lock().unwrap().clone();
    let moment = rig.world.time.now().strftime("%Y-%m-%dT%H%M%SZ");
    assert_eq!(files[0].0, format!("balance-{moment}.html"));
    assert_eq!((&files[1].0, files[1].1.as_str()), (&format!("balance-{moment}.json"), "application/json"));
    for (_, _, text) in &files {
        let (certificate, key) = Signed::read(text).unwrap().verify().unwrap();
        assert_eq!(key, Key::read(&signing_key()).unwrap().public());
        assert!(certificate.in_balance, "{:?}", certificate.differences);
        assert_eq!(certificate.objects.len(), 5, "every object of the config");
        assert_eq!(certificate.objects["suppliers"].sap[0].count, 7);
    }
    assert_eq!((&answer["in_balance"], &answer["differences"]), (&json!(true), &json!(0)));
    assert_eq!(answer["certificate"], format!("s3://bucket/balance-{moment}.json"));
    assert_eq!(rig.record().await, Some(answer));
    assert_eq!((rig.differences(), rig.counted("Comparisons")), ((Some(0), vec![]), 1));
    assert!(rig.counted("SapCalls") > 0);
}

#[tokio::test]
async fn what_drifted_is_counted_by_object_until_it_is_mended() {
    let rig = rig(3, Duration::ZERO).await;
    rig.world.sap.add_supplier(supplier("V-NEW")).unwrap();
    let answer = rig.compare(json!("all")).await.unwrap();
    assert_eq!((&answer["in_balance"], &answer["differences"]), (&json!(false), &json!(1)));
    assert_eq!(rig.differences(), (Some(1), vec![("suppliers".to_owned(), 1)]));
    assert_eq!(rig.counted("Comparisons"), 1, "it succeeded: what it found is another matter");

    rig.reconciler.pipeline.poll(ObjectKind::Supplier).await.unwrap();
    rig.reconciler.pipeline.work(50).await.unwrap();
    rig.compare(json!("all")).await.unwrap();
    assert_eq!(rig.differences().0, Some(0));
    assert_eq!(rig.record().await.unwrap()["in_balance"], true);
}

#[tokio::test]
async fn a_part_does_not_end_the_alarm_that_looks_at_all() {
    let rig = rig(3, Duration::ZERO).await;
    rig.compare(json!(["purchase_orders"])).await.unwrap();
    let certificate = rig.kept.files.lock().unwrap()[1].2.clone();
    let (certificate, _) = Signed::read(&certificate).unwrap().verify().unwrap();
    assert_eq!(certificate.objects.keys().collect::<Vec<_>>(), ["purchase_orders"]);
    assert_eq!((rig.differences().0, rig.counted("Comparisons")), (None, 0));
    assert_eq!(rig.counted("Differences"), 1);
}

#[tokio::test]
async fn without_enough_time_it_stops_and_says_so() {
    for takes in [60, 1_000] {
        let rig = rig(40, Duration::from_secs(takes)).await;
        let deadline = rig.world.deadline(900);
        let failure = rig.reconciler.handle(json!({"objects": "all"}), deadline).await.unwrap_err();
        assert_eq!(failure.code, Code::ComparisonTooLong, "{failure}");
        assert!(rig.kept.files.lock().unwrap().is_empty());
        assert_eq!((rig.counted("Comparisons"), rig.counted("Differences")), (0, 0));
        assert_eq!(rig.record().await, None);
    }
}

#[tokio::test]
async fn after_one_that_was_stopped_the_next_has_its_own_time() {
    let rig = rig(10, Duration::from_secs(20)).await;
    let event = json!({"objects": "all"});
    let stopped = rig.reconciler.handle(event.clone(), rig.world.deadline(120)).await.unwrap_err();
    assert_eq!(stopped.code, Code::ComparisonTooLong);
    assert!(stopped.message.contains("suppliers"), "{stopped}");
    let done = rig.reconciler.handle(event, rig.world.deadline(9_000)).await.unwrap();
    assert_eq!(done["in_balance"], true);
}

#[tokio::test]
async fn without_a_key_nothing_is_compared() {
    for key in ["", "too short"] {
        let mut rig = rig(1, Duration::ZERO).await;
        rig.reconciler.signing_key = Arc::new(SecretString::from(key)) as Arc<dyn Credential>;
        assert_eq!(rig.compare(json!("all")).await, Err(Code::SigningKeyMissing));
        assert_eq!(rig.counted("Differences"), 0);
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_kept_is_a_failure_and_drift_is_told_all_the_same() {
    let mut rig = rig(1, Duration::ZERO).await;
    rig.world.sap.add_supplier(supplier("V-NEW")).unwrap();
    rig.reconciler.folder = Box::new(Kept { full: true, ..Kept::default() });
    assert_eq!(rig.compare(json!("all")).await, Err(Code::StoreFailed));
    assert_eq!((rig.differences().0, rig.counted("Comparisons")), (Some(1), 0));
    assert_eq!(rig.record().await, None);
}

#[tokio::test]
async fn a_refused_log_in_is_counted_as_one() {
    let mut rig = rig(1, Duration::ZERO).await;
    rig.world.sap_password = "yesterday's";
    rig.reconciler.pipeline = rig.world.pipeline(&rig.reconciler.config);
    assert_eq!(rig.compare(json!("all")).await, Err(Code::SapLoginRefused));
    assert_eq!((rig.counted("AuthFailures"), rig.counted("Comparisons")), (1, 0));
}

#[tokio::test]
async fn a_bad_event_is_a_coded_error() {
    let rig = rig(1, Duration::ZERO).await;
    for (event, code) in [
        (json!({}), Code::EventForeign),
        (json!({"objects": []}), Code::EventForeign),
        (json!({"objects": "all", "release": true}), Code::EventForeign),
        (json!({"objects": "everything"}), Code::ObjectUnknown),
        (json!({"objects": ["PurchaseInvoices"]}), Code::ObjectUnknown),
        (json!({"object": "invoices"}), Code::EventForeign),
        (json!({"Records": [{"eventSource": "aws:s3"}]}), Code::EventForeign),
    ] {
        let failure = rig.reconciler.handle(event.clone(), rig.world.deadline(900)).await.unwrap_err();
        assert_eq!(failure.code, code, "{event}");
    }
    let mut rig = rig;
    rig.reconciler.config = rig.world.config(5, "objects = [\"suppliers\"]");
    assert_eq!(rig.compare(json!(["invoices"])).await, Err(Code::EventForeign), "it is not kept in step");
    assert_eq!(rig.counted("Differences"), 0);
}
