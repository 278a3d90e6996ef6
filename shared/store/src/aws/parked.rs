//! Parked changes and dead letters. An index only says which items to look at: it may be a moment old.

use super::{
    AwsStore,
    document::{self, DEAD_IN, DEAD_LETTER, DUE_AT, NUMBER, PARKED, PARKED_IN, WAITS_FOR},
    dynamo::{Dynamo, side_by_side, unavailable},
    tables::{BY_DEAD, BY_DUE, BY_WAITS_FOR, PK},
    value::{Item, get_json, get_text, get_time, nanos, text},
};
use crate::{DeadLetterRow, StoreError};
use aws_sdk_dynamodb::{operation::query::builders::QueryFluentBuilder, types::ReturnConsumedCapacity};
use jiff::Timestamp;
use model::{DeadLetter, DocumentKey, Parked};

impl AwsStore {
    /// Parked changes due at `until` or before, earliest first.
    pub(super) async fn parked_until(&self, until: Timestamp, max: usize) -> Result<Vec<Parked>, StoreError> {
        let query = self
            .dynamo
            .query_state(BY_DUE, PARKED_IN, &self.company.0)
            .key_condition_expression("#hash = :hash AND #range <= :range")
            .expression_attribute_names("#range", DUE_AT)
            .expression_attribute_values(":range", nanos(until));
        let mut parked = self.parked_of(query, max).await?;
        parked.retain(|parked| parked.due_at <= until);
        parked.truncate(max);
        Ok(parked)
    }

    /// Parked changes that wait for the document, earliest due first.
    pub(super) async fn parked_for(&self, document: &DocumentKey) -> Result<Vec<Parked>, StoreError> {
        let query = self.dynamo.query_state(BY_WAITS_FOR, WAITS_FOR, &document.to_string());
        let mut parked = self.parked_of(query, usize::MAX).await?;
        parked.retain(|parked| parked.waits_for.as_ref() == Some(document));
        Ok(parked)
    }

    async fn parked_of(&self, query: QueryFluentBuilder, max: usize) -> Result<Vec<Parked>, StoreError> {
        let mut parked = Vec::new();
        for (pk, item) in self.dynamo.items_of(query, max).await? {
            parked.extend(get_json::<Parked>(&pk, &item, PARKED)?);
        }
        parked.sort_by(|one, other| {
            (one.due_at, &one.change.document).cmp(&(other.due_at, &other.change.document))
        });
        Ok(parked)
    }

    pub(super) async fn take_off_parked(&self, parked: &[Parked]) -> Result<(), StoreError> {
        let mut updates = Vec::with_capacity(parked.len());
        for parked in parked {
            let update = self
                .on_document(&parked.change.document)
                .update_expression(format!("REMOVE {PARKED}, {PARKED_IN}, {DUE_AT}, {WAITS_FOR}"))
                .condition_expression(format!("{DUE_AT} = :due"))
                .expression_attribute_values(":due", nanos(parked.due_at));
            updates.push(self.send_under(update));
        }
        side_by_side(updates).await.into_iter().try_for_each(|done| done.map(drop))
    }

    /// As the index has it: looking at the item wouldn't tell what comes next where that one is no longer parked.
    pub(super) async fn first_parked(&self) -> Result<Option<Timestamp>, StoreError> {
        let query = self.dynamo.query_state(BY_DUE, PARKED_IN, &self.company.0);
        let first = self.dynamo.query(query, 1).await?;
        first.first().map_or(Ok(None), |item| get_time(item, DUE_AT))
    }

    pub(super) async fn dead_letter_rows(&self) -> Result<Vec<DeadLetterRow>, StoreError> {
        let query = self.dynamo.query_state(BY_DEAD, DEAD_IN, &self.company.0);
        let mut rows = Vec::new();
        for (pk, item) in self.dynamo.items_of(query, usize::MAX).await? {
            let Some(letter) = get_json::<DeadLetter>(&pk, &item, DEAD_LETTER)? else { continue };
            let number = get_text(&item, NUMBER).and_then(|number| number.split_once('#'));
            rows.push(DeadLetterRow {
                document: document::key(&pk)?,
                number: number.map(|(_, number)| number.to_owned()),
                letter,
            });
        }
        rows.sort_by(|one, other| {
            (one.letter.at, one.letter.code, &one.document).cmp(&(
                other.letter.at,
                other.letter.code,
                &other.document,
            ))
        });
        Ok(rows)
    }
}

impl Dynamo {
    /// A query on an index of the state table; `#hash` and `:hash` are taken.
    pub(super) fn query_state(&self, index: &str, hash: &str, value: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.names.state)
            .index_name(index)
            .key_condition_expression("#hash = :hash")
            .expression_attribute_names("#hash", hash)
            .expression_attribute_values(":hash", text(value))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    /// What a query finds, page by page, up to `max`.
    pub(super) async fn query(&self, query: QueryFluentBuilder, max: usize) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut from = None;
        while items.len() < max {
            let page = i32::try_from(max - items.len()).unwrap_or(i32::MAX).min(1_000);
            self.meter.queried();
            let request = query.clone().limit(page).set_exclusive_start_key(from);
            let output = request.send().await.map_err(|error| unavailable(&error))?;
            self.meter.consumed(output.consumed_capacity());
            items.extend(output.items.unwrap_or_default());
            from = output.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        Ok(items)
    }

    /// The items that a query's keys lead to, as they are now.
    async fn items_of(
        &self,
        query: QueryFluentBuilder,
        max: usize,
    ) -> Result<Vec<(String, Item)>, StoreError> {
        let keys = self.query(query, max).await?;
        let keys = keys.iter().filter_map(|item| get_text(item, PK)).map(str::to_owned);
        Ok(self.get_many(keys).await?.into_iter().collect())
    }
}
