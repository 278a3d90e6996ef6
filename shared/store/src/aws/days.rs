//! Which days have entries of which outcome, so that nobody has to ask for days that have none.

use super::{
    AwsStore,
    audit::{EntryWrite, date},
    dynamo::unavailable,
    tables::PK,
    value::{get_set, text},
};
use crate::StoreError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

const DAYS: &str = "days";
/// No entry is older than the product.
const FIRST_YEAR: i16 = 2026;

/// The days and outcomes that this process has made known.
#[derive(Debug, Default)]
pub(super) struct KnownDays(Mutex<BTreeSet<String>>);

impl AwsStore {
    /// Before the first entry of a day and outcome is written; once for each process, day and outcome.
    pub(super) async fn make_days_known(
        &self,
        entries: impl Iterator<Item = &EntryWrite>,
    ) -> Result<(), StoreError> {
        let new: BTreeSet<&str> = {
            let known = self.days.0.lock().unwrap_or_else(PoisonError::into_inner);
            entries.map(|entry| entry.day.as_str()).filter(|day| !known.contains(*day)).collect()
        };
        for day in new {
            let month = day.get(..7).unwrap_or_default();
            let add = self
                .dynamo
                .client
                .update_item()
                .table_name(&self.dynamo.names.state)
                .key(PK, text(month_key(month)))
                .update_expression("ADD #days :day")
                .expression_attribute_names("#days", DAYS)
                .expression_attribute_values(":day", AttributeValue::Ss(vec![day.to_owned()]))
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            self.dynamo.meter.wrote(1);
            let output = self.dynamo.patiently(|| add.clone().send()).await;
            self.dynamo.meter.consumed(output.map_err(|error| unavailable(&error))?.consumed_capacity());
            self.days.0.lock().unwrap_or_else(PoisonError::into_inner).insert(day.to_owned());
        }
        Ok(())
    }

    /// The outcomes of each day that has entries, newest day first.
    pub(super) async fn known_days(&self) -> Result<Vec<(String, BTreeSet<String>)>, StoreError> {
        let months = months_until(self.dynamo.clock.now());
        let items = self.dynamo.get_many(months.iter().map(|month| month_key(month))).await?;
        let mut days: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for day in items.values().flat_map(|item| get_set(item, DAYS)) {
            if let Some((date, outcome)) = day.split_once('#') {
                days.entry(date.to_owned()).or_default().insert(outcome.to_owned());
            }
        }
        Ok(days.into_iter().rev().collect())
    }
}

fn month_key(month: &str) -> String {
    format!("audit-days/{month}")
}

/// Up to the next month: another machine's clock may be ahead of ours.
fn months_until(now: Timestamp) -> Vec<String> {
    let today = date(now);
    let year = today.get(..4).and_then(|year| year.parse().ok()).unwrap_or(FIRST_YEAR);
    let last = today.get(..7).unwrap_or_default();
    let mut months: Vec<String> = (FIRST_YEAR..=year + 1)
        .flat_map(|year| (1..=12).map(move |month| format!("{year:04}-{month:02}")))
        .collect();
    let past = months.iter().filter(|month| month.as_str() <= last).count();
    months.truncate(past + 1);
    months
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_reach_from_the_first_to_the_next() {
        let months = |now: &str| months_until(now.parse().unwrap());
        assert_eq!(months("2026-01-31T23:59:59Z"), ["2026-01", "2026-02"]);
        let many = months("2027-12-01T00:00:00Z");
        assert_eq!((many.len(), many[24].as_str()), (25, "2028-01"));
    }
}
