//! The audit trail.

use super::{
    AwsStore,
    body::{BODY, Body, Parts, whole},
    document::number_key,
    dynamo::{side_by_side, unavailable},
    expiring::is_due,
    tables::{AT, BY_DAY, DOCUMENT, EXPIRES_AT},
    value::{Item, from_json, get_text, number, text, to_json},
};
use crate::{AuditFilter, AuditTrail, StoreError};
use async_trait::async_trait;
use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    primitives::Blob,
    types::{AttributeValue, Put, ReturnConsumedCapacity},
};
use jiff::{Timestamp, tz::Offset};
use model::{AuditEntry, AuditOutcome, DocumentKey, Fence, ObjectKind};
use std::sync::atomic::Ordering;

/// Parts of entries sort behind all entries, whose keys begin with a digit.
const PART: &str = "part";
const DAY: &str = "day";

/// An audit entry, ready to be written.
#[derive(Clone)]
pub(super) struct EntryWrite {
    pub(super) document: String,
    pub(super) at: String,
    pub(super) day: String,
    pub(super) number: Option<String>,
    /// Written under no lease: nothing but its place in a sequence tells it from others of the same moment.
    pub(super) loose: bool,
    pub(super) body: EntryBody,
    moment: Timestamp,
    expires_at: Option<i64>,
}

/// The body of an entry.
#[derive(Clone)]
pub(super) struct EntryBody {
    name: &'static str,
    pub(super) value: AttributeValue,
    parts: Vec<Vec<u8>>,
    named: Option<Parts>,
}

impl EntryWrite {
    pub(super) fn move_on(&mut self, sequence: u64) {
        self.at = sort_key(self.moment, None, sequence);
    }

    pub(super) fn bytes(&self) -> usize {
        let body = match &self.body.value {
            AttributeValue::B(blob) => blob.as_ref().len(),
            AttributeValue::S(text) => text.len(),
            _ => 0,
        };
        body + 500
    }
}

/// Sorts by time; the rest keeps entries apart. A lease has one end, so fence and place in it do.
fn sort_key(at: Timestamp, fence: Option<Fence>, sequence: u64) -> String {
    format!("{:020}#{:020}#{sequence:020}", at.as_nanosecond().max(0), fence.map_or(0, |fence| fence.0))
}

/// The day of a moment, as in [`BY_DAY`]. Days are those of UTC.
pub(super) fn date(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).date().to_string()
}

/// An outcome, as in [`BY_DAY`].
pub(super) const fn outcome_name(outcome: AuditOutcome) -> &'static str {
    match outcome {
        AuditOutcome::Created => "created",
        AuditOutcome::Updated => "updated",
        AuditOutcome::Unchanged => "unchanged",
        AuditOutcome::NotApplicable => "not_applicable",
        AuditOutcome::NotApplied => "not_applied",
        AuditOutcome::Retry => "retry",
        AuditOutcome::Waiting => "waiting",
        AuditOutcome::Unknown => "unknown",
        AuditOutcome::Failed => "failed",
        AuditOutcome::Superseded => "superseded",
    }
}

impl AwsStore {
    pub(super) fn next_in_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn entry(
        &self,
        entry: &AuditEntry,
        fence: Option<Fence>,
        place: usize,
    ) -> Result<EntryWrite, StoreError> {
        let at = sort_key(entry.at, fence, place as u64);
        let body = Body::new(to_json(entry)?, &at);
        Ok(EntryWrite {
            document: entry.document.to_string(),
            day: format!("{}#{}", date(entry.at), outcome_name(entry.outcome)),
            number: entry.number.as_ref().map(|number| number_key(entry.document.kind, number)),
            loose: fence.is_none(),
            moment: entry.at,
            expires_at: self
                .audit_retention
                .map(|kept| entry.at.saturating_add(kept).map_or(i64::MAX, Timestamp::as_second)),
            body: EntryBody {
                named: body.named_parts(),
                name: body.name,
                value: body.value,
                parts: body.parts,
            },
            at,
        })
    }

    /// Nothing is ever written over an entry.
    pub(super) fn put(&self, entry: &EntryWrite) -> Result<Put, StoreError> {
        let put = Put::builder()
            .table_name(&self.dynamo.names.audit)
            .item(DOCUMENT, text(&entry.document))
            .item(AT, text(&entry.at))
            .item(DAY, text(&entry.day))
            .item(entry.body.name, entry.body.value.clone())
            .condition_expression("attribute_not_exists(#document)")
            .expression_attribute_names("#document", DOCUMENT);
        let put = match entry.expires_at {
            Some(seconds) => put.item(EXPIRES_AT, number(seconds)),
            None => put,
        };
        put.build().map_err(|error| StoreError::Corrupt(error.to_string()))
    }

