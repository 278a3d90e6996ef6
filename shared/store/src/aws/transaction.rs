//! One transaction of documents, audit entries and numbers.

use super::{
    AwsStore,
    body::{PARTS, Parts, digest},
    document::{
        COUPA_NUMBER, EncodedItem, FENCE, LEASE_OWNER, LEASE_TOKEN, LEASE_UNTIL, NUMBER, OPEN_ATTEMPT,
    },
    dynamo::unavailable,
    finish::{DocumentWrite, Group, under_lease},
    numbers::{self, Aliases},
    tables::PK,
    value::{Item, get_number, get_text, number, text},
};
use crate::StoreError;
use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        AttributeValue, CancellationReason, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem, Update, builders::UpdateBuilder,
    },
};
use model::Fence;
use std::fmt::Write as _;

const TRIES: u32 = 8;

/// What an item had that its end replaces and that must not simply vanish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Before {
    pub(super) numbers: Vec<String>,
    parts: Option<Parts>,
}

/// Which part of the transaction an action is.
#[derive(Clone, Copy)]
enum Part {
    Document(usize),
    Entry(usize, usize),
    Number,
}

impl AwsStore {
    /// Written whole or not at all.
    pub(super) async fn write_together(&self, mut groups: Vec<Group>) -> Result<(), StoreError> {
        for tries in 0..TRIES {
            let (actions, parts, token) = self.actions(&groups)?;
            self.dynamo.meter.wrote(actions.len());
            let request = self
                .dynamo
                .client
                .transact_write_items()
                .set_transact_items(Some(actions))
                // A repeat of what was written, because the answer was lost, counts once.
                .client_request_token(token)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let error = match self.dynamo.patiently(|| request.clone().send()).await {
                Ok(output) => {
                    self.dynamo.meter.consumed(output.consumed_capacity());
                    self.remove_old_parts(&groups).await;
                    return Ok(());
                }
                Err(error) => error,
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
                error.as_service_error()
            else {
                return Err(unavailable(&error));
            };
            if !self.learn(&mut groups, &parts, canceled.cancellation_reasons()).await? {
                self.dynamo.pause(tries).await;
            }
        }
        Err(StoreError::Unavailable("others kept writing the same items".to_owned()))
    }

    /// Takes from a refusal what the next try needs. `false` where somebody was merely in the way.
    async fn learn(
        &self,
        groups: &mut [Group],
        parts: &[Part],
        reasons: &[CancellationReason],
    ) -> Result<bool, StoreError> {
        let mut learned = false;
        for (part, reason) in parts.iter().zip(reasons) {
            match (reason.code().unwrap_or("None"), *part) {
                ("None" | "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded", _) => {
                }
                ("ConditionalCheckFailed", Part::Document(place)) => {
                    let Some(document) = groups.get_mut(place).and_then(|group| group.document.as_mut())
                    else {
                        continue;
                    };
                    let found = reason.item().cloned().unwrap_or_default();
                    if !holds(&found, document.fence) {
                        let fenced = document.document.clone();
                        self.remove_new_parts(document, &found).await;
                        return Err(StoreError::Fenced(fenced));
                    }
                    document.before = Some(Before::of(&found));
                    learned = true;
                }
                ("ConditionalCheckFailed", Part::Entry(place, index)) => {
                    let Some(entry) = groups.get_mut(place).and_then(|group| group.entries.get_mut(index))
                    else {
                        continue;
                    };
                    if !entry.loose {
                        return Err(StoreError::Conflict(format!("the audit trail of {}", entry.document)));
                    }
                    entry.move_on(self.next_in_sequence());
                    learned = true;
                }
                (code, _) => {
                    let message = reason.message().unwrap_or_default();
                    return Err(StoreError::Unavailable(format!("{code}: {message}")));
                }
            }
        }
        Ok(learned)
    }

    /// What DynamoDB is asked, what each action is, and a token that is the same for the same request.
    fn actions(&self, groups: &[Group]) -> Result<(Vec<TransactWriteItem>, Vec<Part>, String), StoreError> {
        // Tokens are the account's, which may have other tables of ours.
        let (mut actions, mut parts, mut said) =
            (Vec::new(), Vec::new(), format!("{:?}|", self.dynamo.names));
        let mut aliases = Aliases::default();
        for (place, group) in groups.iter().enumerate() {
            if let Some(document) = &group.document {
                let update = self.update(document)?;
                let _ = write!(said, "{}|{:?}|{:?}|", document.pk, document.fence, document.before);
                document.item.say(&mut said);
                actions.push(TransactWriteItem::builder().update(update).build());
                parts.push(Part::Document(place));
                let before = document.before.iter().flat_map(|before| &before.numbers);
                aliases.add(&document.pk, before.filter(|number| !document.item.is_known_by(number)));
            }
            for (index, entry) in group.entries.iter().enumerate() {
                let _ = write!(said, "{}|{}|{:?}|", entry.document, entry.at, entry.body.value);
                actions.push(TransactWriteItem::builder().put(self.put(entry)?).build());
                parts.push(Part::Entry(place, index));
                let in_item = |number: &str| {
                    group.document.as_ref().is_some_and(|document| document.item.is_known_by(number))
                };
                aliases.add(&entry.document, entry.number.iter().filter(|number| !in_item(number)));
            }
        }
        for (pk, documents) in aliases.0 {
            let _ = write!(said, "{pk}|{documents:?}|");
            let update = numbers::update(&self.dynamo.names.state, pk, documents)?;
            actions.push(TransactWriteItem::builder().update(update).build());
            parts.push(Part::Number);
        }
        Ok((actions, parts, digest(said.as_bytes())))
    }

    /// Undisturbed, the item's earlier numbers and parts are none, or the same: that stands in the condition, so that
    /// nothing has to be read first. Where it isn't so, the refusal tells what they are, and since nobody else writes them
    /// under our lease the next try need not ask again.
    fn update(&self, document: &DocumentWrite) -> Result<Update, StoreError> {
        let mut update = Expression::new(document.fence);
        for (name, value) in &document.item.attributes {
            update.put(name, value.clone());
        }
        let body = &document.item.body;
        update.put(body.name, Some(body.value.clone()));
        update.put(body.other_name(), None);
        for name in [LEASE_OWNER, LEASE_UNTIL, LEASE_TOKEN, OPEN_ATTEMPT] {
            update.put(name, None);
        }
        if document.before.is_none() {
            update.expect(PARTS, !body.parts.is_empty());
            update.expect(NUMBER, document.item.number.is_some());
            update.expect(COUPA_NUMBER, document.item.coupa_number.is_some());
        }
        update
            .finish()
            .table_name(&self.dynamo.names.state)
            .key(PK, text(&document.pk))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| StoreError::Corrupt(error.to_string()))
    }

