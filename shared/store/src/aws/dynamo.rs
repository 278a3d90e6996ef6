//! Requests to DynamoDB, tried again where that helps, and what its errors mean.

use super::{
    TableNames,
    body::{self, BODY, Parts},
    tables::PK,
    usage::Meter,
    value::{Item, get_text, text},
};
use crate::StoreError;
use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::{AttributeValue, KeysAndAttributes, ReturnConsumedCapacity},
};
use futures::{StreamExt as _, stream};
use model::{Clock, Random};
use std::{collections::BTreeMap, error::Error, sync::Arc, time::Duration};

/// Tries of one request that something in its way may let through the next time.
const TRIES: u32 = 6;
/// Requests under way at once.
const AT_ONCE: usize = 16;
const FIRST_PAUSE_MS: u64 = 25;
/// DynamoDB's limit for one batched read.
pub(super) const READ_AT_ONCE: usize = 100;
/// Reads of an item whose parts were being replaced meanwhile.
const READS: usize = 5;

/// Two tables, and how patiently they are asked.
pub(super) struct Dynamo {
    pub(super) client: Client,
    pub(super) names: TableNames,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) meter: Meter,
}

impl Dynamo {
    pub(super) fn new(
        client: Client,
        names: TableNames,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { client, names, clock, random, meter: Meter::default() }
    }

    /// Sends until it goes through, or fails with something that trying again doesn't change. The SDK's own tries cover
    /// lost connections and throttling; a transaction that has the item at this moment is left to us.
    pub(super) async fn patiently<T, E, Sent>(&self, mut send: impl FnMut() -> Sent) -> Result<T, SdkError<E>>
    where
        E: ProvideErrorMetadata,
        Sent: Future<Output = Result<T, SdkError<E>>>,
    {
        let mut tries = 0;
        loop {
            match send().await {
                Err(error) if tries + 1 < TRIES && passes(error.code()) => self.pause(tries).await,
                answer => return answer,
            }
            tries += 1;
        }
    }

    /// Longer and longer, and never the same for two who are in each other's way.
    pub(super) async fn pause(&self, tries: u32) {
        let longest = FIRST_PAUSE_MS << tries.min(6);
        let pause = 1 + self.random.next_u64() % longest;
        self.clock.sleep(Duration::from_millis(pause)).await;
    }

