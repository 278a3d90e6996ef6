//! What a comparison of both sides has found.

use jiff::civil::Date;
use model::{CoupaId, DocumentKey, ObjectKind};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Which objects.
    pub objects: BTreeSet<ObjectKind>,
    /// Only documents dated (`DocDate`) within these days, both included. Suppliers have no date and are always all.
    pub days: Option<(Date, Date)>,
}

impl Scope {
    pub(super) fn holds(&self, date: Option<Date>) -> bool {
        let within = |(first, last): (Date, Date)| date.is_some_and(|date| first <= date && date <= last);
        self.days.is_none_or(within)
    }
}

/// How the two sides differ about one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// SAP has it, Coupa doesn't.
    Missing,
    /// Coupa has it as SAP's, and SAP doesn't.
    Extra,
    /// Coupa has it more than once.
    Doubled,
    /// Both have it, and not the same.
    Different,
}

impl DifferenceKind {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Missing => "missing in Coupa",
            Self::Extra => "in Coupa, not in SAP",
            Self::Doubled => "more than once in Coupa",
            Self::Different => "different",
        }
    }
}

/// One field that the two sides show differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDifference {
    /// Coupa's name of it, such as `order-lines[2].price`.
    pub field: String,
    /// What SAP implies.
    pub sap: String,
    /// What Coupa shows.
    pub coupa: String,
}

/// One document about which the two sides differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The object, in the plural.
    pub object: String,
    /// The supplier's number: SAP's `CardCode`.
    pub supplier: String,
    /// Its number as Coupa has it or should have it; for a payment SAP's.
    pub number: String,
    /// How.
    pub kind: DifferenceKind,
    /// The names of the fields that differ; none where the whole document does.
    pub fields: Vec<String>,
    /// The same with what each side shows.
    pub values: Vec<FieldDifference>,
    /// Its key in SAP.
    pub document: DocumentKey,
    /// Coupa's ids of it.
    pub coupa_ids: Vec<CoupaId>,
}

/// Documents of one currency and status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its code; none for suppliers.
    pub currency: Option<String>,
    /// In our words, the same for both sides: `open`, `closed`, `cancelled`; `posted`, `void`; `active`, `inactive`.
    pub status: String,
    /// How many.
    pub count: u64,
    /// What they come to, in that currency.
    pub sum: Decimal,
}

/// Documents by currency and status, as they are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums(BTreeMap<(Option<String>, String), (u64, Decimal)>);

impl Sums {
    pub(super) fn add(&mut self, figures: &Figures) {
        let key = (figures.currency.clone(), figures.status.to_owned());
        let (count, sum) = self.0.entry(key).or_default();
        *count += 1;
        *sum = sum.saturating_add(figures.sum);
    }

    fn buckets(self) -> Vec<Bucket> {
        let bucket = |((currency, status), (count, sum)): ((Option<String>, String), (u64, Decimal))| {
            Bucket { currency, status, count, sum: sum.normalize() }
        };
        self.0.into_iter().map(bucket).collect()
    }
}

/// What one document counts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figures {
    pub currency: Option<String>,
    pub status: &'static str,
    pub sum: Decimal,
}

/// Both sides of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectBalance {
    /// What SAP implies.
    pub sap: Vec<Bucket>,
    /// What Coupa holds.
    pub coupa: Vec<Bucket>,
    /// Rows of Coupa that aren't ours.
    pub not_ours: u64,
}

/// Count and sum of one currency and status on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceRow<'a> {
    /// As in [`Bucket`].
    pub status: &'a str,
    /// As in [`Bucket`].
    pub currency: Option<&'a str>,
    /// What SAP implies.
    pub sap: (u64, Decimal),
    /// What Coupa holds.
    pub coupa: (u64, Decimal),
}

impl ObjectBalance {
    /// Both sides side by side, by status and currency.
    pub fn rows(&self) -> Vec<BalanceRow<'_>> {
        let mut rows: BTreeMap<_, [(u64, Decimal); 2]> = BTreeMap::new();
        for (side, buckets) in [&self.sap, &self.coupa].into_iter().enumerate() {
            for bucket in buckets {
                let row = rows.entry((bucket.status.as_str(), bucket.currency.as_deref())).or_default();
                row[side] = (bucket.count, bucket.sum);
            }
        }
        rows.into_iter()
            .map(|((status, currency), [sap, coupa])| BalanceRow { status, currency, sap, coupa })
            .collect()
    }
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// By object, in the plural.
    pub objects: BTreeMap<String, ObjectBalance>,
    /// Every document about which the two differ.
    pub differences: Vec<Difference>,
    /// Calls to Coupa that it took.
    pub coupa_calls: u32,
    /// Payments on invoices that are missing: no difference of their own, and nothing that heals by itself.
    #[serde(skip)]
    pub hang_on_missing: Vec<DocumentKey>,
}

/// A [`Balance`] in the making.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pages: BTreeMap<ObjectKind, Page>,
    pub differences: Vec<(ObjectKind, Difference)>,
    pub hang_on_missing: Vec<DocumentKey>,
}

#[derive(Debug, Default)]
struct Page {
    sap: Sums,
    coupa: Sums,
    not_ours: u64,
}

impl Ledger {
    pub(super) fn open(objects: &BTreeSet<ObjectKind>) -> Self {
        let pages = objects.iter().map(|kind| (*kind, Page::default())).collect();
        Self { pages, ..Self::default() }
    }

    pub(super) fn sap(&mut self, kind: ObjectKind, figures: &Figures) {
        self.pages.entry(kind).or_default().sap.add(figures);
    }

    pub(super) fn coupa(&mut self, kind: ObjectKind, figures: &Figures) {
        self.pages.entry(kind).or_default().coupa.add(figures);
    }

    pub(super) fn not_ours(&mut self, kind: ObjectKind) {
        self.pages.entry(kind).or_default().not_ours += 1;
    }

    pub(super) fn differs(&mut self, found: Found<'_>, kind: DifferenceKind, values: Vec<FieldDifference>) {
        let mut fields: Vec<String> = values.iter().map(|value| value.field.clone()).collect();
        fields.dedup();
        let difference = Difference {
            object: found.document.kind.plural().to_owned(),
            supplier: found.supplier.to_owned(),
            number: found.number.to_owned(),
            kind,
            fields,
            values,
            document: found.document.clone(),
            coupa_ids: found.coupa_ids,
        };
        self.differences.push((found.document.kind, difference));
    }

    pub(super) fn close(mut self, coupa_calls: u32) -> Balance {
        self.differences.sort_by(|(kind, one), (other_kind, other)| {
            (kind, &one.supplier, &one.number, one.kind).cmp(&(
                other_kind,
                &other.supplier,
                &other.number,
                other.kind,
            ))
        });
        let page = |(kind, page): (ObjectKind, Page)| {
            let (sap, coupa) = (page.sap.buckets(), page.coupa.buckets());
            (kind.plural().to_owned(), ObjectBalance { sap, coupa, not_ours: page.not_ours })
        };
        Balance {
            objects: self.pages.into_iter().map(page).collect(),
            differences: self.differences.into_iter().map(|(_, difference)| difference).collect(),
            coupa_calls,
            hang_on_missing: self.hang_on_missing,
        }
    }
}

/// Whom a difference is about.
#[derive(Clone, Debug)]
pub(super) struct Found<'a> {
    pub document: &'a DocumentKey,
    pub supplier: &'a str,
    pub number: &'a str,
    pub coupa_ids: Vec<CoupaId>,
}
