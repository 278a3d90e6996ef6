//! The queue of changes on SQS: a queue for each lane, and one for copies of dead letters.

use super::{
    Aws,
    message::{decode_message, encode},
};
use crate::{DeadLetterCopy, Depth, Queue, Receipt, Received, StoreError};
use async_trait::async_trait;
use aws_sdk_sqs::{Client, types};
use jiff::{SignedDuration, Timestamp};
use model::{Change, Clock, Failure, Lane, Random};
use std::{collections::BTreeMap, sync::Arc};

mod calls;

/// SQS takes no more in one call.
const AT_ONCE: usize = 10;
/// Well below SQS's limit for the bodies of one call.
const BYTES_AT_ONCE: usize = 200_000;
/// SQS allows 12 hours counted from the receipt, not from the call. What backs off for more than minutes is parked anyway.
const LONGEST_VISIBILITY_SECONDS: i32 = 11 * 3_600;

/// Where the queues are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueUrls {
    /// Of changes that somebody made just now.
    pub live: String,
    /// Of changes that come by the thousands and are in no hurry.
    pub backfill: String,
    /// Of copies of dead letters.
    pub dead_letters: String,
}

/// A queue on SQS.
pub struct SqsQueue {
    client: Client,
    urls: QueueUrls,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl SqsQueue {
    /// Asks nothing yet.
    pub fn new(aws: &Aws, urls: QueueUrls, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { client: aws.sqs(), urls, clock, random }
    }

    /// Puts the copies of dead letters back among the live changes. SQS does so by itself, in its own time.
    pub async fn move_dead_letters_back(&self) -> Result<(), StoreError> {
        self.start_move(&self.urls.dead_letters, &self.urls.live).await
    }

    fn url(&self, lane: Lane) -> &str {
        match lane {
            Lane::Live => &self.urls.live,
            Lane::Backfill => &self.urls.backfill,
        }
    }

    /// The lane whose queue has this ARN, as an event names it.
    pub(super) fn lane_of(&self, arn: &str) -> Option<Lane> {
        let name = arn.rsplit(':').next().filter(|name| !name.is_empty())?;
        [Lane::Live, Lane::Backfill].into_iter().find(|lane| self.url(*lane).rsplit('/').next() == Some(name))
    }

    /// Puts a message that can't be read where people look for what failed. It comes back from there as it was.
    pub(super) async fn set_aside(&self, body: &str, failure: &Failure) -> Result<(), StoreError> {
        tracing::warn!(
            code = failure.code.number(),
            class = failure.class().name(),
            reason = failure.message,
            "a message can't be read"
        );
        let attributes =
            [("error_code", failure.code.number().to_owned()), ("class", failure.class().name().to_owned())];
        self.send_one(&self.urls.dead_letters, body.to_owned(), &attributes).await
    }

    /// What can be read of what was received. The rest goes to the dead letters at once: it would only come again.
    async fn decode(&self, lane: Lane, messages: Vec<types::Message>) -> Result<Vec<Received>, StoreError> {
        let mut received = Vec::new();
        for message in messages {
            let (Some(body), Some(handle)) = (message.body, message.receipt_handle) else { continue };
            let receipt = receipt(lane, &handle);
            match decode_message(&body) {
                Ok(decoded) => {
                    let count = message.attributes.unwrap_or_default();
                    let count = count.get(&types::MessageSystemAttributeName::ApproximateReceiveCount);
                    received.push(Received {
                        change: decoded.change,
                        receipt,
                        receive_count: count.and_then(|count| count.parse().ok()).unwrap_or(1),
                        copy_of: decoded.copy_of,
                    });
                }
                Err(failure) => match self.set_aside(&body, &failure).await {
                    Ok(()) => self.ack(&[receipt]).await?,
                    Err(error) => {
                        tracing::warn!(reason = %error, "a message that can't be read stays in its queue");
                    }
                },
            }
        }
        Ok(received)
    }
}

/// The queue it came from stands before SQS's own handle.
pub(super) fn receipt(lane: Lane, handle: &str) -> Receipt {
    let lane = match lane {
        Lane::Live => "live",
        Lane::Backfill => "backfill",
    };
    Receipt(format!("{lane}:{handle}"))
}

fn parts(receipt: &Receipt) -> Option<(Lane, &str)> {
    match receipt.0.split_once(':')? {
        ("live", handle) => Some((Lane::Live, handle)),
        ("backfill", handle) => Some((Lane::Backfill, handle)),
        _ => None,
    }
}

/// Whole seconds, rounded up: nothing is seen again too early.
fn visibility_seconds(visibility: SignedDuration) -> i32 {
    let up = i64::from(visibility.subsec_nanos() > 0);
    i32::try_from(visibility.as_secs().saturating_add(up))
        .unwrap_or(LONGEST_VISIBILITY_SECONDS)
        .clamp(0, LONGEST_VISIBILITY_SECONDS)
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, changes: &[Change], _now: Timestamp) -> Result<(), StoreError> {
        let mut by_lane: BTreeMap<Lane, Vec<String>> = BTreeMap::new();
        for change in changes {
            by_lane.entry(change.lane).or_default().push(encode(change, None)?);
        }
        for (lane, bodies) in by_lane {
            for batch in batches(bodies) {
                self.send_batch(self.url(lane), batch).await?;
            }
        }
        Ok(())
    }

