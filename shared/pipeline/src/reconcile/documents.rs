//! Suppliers, orders, invoices and credit notes: Coupa's pages against SAP, then SAP's keys against what was seen.

use super::{
    Comparison, Progress, ReconcileError, Scope,
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

/// The documents that Coupa has, by their keys.
#[derive(Debug, Default)]
pub(super) struct Seen {
    kinds: BTreeSet<ObjectKind>,
    entries: BTreeMap<(ObjectKind, SapKey), Met>,
}

/// How often a document was met in Coupa.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Met {
    Never,
    Once(CoupaId),
    Often,
}

impl Seen {
    pub(super) fn of(kinds: impl IntoIterator<Item = ObjectKind>) -> Self {
        Self { kinds: kinds.into_iter().collect(), entries: BTreeMap::new() }
    }

    /// Notes one more; answers how often it was met before.
    fn add(&mut self, kind: ObjectKind, key: &SapKey, id: CoupaId) -> Met {
        let before = self.met(kind, key);
        let now = if before == Met::Never { Met::Once(id) } else { Met::Often };
        self.entries.insert((kind, key.clone()), now);
        before
    }

    fn met(&self, kind: ObjectKind, key: &SapKey) -> Met {
        self.entries.get(&(kind, key.clone())).copied().unwrap_or(Met::Never)
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
        let mut pages = SapPages::of(kind, self, comparison.scope);
        while let Some(rows) = pages.next(self).await? {
            let unmet = |row: &&sap::Row| seen.met(kind, &row.key) == Met::Never && !row.cancelled;
            let keys: Vec<SapKey> = rows.iter().filter(unmet).map(|row| row.key.clone()).collect();
            for (key, entry) in self.sap_side(kind, &keys).await? {
                let dated = kind == ObjectKind::Supplier || comparison.scope.holds(entry.date);
                if dated && !entry.cancelled {
                    let document = self.key(kind, &key);
                    comparison.ledger.sap(kind, &entry.figures());
                    comparison.ledger.differs(entry.found(&document), DifferenceKind::Missing, why(&entry));
                }
            }
            (comparison.each)(Progress { kind, coupa: 0, sap: pages.looked_at });
        }
        Ok(())
    }
}

/// SAP's keys of one object that are within the scope, page by page.
pub(super) struct SapPages {
    kind: ObjectKind,
    window: Window,
    after: Option<SapKey>,
    over: bool,
    /// Rows so far.
    pub looked_at: u64,
}

impl SapPages {
    pub(super) fn of(kind: ObjectKind, pipeline: &Pipeline, scope: &Scope) -> Self {
        let start = pipeline.settings.start_date;
        let since = scope.days.map_or(start, |(first, _)| first.max(start));
        Self { kind, window: Window::ByDocDate { since }, after: None, over: false, looked_at: 0 }
    }

    pub(super) async fn next(
        &mut self,
        pipeline: &Pipeline,
    ) -> Result<Option<Vec<sap::Row>>, ReconcileError> {
        if self.over {
            return Ok(None);
        }
        pipeline.goes_on()?;
        let page = pipeline.sap.page(self.kind, &self.window, self.after.as_ref()).await?;
        self.looked_at += page.rows.len() as u64;
        self.after = page.rows.last().map(|row| row.key.clone());
        self.over = !page.more || self.after.is_none();
        Ok(Some(page.rows))
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
    if !row.counts() && !entry.cancelled && seen.met(kind, &document.key) != Met::Never {
        // The one that counts was met before.
        return;
    }
    comparison.ledger.coupa(kind, &row.figures());
    if !row.counts() && entry.cancelled {
        // Void on both sides, and no second one of a live one.
        comparison.ledger.sap(kind, &entry.figures());
        return;
    }
    match seen.add(kind, &document.key, row.id()) {
        Met::Never => {}
        Met::Once(first) if row.counts() => {
            let found = Found { coupa_ids: vec![first, row.id()], ..entry.found(document) };
            return comparison.ledger.differs(found, DifferenceKind::Doubled, vec![]);
        }
        Met::Once(_) | Met::Often => return,
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
