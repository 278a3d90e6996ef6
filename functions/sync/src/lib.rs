//! Makes Coupa show what SAP has, for a batch of keys that SQS hands over.

use aws_lambda_events::sqs::SqsEvent;
use functions::{Deadline, Figures};
use model::{Code, Failure};
use pipeline::{BatchReport, Pipeline};
use serde_json::{Value, json};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use store::{
    Queue, Received,
    aws::{LambdaQueue, LambdaRecord, SqsQueue},
};
use telemetry::{About, Metric};

/// For writing down what ended, beside the longest request.
const FOR_RECORDS: Duration = Duration::from_secs(5);
/// What is still under way then is given up, so that the answer gets out: who lost a lease so is asked after first.
const LAST_MOMENT: Duration = Duration::from_secs(2);

/// What the answer itself needs.
const ANSWER: Duration = Duration::from_millis(500);

/// Everything that the function needs, handed in.
pub struct Sync {
    /// The use cases; its queue is another for each event.
    pub pipeline: Pipeline,
    /// Where changes go.
    pub queue: Arc<SqsQueue>,
    /// Where figures go.
    pub figures: Figures,
    /// Notes how long Coupa is away.
    pub coupa: notify::Watch,
}

impl Sync {
    /// Works on one event, and answers which of its messages must come again.
    pub async fn handle(&self, event: Value, deadline: Deadline) -> Result<Value, Failure> {
        let records = records(event)?;
        let (queue, received, unreadable) = LambdaQueue::of_event(Arc::clone(&self.queue), records).await;
        if !unreadable.is_empty() {
            let count = u64::try_from(unreadable.len()).unwrap_or(u64::MAX);
            self.figures.put(About::Company, Metric::SyncErrors, count);
        }
        let queue = Arc::new(queue);
        let report = work(&self.pipeline, &self.figures, Arc::clone(&queue) as _, received, deadline).await;
        let (state, clock) = (self.pipeline.state.as_ref(), self.pipeline.clock.as_ref());
        let ended = report.iter().flat_map(|report| &report.ended).map(|ended| (ended.outcome, ended.code));
        let noted = self.coupa.attempts(state, ended, clock.now());
        let _late = deadline.earlier(ANSWER).bound(clock, noted).await;
        let again: Vec<Value> = queue.unacked().into_iter().map(|id| json!({"itemIdentifier": id})).collect();
        Ok(json!({"batchItemFailures": again}))
    }
}

/// Works on what was received from `queue`, and acks there what is done. Nothing fails the batch: what isn't done when the
/// deadline comes has not been acked. Answers what was done, where that is known.
pub async fn work(
    pipeline: &Pipeline,
    figures: &Figures,
    queue: Arc<dyn Queue>,
    received: Vec<Received>,
    deadline: Deadline,
) -> Option<BatchReport> {
    let stopping = Arc::new(AtomicBool::new(false));
    let pipeline = Pipeline { queue, stopping: Arc::clone(&stopping), ..pipeline.clone() };
    let clock = pipeline.clock.as_ref();
    let reserve = pipeline.settings.request_timeout + FOR_RECORDS;
    // Boxed, because the compiler won't nest futures as deeply as this one already does.
    let work: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(pipeline.sync(received));
    let work = deadline.earlier(reserve).nudged(clock, work, || stopping.store(true, Ordering::Relaxed));
    let report = match deadline.earlier(LAST_MOMENT).bound(clock, work).await {
        Some(Ok(report)) => {
            figures.batch(&report);
            tracing::info!(
                received = report.received,
                ended = report.ended.len(),
                held = report.held,
                failed = report.ended.iter().filter(|ended| ended.dead_letter).count(),
                "batch"
            );
            Some(report)
        }
        Some(Err(error)) => {
            tracing::error!(%error, "the store failed; what isn't done comes again");
            figures.put(About::Company, Metric::SyncErrors, 1);
            None
        }
        None => {
            tracing::error!("there was no time to end what was under way; it comes again");
            figures.put(About::Company, Metric::SyncErrors, 1);
            None
        }
    };
    figures.calls(&pipeline);
    report
}

/// The event's records, if it is one of SQS.
fn records(event: Value) -> Result<Vec<LambdaRecord>, Failure> {
    let foreign = |what: &str| Failure::new(Code::EventForeign, what);
    let given = event.get("Records").and_then(Value::as_array).filter(|records| !records.is_empty());
    let given = given.ok_or_else(|| foreign("an event of SQS with its records is expected"))?;
    let from_sqs = |record: &Value| record.get("eventSource").and_then(Value::as_str) == Some("aws:sqs");
    if !given.iter().all(from_sqs) {
        return Err(foreign("its records are not all from SQS"));
    }
    let event: SqsEvent = serde_json::from_value(event).map_err(|error| foreign(&error.to_string()))?;
    let record = |message: aws_lambda_events::sqs::SqsMessage| {
        Some(LambdaRecord {
            message_id: message.message_id?,
            receipt_handle: message.receipt_handle.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            receive_count: message
                .attributes
                .get("ApproximateReceiveCount")
                .and_then(|count| count.parse().ok())
                .unwrap_or(1),
            source_arn: message.event_source_arn.unwrap_or_default(),
        })
    };
    let records: Option<Vec<LambdaRecord>> = event.records.into_iter().map(record).collect();
    records.ok_or_else(|| foreign("a record without a message id"))
}