    async fn remove_old_parts(&self, groups: &[Group]) {
        for document in groups.iter().filter_map(|group| group.document.as_ref()) {
            let old = document.before.as_ref().and_then(|before| before.parts.as_ref());
            if let Some(old) = old.filter(|old| document.item.body.named_parts().as_ref() != Some(old)) {
                self.dynamo.remove_parts(&document.pk, old).await;
            }
        }
    }

    /// Of an end that came too late; unless the very same parts are what stands.
    async fn remove_new_parts(&self, document: &DocumentWrite, found: &Item) {
        if let Some(parts) =
            document.item.body.named_parts().filter(|parts| Parts::of(found).as_ref() != Some(parts))
        {
            self.dynamo.remove_parts(&document.pk, &parts).await;
        }
    }
}

/// The lease of this fence is still the item's newest, and was not given up.
pub(super) fn holds(item: &Item, fence: Fence) -> bool {
    get_number::<u64>(item, FENCE) == Ok(Some(fence.0)) && item.contains_key(LEASE_UNTIL)
}

impl Before {
    fn of(item: &Item) -> Self {
        let number = |name| get_text(item, name).map(str::to_owned);
        Self {
            numbers: [NUMBER, COUPA_NUMBER].into_iter().filter_map(number).collect(),
            parts: Parts::of(item),
        }
    }
}

impl EncodedItem {
    /// The indexes lead from this number to the item.
    fn is_known_by(&self, number: &str) -> bool {
        [&self.number, &self.coupa_number].into_iter().flatten().any(|known| known == number)
    }

    fn say(&self, said: &mut String) {
        for (name, value) in &self.attributes {
            let _ = write!(said, "{name}={value:?}|");
        }
        let _ = write!(said, "{}={:?}|", self.body.name, self.body.value);
    }

    pub(super) fn bytes(&self) -> usize {
        let texts = self.attributes.iter().filter_map(|(_, value)| value.as_ref()?.as_s().ok());
        self.body.bytes() + texts.map(String::len).sum::<usize>() + 1_000
    }
}

/// An update's expressions. Every name is a placeholder: some are words of DynamoDB's own.
struct Expression {
    update: UpdateBuilder,
    set: Vec<String>,
    remove: Vec<String>,
    condition: String,
}

impl Expression {
    fn new(fence: Fence) -> Self {
        let update = Update::builder().expression_attribute_values(":fence", number(fence.0));
        Self { update, set: vec![], remove: vec![], condition: under_lease() }
    }

    fn put(&mut self, name: &str, value: Option<AttributeValue>) {
        let update = std::mem::take(&mut self.update);
        let update = update.expression_attribute_names(format!("#{name}"), name);
        self.update = if let Some(value) = value {
            self.set.push(format!("#{name} = :{name}"));
            update.expression_attribute_values(format!(":{name}"), value)
        } else {
            self.remove.push(format!("#{name}"));
            update
        };
    }

    /// Nothing stands there, or else what will stand there; `some` says that something will.
    fn expect(&mut self, name: &str, some: bool) {
        let _ = if some {
            write!(self.condition, " AND (attribute_not_exists(#{name}) OR #{name} = :{name})")
        } else {
            write!(self.condition, " AND attribute_not_exists(#{name})")
        };
    }

    fn finish(self) -> UpdateBuilder {
        let update = format!("SET {} REMOVE {}", self.set.join(", "), self.remove.join(", "));
        self.update.update_expression(update).condition_expression(self.condition)
    }
}
