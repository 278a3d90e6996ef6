//! Entries of the audit trail that expire, on tables of DynamoDB.

use super::{
    Place as _, VirtualClock,
    emulator::FreshTables,
    fixtures::{entry, invoice},
};
use crate::{AuditFilter, AuditTrail as _, ExpiringTrail as _, Finish, StateStore as _, aws::AwsStore};
use jiff::{SignedDuration, civil::Date, tz::Offset};
use model::{AuditEntry, AuditOutcome, Clock as _};

const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

impl super::Place for FreshTables {
    fn clock(&self) -> &dyn model::Clock {
        self.clock.as_ref()
    }
}

async fn append(store: &AwsStore, audit: Vec<AuditEntry>) {
    store.finish(Finish { documents: Vec::new(), audit }).await.unwrap();
}

async fn of_day(store: &AwsStore, day: Date) -> Vec<AuditEntry> {
    let mut entries = Vec::new();
    store.of_day(day, &mut |entry| entries.push(entry)).await.unwrap();
    entries.sort_by_key(|entry| entry.document.clone());
    entries
}

fn day(clock: &VirtualClock) -> Date {
    Offset::UTC.to_datetime(clock.now()).date()
}

/// Whatever became of the attempts, also where there are more of them than one request brings.
pub async fn a_day_is_read_whole_and_no_other_is(tables: &FreshTables) {
    let store = tables.expiring(KEPT);
    assert_eq!((store.kept_for(), store.days().await.unwrap()), (Some(KEPT), vec![]));
    let today = day(&tables.clock);
    let outcomes = [AuditOutcome::Created, AuditOutcome::Failed, AuditOutcome::Waiting];
    let entries: Vec<_> = (1..=260_i64)
        .zip(outcomes.into_iter().cycle())
        .map(|(doc, outcome)| entry(&invoice(doc), tables.now(), outcome))
        .collect();
    for some in entries.chunks(20) {
        append(&store, some.to_vec()).await;
    }
    tables.pass(24 * 3_600).await;
    let later = entry(&invoice(1), tables.now(), AuditOutcome::Updated);
    append(&store, vec![later.clone()]).await;

    let mut expected = entries;
    expected.sort_by_key(|entry| entry.document.clone());
    assert_eq!(of_day(&store, today).await, expected);
    assert_eq!(of_day(&store, day(&tables.clock)).await, [later]);
    assert_eq!(of_day(&store, today.yesterday().unwrap()).await, []);
    assert_eq!(store.days().await.unwrap(), [today, day(&tables.clock)]);
}

/// From its moment on, whenever DynamoDB removes it, and whichever of its parts goes first.
pub async fn what_is_due_no_longer_counts(tables: &FreshTables) {
    let store = tables.expiring(KEPT);
    let today = day(&tables.clock);
    append(&store, vec![entry(&invoice(1), tables.now(), AuditOutcome::Created)]).await;
    let all = AuditFilter { limit: 10, ..AuditFilter::default() };
    tables.clock.sleep(std::time::Duration::from_secs(30 * 24 * 3_600 - 1)).await;
    assert_eq!(store.of_document(&invoice(1)).await.unwrap().len(), 1);
    assert_eq!((of_day(&store, today).await.len(), store.list(&all).await.unwrap().len()), (1, 1));
    tables.pass(1).await;
    assert_eq!(store.of_document(&invoice(1)).await.unwrap(), []);
    assert_eq!((of_day(&store, today).await, store.list(&all).await.unwrap()), (vec![], vec![]));
}
