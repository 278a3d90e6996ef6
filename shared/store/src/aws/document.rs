//! A document's item.

use super::{
    AwsStore,
    body::Body,
    dynamo::Dynamo,
    value::{Item, from_json, get_json, get_number, nanos, number, text, to_json},
};
use crate::StoreError;
use aws_sdk_dynamodb::types::AttributeValue;
use model::{DocumentItem, DocumentKey, Link, ObjectKind};

pub(super) const FENCE: &str = "fence";
pub(super) const LEASE_OWNER: &str = "lease_owner";
pub(super) const LEASE_UNTIL: &str = "lease_until";
/// Made anew for each request for a lease: whoever finds its own has got the lease by a request whose answer was lost.
pub(super) const LEASE_TOKEN: &str = "lease_token";
pub(super) const OPEN_ATTEMPT: &str = "open_attempt";
pub(super) const UNKNOWN: &str = "unknown";
pub(super) const UNFINISHED: &str = "unfinished";
pub(super) const NUMBER: &str = "number";
pub(super) const COUPA_NUMBER: &str = "coupa_number";
pub(super) const PARKED: &str = "parked";
pub(super) const PARKED_IN: &str = "parked_in";
pub(super) const DUE_AT: &str = "due_at";
pub(super) const WAITS_FOR: &str = "waits_for";
pub(super) const DEAD_LETTER: &str = "dead_letter";
pub(super) const DEAD_IN: &str = "dead_in";
pub(super) const DEAD_AT: &str = "dead_at";

/// An item's attributes, to be written. What the store itself writes or looks for has an attribute of its own; the rest is
/// one JSON.
pub(super) struct EncodedItem {
    /// `None` takes the attribute away.
    pub(super) attributes: Vec<(&'static str, Option<AttributeValue>)>,
    pub(super) number: Option<String>,
    pub(super) coupa_number: Option<String>,
    pub(super) body: Body,
}

impl EncodedItem {
    pub(super) fn new(
        document: &DocumentKey,
        mut item: DocumentItem,
        salt: &str,
    ) -> Result<Self, StoreError> {
        let company = || Some(text(document.company.0.clone()));
        let by_kind = |number: &String| number_key(document.kind, number);
        let coupa_number = coupa_number(&item).filter(|in_coupa| item.number.as_ref() != Some(in_coupa));
        let (sap_number, coupa_number) =
            (item.number.as_ref().map(by_kind), coupa_number.as_ref().map(by_kind));
        let unknown = item.unknown.take();
        let parked = item.parked.take();
        let dead = item.dead_letter.take();
        let unfinished = std::mem::take(&mut item.unfinished);
        let waits_for = parked.as_ref().and_then(|parked| parked.waits_for.as_ref());
        let attributes = vec![
            (UNKNOWN, unknown.map(|unknown| to_json(&unknown).map(text)).transpose()?),
            (UNFINISHED, (unfinished > 0).then(|| number(unfinished))),
            (NUMBER, sap_number.clone().map(text)),
            (COUPA_NUMBER, coupa_number.clone().map(text)),
            (PARKED_IN, parked.as_ref().and_then(|_| company())),
            (DUE_AT, parked.as_ref().map(|parked| nanos(parked.due_at))),
            (WAITS_FOR, waits_for.map(|document| text(document.to_string()))),
            (DEAD_IN, dead.as_ref().and_then(|_| company())),
            (DEAD_AT, dead.as_ref().map(|letter| nanos(letter.at))),
            (PARKED, parked.map(|parked| to_json(&parked).map(text)).transpose()?),
            (DEAD_LETTER, dead.map(|letter| to_json(&letter).map(text)).transpose()?),
        ];
        let body = Body::new(to_json(&item)?, salt);
        Ok(Self { attributes, number: sap_number, coupa_number, body })
    }
}

/// A number as the indexes have it: invoice 5 isn't order 5.
pub(super) fn number_key(kind: ObjectKind, number: &str) -> String {
    format!("{kind}#{number}")
}

fn coupa_number(item: &DocumentItem) -> Option<String> {
    match item.link.as_ref()? {
        Link::Order(order) => Some(order.po_number.clone()),
        Link::Invoice(invoice) => Some(invoice.number.clone()),
        Link::Supplier(_) | Link::Payment(_) => None,
    }
}

/// A document's key from its attribute.
pub(super) fn key(text: &str) -> Result<DocumentKey, StoreError> {
    text.parse().map_err(|error: model::ParseKeyError| StoreError::Corrupt(error.to_string()))
}

impl Dynamo {
    /// What the item says of its document.
    pub(super) async fn decode(&self, pk: &str, item: &Item) -> Result<DocumentItem, StoreError> {
        let rest: Option<DocumentItem> =
            self.body(pk, item).await?.map(|json| from_json(pk, &json)).transpose()?;
        Ok(DocumentItem {
            unknown: get_json(pk, item, UNKNOWN)?,
            unfinished: get_number(item, UNFINISHED)?.unwrap_or_default(),
            parked: get_json(pk, item, PARKED)?,
            dead_letter: get_json(pk, item, DEAD_LETTER)?,
            ..rest.unwrap_or_default()
        })
    }
}

impl AwsStore {
    /// As they are now, although the trait allows a moment's age: what a document depends on may have arrived just before, and
    /// missing it would make this one wait for minutes.
    pub(super) async fn read_items(
        &self,
        documents: &[DocumentKey],
    ) -> Result<Vec<Option<DocumentItem>>, StoreError> {
        let keys: Vec<String> = documents.iter().map(DocumentKey::to_string).collect();
        let found = self.dynamo.get_many(keys.iter().cloned()).await?;
        let mut items = Vec::with_capacity(keys.len());
        for key in keys {
            items.push(match found.get(&key) {
                None => None,
                Some(item) => Some(self.decode_or_read_again(&key, item).await?),
            });
        }
        Ok(items)
    }

    async fn decode_or_read_again(&self, pk: &str, item: &Item) -> Result<DocumentItem, StoreError> {
        match self.dynamo.decode(pk, item).await {
            // Its parts were replaced since.
            Err(StoreError::Conflict(_)) => {
                let again = self.dynamo.get_with_body(pk).await?;
                let (item, _) = again.unwrap_or_default();
                self.dynamo.decode(pk, &item).await
            }
            decoded => decoded,
        }
    }
}