    /// One item of the state table, as it is now.
    pub(super) async fn get(&self, pk: &str) -> Result<Option<Item>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.names.state)
            .key(PK, text(pk))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        self.meter.read(1);
        let output = request.send().await.map_err(|error| unavailable(&error))?;
        self.meter.consumed(output.consumed_capacity());
        Ok(output.item)
    }

    /// Items of the state table by their keys, as they are now.
    pub(super) async fn get_many(
        &self,
        keys: impl IntoIterator<Item = String>,
    ) -> Result<BTreeMap<String, Item>, StoreError> {
        let keys = keys.into_iter().map(|key| vec![(PK, key)]).collect::<Vec<_>>();
        let items = self.read(&self.names.state, keys).await?;
        let keyed = |item: Item| Some((get_text(&item, PK)?.to_owned(), item));
        Ok(items.into_iter().filter_map(keyed).collect())
    }

    /// Items by their keys, in no order. What DynamoDB leaves out of a batch is asked for again.
    pub(super) async fn read(
        &self,
        table: &str,
        mut keys: Vec<Vec<(&'static str, String)>>,
    ) -> Result<Vec<Item>, StoreError> {
        // DynamoDB refuses a batch that names an item twice.
        keys.sort();
        keys.dedup();
        let mut items = Vec::with_capacity(keys.len());
        for batch in keys.chunks(READ_AT_ONCE) {
            let keys = batch
                .iter()
                .map(|key| key.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect());
            let mut left = KeysAndAttributes::builder()
                .set_keys(Some(keys.collect()))
                .consistent_read(true)
                .build()
                .ok();
            let mut tries = 0;
            while let Some(wanted) = left.take() {
                if tries == TRIES {
                    return Err(StoreError::Unavailable("DynamoDB left items unread".to_owned()));
                }
                if tries > 0 {
                    self.pause(tries).await;
                }
                self.meter.read(wanted.keys().len());
                let request = self
                    .client
                    .batch_get_item()
                    .request_items(table, wanted)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total);
                let output = request.send().await.map_err(|error| unavailable(&error))?;
                self.meter.consumed(output.consumed_capacity());
                items.extend(output.responses.unwrap_or_default().remove(table).unwrap_or_default());
                left = output.unprocessed_keys.unwrap_or_default().remove(table);
                tries += 1;
            }
        }
        Ok(items)
    }

    /// The JSON of an item's body, wherever it stands. `None` where there is none.
    pub(super) async fn body(&self, what: &str, item: &Item) -> Result<Option<String>, StoreError> {
        let Some(parts) = Parts::of(item) else { return body::whole(what, item) };
        let keys: Vec<String> = (0..parts.count).map(|part| part_key(what, &parts, part)).collect();
        let mut found = self.get_many(keys.clone()).await?;
        let mut packed = Vec::new();
        for key in keys {
            let part = found.remove(&key).and_then(|mut item| match item.remove(BODY) {
                Some(AttributeValue::B(blob)) => Some(blob.into_inner()),
                _ => None,
            });
            packed.extend(part.ok_or_else(|| StoreError::Conflict(format!("the body of {what}")))?);
        }
        crate::packed::unpack(what, &packed).map(Some)
    }

    /// An item and its body. Where its parts were replaced between the two reads, both are read again.
    pub(super) async fn get_with_body(&self, pk: &str) -> Result<Option<(Item, Option<String>)>, StoreError> {
        for tries in 0..READS {
            let Some(item) = self.get(pk).await? else { return Ok(None) };
            match self.body(pk, &item).await {
                Err(StoreError::Conflict(_)) if tries + 1 < READS => {}
                Err(StoreError::Conflict(_)) => break,
                body => return Ok(Some((item, body?))),
            }
        }
        Err(StoreError::Corrupt(format!("{pk}: parts of its body are missing")))
    }

    /// Writes the parts of a body, before the item that names them.
    pub(super) async fn put_parts(&self, what: &str, body: &body::Body) -> Result<(), StoreError> {
        let Some(parts) = body.named_parts() else { return Ok(()) };
        for (index, part) in body.parts.iter().enumerate() {
            self.meter.wrote(1);
            let put = self
                .client
                .put_item()
                .table_name(&self.names.state)
                .item(PK, text(part_key(what, &parts, index)))
                .item(BODY, AttributeValue::B(Blob::new(part.clone())))
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let output = self.patiently(|| put.clone().send()).await.map_err(|error| unavailable(&error))?;
            self.meter.consumed(output.consumed_capacity());
        }
        Ok(())
    }

    /// Removes parts that no item names any more. Left undone, they only take up room.
    pub(super) async fn remove_parts(&self, what: &str, parts: &Parts) {
        for part in 0..parts.count {
            self.meter.wrote(1);
            let delete = self
                .client
                .delete_item()
                .table_name(&self.names.state)
                .key(PK, text(part_key(what, parts, part)));
            if let Err(error) = delete.send().await {
                tracing::warn!(what, reason = %explain(&error), "parts that are no longer needed stay in the state table");
            }
        }
    }
}

/// The answers in the order of the requests, a few of which are under way at once: a batch is done in a few round trips,
/// and needs few connections.
pub(super) async fn side_by_side<T>(requests: Vec<impl Future<Output = T>>) -> Vec<T> {
    stream::iter(requests).buffered(AT_ONCE).collect().await
}

fn part_key(what: &str, parts: &Parts, part: usize) -> String {
    format!("part/{what}/{}/{part}", parts.generation)
}

/// The parts that an item had before it was written over, unless it has them still.
pub(super) fn parts_before(old: Option<&Item>, new: Option<&Parts>) -> Option<Parts> {
    let before = Parts::of(old?)?;
    (Some(&before) != new).then_some(before)
}

fn passes(code: Option<&str>) -> bool {
    matches!(
        code,
        Some(
            "TransactionConflictException"
                | "TransactionInProgressException"
                | "ThrottlingException"
                | "ProvisionedThroughputExceededException"
                | "RequestLimitExceeded"
                | "InternalServerError"
        )
    )
}

/// An error of any AWS service in a line. Never the whole response: an item may stand in it.
pub fn explain<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> String {
    if let Some(code) = error.code() {
        return format!("{code}: {}", error.message().unwrap_or_default());
    }
    let mut reasons = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        reasons.push(error.to_string());
        source = error.source();
    }
    reasons.join(": ")
}

pub(super) fn unavailable<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> StoreError {
    StoreError::Unavailable(explain(error))
}
