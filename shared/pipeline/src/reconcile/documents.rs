//! Suppliers, orders, invoices and credit notes: Coupa's pages against SAP, then SAP's keys against what was seen.

use super::{
    Comparison, Ids, Progress, ReconcileError,
    balance::{DifferenceKind, FieldDifference, Found},
    payments::Rows,
    rows::Comparable,
    sap_side::Entry,
};
use crate::Pipeline;
use coupa::{PAGE, Query};
use model::{CoupaId, DocumentKey, Lane, ObjectKind, SapKey};
use sap::Window;
use std::collections::{BTreeMap, BTreeSet};

/// The documents that Coupa has, by their keys; those it has more than once with all its ids.
#[derive(Debug, Default)]
pub(super) struct Seen {
    kinds: BTreeSet<ObjectKind>,
    entries: BTreeMap<(ObjectKind, SapKey), Once>,
}

/// What was met under a key.
#[derive(Debug)]
struct Once {
    first: CoupaId,
    others: Ids,
}

impl Seen {
    pub(super) fn of(kinds: impl IntoIterator<Item = ObjectKind>) -> Self {
        Self { kinds: kinds.into_iter().collect(), entries: BTreeMap::new() }
    }

    fn add(&mut self, kind: ObjectKind, key: &SapKey, id: CoupaId) {
        match self.entries.get_mut(&(kind, key.clone())) {
            Some(once) => once.others.push(id),
            None => drop(self.entries.insert((kind, key.clone()), Once { first: id, others: vec![] })),
        }
    }

    fn holds(&self, kind: ObjectKind, key: &SapKey) -> bool {
        self.entries.contains_key(&(kind, key.clone()))
    }

    /// All ids of a document that was met more than once.
    fn doubled(&self, kind: ObjectKind, key: &SapKey) -> Option<Ids> {
        let once = self.entries.get(&(kind, key.clone())).filter(|once| !once.others.is_empty())?;
        Some([once.first].into_iter().chain(once.others.iter().copied()).collect())
    }
}

