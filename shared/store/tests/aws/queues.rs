//! What is SQS's own: envelopes, the dead-letter queue, events of a function.

use crate::Queues;
use aws_sdk_sqs::types::Message;
use jiff::SignedDuration;
use model::{Change, Code, DeadLetter, Lane};
use std::sync::Arc;
use store::{
    DeadLetterCopy, Queue, Received,
    aws::{LambdaQueue, LambdaRecord},
    contract::{
        Place as _,
        fixtures::{ahead, change, invoice, receive, receive_one, seconds},
        run,
    },
};

async fn dead_letters(queues: &Queues) -> Vec<Message> {
    let request = queues.0.sqs().receive_message().queue_url(&queues.0.urls.dead_letters);
    let request = request.message_attribute_names("All").max_number_of_messages(10);
    request.send().await.unwrap().messages.unwrap_or_default()
}

fn attribute<'a>(message: &'a Message, name: &str) -> &'a str {
    message.message_attributes.as_ref().unwrap()[name].string_value().unwrap()
}

async fn send_raw(queues: &Queues, url: &str, body: &str) {
    queues.0.sqs().send_message().queue_url(url).message_body(body).send().await.unwrap();
}

/// With what an operator groups by, and it finds its way back.
#[test]
fn a_dead_letter_is_copied_with_its_attributes_and_known_when_redriven() {
    run(async {
        let Some(queues) = Queues::new().await else { return };
        let queue = queues.0.queue();
        let letter = DeadLetter { code: Code::NotOurs, message: "mend it".to_owned(), at: queues.now() };
        let failed = Change { lane: Lane::Backfill, ..change(&invoice(1), queues.now()) };
        let copy = DeadLetterCopy { change: failed.clone(), letter: letter.clone(), attempts: 3 };
        queue.copy_dead_letter(&copy).await.unwrap();
        let copies = dead_letters(&queues).await;
        assert_eq!(copies.len(), 1);
        let expected = [
            ("error_code", "BC-0307"),
            ("class", "data"),
            ("document", "SBODEMOUS/invoice/1"),
            ("attempts", "3"),
        ];
        for (name, value) in expected {
            assert_eq!(attribute(&copies[0], name), value);
        }
        send_raw(&queues, &queues.0.urls.live, copies[0].body().unwrap()).await;
        let back = receive_one(&queues, &queue).await;
        assert_eq!((back.change, back.copy_of), (failed, Some(letter.at)));
    });
}

/// It would only come again, and the others must not wait for it.
#[test]
fn a_message_that_is_no_change_goes_to_the_dead_letters_alone() {
    run(async {
        let Some(queues) = Queues::new().await else { return };
        let queue = queues.0.queue();
        queue.send(&[change(&invoice(1), queues.now())], queues.now()).await.unwrap();
        for body in ["hello", r#"{"v":2,"change":{}}"#] {
            send_raw(&queues, &queues.0.urls.live, body).await;
        }
        let received = receive_one(&queues, &queue).await;
        queue.ack(&[received.receipt]).await.unwrap();
        let mut aside: Vec<_> = dead_letters(&queues)
            .await
            .iter()
            .map(|message| (attribute(message, "error_code").to_owned(), message.body().unwrap().to_owned()))
            .collect();
        aside.sort();
        let expected = [("BC-0504", "hello"), ("BC-0505", r#"{"v":2,"change":{}}"#)];
        assert_eq!(aside, expected.map(|(code, body)| (code.to_owned(), body.to_owned())));
        queues.pass(4).await;
        assert_eq!(receive(&queues, &queue).await, []);
    });
}

async fn event(queues: &Queues) -> Vec<LambdaRecord> {
    let mut records = Vec::new();
    loop {
        let request = queues.0.sqs().receive_message().queue_url(&queues.0.urls.live).visibility_timeout(3);
        let messages = request.max_number_of_messages(10).send().await.unwrap().messages.unwrap_or_default();
        if messages.is_empty() {
            return records;
        }
        let name = queues.0.urls.live.rsplit('/').next().unwrap();
        records.extend(messages.into_iter().map(|message| LambdaRecord {
            message_id: message.message_id.unwrap(),
            receipt_handle: message.receipt_handle.unwrap(),
            body: message.body.unwrap(),
            receive_count: 1,
            source_arn: format!("arn:aws:sqs:us-east-1:000000000000:{name}"),
        }));
    }
}

fn of(received: &[Received], entry: i64) -> &Received {
    received.iter().find(|received| received.change.document == invoice(entry)).unwrap()
}

/// What was put back keeps its time; what was acked is not named; what is no change is out of the way.
#[test]
fn a_function_answers_what_it_did_not_get_done() {
    run(async {
        let Some(queues) = Queues::new().await else { return };
        let real = Arc::new(queues.0.queue());
        let changes: Vec<Change> = (1..=3).map(|entry| change(&invoice(entry), queues.now())).collect();
        real.send(&changes, queues.now()).await.unwrap();
        send_raw(&queues, &queues.0.urls.live, "hello").await;
        let mut records = event(&queues).await;
        assert_eq!(records.len(), 4);
        let foreign = LambdaRecord {
            message_id: "foreign".to_owned(),
            source_arn: "arn:aws:sqs:us-east-1:000000000000:somebody-elses".to_owned(),
            ..records[0].clone()
        };
        records.push(foreign);
        let (queue, received, unreadable) = LambdaQueue::of_event(Arc::clone(&real), records.clone()).await;
        assert_eq!((received.len(), unreadable.len()), (3, 2));
        assert!(unreadable.iter().all(|unreadable| unreadable.failure.code == Code::MessageUnreadable));
        assert_eq!(dead_letters(&queues).await.len(), 2);
        assert_eq!(queue.receive(10, SignedDuration::from_secs(1), queues.now()).await.unwrap(), []);

        queue.ack(&[of(&received, 1).receipt.clone()]).await.unwrap();
        queue.put_back(&of(&received, 2).receipt, ahead(&queues, 1)).await.unwrap();
        let id = |entry| {
            let has = |record: &&LambdaRecord| record.body.contains(&format!("/{entry}\""));
            records.iter().find(has).unwrap().message_id.clone()
        };
        let mut unacked = queue.unacked();
        unacked.sort();
        let mut expected = vec![id(2), id(3)];
        expected.sort();
        assert_eq!(unacked, expected);

        queues.pass(1).await;
        let back = real.receive(10, seconds(9), queues.now()).await.unwrap();
        let documents: Vec<_> = back.iter().map(|received| received.change.document.clone()).collect();
        assert_eq!(documents, [invoice(2)], "the third is still in the function's hands");
    });
}
