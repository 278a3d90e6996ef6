use crate::{
    Call, Client, Error, Invoice, Order, Query, Record, Supplier, SupplierStamp, WholeSupplier,
    documents::PAGE, query::encode,
};
use model::CoupaId;
use std::collections::{BTreeMap, BTreeSet};

/// Longer lists are split, so that the URL stays well below what servers take.
const MOST_ENCODED: usize = 4_000;

impl Client {
    /// The suppliers that carry these numbers exactly. A number nobody carries has no entry.
    pub async fn find_suppliers(
        &self,
        call: &Call<'_>,
        numbers: &[String],
    ) -> Result<BTreeMap<String, Vec<Supplier>>, Error> {
        self.find(call, "number", numbers, |supplier: &Supplier| supplier.number.as_deref()).await
    }

    /// The same, each whole.
    pub async fn find_whole_suppliers(
        &self,
        call: &Call<'_>,
        numbers: &[String],
    ) -> Result<BTreeMap<String, Vec<WholeSupplier>>, Error> {
        self.find(call, "number", numbers, |supplier: &WholeSupplier| supplier.number.as_deref()).await
    }

    /// The suppliers of these ids that meet the conditions of `query`, each whole.
    pub async fn whole_suppliers(
        &self,
        call: &Call<'_>,
        ids: &[CoupaId],
        query: &Query,
    ) -> Result<BTreeMap<CoupaId, WholeSupplier>, Error> {
        let ids: BTreeSet<CoupaId> = ids.iter().copied().collect();
        let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let mut found = BTreeMap::new();
        for texts in texts.chunks(PAGE) {
            let query = query.clone().one_of("id", texts);
            let page: Vec<WholeSupplier> = self.page(call, &query, None).await?;
            found.extend(page.into_iter().filter(|one| ids.contains(&one.id)).map(|one| (one.id, one)));
        }
        Ok(found)
    }

    /// The numbers among these whose suppliers meet the conditions of `query`.
    pub async fn numbers_meeting(
        &self,
        call: &Call<'_>,
        numbers: &[String],
        query: &Query,
    ) -> Result<BTreeSet<String>, Error> {
        let wanted: BTreeSet<&str> = numbers.iter().map(String::as_str).collect();
        let mut met = BTreeSet::new();
        for of_numbers in queries("number", &wanted) {
            for row in self.list::<SupplierStamp>(call, &of_numbers.and(query)).await? {
                met.extend(row.number.filter(|number| wanted.contains(number.as_str())));
            }
        }
        Ok(met)
    }

    /// The supplier that was changed last of all; `None` in a Coupa without suppliers.
    pub async fn last_changed_supplier(&self, call: &Call<'_>) -> Result<Option<SupplierStamp>, Error> {
        let query = Query::new()
            .parameter("order_by", "updated_at")
            .parameter("dir", "desc")
            .parameter("limit", "1")
            .parameter("fields", SupplierStamp::FIELDS);
        Ok(self.rows(call, SupplierStamp::RESOURCE.name(), query).await?.into_iter().next())
    }

    /// The orders that carry these po-numbers exactly.
    pub async fn find_orders(
        &self,
        call: &Call<'_>,
        numbers: &[String],
    ) -> Result<BTreeMap<String, Vec<Order>>, Error> {
        self.find(call, "po_number", numbers, |order: &Order| order.po_number.as_deref()).await
    }

    /// The invoices and credit notes that carry these numbers exactly, of whatever supplier: the caller matches
    /// the pair of supplier and number.
    pub async fn find_invoices(
        &self,
        call: &Call<'_>,
        numbers: &[String],
    ) -> Result<BTreeMap<String, Vec<Invoice>>, Error> {
        self.find(call, "invoice_number", numbers, |invoice: &Invoice| invoice.invoice_number.as_deref())
            .await
    }

    /// The invoices of these ids, payments and all. An id that Coupa doesn't know has no entry.
    pub async fn invoices_by_id(
        &self,
        call: &Call<'_>,
        ids: &[CoupaId],
    ) -> Result<BTreeMap<CoupaId, Invoice>, Error> {
        let ids: BTreeSet<CoupaId> = ids.iter().copied().collect();
        let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let mut found = BTreeMap::new();
        for texts in texts.chunks(PAGE) {
            let page: Vec<Invoice> = self.page(call, &Query::new().one_of("id", texts), None).await?;
            found.extend(
                page.into_iter().filter(|one| ids.contains(&one.id)).map(|invoice| (invoice.id, invoice)),
            );
        }
        Ok(found)
    }

    async fn find<T: Record>(
        &self,
        call: &Call<'_>,
        attribute: &str,
        numbers: &[String],
        number_of: impl Fn(&T) -> Option<&str>,
    ) -> Result<BTreeMap<String, Vec<T>>, Error> {
        let wanted: BTreeSet<&str> =
            numbers.iter().map(String::as_str).filter(|number| !number.is_empty()).collect();
        let mut found: BTreeMap<String, Vec<T>> = BTreeMap::new();
        for query in queries(attribute, &wanted) {
            for row in self.list::<T>(call, &query).await? {
                // Coupa may compare without regard to case or blanks; we don't.
                let number = number_of(&row).filter(|number| wanted.contains(number)).map(str::to_owned);
                if let Some(number) = number {
                    let rows = found.entry(number).or_default();
                    if rows.iter().all(|known| known.id() != row.id()) {
                        rows.push(row);
                    }
                }
            }
        }
        Ok(found)
    }
}

/// As few questions as possible: 50 values in one, as far as the URL allows. Values that a list would take apart or
/// trim are asked for one by one.
pub(crate) fn queries(attribute: &str, values: &BTreeSet<&str>) -> Vec<Query> {
    let alone = |value: &&str| value.contains(',') || value.trim() != *value;
    let mut queries: Vec<Query> = Vec::new();
    let mut together: Vec<&str> = Vec::new();
    let mut length = 0;
    for &value in values {
        if alone(&value) {
            queries.push(Query::new().equals(attribute, value));
            continue;
        }
        let mut encoded = String::new();
        encode(&mut encoded, value);
        if together.len() == PAGE || !together.is_empty() && length + encoded.len() > MOST_ENCODED {
            queries.push(Query::new().one_of(attribute, &together));
            together.clear();
            length = 0;
        }
        length += encoded.len() + 3;
        together.push(value);
    }
    if !together.is_empty() {
        queries.push(Query::new().one_of(attribute, &together));
    }
    queries
}
