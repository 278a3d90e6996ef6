//! Whole documents by their keys: as many in one request as fit its URL and SAP's reply.

use crate::{
    Client, Error, Unreadable,
    entities::{BusinessPartner, Document, Payment},
    exchange::Ask,
    fields::fields_of,
    query::{self, Query, entity_set},
    rows::{Envelope, all_at_once, decode, members, plain_text},
};
use model::ObjectKind;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
};

/// Keys in one request at most.
pub(crate) const MOST_KEYS: usize = 50;
/// Longer URLs meet proxies that don't take them.
const MOST_URL_BYTES: usize = 2_000;
/// A single document may be so many times as large as a page of them.
const SINGLE_FACTOR: usize = 4;

/// What each key was found to be. A key that SAP doesn't hold has no entry.
pub(crate) type Found<K, E> = BTreeMap<K, Result<E, Unreadable>>;

/// An entity that is read by key.
pub(crate) trait Entity: DeserializeOwned + Send {
    type Key: Ord + Clone + Send + Sync;
    /// The member that holds it.
    const KEY: &'static str;
    fn key(&self) -> Self::Key;
    fn parse_key(text: String) -> Option<Self::Key>;
    fn condition(keys: &[Self::Key]) -> String;
    fn extra(&mut self) -> &mut BTreeMap<String, String>;
}

macro_rules! numbered {
    ($entity:ty) => {
        impl Entity for $entity {
            type Key = i64;
            const KEY: &'static str = "DocEntry";

            fn key(&self) -> i64 {
                self.doc_entry
            }

            fn parse_key(text: String) -> Option<i64> {
                text.parse().ok()
            }

            fn condition(keys: &[i64]) -> String {
                query::entries(keys)
            }

            fn extra(&mut self) -> &mut BTreeMap<String, String> {
                &mut self.extra
            }
        }
    };
}

numbered!(Document);
numbered!(Payment);

impl Entity for BusinessPartner {
    type Key = String;
    const KEY: &'static str = "CardCode";

    fn key(&self) -> String {
        self.card_code.clone()
    }

    fn parse_key(text: String) -> Option<String> {
        Some(text)
    }

    fn condition(keys: &[String]) -> String {
        query::codes(keys)
    }

    fn extra(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.extra
    }
}

/// What to read of which entity set.
struct Shape<'a> {
    set: &'static str,
    select: Vec<&'a str>,
    extra: &'a [String],
}

impl<'a> Shape<'a> {
    fn new(set: &'static str, fields: &'static [&'static str], extra: &'a [String]) -> Self {
        let known: BTreeSet<&str> = fields.iter().copied().collect();
        let more = extra.iter().map(String::as_str).filter(|name| !known.contains(name));
        Self { set, select: fields.iter().copied().chain(more).collect(), extra }
    }

    fn target<E: Entity>(&self, keys: &[E::Key]) -> String {
        let query =
            Query::default().select(self.select.iter().copied()).filter(&E::condition(keys)).order_by(E::KEY);
        format!("{}{}", self.set, query.as_str())
    }
}

impl Client {
    /// The orders, invoices or credit notes with these keys; for other kinds there is a function of their own.
    pub async fn documents(&self, kind: ObjectKind, entries: &[i64]) -> Result<Found<i64, Document>, Error> {
        if matches!(kind, ObjectKind::Supplier | ObjectKind::Payment) {
            return Err(Error::BadReply(format!("a {kind} can't be read as a document")));
        }
        let extra = &self.settings.extra_document_members;
        self.by_key(&Shape::new(entity_set(kind).0, fields_of::<Document>(), extra), entries).await
    }

    /// The goods receipts with these keys: only key and lines are read, to find the orders that invoices of them stand for.
    pub async fn goods_receipts(&self, entries: &[i64]) -> Result<Found<i64, Document>, Error> {
        self.by_key(&Shape::new("PurchaseDeliveryNotes", RECEIPT_MEMBERS, &[]), entries).await
    }

    /// The payments with these keys.
    pub async fn payments(&self, entries: &[i64]) -> Result<Found<i64, Payment>, Error> {
        let extra = &self.settings.extra_payment_members;
        self.by_key(&Shape::new("VendorPayments", fields_of::<Payment>(), extra), entries).await
    }

    /// The business partners with these keys.
    pub async fn suppliers(&self, codes: &[String]) -> Result<Found<String, BusinessPartner>, Error> {
        let extra = &self.settings.extra_supplier_members;
        self.by_key(&Shape::new("BusinessPartners", fields_of::<BusinessPartner>(), extra), codes).await
    }

    async fn by_key<E: Entity>(&self, shape: &Shape<'_>, keys: &[E::Key]) -> Result<Found<E::Key, E>, Error> {
        let keys: Vec<E::Key> = keys.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let (mut found, mut rest) = (BTreeMap::new(), keys.as_slice());
        while !rest.is_empty() {
            let count = self.batch_size(rest.len(), |count| shape.target::<E>(&rest[..count]).len());
            let (batch, behind) = rest.split_at(count);
            match self.batch(shape, batch, &mut found).await {
                Ok(()) => self.batch_fitted(count),
                Err(Error::TooLarge { limit_bytes }) if count == 1 => {
                    found.insert(batch[0].clone(), Err(Unreadable::TooLarge { limit_bytes }));
                }
                Err(Error::TooLarge { .. }) => {
                    self.batch_limit.store(count / 2, Ordering::Relaxed);
                    continue;
                }
                Err(error) => return Err(name_refused_member(error, shape)),
            }
            rest = behind;
        }
        Ok(found)
    }

