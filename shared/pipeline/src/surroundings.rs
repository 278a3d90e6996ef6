//! What stands around a wave's documents in Coupa and in our own store, looked up for all of them at once.

use crate::{
    Pipeline,
    attempt::Work,
    both_ways::AroundPairs,
    order::AroundOrder,
    wave::{Image, found},
};
use coupa::{Invoice, Order, Supplier, Tally};
use mapping::OrderImage;
use model::planted::{Bug, bug};
use model::{Code, DocumentItem, DocumentKey, Failure, Lane, Step};
use std::collections::{BTreeMap, BTreeSet};
use store::StoreError;

/// What Coupa and our own store have, looked up for the whole wave at once.
#[derive(Default)]
pub(crate) struct Surroundings {
    pub(crate) suppliers: BTreeMap<String, Vec<Supplier>>,
    pub(crate) orders: BTreeMap<String, Vec<Order>>,
    pub(crate) invoices: BTreeMap<String, Vec<Invoice>>,
    pub(crate) items: BTreeMap<DocumentKey, DocumentItem>,
    pub(crate) pairs: AroundPairs,
}

impl Surroundings {
    pub(crate) fn of_order(&self, image: &OrderImage) -> AroundOrder<'_> {
        AroundOrder { found: found(&self.orders, &image.po_number), items: &self.items }
    }
}

impl Pipeline {
    pub(crate) async fn look_around(
        &self,
        ready: &[(Work, Image)],
        tally: &Tally,
    ) -> Result<Surroundings, Failure> {
        let lane = ready.iter().map(|(work, _)| work.change.lane).min().unwrap_or(Lane::Backfill);
        let call = tally.call(lane);
        let mut around = Surroundings::default();
        let (mut suppliers, mut orders, mut invoices) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut needed = BTreeSet::new();
        for (work, image) in ready {
            let unlinked = (work.item.link.is_none() || work.afresh()) && !bug(Bug::CreateWithoutAsking);
            match image {
                Image::Supplier(image) if unlinked => drop(suppliers.insert(image.number.clone())),
                Image::Order(image) => {
                    // Before a close its status is looked at even where it is linked: a second close is for good.
                    if unlinked || work.change.step == Step::Close {
                        orders.insert(image.po_number.clone());
                    }
                    if unlinked {
                        needed.insert(DocumentKey::supplier(&self.settings.company, &image.supplier));
                    }
                }
                Image::Invoice(image) => {
                    // A cancelled one too: the link may have been lost with a store, and then it is still to be voided.
                    if unlinked {
                        invoices.insert(image.number.clone());
                    }
                    needed.insert(DocumentKey::supplier(&self.settings.company, &image.supplier));
                    needed.extend(self.orders_under(image));
                }
                _ => {}
            }
        }
        let list = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>();
        if !suppliers.is_empty() {
            around.suppliers =
                self.coupa.find_suppliers(&call, &list(suppliers)).await.map_err(|e| e.failure())?;
        }
        if !orders.is_empty() {
            around.orders = self.coupa.find_orders(&call, &list(orders)).await.map_err(|e| e.failure())?;
        }
        if !invoices.is_empty() {
            around.invoices =
                self.coupa.find_invoices(&call, &list(invoices)).await.map_err(|e| e.failure())?;
        }
        around.pairs = self.look_around_pairs(ready, &call).await?;
        around.items = self.items(needed).await?;
        Ok(around)
    }

    /// Items of other documents, as they stand.
    pub(crate) async fn items(
        &self,
        documents: BTreeSet<DocumentKey>,
    ) -> Result<BTreeMap<DocumentKey, DocumentItem>, Failure> {
        let documents: Vec<DocumentKey> = documents.into_iter().collect();
        if documents.is_empty() {
            return Ok(BTreeMap::new());
        }
        let failed = |error: StoreError| Failure::new(Code::StoreFailed, error.to_string());
        let items = self.state.items(&documents).await.map_err(failed)?;
        Ok(documents.into_iter().zip(items).filter_map(|(key, item)| Some((key, item?))).collect())
    }
}
