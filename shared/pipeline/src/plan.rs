//! What a sync would do to documents, worked out without doing it: SAP and Coupa as they are now, mapped and compared as a
//! reconciliation compares them. Nothing is written anywhere, and no lease is taken.

mod kept;
mod shadow;

pub use kept::Applied;
pub use shadow::Shadow;

use crate::{
    Pipeline,
    reconcile::{
        FieldDifference, ReconcileError,
        compare::{self, Judged},
        sap_side::{Entry, Expected},
    },
};
use coupa::{Invoice, Order, Query, Tally, WholeSupplier};
use mapping::OrderState;
use model::{Code, CoupaId, DocumentItem, DocumentKey, Lane, Link, ObjectKind, SapKey};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a sync would do to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Make it in Coupa.
    Create,
    /// Change it there.
    Update,
    /// Cancel or void it there.
    Cancel,
    /// Nothing: Coupa shows what SAP implies.
    Unchanged,
    /// Nothing: it has no place in Coupa.
    NotApplicable,
    /// Nothing: the two differ, and Coupa no longer lets it change.
    NotApplied,
    /// It would fail.
    Fail,
}

/// What a sync would do to one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Which.
    pub document: DocumentKey,
    /// The number that people know it by.
    pub number: String,
    /// What.
    pub action: Action,
    /// Field by field, where it changes one.
    pub changes: Vec<FieldDifference>,
    /// The error that it would end with.
    pub code: Option<Code>,
    /// Why, where that isn't plain.
    pub reason: String,
    /// Calls to Coupa that it takes.
    pub calls: u32,
}

/// How many documents are looked up at once.
const AT_ONCE: usize = 50;

impl Pipeline {
    /// What a sync would do to these. `whatever_date`: documents from before the start date count too.
    pub async fn plan(
        &self,
        documents: &[DocumentKey],
        whatever_date: bool,
    ) -> Result<Vec<Planned>, ReconcileError> {
        let mut by_kind: BTreeMap<ObjectKind, BTreeSet<&DocumentKey>> = BTreeMap::new();
        for document in documents.iter().filter(|document| document.new_supplier_id().is_none()) {
            by_kind.entry(document.kind).or_default().insert(document);
        }
        let mut planned = Vec::new();
        for (kind, documents) in by_kind {
            let documents: Vec<DocumentKey> = documents.into_iter().cloned().collect();
            for some in documents.chunks(AT_ONCE) {
                self.out_of_time().map_err(|_| ReconcileError::Stopped)?;
                planned.extend(match kind {
                    ObjectKind::Payment => self.plan_payments(some, whatever_date).await?,
                    _ => self.plan_some(kind, some, whatever_date).await?,
                });
            }
        }
        Ok(planned)
    }

    async fn plan_some(
        &self,
        kind: ObjectKind,
        documents: &[DocumentKey],
        whatever_date: bool,
    ) -> Result<Vec<Planned>, ReconcileError> {
        let keys: Vec<SapKey> = documents.iter().map(|document| document.key.clone()).collect();
        let entries = self.sap_side(kind, &keys).await?;
        let items = self.items_of(documents).await?;
        let shown = self.shown(kind, &entries, &items).await?;
        let plan = |document: &DocumentKey| {
            let item = items.get(document);
            let linked = item.is_some_and(|item| item.link.is_some());
            let Some(entry) = entries.get(&document.key) else {
                return nothing(document, item, "it is not in SAP, or cancels another document");
            };
            let early = entry.date.is_some_and(|date| date < self.settings.start_date);
            if early && !linked && !whatever_date {
                return nothing(document, item, "dated before the start date");
            }
            one(document, entry, shown.of(item, entry))
        };
        Ok(documents.iter().map(plan).collect())
    }

    async fn items_of(
        &self,
        documents: &[DocumentKey],
    ) -> Result<BTreeMap<DocumentKey, DocumentItem>, ReconcileError> {
        Ok(self.items(documents.iter().cloned().collect()).await?)
    }