    /// One request, and the pages that follow where SAP cuts its reply short of what was asked for.
    async fn batch<E: Entity>(
        &self,
        shape: &Shape<'_>,
        keys: &[E::Key],
        found: &mut Found<E::Key, E>,
    ) -> Result<(), Error> {
        let factor = if keys.len() == 1 { SINGLE_FACTOR } else { 1 };
        let max_body_bytes = self.settings.max_body_bytes.saturating_mul(factor);
        let mut target = shape.target::<E>(keys);
        for _ in 0..=keys.len() {
            let ask = Ask { target: target.clone(), page_size: keys.len(), max_body_bytes };
            let (rows, next) = self
                .read(&ask, |body| {
                    if shape.extra.is_empty()
                        && let Some((rows, link)) = all_at_once::<E>(body)
                    {
                        let next = link.map(|link| self.root.relative(&link)).transpose()?;
                        return Ok((rows.into_iter().map(|row| (row.key(), Ok(row))).collect(), next));
                    }
                    let page = Envelope::of(body)?;
                    let next = page.next_link().map(|link| self.root.relative(link)).transpose()?;
                    let rows: Vec<_> =
                        page.value.iter().filter_map(|row| read_row::<E>(row, shape.extra)).collect();
                    Ok((rows, next))
                })
                .await?;
            // A server that doesn't understand the filter would send whatever it holds.
            found.extend(rows.into_iter().filter(|(key, _)| keys.binary_search(key).is_ok()));
            match next {
                Some(next) if next != target => target = next,
                _ => return Ok(()),
            }
        }
        Err(Error::BadReply(format!("{} goes on after all of its rows", shape.set)))
    }

    /// How many of `keys` keys to ask for: as many as lately fitted a reply, and fit a URL.
    fn batch_size(&self, keys: usize, target_bytes: impl Fn(usize) -> usize) -> usize {
        let lately = self.batch_limit.load(Ordering::Relaxed).min(keys);
        let root = self.root.url("").len();
        keys_that_fit(lately, |count| root + target_bytes(count))
    }

    fn batch_fitted(&self, count: usize) {
        let lately = self.batch_limit.load(Ordering::Relaxed);
        self.batch_limit.store(after_fitting(count, lately), Ordering::Relaxed);
    }
}

fn keys_that_fit(lately: usize, url_bytes: impl Fn(usize) -> usize) -> usize {
    let mut count = lately.clamp(1, MOST_KEYS);
    while count > 1 && url_bytes(count) > MOST_URL_BYTES {
        count -= count.div_ceil(8);
    }
    count
}

/// After large documents come small ones again.
fn after_fitting(count: usize, lately: usize) -> usize {
    if count >= lately { (count + count.div_ceil(4)).min(MOST_KEYS) } else { lately }
}

/// SAP refuses a whole request for one property that it doesn't have; people need to know which one.
fn name_refused_member(error: Error, shape: &Shape<'_>) -> Error {
    let Error::Refused { status: 400, code, text } = error else { return error };
    let named = shape.select.iter().find(|name| mentions(&text, name));
    let hint = match named {
        Some(name) => format!("this Service Layer has no {}.{name}", shape.set),
        None => format!("asked for {}: {}", shape.set, shape.select.join(",")),
    };
    Error::Refused { status: 400, code, text: format!("{text} ({hint})") }
}

/// What is read of a goods receipt.
pub(crate) const RECEIPT_MEMBERS: &[&str] = &["DocEntry", "DocumentLines"];

/// A row and its key; nothing where even the key can't be read, which then looks as if SAP didn't hold it.
fn read_row<E: Entity>(row: &RawValue, extra: &[String]) -> Option<(E::Key, Result<E, Unreadable>)> {
    match decode::<E>(row) {
        Ok(mut entity) => {
            if !extra.is_empty() {
                let members = members(row);
                let text = |name: &String| members.get(name.as_str()).and_then(|value| plain_text(value));
                *entity.extra() =
                    extra.iter().map(|name| (name.clone(), text(name).unwrap_or_default())).collect();
            }
            Some((entity.key(), Ok(entity)))
        }
        Err(unreadable) => {
            let key = members(row).get(E::KEY).and_then(|value| plain_text(value)).and_then(E::parse_key);
            if key.is_none() {
                tracing::warn!(%unreadable, "a row without a readable key was passed over");
            }
            Some((key?, Err(unreadable)))
        }
    }
}

/// The text holds the name as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    let is_part = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(name).any(|(at, _)| {
        !is_part(text[..at].chars().next_back()) && !is_part(text[at + name.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests;
