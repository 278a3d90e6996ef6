//! Looks for business partners by other members than their code.

use crate::{
    Client, Error, Unreadable,
    entities::BusinessPartner,
    fields::fields_of,
    query::{Query, all_of, codes, of_kind, quote},
    rows::{Envelope, decode, members, plain_text},
};
use model::{ObjectKind, SapKey};
use std::collections::BTreeMap;

/// Keys in one question: their conditions must fit a URL.
const AT_ONCE: usize = 40;

/// By which member to look for suppliers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerBy<'a> {
    /// `CardName`, exactly.
    Name(&'a str),
    /// `FederalTaxID`, exactly.
    TaxId(&'a str),
    /// A member of the customer's own, such as `U_CoupaId`.
    Own(&'a str, &'a str),
}

/// A supplier, as far as it takes to tell which one it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartnerCard {
    /// `CardCode`.
    pub code: String,
    /// `CardName`.
    pub name: String,
    /// `FederalTaxID`.
    pub tax_id: String,
    /// City of the default bill-to address.
    pub city: String,
    /// Country of the same.
    pub country: String,
}

impl Client {
    /// The suppliers that carry this value.
    pub async fn partners_by(&self, by: PartnerBy<'_>) -> Result<Vec<BusinessPartner>, Error> {
        let (member, value) = match by {
            PartnerBy::Name(value) => ("CardName", value),
            PartnerBy::TaxId(value) => ("FederalTaxID", value),
            PartnerBy::Own(member, value) => (member, value),
        };
        let filter = all_of(&[of_kind(ObjectKind::Supplier), format!("{member} eq {}", quote(value))]);
        let query = Query::default()
            .select(fields_of::<BusinessPartner>().iter().copied())
            .filter(&filter)
            .order_by("CardCode");
        let ask = self.ask(format!("BusinessPartners{}", query.as_str()), self.settings.page_size);
        self.read(&ask, |body| {
            let rows = Envelope::of(body)?.value;
            let partners: Result<Vec<BusinessPartner>, Unreadable> =
                rows.iter().map(|row| decode(row)).collect();
            partners.map_err(|unreadable| Error::BadReply(unreadable.to_string()))
        })
        .await
    }

    /// The value of a member of the customer's own for these suppliers, where it has one.
    pub async fn own_member(
        &self,
        member: &str,
        wanted: &[String],
    ) -> Result<BTreeMap<String, String>, Error> {
        let mut found = BTreeMap::new();
        for wanted in wanted.chunks(AT_ONCE) {
            let query =
                Query::default().select(["CardCode", member]).filter(&codes(wanted)).order_by("CardCode");
            let ask = self.ask(format!("BusinessPartners{}", query.as_str()), wanted.len());
            let rows = self
                .read(&ask, |body| {
                    let rows = Envelope::of(body)?.value;
                    let row = |row: &&serde_json::value::RawValue| {
                        let members = members(row);
                        let text = |name: &str| members.get(name).and_then(|value| plain_text(value));
                        Some((text("CardCode")?, text(member).filter(|value| !value.is_empty())?))
                    };
                    Ok(rows.iter().filter_map(row).collect::<Vec<_>>())
                })
                .await?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// Whether business partners have this member here.
    pub async fn has_member(&self, member: &str) -> Result<bool, Error> {
        let query = Query::default().select(["CardCode", member]).top(1);
        let ask = self.ask(format!("BusinessPartners{}", query.as_str()), 1);
        match self.read(&ask, |body| Envelope::of(body).map(|_| ())).await {
            Ok(()) => Ok(true),
            Err(Error::Refused { status: 400, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// All suppliers, page by page in the order of their code.
    pub async fn supplier_cards(&self) -> Result<Vec<PartnerCard>, Error> {
        let (mut cards, mut after): (Vec<PartnerCard>, Option<SapKey>) = (vec![], None);
        let size = self.settings.page_size.max(500);
        loop {
            let behind = crate::query::behind(ObjectKind::Supplier, after.as_ref());
            let query = Query::default()
                .select(["CardCode", "CardName", "FederalTaxID", "City", "Country"])
                .filter(&all_of(&[of_kind(ObjectKind::Supplier), behind]))
                .order_by("CardCode");
            let ask = self.ask(format!("BusinessPartners{}", query.as_str()), size);
            let (rows, more) = self
                .read(&ask, |body| {
                    let page = Envelope::of(body)?;
                    let more = page.next_link().is_some();
                    let rows: Vec<PartnerCard> = page.value.iter().filter_map(|row| card(row)).collect();
                    Ok((rows, more))
                })
                .await?;
            let last = rows.last().map(|row| SapKey::CardCode(row.code.clone()));
            if last.is_none() || last == after {
                return Ok(cards);
            }
            after = last;
            cards.extend(rows);
            if !more {
                return Ok(cards);
            }
        }
    }
}

fn card(row: &serde_json::value::RawValue) -> Option<PartnerCard> {
    let members = members(row);
    let text = |name: &str| {
        members.get(name).and_then(|value| plain_text(value)).unwrap_or_default().trim().to_owned()
    };
    let code = members.get("CardCode").and_then(|value| plain_text(value))?;
    let name = text("CardName");
    Some(PartnerCard {
        code,
        name,
        tax_id: text("FederalTaxID"),
        city: text("City"),
        country: text("Country"),
    })
}