    /// What Coupa shows of them: by their numbers, and those that are linked by their ids.
    async fn shown(
        &self,
        kind: ObjectKind,
        entries: &BTreeMap<SapKey, Entry>,
        items: &BTreeMap<DocumentKey, DocumentItem>,
    ) -> Result<Shown, ReconcileError> {
        let tally = Tally::default();
        let call = tally.call(Lane::Live);
        let numbers: BTreeSet<&str> = entries.values().map(|entry| entry.number.as_str()).collect();
        let numbers: Vec<String> = numbers.into_iter().map(str::to_owned).collect();
        let ids: Vec<CoupaId> =
            items.values().filter_map(|item| item.link.as_ref().and_then(id_of)).collect();
        let mut shown = Shown::default();
        if kind == ObjectKind::Supplier {
            shown.suppliers =
                self.coupa.find_whole_suppliers(&call, &numbers).await?.into_values().flatten().collect();
            let there = self.coupa.whole_suppliers(&call, &ids, &Query::new()).await?;
            shown.suppliers.extend(there.into_values());
        } else if kind == ObjectKind::PurchaseOrder {
            shown.orders = self.coupa.find_orders(&call, &numbers).await?.into_values().flatten().collect();
            let known: BTreeSet<CoupaId> = shown.orders.iter().map(|order| order.id).collect();
            let texts: Vec<String> =
                ids.iter().filter(|id| !known.contains(id)).map(ToString::to_string).collect();
            if !texts.is_empty() {
                shown
                    .orders
                    .extend(self.coupa.list::<Order>(&call, &Query::new().one_of("id", &texts)).await?);
            }
        } else {
            shown.invoices =
                self.coupa.find_invoices(&call, &numbers).await?.into_values().flatten().collect();
            let known: BTreeSet<CoupaId> = shown.invoices.iter().map(|invoice| invoice.id).collect();
            let ids: Vec<CoupaId> = ids.into_iter().filter(|id| !known.contains(id)).collect();
            if !ids.is_empty() {
                shown.invoices.extend(self.coupa.invoices_by_id(&call, &ids).await?.into_values());
            }
        }
        Ok(shown)
    }

    async fn plan_payments(
        &self,
        documents: &[DocumentKey],
        whatever_date: bool,
    ) -> Result<Vec<Planned>, ReconcileError> {
        let entries: Vec<i64> = documents.iter().filter_map(DocumentKey::doc_entry).collect();
        let payments = self.applied(&entries).await?;
        let invoices: BTreeSet<i64> =
            payments.values().flat_map(|payment| payment.all.keys().copied()).collect();
        let invoices: Vec<SapKey> = invoices.into_iter().map(SapKey::DocEntry).collect();
        let in_sap = self.sap_side(ObjectKind::Invoice, &invoices).await?;
        let keys: Vec<DocumentKey> = invoices.iter().map(|key| self.key(ObjectKind::Invoice, key)).collect();
        let items = self.items_of(&keys).await?;
        let own = self.items_of(documents).await?;
        let shown = self.shown(ObjectKind::Invoice, &in_sap, &items).await?;
        let mut planned = Vec::new();
        for document in documents {
            let item = own.get(document);
            let payment = document.doc_entry().and_then(|entry| payments.get(&entry));
            let Some(payment) = payment else {
                planned.push(nothing(document, item, "it is not in SAP, or can't be mapped"));
                continue;
            };
            let early = payment.date.is_some_and(|date| date < self.settings.start_date);
            if early && !whatever_date && item.is_none_or(|item| item.link.is_none()) {
                planned.push(nothing(document, item, "dated before the start date"));
                continue;
            }
            let invoice = |entry: i64| {
                let key = SapKey::DocEntry(entry);
                let item = items.get(&self.key(ObjectKind::Invoice, &key));
                in_sap.get(&key).and_then(|entry| shown.of(item, entry).invoice)
            };
            planned.push(payment.plan(document, invoice));
        }
        Ok(planned)
    }
}

