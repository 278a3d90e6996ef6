//! What the audit trail holds of one day, and what of it no longer counts.

use super::{
    AwsStore,
    dynamo::READ_AT_ONCE,
    tables::{AT, DOCUMENT, EXPIRES_AT},
    value::{Item, get_number, get_text, text},
};
use crate::{ExpiringTrail, StoreError};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp, civil::Date};
use model::AuditEntry;

/// DynamoDB removes what is due within some days, and not all parts of an entry at once: from the moment on it counts as gone.
pub(super) fn is_due(item: &Item, now: Timestamp) -> Result<bool, StoreError> {
    Ok(get_number::<i64>(item, EXPIRES_AT)?.is_some_and(|due| due <= now.as_second()))
}

#[async_trait]
impl ExpiringTrail for AwsStore {
    fn kept_for(&self) -> Option<SignedDuration> {
        self.audit_retention
    }

    async fn days(&self) -> Result<Vec<Date>, StoreError> {
        let known = self.known_days().await?;
        let day = |(date, _): &(String, _)| {
            date.parse().map_err(|error: jiff::Error| StoreError::Corrupt(format!("the day {date}: {error}")))
        };
        known.iter().rev().map(day).collect()
    }

    /// By the index, and never more in memory than the keys and a few entries.
    async fn of_day(&self, day: Date, take: &mut (dyn FnMut(AuditEntry) + Send)) -> Result<(), StoreError> {
        let day = day.to_string();
        let outcomes = self.known_days().await?.into_iter().find(|(date, _)| *date == day);
        for outcome in outcomes.into_iter().flat_map(|(_, outcomes)| outcomes) {
            let query = self.query_day(format!("{day}#{outcome}"));
            let found = self.dynamo.query(query.expression_attribute_values(":since", text("0")), usize::MAX);
            let key = |item: &Item| {
                let (document, at) = (get_text(item, DOCUMENT)?, get_text(item, AT)?);
                Some(vec![(DOCUMENT, document.to_owned()), (AT, at.to_owned())])
            };
            let keys: Vec<_> = found.await?.iter().filter_map(key).collect();
            for some in keys.chunks(READ_AT_ONCE) {
                let items = self.dynamo.read(&self.dynamo.names.audit, some.to_vec()).await?;
                self.decode_entries(&items).await?.into_iter().for_each(&mut *take);
            }
        }
        Ok(())
    }
}
