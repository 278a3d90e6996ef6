//! What SAP implies for the documents of one page, mapped as a sync would map them.

use super::{
    balance::{Figures, Found},
    compare,
};
use crate::{
    Pipeline,
    read::{Source, Sources},
};
use jiff::civil::Date;
use mapping::{InvoiceImage, OrderImage, SupplierImage};
use model::{DocumentKey, Failure, ObjectKind, SapKey};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What Coupa must show of a document.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    Supplier(SupplierImage),
    Order(OrderImage),
    Invoice(InvoiceImage),
}

/// A document as SAP holds it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub date: Option<Date>,
    pub supplier: String,
    /// As Coupa has it or would have it; SAP's own where that can't be told.
    pub number: String,
    pub cancelled: bool,
    /// The mapping refuses some: those are missing in Coupa until somebody mends them.
    pub expected: Result<Expected, Failure>,
    /// Its own currency and total, for what can't be mapped.
    own: Figures,
}

impl Entry {
    pub(super) fn figures(&self) -> Figures {
        match &self.expected {
            Ok(Expected::Supplier(image)) => compare::supplier_figures(image),
            Ok(Expected::Order(image)) => compare::order_figures(image),
            Ok(Expected::Invoice(image)) => compare::invoice_figures(image),
            Err(_) => self.own.clone(),
        }
    }

    pub(super) fn found<'a>(&'a self, document: &'a DocumentKey) -> Found<'a> {
        Found { document, supplier: &self.supplier, number: &self.number, coupa_ids: vec![] }
    }
}

impl Pipeline {
    /// The documents of these keys that have a place in Coupa. A key without an entry isn't in SAP, or only stands for
    /// the cancellation of another document.
    pub(crate) async fn sap_side(
        &self,
        kind: ObjectKind,
        keys: &[SapKey],
    ) -> Result<BTreeMap<SapKey, Entry>, sap::Error> {
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let sources: Sources = self.read(kind, keys.iter()).await?;
        let bases = self.bases(kind, &sources).await?;
        let terms = self.payment_terms().await?;
        let context = self.context(&terms);
        let mut entries = BTreeMap::new();
        for (key, source) in sources {
            let entry = match source {
                Ok(Source::Supplier(partner)) if partner.is_supplier() => Entry {
                    date: None,
                    supplier: partner.card_code.clone(),
                    number: partner.card_code.clone(),
                    cancelled: false,
                    expected: mapping::supplier(&context, &partner).map(Expected::Supplier),
                    own: unmapped(None, Decimal::ZERO),
                },
                Ok(Source::Document(document)) if !document.is_cancellation() => {
                    let expected = match kind {
                        ObjectKind::PurchaseOrder => mapping::order(&context, &document).map(Expected::Order),
                        _ => mapping::invoice(&context, kind, &document, &bases).map(Expected::Invoice),
                    };
                    let number = match &expected {
                        Ok(Expected::Order(image)) => image.po_number.clone(),
                        Ok(Expected::Invoice(image)) => image.number.clone(),
                        _ => document.doc_num.map(|number| number.to_string()).unwrap_or_default(),
                    };
                    Entry {
                        date: document.doc_date,
                        supplier: document.card_code.clone(),
                        number,
                        cancelled: document.is_cancelled(),
                        expected,
                        own: unmapped(Some(document.doc_currency.clone()), document.doc_total),
                    }
                }
                Ok(_) => continue,
                Err(failure) => Entry {
                    date: None,
                    supplier: String::new(),
                    number: key.to_string(),
                    cancelled: false,
                    expected: Err(failure),
                    own: unmapped(None, Decimal::ZERO),
                },
            };
            entries.insert(key, entry);
        }
        Ok(entries)
    }
}

fn unmapped(currency: Option<String>, sum: Decimal) -> Figures {
    Figures { currency, status: "can't be mapped", sum }
}