    async fn receive(
        &self,
        max: usize,
        visibility: SignedDuration,
        _now: Timestamp,
    ) -> Result<Vec<Received>, StoreError> {
        let mut received = Vec::new();
        for lane in [Lane::Live, Lane::Backfill] {
            while received.len() < max {
                let wanted = (max - received.len()).min(AT_ONCE);
                let messages =
                    self.receive_batch(self.url(lane), wanted, visibility_seconds(visibility)).await?;
                if messages.is_empty() {
                    break;
                }
                received.extend(self.decode(lane, messages).await?);
            }
        }
        Ok(received)
    }

    async fn ack(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        let mut by_lane: BTreeMap<Lane, Vec<&str>> = BTreeMap::new();
        for (lane, handle) in receipts.iter().filter_map(parts) {
            by_lane.entry(lane).or_default().push(handle);
        }
        for (lane, handles) in by_lane {
            for batch in handles.chunks(AT_ONCE) {
                self.delete_batch(self.url(lane), batch).await?;
            }
        }
        Ok(())
    }

    async fn put_back(&self, receipt: &Receipt, at: Timestamp) -> Result<(), StoreError> {
        let Some((lane, handle)) = parts(receipt) else { return Ok(()) };
        let seconds = visibility_seconds(at.duration_since(self.clock.now()));
        self.change_visibility(self.url(lane), handle, seconds).await
    }

    async fn copy_dead_letter(&self, copy: &DeadLetterCopy) -> Result<(), StoreError> {
        let code = copy.letter.code;
        let attributes = [
            ("error_code", code.number().to_owned()),
            ("class", code.class().name().to_owned()),
            ("document", copy.change.document.to_string()),
            ("attempts", copy.attempts.to_string()),
        ];
        let body = encode(&copy.change, Some(copy.letter.at))?;
        self.send_one(&self.urls.dead_letters, body, &attributes).await
    }

    /// SQS counts a message that was put back as in flight until its time comes, and tells the age of the oldest only as a
    /// metric.
    async fn depth(&self) -> Result<Depth, StoreError> {
        let mut depth = Depth::default();
        for lane in [Lane::Live, Lane::Backfill] {
            let (there, in_flight) = self.count(self.url(lane)).await?;
            if there > 0 {
                depth.by_lane.insert(lane, there);
            }
            depth.in_flight += in_flight;
        }
        Ok(depth)
    }

    /// SQS can't tell.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }
}

/// As many bodies as one call takes.
fn batches(bodies: Vec<String>) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for body in bodies {
        let fits = |batch: &&mut Vec<String>| batch.len() < AT_ONCE && bytes + body.len() <= BYTES_AT_ONCE;
        if let Some(batch) = batches.last_mut().filter(fits) {
            bytes += body.len();
            batch.push(body);
        } else {
            bytes = body.len();
            batches.push(vec![body]);
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_what_one_call_takes() {
        let sizes = |bodies: Vec<usize>| -> Vec<usize> {
            batches(bodies.into_iter().map(|len| "x".repeat(len)).collect()).iter().map(Vec::len).collect()
        };
        assert_eq!(sizes(vec![]), [0; 0]);
        assert_eq!(sizes(vec![1; 25]), [10, 10, 5]);
        assert_eq!(sizes(vec![150_000, 150_000, 1]), [1, 2]);
    }

    #[test]
    fn visibility_is_rounded_up_and_limited() {
        let seconds = |millis| visibility_seconds(SignedDuration::from_millis(millis));
        assert_eq!(
            [seconds(-5_500), seconds(0), seconds(1), seconds(1_000), seconds(1_001)],
            [0, 0, 1, 1, 2]
        );
        assert_eq!(visibility_seconds(SignedDuration::from_hours(12)), LONGEST_VISIBILITY_SECONDS);
        assert_eq!(visibility_seconds(SignedDuration::MAX), LONGEST_VISIBILITY_SECONDS);
    }

    #[test]
    fn a_receipt_knows_its_queue() {
        assert_eq!(parts(&receipt(Lane::Backfill, "a:b")), Some((Lane::Backfill, "a:b")));
        assert_eq!(parts(&receipt(Lane::Live, "")), Some((Lane::Live, "")));
        assert_eq!(parts(&Receipt("nonsense".to_owned())), None);
    }
}
