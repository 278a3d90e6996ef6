//! Reads a wave's documents from SAP, and what of SAP they can't be understood without.

use crate::{Pipeline, attempt::Work};
use mapping::Bases;
use model::{Code, Failure, ObjectKind, SapKey, Stamp};
use sap::{
    Unreadable,
    entities::{BusinessPartner, Document, Payment},
};
use std::collections::{BTreeMap, BTreeSet};

/// A document as SAP holds it now.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Supplier(BusinessPartner),
    Document(Document),
    Payment(Payment),
}

impl Source {
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::Supplier(partner) => partner.stamp(),
            Self::Document(document) => document.stamp(),
            Self::Payment(_) => None,
        }
    }
}

/// What was asked for. A key that is missing is not in SAP.
pub(crate) type Sources = BTreeMap<SapKey, Result<Source, Failure>>;

impl Pipeline {
    pub(crate) async fn read<'a>(
        &self,
        kind: ObjectKind,
        keys: impl Iterator<Item = &'a SapKey> + Clone,
    ) -> Result<Sources, sap::Error> {
        let entry = |key: &SapKey| match key {
            SapKey::DocEntry(entry) => Some(*entry),
            SapKey::CardCode(_) => None,
        };
        let entries: Vec<i64> = keys.clone().filter_map(entry).collect();
        Ok(match kind {
            ObjectKind::Supplier => {
                let codes: Vec<String> = keys.map(ToString::to_string).collect();
                let found = self.sap.suppliers(&codes).await?;
                found
                    .into_iter()
                    .map(|(code, row)| (SapKey::CardCode(code), read(row, Source::Supplier)))
                    .collect()
            }
            ObjectKind::Payment => by_entry(self.sap.payments(&entries).await?, Source::Payment),
            _ => by_entry(self.sap.documents(kind, &entries).await?, Source::Document),
        })
    }

    /// The goods receipts between invoices and orders, and the invoices under credit notes.
    pub(crate) async fn bases(&self, kind: ObjectKind, sources: &Sources) -> Result<Bases, sap::Error> {
        let (mut receipts, mut invoices) = (BTreeSet::new(), BTreeSet::new());
        for source in sources.values() {
            if let Ok(Source::Document(document)) = source
                && matches!(kind, ObjectKind::Invoice | ObjectKind::CreditNote)
            {
                let bases = mapping::base_documents(document);
                receipts.extend(bases.receipts);
                if kind == ObjectKind::CreditNote {
                    invoices.extend(bases.invoices);
                }
            }
        }
        let receipts: Vec<i64> = receipts.into_iter().collect();
        let invoices: Vec<i64> = invoices.into_iter().collect();
        Ok(Bases {
            receipts: readable(self.sap.goods_receipts(&receipts).await?),
            invoices: readable(self.sap.documents(ObjectKind::Invoice, &invoices).await?),
        })
    }
}

/// The readable ones of documents that others refer to: what is missing is missed where it is needed.
pub(crate) fn readable(rows: BTreeMap<i64, Result<Document, Unreadable>>) -> BTreeMap<i64, Document> {
    rows.into_iter().filter_map(|(entry, row)| Some((entry, row.ok()?))).collect()
}

fn by_entry<T>(rows: BTreeMap<i64, Result<T, Unreadable>>, source: impl Fn(T) -> Source) -> Sources {
    rows.into_iter().map(|(entry, row)| (SapKey::DocEntry(entry), read(row, &source))).collect()
}

fn read<T>(row: Result<T, Unreadable>, source: impl Fn(T) -> Source) -> Result<Source, Failure> {
    row.map(source).map_err(|unreadable| unreadable.failure())
}

/// It isn't in SAP, though a change or another document says so.
pub(crate) fn not_in_sap(work: &Work) -> Failure {
    Failure::new(Code::SapDocumentGone, format!("{} is not in SAP", work.document()))
}