/// What Coupa shows.
#[derive(Default)]
struct Shown {
    suppliers: Vec<WholeSupplier>,
    orders: Vec<Order>,
    invoices: Vec<Invoice>,
}

/// What Coupa shows of one document.
#[derive(Clone, Copy, Default)]
struct There<'a> {
    supplier: Option<&'a WholeSupplier>,
    order: Option<&'a Order>,
    invoice: Option<&'a Invoice>,
}

impl Shown {
    fn of(&self, item: Option<&DocumentItem>, entry: &Entry) -> There<'_> {
        let linked = item.and_then(|item| item.link.as_ref()).and_then(id_of);
        let whose = |supplier: Option<&coupa::SupplierRef>| {
            supplier.and_then(|one| one.number.as_deref()) == Some(&entry.supplier)
        };
        let by = |id: CoupaId, number: Option<&str>, whose: bool| match linked {
            Some(linked) => id == linked,
            None => whose && number == Some(&entry.number),
        };
        There {
            supplier: self.suppliers.iter().find(|one| by(one.id, one.number.as_deref(), true)),
            order: self.orders.iter().find(|one| by(one.id, one.po_number.as_deref(), true)),
            invoice: self
                .invoices
                .iter()
                .find(|one| by(one.id, one.invoice_number.as_deref(), whose(one.supplier.as_ref()))),
        }
    }
}

const fn id_of(link: &Link) -> Option<CoupaId> {
    match link {
        Link::Supplier(link) => Some(link.coupa_id),
        Link::Order(link) => Some(link.coupa_id),
        Link::Invoice(link) => Some(link.coupa_id),
        Link::Payment(_) => None,
    }
}

fn nothing(document: &DocumentKey, item: Option<&DocumentItem>, reason: &str) -> Planned {
    let number = item.and_then(|item| item.number.clone()).unwrap_or_else(|| document.key.to_string());
    Planned {
        document: document.clone(),
        number,
        action: Action::NotApplicable,
        changes: vec![],
        code: None,
        reason: reason.to_owned(),
        calls: 0,
    }
}

fn one(document: &DocumentKey, entry: &Entry, there: There<'_>) -> Planned {
    let plan = |action, changes, calls, reason: &str| Planned {
        document: document.clone(),
        number: entry.number.clone(),
        action,
        changes,
        code: None,
        reason: reason.to_owned(),
        calls,
    };
    let expected = match &entry.expected {
        Ok(expected) => expected,
        Err(failure) => {
            return Planned { code: Some(failure.code), ..plan(Action::Fail, vec![], 0, &failure.message) };
        }
    };
    let Judged { there, void, locked, differences } =
        compare::judge(expected, there.supplier, there.order, there.invoice);
    match (there, entry.cancelled) {
        (false, true) => plan(Action::NotApplicable, vec![], 0, "cancelled before it was ever sent"),
        (false, false) => plan(Action::Create, vec![], creation(expected), ""),
        (true, _) if differences.is_empty() => plan(Action::Unchanged, vec![], 0, ""),
        (true, true) => plan(Action::Cancel, differences, 2, ""),
        (true, false) if void => plan(Action::NotApplied, differences, 0, "it is void in Coupa and stays so"),
        (true, false) if locked => {
            plan(Action::NotApplied, differences, 0, "Coupa lets a submitted invoice no longer change")
        }
        (true, false) => plan(Action::Update, differences, 1, ""),
    }
}

/// A supplier is made with one call; an order is issued as well, an invoice submitted; a closed order is closed.
const fn creation(expected: &Expected) -> u32 {
    match expected {
        Expected::Supplier(_) => 1,
        Expected::Order(image) if matches!(image.state, OrderState::Closed) => 3,
        Expected::Order(_) | Expected::Invoice(_) => 2,
    }
}
