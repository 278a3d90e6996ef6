//! The company: its suppliers, documents and payments, and what SAP does when they change.

mod buying;
mod cancelling;
mod drafting;
mod masters;
mod partners;
mod paying;
mod specs;
mod totals;

pub use specs::{
    AddressSpec, ContactSpec, DocumentSpec, ExpenseSpec, InvoiceSpec, LineSpec, OrderSpec, PaymentSpec,
    SupplierSpec,
};

use super::entities::{Document, DocumentKind, Payment};
use super::refusal::Refusal;
use super::settings::Settings;
use super::value::Record;
use super::webhooks::Webhooks;
use jiff::civil::{DateTime, Time};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Everything the company database holds.
pub(crate) struct World {
    pub(crate) settings: Arc<Settings>,
    /// Company time.
    pub(crate) now: DateTime,
    pub(crate) partners: BTreeMap<String, Record>,
    tables: BTreeMap<DocumentKind, Table>,
    pub(crate) payments: BTreeMap<i64, Payment>,
    /// By entity set.
    pub(crate) masters: BTreeMap<&'static str, Vec<Record>>,
    /// Percent by tax group.
    tax_rates: BTreeMap<String, rust_decimal::Decimal>,
    /// The last number given, by object type and series.
    numbers: BTreeMap<(i64, i32), i64>,
    journal_entries: i64,
    contacts: i64,
    /// Business partners that wait for approval.
    pub(crate) partner_drafts: Vec<Record>,
    pub(crate) webhooks: Webhooks,
}

impl World {
    /// Takes a document away as if it had never been there.
    pub(crate) fn remove(&mut self, kind: DocumentKind, entry: i64) -> bool {
        self.tables.get_mut(&kind).is_some_and(|table| {
            table.by_stamp.retain(|(_, held)| *held != entry);
            table.rows.remove(&entry).is_some()
        })
    }
}

/// The documents of one kind.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) rows: BTreeMap<i64, Document>,
    /// The same by update stamp; those without one come first.
    pub(crate) by_stamp: BTreeSet<(Option<DateTime>, i64)>,
}

/// Whether a change moves the update stamp.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamp {
    Move,
    Keep,
}

impl World {
    pub(crate) fn new(settings: Settings, now: DateTime) -> Self {
        let mut world = Self {
            settings: Arc::new(settings),
            now,
            partners: BTreeMap::new(),
            tables: DocumentKind::ALL.into_iter().map(|kind| (kind, Table::default())).collect(),
            payments: BTreeMap::new(),
            masters: BTreeMap::new(),
            tax_rates: BTreeMap::new(),
            numbers: BTreeMap::new(),
            journal_entries: 0,
            contacts: 0,
            partner_drafts: Vec::new(),
            webhooks: Webhooks::default(),
        };
        world.set_master_data(&crate::company::master_data());
        world
    }

    pub(crate) fn table(&self, kind: DocumentKind) -> Option<&Table> {
        self.tables.get(&kind)
    }

    pub(crate) fn document(&self, kind: DocumentKind, entry: i64) -> Result<&Document, Refusal> {
        self.tables.get(&kind).and_then(|table| table.rows.get(&entry)).ok_or_else(Refusal::no_match)
    }

    /// Changes a document, and counts and stamps the change.
    pub(crate) fn edit<T>(
        &mut self,
        kind: DocumentKind,
        entry: i64,
        stamp: Stamp,
        change: impl FnOnce(&mut Document) -> T,
    ) -> Result<T, Refusal> {
        let now = self.now;
        let table = self.tables.entry(kind).or_default();
        let document = table.rows.get_mut(&entry).ok_or_else(Refusal::no_match)?;
        table.by_stamp.remove(&(document.updated, entry));
        let result = change(document);
        // The key stays, whatever the change did to it.
        document.entry = entry;
        document.data_version += 1;
        if stamp == Stamp::Move {
            document.updated = Some(now);
        }
        table.by_stamp.insert((document.updated, entry));
        self.happened(kind.entity_set(), "Updated", ("DocEntry", &entry.to_string()));
        Ok(result)
    }

    /// Changes a document as a person would, and works out its totals anew.
    pub(crate) fn change_document(
        &mut self,
        kind: DocumentKind,
        entry: i64,
        stamp: Stamp,
        change: impl FnOnce(&mut Document),
    ) -> Result<(), Refusal> {
        self.edit(kind, entry, stamp, |document| {
            change(document);
            totals::compute(document);
        })
    }

    /// Files a new document; `entry`, `number` and stamps are given here.
    fn insert(&mut self, mut document: Document) -> i64 {
        let kind = document.kind;
        document.number = self.next_number(kind.object_type(), first_number(kind), document.series);
        document.created = self.now.date();
        // Unlike the update stamp, this one has no seconds.
        document.time = Time::constant(self.now.hour(), self.now.minute(), 0, 0);
        document.updated = self.settings.stamp_on_create.then_some(self.now);
        document.data_version = 1;
        if kind.has_balance() {
            self.journal_entries += 1;
            document.journal_entry = Some(self.journal_entries);
        }
        let table = self.tables.entry(kind).or_default();
        let entry = table.rows.last_key_value().map_or(1, |(entry, _)| entry + 1);
        document.entry = entry;
        for line in &mut document.lines {
            line.document = entry;
        }
        table.by_stamp.insert((document.updated, entry));
        table.rows.insert(entry, document);
        self.happened(kind.entity_set(), "Created", ("DocEntry", &entry.to_string()));
        entry
    }

    /// Tells the webhooks.
    fn happened(&mut self, object: &str, transaction: &str, key: (&str, &str)) {
        let utc = self.now.saturating_sub(jiff::Span::new().minutes(self.settings.utc_offset_minutes));
        let now = jiff::tz::Offset::UTC.to_timestamp(utc).unwrap_or_default();
        self.webhooks.happened(&self.settings, now, object, transaction, key);
    }

    fn next_number(&mut self, object_type: i64, first: i64, series: i32) -> i64 {
        let last = self.numbers.entry((object_type, series)).or_insert(first - 1);
        *last += 1;
        *last
    }

    fn tax_rate(&self, group: &str) -> rust_decimal::Decimal {
        self.tax_rates.get(group).copied().unwrap_or_default()
    }
}

/// Each series of a kind counts from here, so that numbers meet across series as they do in SAP.
fn first_number(kind: DocumentKind) -> i64 {
    match kind {
        DocumentKind::Order => 400_001,
        DocumentKind::Receipt => 200_001,
        DocumentKind::Invoice => 300_001,
        DocumentKind::CreditNote => 500_001,
    }
}

fn default_series(kind: DocumentKind) -> i32 {
    match kind {
        DocumentKind::Order => 11,
        DocumentKind::Receipt => 12,
        DocumentKind::Invoice => 13,
        DocumentKind::CreditNote => 14,
    }
}

/// The invoice that a credit note was copied from.
fn credited_invoice(document: &Document) -> Option<i64> {
    let mut bases = document.lines.iter().filter_map(|line| line.base);
    let base = bases.find(|base| base.kind == DocumentKind::Invoice)?;
    (document.kind == DocumentKind::CreditNote).then_some(base.entry)
}
