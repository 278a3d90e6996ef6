use crate::queues::{Asked, queues};
use functions::testing::World;
use model::{Clock as _, Code};
use serde_json::{Value, json};
use simulators::samples::supplier;
use sync::Sync;

struct Rig {
    world: World,
    sync: Sync,
    asked: Asked,
}

async fn rig() -> Rig {
    let world = World::new();
    for code in ["V1", "V2"] {
        world.sap.add_supplier(supplier(code)).unwrap();
    }
    let pipeline = world.pipeline(&world.config(100, ""));
    let (queue, asked) = queues(&world).await;
    let sync = {
        let coupa = notify::Watch::over(notify::System::Coupa);
        Sync { pipeline, queue, figures: world.figures(), coupa }
    };
    Rig { world, sync, asked }
}

pub(crate) fn record(id: &str, queue: &str, body: &str) -> Value {
    json!({
        "messageId": id,
        "receiptHandle": format!("handle-{id}"),
        "body": body,
        "attributes": {"ApproximateReceiveCount": "2", "SentTimestamp": "1545082649183"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:eu-central-1:123456789012:{queue}"),
        "awsRegion": "eu-central-1",
    })
}

pub(crate) fn change(world: &World, code: &str) -> String {
    json!({
        "v": 1,
        "change": {
            "document": format!("SBODEMO_ACME/supplier/{code}"),
            "step": "document",
            "cause": "poll",
            "lane": "live",
            "whatever_date": false,
            "seen_at": world.time.now(),
            "correlation": "c",
        },
    })
    .to_string()
}

#[tokio::test]
async fn what_is_done_is_not_named() {
    let rig = rig().await;
    let event = json!({"Records": [
        record("1", "live", &change(&rig.world, "V1")),
        record("2", "backfill", &change(&rig.world, "V2")),
    ]});
    let answer = rig.sync.handle(event, rig.world.deadline(120)).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert_eq!(rig.world.coupa.suppliers().len(), 2);
}

#[tokio::test]
async fn what_is_no_change_goes_to_the_dead_letters_and_spares_the_rest() {
    let rig = rig().await;
    let later = change(&rig.world, "V2").replace("\"v\":1", "\"v\":2");
    let event = json!({"Records": [
        record("1", "live", "hello"),
        record("2", "live", &later),
        record("3", "live", &change(&rig.world, "V1")),
        record("4", "somebody-elses", &change(&rig.world, "V2")),
    ]});
    let answer = rig.sync.handle(event, rig.world.deadline(120)).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert_eq!(rig.world.coupa.suppliers().len(), 1);
    let aside: Vec<(Value, Value)> = rig
        .asked
        .of("SendMessage")
        .into_iter()
        .map(|sent| {
            assert!(sent["QueueUrl"].as_str().unwrap().ends_with("/dead"), "{sent}");
            let code = sent["MessageAttributes"]["error_code"]["StringValue"].clone();
            (code, sent["MessageBody"].clone())
        })
        .collect();
    assert_eq!(aside.len(), 3, "{aside:?}");
    assert_eq!(aside[0], (json!(Code::MessageUnreadable.number()), json!("hello")));
    assert_eq!(aside[1], (json!(Code::MessageVersion.number()), json!(later)));
    assert_eq!(rig.world.lines.with("SyncErrors")[0]["SyncErrors"], 3);
}

#[tokio::test]
async fn what_could_not_be_done_comes_again() {
    let rig = rig().await;
    let event = json!({"Records": [record("1", "live", &change(&rig.world, "V1"))]});
    let answer = rig.sync.handle(event, rig.world.deadline(20)).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "1"}]}));
    assert_eq!(rig.asked.of("ChangeMessageVisibility")[0]["ReceiptHandle"], "handle-1");
    assert!(rig.world.coupa.suppliers().is_empty());
}

#[tokio::test]
async fn an_event_of_another_source_is_a_coded_error() {
    let rig = rig().await;
    let mut of_s3 = record("1", "live", "x");
    of_s3["eventSource"] = json!("aws:s3");
    for event in [
        json!({}),
        json!(null),
        json!({"Records": []}),
        json!({"Records": "x"}),
        json!({"Records": [record("1", "live", &change(&rig.world, "V1")), of_s3]}),
        json!({"object": "invoices"}),
        json!({"source": "aws.events", "detail-type": "Scheduled Event"}),
    ] {
        let failure = rig.sync.handle(event.clone(), rig.world.deadline(120)).await.unwrap_err();
        assert_eq!(failure.code, Code::EventForeign, "{event}");
    }
    assert!(rig.world.coupa.suppliers().is_empty());
}

#[tokio::test]
async fn how_long_coupa_is_away_is_noted_until_a_document_arrives() {
    let rig = rig().await;
    let noted = async || notify::Outage::read(rig.world.store.as_ref(), notify::System::Coupa).await.unwrap();
    let event = json!({"Records": [record("1", "live", &change(&rig.world, "V1"))]});
    let away = simulators::coupa::Fault::next(simulators::coupa::Effect::FailBefore(503)).times(1_000);
    rig.world.coupa.plan(away);
    for _ in 0..4 {
        rig.sync.handle(event.clone(), rig.world.deadline(120)).await.unwrap();
        rig.world.time.pass(std::time::Duration::from_secs(360));
    }
    let outage = noted().await.unwrap();
    assert!(outage.is_long() && outage.code == Code::CoupaUnreachable, "{outage:?}");
    rig.world.coupa.clear_faults();
    rig.sync.handle(event, rig.world.deadline(120)).await.unwrap();
    assert_eq!(noted().await, None);
}
