//! Where a value in Coupa comes from: what SAP holds now, by which rule, and what Coupa shows.

use crate::{
    Pipeline,
    invoice::invoice_fields,
    order_lines::{order_fields, order_lines},
    reconcile::{ReconcileError, sap_side::Expected},
};
use coupa::{Invoice, Order, Tally, WholeSupplier};
use mapping::Source;
use model::{DocumentKey, Lane, Link, ObjectKind, Sent, Stamp};
use sap::entities::Document;
use serde_json::Value;

/// What is known about a field of a document at present.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Why {
    /// Members of SAP with what they hold, as far as they are single values.
    pub sap: Vec<(String, String)>,
    /// SAP's stamp of the document.
    pub stamp: Option<Stamp>,
    /// What a sync would send of it now.
    pub now: Option<Value>,
    /// What Coupa shows of it.
    pub shown: Option<Value>,
    /// Why it can't be mapped, if it can't.
    pub refused: Option<String>,
}

impl Pipeline {
    /// Asks both sides about one field.
    pub async fn why(&self, document: &DocumentKey, source: &Source) -> Result<Why, ReconcileError> {
        let mut why = Why::default();
        let keys = std::slice::from_ref(&document.key);
        if document.kind == ObjectKind::Payment {
            let payments = self.sap.payments(&document.doc_entry().into_iter().collect::<Vec<_>>()).await?;
            for payment in payments.into_values().filter_map(Result::ok) {
                let members = [
                    ("DocNum", payment.doc_num.map(|number| number.to_string())),
                    ("DocEntry", Some(payment.doc_entry.to_string())),
                    ("DocDate", payment.doc_date.map(|date| date.to_string())),
                ];
                why.sap = single(source, members);
                why.sap.extend(payment.payment_invoices.iter().filter(|row| row.is_invoice()).map(|row| {
                    let entry = row.doc_entry.unwrap_or_default();
                    let sums = format!("SumApplied {}, AppliedFC {}", row.sum_applied, row.applied_fc);
                    (format!("PaymentInvoices on invoice entry {entry}"), sums)
                }));
            }
            return Ok(why);
        }
        if document.kind == ObjectKind::Supplier {
            let codes = [document.key.to_string()];
            for partner in self.sap.suppliers(&codes).await?.into_values().filter_map(Result::ok) {
                why.stamp = partner.stamp();
                let members = [
                    ("CardCode", Some(partner.card_code.clone())),
                    ("CardName", Some(partner.card_name.clone())),
                    ("FederalTaxID", Some(partner.federal_tax_id.clone())),
                    ("PayTermsGrpCode", partner.pay_terms_grp_code.map(|code| code.to_string())),
                    ("BilltoDefault", Some(partner.bill_to_default.clone())),
                    ("ContactPerson", Some(partner.contact_person.clone())),
                    ("Valid", Some(format!("{:?}", partner.valid))),
                    ("Frozen", Some(format!("{:?}", partner.frozen))),
                ];
                why.sap = single(source, members);
            }
        } else {
            let entries: Vec<i64> = document.doc_entry().into_iter().collect();
            let documents = self.sap.documents(document.kind, &entries).await?;
            for document in documents.into_values().filter_map(Result::ok) {
                why.stamp = document.stamp();
                why.sap = single(source, members(&document));
            }
        }
        match self.sap_side(document.kind, keys).await?.remove(&document.key).map(|entry| entry.expected) {
            Some(Ok(expected)) => why.now = fields(&expected).get(source.field).cloned(),
            Some(Err(failure)) => why.refused = Some(failure.to_string()),
            None => {}
        }
        let items = self.items([document.clone()].into()).await?;
        if let Some(link) = items.get(document).and_then(|item| item.link.as_ref()) {
            why.shown = self.shows(link).await?.get(shown_as(source.field)).cloned();
        }
        Ok(why)
    }

    async fn shows(&self, link: &Link) -> Result<Sent, ReconcileError> {
        let tally = Tally::default();
        let call = tally.call(Lane::Live);
        let shown = match link {
            Link::Supplier(link) => value(&self.coupa.get::<WholeSupplier>(&call, link.coupa_id).await?),
            Link::Order(link) => value(&self.coupa.get::<Order>(&call, link.coupa_id).await?),
            Link::Invoice(link) => value(&self.coupa.get::<Invoice>(&call, link.coupa_id).await?),
            Link::Payment(_) => Value::Null,
        };
        Ok(match shown {
            Value::Object(shown) => shown,
            _ => Sent::new(),
        })
    }
}

/// What we send as the supplier's total, Coupa shows as its own.
fn shown_as(field: &str) -> &str {
    if field == "supplier-total" { "total-with-taxes" } else { field }
}

fn value<T: serde::Serialize>(record: &T) -> Value {
    serde_json::to_value(record).unwrap_or_default()
}

fn fields(expected: &Expected) -> Sent {
    match expected {
        Expected::Supplier(image) => {
            let mut fields = image.fields.clone();
            fields.extend(image.at_creation.clone());
            fields
        }
        Expected::Order(image) => order_fields(image, &order_lines(&Sent::new(), &image.lines)),
        Expected::Invoice(image) => invoice_fields(image),
    }
}

fn single<'a>(
    source: &Source,
    members: impl IntoIterator<Item = (&'a str, Option<String>)>,
) -> Vec<(String, String)> {
    let wanted = |(name, _): &(&str, Option<String>)| source.members.contains(name);
    let held = |(name, value): (&str, Option<String>)| Some((name.to_owned(), value?));
    members.into_iter().filter(wanted).filter_map(held).collect()
}

fn members(document: &Document) -> [(&'static str, Option<String>); 17] {
    let text = |text: &str| Some(text.to_owned());
    let date = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string());
    let amount = |amount: rust_decimal::Decimal| Some(amount.to_string());
    let flag = |set: bool| Some(if set { "tYES" } else { "tNO" }.to_owned());
    [
        ("DocEntry", Some(document.doc_entry.to_string())),
        ("DocNum", document.doc_num.map(|number| number.to_string())),
        ("CardCode", text(&document.card_code)),
        ("NumAtCard", text(&document.num_at_card)),
        ("DocCurrency", text(&document.doc_currency)),
        ("PaymentGroupCode", document.payment_group_code.map(|code| code.to_string())),
        ("TaxDate", date(document.tax_date)),
        ("DocDate", date(document.doc_date)),
        ("DocTotal", amount(document.doc_total)),
        ("DocTotalFc", amount(document.doc_total_fc)),
        ("VatSum", amount(document.vat_sum)),
        ("VatSumFc", amount(document.vat_sum_fc)),
        ("WTAmount", amount(document.wt_amount)),
        ("DownPaymentAmount", amount(document.down_payment_amount)),
        ("RoundingDiffAmount", amount(document.rounding_diff_amount)),
        ("DocumentStatus", Some(format!("{:?}", document.document_status))),
        ("Cancelled", flag(document.is_cancelled())),
    ]
}