impl Pipeline {
    pub(super) async fn walk_coupa<T: Comparable>(
        &self,
        comparison: &mut Comparison<'_>,
        seen: &mut Seen,
        rows: &mut Rows,
    ) -> Result<(), ReconcileError> {
        let (mut after, mut looked_at) = (None, 0);
        loop {
            self.goes_on()?;
            let call = comparison.tally.call(Lane::Backfill);
            let page: Vec<T> = self.coupa.page(&call, &Query::new(), after).await?;
            after = page.iter().map(T::id).max();
            looked_at += page.len() as u64;
            let full = page.len() >= PAGE;
            self.compare_page(comparison, seen, rows, page).await?;
            if let Some(kind) = seen.kinds.first() {
                (comparison.each)(Progress { kind: *kind, coupa: looked_at, sap: 0 });
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn compare_page<T: Comparable>(
        &self,
        comparison: &mut Comparison<'_>,
        seen: &mut Seen,
        rows: &mut Rows,
        page: Vec<T>,
    ) -> Result<(), ReconcileError> {
        let mut ours: BTreeMap<ObjectKind, Vec<(DocumentKey, T)>> = BTreeMap::new();
        for row in page {
            let document = row.document(&self.settings.company);
            if let Some(document) = document.filter(|document| seen.kinds.contains(&document.kind)) {
                ours.entry(document.kind).or_default().push((document, row));
            } else if let Some(kind) = seen.kinds.intersection(&comparison.scope.objects).next() {
                comparison.ledger.not_ours(*kind);
            }
        }
        for (kind, page) in ours {
            let keys: BTreeSet<&SapKey> = page.iter().map(|(document, _)| &document.key).collect();
            let keys: Vec<SapKey> = keys.into_iter().cloned().collect();
            let entries = self.sap_side(kind, &keys).await?;
            for (document, row) in &page {
                let entry = entries.get(&document.key);
                if kind == ObjectKind::Supplier && entry.is_none() {
                    comparison.ledger.not_ours(kind);
                    continue;
                }
                let date = entry.map_or_else(|| row.date(), |entry| entry.date);
                if kind != ObjectKind::Supplier && !comparison.scope.holds(date) {
                    continue;
                }
                if entry.is_some_and(|entry| !entry.cancelled) {
                    row.payments(document, rows);
                }
                if comparison.scope.objects.contains(&kind) {
                    compare_row(comparison, seen, (document, row), entry);
                }
            }
        }
        Ok(())
    }

    /// What SAP has, and Coupa was not seen to have.
    pub(super) async fn walk_sap(
        &self,
        comparison: &mut Comparison<'_>,
        kind: ObjectKind,
        seen: &Seen,
    ) -> Result<(), ReconcileError> {
        let since = comparison.scope.days.map_or(self.settings.start_date, |(first, _)| first);
        let window = Window::ByDocDate { since: since.max(self.settings.start_date) };
        let (mut after, mut looked_at) = (None, 0);
        loop {
            self.goes_on()?;
            let page = self.sap.page(kind, &window, after.as_ref()).await?;
            looked_at += page.rows.len() as u64;
            let doubled = page.rows.iter().filter_map(|row| Some((&row.key, seen.doubled(kind, &row.key)?)));
            let doubled: BTreeMap<&SapKey, Ids> = doubled.collect();
            let wanted = |row: &&sap::Row| {
                doubled.contains_key(&row.key) || !seen.holds(kind, &row.key) && !row.cancelled
            };
            let keys: Vec<SapKey> = page.rows.iter().filter(wanted).map(|row| row.key.clone()).collect();
            for (key, entry) in self.sap_side(kind, &keys).await? {
                if kind != ObjectKind::Supplier && !comparison.scope.holds(entry.date) {
                    continue;
                }
                let document = self.key(kind, &key);
                if let Some(ids) = doubled.get(&key) {
                    let found = Found { coupa_ids: ids.clone(), ..entry.found(&document) };
                    comparison.ledger.differs(found, DifferenceKind::Doubled, vec![]);
                } else if !entry.cancelled {
                    comparison.ledger.sap(kind, &entry.figures());
                    comparison.ledger.differs(entry.found(&document), DifferenceKind::Missing, why(&entry));
                }
            }
            (comparison.each)(Progress { kind, coupa: 0, sap: looked_at });
            after = page.rows.last().map(|row| row.key.clone());
            if !page.more || after.is_none() {
                return Ok(());
            }
        }
    }
}

/// What can't be mapped is missing because of that.
fn why(entry: &Entry) -> Vec<FieldDifference> {
    let told = |failure: &model::Failure| FieldDifference {
        field: failure.code.to_string(),
        sap: failure.message.clone(),
        coupa: String::new(),
    };
    entry.expected.as_ref().err().map(told).into_iter().collect()
}

fn compare_row<T: Comparable>(
    comparison: &mut Comparison<'_>,
    seen: &mut Seen,
    (document, row): (&DocumentKey, &T),
    entry: Option<&Entry>,
) {
    let kind = document.kind;
    let Some(entry) = entry else {
        if row.counts() {
            comparison.ledger.coupa(kind, &row.figures());
            let found =
                Found { document, supplier: row.supplier(), number: row.number(), coupa_ids: vec![row.id()] };
            comparison.ledger.differs(found, DifferenceKind::Extra, vec![]);
        }
        return;
    };
    if !row.counts() && !entry.cancelled && seen.holds(kind, &document.key) {
        // The one that counts was met before.
        return;
    }
    let again = seen.holds(kind, &document.key);
    if row.counts() || !entry.cancelled {
        seen.add(kind, &document.key, row.id());
    }
    comparison.ledger.coupa(kind, &row.figures());
    if again {
        return;
    }
    comparison.ledger.sap(kind, &entry.figures());
    let values = match &entry.expected {
        Ok(expected) => row.compare(expected),
        Err(_) => why(entry),
    };
    if !values.is_empty() {
        let found = Found { coupa_ids: vec![row.id()], ..entry.found(document) };
        comparison.ledger.differs(found, DifferenceKind::Different, values);
    }
}
