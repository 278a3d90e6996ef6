use crate::OrderLineRef;
use sap::entities::{Document, DocumentLine};
use std::collections::{BTreeMap, BTreeSet};

/// SAP's object types, as far as lines name them as their base.
const INVOICE: i64 = 18;
const GOODS_RECEIPT: i64 = 20;
const PURCHASE_ORDER: i64 = 22;

/// The documents that an invoice or credit note was copied from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bases {
    /// Goods receipts by `DocEntry`.
    pub receipts: BTreeMap<i64, Document>,
    /// Base invoices of a credit note by `DocEntry`.
    pub invoices: BTreeMap<i64, Document>,
}

impl Bases {
    /// The order line that `line` was copied from, directly or by way of a goods receipt. A receipt that isn't
    /// among the bases leads nowhere.
    pub(crate) fn order_line(&self, line: &DocumentLine) -> Option<OrderLineRef> {
        let (base_type, entry, base_line) = (line.base_type?, line.base_entry?, line.base_line?);
        match base_type {
            PURCHASE_ORDER => Some(OrderLineRef { order: entry, line: base_line }),
            GOODS_RECEIPT => {
                let receipt = self.receipts.get(&entry)?;
                let received = receipt.document_lines.iter().find(|line| line.line_num == base_line)?;
                match (received.base_type?, received.base_entry?, received.base_line?) {
                    (PURCHASE_ORDER, order, line) => Some(OrderLineRef { order, line }),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The first invoice, in the order of the lines, that the credit note gives back.
    pub(crate) fn original<'a>(&'a self, lines: &[&DocumentLine]) -> Option<&'a Document> {
        let mut invoices = lines.iter().filter(|line| line.base_type == Some(INVOICE));
        invoices.find_map(|line| self.invoices.get(&line.base_entry?))
    }
}

/// The documents named as base by a document's lines, by `DocEntry`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseDocuments {
    /// Purchase orders (`BaseType` 22).
    pub orders: BTreeSet<i64>,
    /// Goods receipts (20).
    pub receipts: BTreeSet<i64>,
    /// Invoices (18).
    pub invoices: BTreeSet<i64>,
}

/// Which documents this one was copied from.
pub fn base_documents(document: &Document) -> BaseDocuments {
    let mut bases = BaseDocuments::default();
    for line in &document.document_lines {
        let Some(entry) = line.base_entry else { continue };
        match line.base_type {
            Some(PURCHASE_ORDER) => bases.orders.insert(entry),
            Some(GOODS_RECEIPT) => bases.receipts.insert(entry),
            Some(INVOICE) => bases.invoices.insert(entry),
            _ => false,
        };
    }
    bases
}

/// The documents of its own kind that a cancellation document cancels; none for any other document.
pub fn cancelled_document(document: &Document) -> BTreeSet<i64> {
    if !document.is_cancellation() {
        return BTreeSet::new();
    }
    document.document_lines.iter().filter_map(|line| line.base_entry).collect()
}
