//! The calls to SQS, each tried again where that helps.

use super::SqsQueue;
use crate::{StoreError, aws::dynamo::explain};
use aws_sdk_sqs::{
    error::{ProvideErrorMetadata, SdkError},
    types::{
        BatchResultErrorEntry, DeleteMessageBatchRequestEntry, Message, MessageAttributeValue,
        MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
    },
};
use std::{collections::BTreeMap, error::Error, time::Duration};

/// Tries of entries of a batch that SQS did not take.
const TRIES: u32 = 5;
const FIRST_PAUSE_MS: u64 = 50;

impl SqsQueue {
    /// All of them, or an error: a message may then be there twice, which is harmless.
    pub(super) async fn send_batch(&self, url: &str, bodies: Vec<String>) -> Result<(), StoreError> {
        let mut left: BTreeMap<String, String> =
            bodies.into_iter().enumerate().map(|(id, body)| (id.to_string(), body)).collect();
        for tries in 0..TRIES {
            let entries = left
                .iter()
                .map(|(id, body)| SendMessageBatchRequestEntry::builder().id(id).message_body(body).build());
            let entries = entries.collect::<Result<_, _>>().map_err(|error| unavailable(&error))?;
            let request = self.client.send_message_batch().queue_url(url).set_entries(Some(entries));
            let output = request.send().await.map_err(|error| failed(&error))?;
            for sent in &output.successful {
                left.remove(&sent.id);
            }
            if left.is_empty() {
                return Ok(());
            }
            if let Some(refused) = output.failed.iter().find(|entry| entry.sender_fault) {
                return Err(not_taken(refused));
            }
            self.pause(tries).await;
        }
        Err(StoreError::Unavailable(format!("SQS did not take {} messages", left.len())))
    }

    pub(super) async fn send_one(
        &self,
        url: &str,
        body: String,
        attributes: &[(&str, String)],
    ) -> Result<(), StoreError> {
        let mut request = self.client.send_message().queue_url(url).message_body(body);
        for (name, value) in attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            request = request.message_attributes(*name, value.map_err(|error| unavailable(&error))?);
        }
        request.send().await.map(drop).map_err(|error| failed(&error))
    }

    pub(super) async fn receive_batch(
        &self,
        url: &str,
        max: usize,
        visibility_seconds: i32,
    ) -> Result<Vec<Message>, StoreError> {
        let request = self
            .client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(i32::try_from(max).unwrap_or(1))
            .visibility_timeout(visibility_seconds)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let output = request.send().await.map_err(|error| failed(&error))?;
        Ok(output.messages.unwrap_or_default())
    }

    /// A receipt that does nothing any more is none of our business.
    pub(super) async fn delete_batch(&self, url: &str, handles: &[&str]) -> Result<(), StoreError> {
        let mut left: BTreeMap<String, &str> =
            handles.iter().enumerate().map(|(id, handle)| (id.to_string(), *handle)).collect();
        for tries in 0..TRIES {
            let entries = left.iter().map(|(id, handle)| {
                DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(*handle).build()
            });
            let entries = entries.collect::<Result<_, _>>().map_err(|error| unavailable(&error))?;
            let request = self.client.delete_message_batch().queue_url(url).set_entries(Some(entries));
            let output = request.send().await.map_err(|error| failed(&error))?;
            left.retain(|id, _| output.failed.iter().any(|entry| entry.id == *id && !entry.sender_fault));
            if left.is_empty() {
                return Ok(());
            }
            self.pause(tries).await;
        }
        Err(StoreError::Unavailable(format!("SQS did not delete {} messages", left.len())))
    }

    /// Does nothing where the message is not in our hands any more.
    pub(super) async fn change_visibility(
        &self,
        url: &str,
        handle: &str,
        seconds: i32,
    ) -> Result<(), StoreError> {
        let request = self
            .client
            .change_message_visibility()
            .queue_url(url)
            .receipt_handle(handle)
            .visibility_timeout(seconds);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if no_longer_ours(error.code()) => {
                tracing::debug!(reason = %explain(&error), "a message is put back by its visibility alone");
                Ok(())
            }
            Err(error) => Err(failed(&error)),
        }
    }

    /// Messages in a queue, and those of them that are out of sight.
    pub(super) async fn count(&self, url: &str) -> Result<(u64, u64), StoreError> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesDelayed as Delayed,
            ApproximateNumberOfMessagesNotVisible as NotVisible,
        };
        let request = self
            .client
            .get_queue_attributes()
            .queue_url(url)
            .set_attribute_names(Some(vec![Visible, Delayed, NotVisible]));
        let attributes = request.send().await.map_err(|error| failed(&error))?.attributes.unwrap_or_default();
        let count =
            |name| attributes.get(&name).and_then(|count| count.parse::<u64>().ok()).unwrap_or_default();
        let in_flight = count(NotVisible);
        Ok((count(Visible) + count(Delayed) + in_flight, in_flight))
    }

    /// Has SQS move the copies of dead letters back among the live changes. The destination is named, because messages that a
    /// function has put there have no source queue, and SQS doesn't move those by itself.
    pub(super) async fn start_move(&self, from: &str, to: &str) -> Result<(), StoreError> {
        let (from, to) = (self.arn(from).await?, self.arn(to).await?);
        let request = self.client.start_message_move_task().source_arn(from).destination_arn(to);
        request.send().await.map(drop).map_err(|error| failed(&error))
    }

    async fn arn(&self, url: &str) -> Result<String, StoreError> {
        let request =
            self.client.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::QueueArn);
        let attributes = request.send().await.map_err(|error| failed(&error))?.attributes.unwrap_or_default();
        let arn = attributes.get(&QueueAttributeName::QueueArn).cloned();
        arn.ok_or_else(|| StoreError::Unavailable(format!("SQS told no ARN of {url}")))
    }

    async fn pause(&self, tries: u32) {
        let longest = FIRST_PAUSE_MS << tries;
        self.clock.sleep(Duration::from_millis(1 + self.random.next_u64() % longest)).await;
    }
}

fn no_longer_ours(code: Option<&str>) -> bool {
    matches!(
        code,
        Some(
            "MessageNotInflight"
                | "AWS.SimpleQueueService.MessageNotInflight"
                | "ReceiptHandleIsInvalid"
                | "InvalidParameterValue"
        )
    )
}

fn not_taken(entry: &BatchResultErrorEntry) -> StoreError {
    let message = entry.message.as_deref().unwrap_or_default();
    StoreError::Unavailable(format!("SQS did not take a message: {}: {message}", entry.code))
}

fn unavailable(error: &impl Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

fn failed<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> StoreError {
    StoreError::Unavailable(format!("SQS: {}", explain(error)))
}