    /// Written before the entry that names them.
    pub(super) async fn put_entry_parts(&self, entry: &EntryWrite) -> Result<(), StoreError> {
        let Some(parts) = &entry.body.named else { return Ok(()) };
        for (part, bytes) in entry.body.parts.iter().enumerate() {
            let mut put = self
                .dynamo
                .client
                .put_item()
                .table_name(&self.dynamo.names.audit)
                .item(DOCUMENT, text(&entry.document))
                .item(AT, text(part_key(parts, part)))
                .item(BODY, AttributeValue::B(Blob::new(bytes.clone())))
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            if let Some(seconds) = entry.expires_at {
                put = put.item(EXPIRES_AT, number(seconds));
            }
            self.dynamo.meter.wrote(1);
            let output = self.dynamo.patiently(|| put.clone().send()).await;
            self.dynamo.meter.consumed(output.map_err(|error| unavailable(&error))?.consumed_capacity());
        }
        Ok(())
    }

    async fn decode_entry(&self, item: &Item) -> Result<AuditEntry, StoreError> {
        let document = get_text(item, DOCUMENT).unwrap_or_default();
        let what = format!("an audit entry of {document}");
        let json = match Parts::of(item) {
            None => whole(&what, item)?,
            Some(parts) => {
                let keys = (0..parts.count)
                    .map(|part| vec![(DOCUMENT, document.to_owned()), (AT, part_key(&parts, part))]);
                let mut found = self.dynamo.read(&self.dynamo.names.audit, keys.collect()).await?;
                found.sort_by_key(|part| get_text(part, AT).map(str::to_owned));
                let bytes = found.iter().filter_map(|part| part.get(BODY)?.as_b().ok());
                let packed: Vec<u8> = bytes.flat_map(|blob| blob.as_ref().iter().copied()).collect();
                Some(crate::packed::unpack(&what, &packed)?)
            }
        };
        from_json(&what, &json.unwrap_or_default())
    }

    /// In the order of the items, without those that are due to expire.
    pub(super) async fn decode_entries(&self, items: &[Item]) -> Result<Vec<AuditEntry>, StoreError> {
        let mut entries = Vec::with_capacity(items.len());
        let now = self.dynamo.clock.now();
        for item in items {
            if !is_due(item, now)? {
                entries.push(self.decode_entry(item).await?);
            }
        }
        Ok(entries)
    }

    fn query_audit(&self) -> QueryFluentBuilder {
        self.dynamo
            .client
            .query()
            .table_name(&self.dynamo.names.audit)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .expression_attribute_names("#at", AT)
    }

    pub(super) fn query_day(&self, day: String) -> QueryFluentBuilder {
        self.query_audit()
            .index_name(BY_DAY)
            .key_condition_expression("#day = :day AND #at >= :since")
            .expression_attribute_names("#day", DAY)
            .expression_attribute_values(":day", text(day))
    }

    /// The keys of the newest entries of a day and outcome, up to `limit`.
    async fn newest_of(
        &self,
        day: String,
        since: &str,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let query =
            self.query_day(day).expression_attribute_values(":since", text(since)).scan_index_forward(false);
        let keys = self.dynamo.query(query, limit).await?;
        let key = |item: &Item| Some((get_text(item, AT)?.to_owned(), get_text(item, DOCUMENT)?.to_owned()));
        Ok(keys.iter().filter_map(key).collect())
    }
}

fn part_key(parts: &Parts, part: usize) -> String {
    format!("{PART}#{}#{part:06}", parts.generation)
}

#[async_trait]
impl AuditTrail for AwsStore {
    async fn of_document(&self, document: &DocumentKey) -> Result<Vec<AuditEntry>, StoreError> {
        let query = self
            .query_audit()
            .key_condition_expression("#document = :document AND #at < :part")
            .expression_attribute_names("#document", DOCUMENT)
            .expression_attribute_values(":document", text(document.to_string()))
            .expression_attribute_values(":part", text(PART))
            .consistent_read(true);
        let items = self.dynamo.query(query, usize::MAX).await?;
        self.decode_entries(&items).await
    }

    async fn find(&self, kind: ObjectKind, number: &str) -> Result<Vec<DocumentKey>, StoreError> {
        self.find_by_number(kind, number).await
    }

    /// Day by day, back from the newest, until there are enough.
    async fn list(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, StoreError> {
        let since = sort_key(filter.since.unwrap_or(Timestamp::UNIX_EPOCH), None, 0);
        let since_date = filter.since.map(date).unwrap_or_default();
        let mut keys: Vec<(String, String)> = Vec::new();
        for (date, outcomes) in self.known_days().await? {
            if keys.len() >= filter.limit || date < since_date {
                break;
            }
            let failed = outcome_name(AuditOutcome::Failed);
            let mut queries = Vec::new();
            for outcome in outcomes {
                if !filter.failed || outcome == failed {
                    queries.push(self.newest_of(format!("{date}#{outcome}"), &since, filter.limit));
                }
            }
            let found: Result<Vec<_>, StoreError> = side_by_side(queries).await.into_iter().collect();
            let mut of_day: Vec<_> = found?.into_iter().flatten().collect();
            of_day.sort();
            of_day.reverse();
            keys.extend(of_day);
        }
        keys.truncate(filter.limit);
        let keys = keys.into_iter().map(|(at, document)| vec![(DOCUMENT, document), (AT, at)]).collect();
        let mut items = self.dynamo.read(&self.dynamo.names.audit, keys).await?;
        items.sort_by_key(|item| get_text(item, AT).map(str::to_owned));
        self.decode_entries(&items).await
    }
}
