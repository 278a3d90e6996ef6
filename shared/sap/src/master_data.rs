//! Short tables that documents refer to, read whole.

use crate::{
    Client, Error,
    query::Query,
    rows::{Envelope, members, plain_text},
};
use std::collections::BTreeMap;

/// More pages than this are no master data.
const MOST_PAGES: usize = 10_000;

/// A row of `PaymentTermsTypes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentTerm {
    /// `GroupNumber`, which documents and partners refer to.
    pub number: i64,
    /// `PaymentTermsGroupName`.
    pub name: String,
}

/// A row of master data that people know by a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coded {
    /// The code.
    pub code: String,
    /// The name; empty where there is none.
    pub name: String,
}

/// Entity set, key, code and name.
pub(crate) const TABLES: [(&str, &str, &str, &str); 5] = [
    ("PaymentTermsTypes", "GroupNumber", "GroupNumber", "PaymentTermsGroupName"),
    ("Currencies", "Code", "Code", "Name"),
    ("UnitOfMeasurements", "AbsEntry", "Code", "Name"),
    ("Warehouses", "WarehouseCode", "WarehouseCode", "WarehouseName"),
    ("ChartOfAccounts", "Code", "Code", "Name"),
];

impl Client {
    /// All payment terms.
    pub async fn payment_terms(&self) -> Result<Vec<PaymentTerm>, Error> {
        let rows = self.table(TABLES[0]).await?;
        let term = |row: Coded| Some(PaymentTerm { number: row.code.parse().ok()?, name: row.name });
        Ok(rows.into_iter().filter_map(term).collect())
    }

    /// All currencies. A code may be a local symbol such as `$`.
    pub async fn currencies(&self) -> Result<Vec<Coded>, Error> {
        self.table(TABLES[1]).await
    }

    /// All units of measure.
    pub async fn units(&self) -> Result<Vec<Coded>, Error> {
        self.table(TABLES[2]).await
    }

    /// All warehouses.
    pub async fn warehouses(&self) -> Result<Vec<Coded>, Error> {
        self.table(TABLES[3]).await
    }

    /// All accounts of the chart, titles among them.
    pub async fn accounts(&self) -> Result<Vec<Coded>, Error> {
        self.table(TABLES[4]).await
    }

    /// Follows SAP's links. They only count rows, so a table that changes meanwhile may show a row twice: the code decides.
    async fn table(&self, (set, key, code, name): (&str, &str, &str, &str)) -> Result<Vec<Coded>, Error> {
        let mut select = vec![code, name];
        if key != code {
            select.push(key);
        }
        let query = Query::default().select(select).order_by(key);
        let mut target = format!("{set}{}", query.as_str());
        let mut table = BTreeMap::new();
        for _ in 0..MOST_PAGES {
            let ask = self.ask(target.clone(), self.settings.page_size);
            let (rows, next) = self
                .read(&ask, |body| {
                    let page = Envelope::of(body)?;
                    let next = page.next_link().map(|link| self.root.relative(link)).transpose()?;
                    let rows: Vec<Coded> =
                        page.value.iter().filter_map(|row| coded(row, code, name)).collect();
                    Ok((rows, next))
                })
                .await?;
            table.extend(rows.into_iter().map(|row| (row.code.clone(), row)));
            match next {
                Some(next) if next != target => target = next,
                _ => return Ok(table.into_values().collect()),
            }
        }
        Err(Error::BadReply(format!("{set} has no last page")))
    }
}

fn coded(row: &serde_json::value::RawValue, code: &str, name: &str) -> Option<Coded> {
    let members = members(row);
    let text = |member: &str| members.get(member).and_then(|value| plain_text(value));
    Some(Coded { code: text(code)?, name: text(name).unwrap_or_default() })
}
