use super::document::{CancelStatus, Document, Expense, Withholding};
use super::line::{status, text_or_null};
use crate::sap::layout::{Getter, entity};
use crate::sap::value::{Entity, Record, Value};
use rust_decimal::Decimal;
use std::sync::LazyLock;

static EMPTY_TAX_EXTENSION: LazyLock<Record> = LazyLock::new(|| Record::new("TaxExtension"));
static EMPTY_ADDRESS_EXTENSION: LazyLock<Record> = LazyLock::new(|| Record::new("AddressExtension"));

static DOCUMENT: &[(&str, Getter<Document>)] = &[
    ("DocEntry", |document| Value::Int(document.entry)),
    ("DocNum", |document| Value::Int(document.number)),
    ("DocType", |document| {
        Value::Name(if document.service { "dDocument_Service" } else { "dDocument_Items" })
    }),
    ("HandWritten", |_| Value::Name("tNO")),
    ("Printed", |_| Value::Name("psNo")),
    ("DocDate", |document| Value::Date(document.date)),
    ("DocDueDate", |document| Value::Date(document.due_date)),
    ("TaxDate", |document| Value::Date(document.tax_date)),
    ("VatDate", |document| Value::Date(document.tax_date)),
    ("DocTime", |document| Value::Time(document.time)),
    ("CardCode", |document| Value::Text(&document.card_code)),
    ("CardName", |document| text_or_null(&document.card_name)),
    ("FederalTaxID", |document| text_or_null(&document.federal_tax_id)),
    ("NumAtCard", |document| text_or_null(&document.reference)),
    ("Comments", |document| text_or_null(&document.comments)),
    ("DocCurrency", |document| Value::Text(&document.currency)),
    ("DocRate", |document| Value::Amount(document.rate)),
    ("DocTotal", |document| Value::Amount(document.total.local)),
    ("DocTotalFc", |document| Value::Amount(document.total.foreign)),
    ("DocTotalSys", |document| Value::Amount(document.total.local)),
    ("VatSum", |document| Value::Amount(document.tax.local)),
    ("VatSumFc", |document| Value::Amount(document.tax.foreign)),
    ("VatSumSys", |document| Value::Amount(document.tax.local)),
    ("DiscountPercent", |document| Value::Amount(document.discount_percent)),
    ("TotalDiscount", |document| Value::Amount(document.discount.local)),
    ("TotalDiscountFC", |document| Value::Amount(document.discount.foreign)),
    ("TotalDiscountSC", |document| Value::Amount(document.discount.local)),
    ("Rounding", |document| Value::Name(if document.rounding.local.is_zero() { "tNO" } else { "tYES" })),
    ("RoundingDiffAmount", |document| Value::Amount(document.rounding.local)),
    ("RoundingDiffAmountFC", |document| Value::Amount(document.rounding.foreign)),
    ("RoundingDiffAmountSC", |document| Value::Amount(document.rounding.local)),
    ("DownPaymentAmount", |document| Value::Amount(document.down_payment.local)),
    ("DownPaymentAmountFC", |document| Value::Amount(document.down_payment.foreign)),
    ("DownPaymentAmountSC", |document| Value::Amount(document.down_payment.local)),
    ("WTAmount", |document| Value::Amount(withheld(document).local)),
    ("WTAmountFC", |document| Value::Amount(withheld(document).foreign)),
    ("WTAmountSC", |document| Value::Amount(withheld(document).local)),
    ("PaidToDate", |document| Value::Amount(document.paid.local)),
    ("PaidToDateFC", |document| Value::Amount(document.paid.foreign)),
    ("PaidToDateSys", |document| Value::Amount(document.paid.local)),
    ("PaymentGroupCode", |document| Value::Int(document.payment_terms.into())),
    ("PaymentBlock", |_| Value::Name("tNO")),
    ("Series", |document| Value::Int(document.series.into())),
    ("DocObjectCode", |document| Value::Name(document.kind.object_code())),
    ("DocumentSubType", |_| Value::Name("bod_None")),
    ("DocumentStatus", |document| status(document.closed)),
    ("Cancelled", |document| Value::Name(if document.cancel == CancelStatus::Yes { "tYES" } else { "tNO" })),
    ("CancelStatus", |document| {
        Value::Name(match document.cancel {
            CancelStatus::No => "csNo",
            CancelStatus::Yes => "csYes",
            CancelStatus::Cancellation => "csCancellation",
        })
    }),
    ("CancelDate", |document| document.cancel_date.map_or(Value::Null, Value::Date)),
    ("AuthorizationStatus", |_| Value::Name("dasWithout")),
    ("Confirmed", |_| Value::Name("tYES")),
    ("PartialSupply", |_| Value::Name("tYES")),
    ("SalesPersonCode", |_| Value::Int(-1)),
    ("NumberOfInstallments", |_| Value::Int(1)),
    ("CreationDate", |document| Value::Date(document.created)),
    ("UpdateDate", |document| document.updated.map_or(Value::Null, |at| Value::Date(at.date()))),
    ("UpdateTime", |document| document.updated.map_or(Value::Null, |at| Value::Time(at.time()))),
    ("DataVersion", |document| Value::Int(document.data_version)),
    ("TransNum", |document| document.journal_entry.map_or(Value::Null, Value::Int)),
    ("ControlAccount", |document| {
        if !document.kind.has_balance() {
            return Value::Null;
        }
        Value::Text(if document.is_foreign { "231000" } else { "230000" })
    }),
    ("DocumentLines", |document| Value::Rows(rows(&document.lines))),
    ("DocumentAdditionalExpenses", |document| Value::Rows(rows(&document.expenses))),
    ("WithholdingTaxDataCollection", |document| {
        Value::Rows(document.withholding.iter().map(|row| row as &dyn Entity).collect())
    }),
    ("TaxExtension", |_| Value::Object(&*EMPTY_TAX_EXTENSION)),
    ("AddressExtension", |_| Value::Object(&*EMPTY_ADDRESS_EXTENSION)),
];

fn withheld(document: &Document) -> super::Amounts {
    document.withholding.as_ref().map(|withholding| withholding.amount).unwrap_or_default()
}

fn rows<T: Entity>(rows: &[T]) -> Vec<&dyn Entity> {
    rows.iter().map(|row| row as &dyn Entity).collect()
}

static EXPENSE: &[(&str, Getter<Expense>)] = &[
    ("LineNum", |expense| Value::Int(expense.line_number)),
    ("ExpenseCode", |expense| Value::Int(expense.code)),
    ("Remarks", |expense| text_or_null(&expense.remarks)),
    ("LineTotal", |expense| Value::Amount(expense.net.local)),
    ("LineTotalFC", |expense| Value::Amount(expense.net.foreign)),
    ("LineTotalSys", |expense| Value::Amount(expense.net.local)),
    ("LineGross", |expense| Value::Amount(expense.net.local + expense.tax.local)),
    ("LineGrossFC", |expense| Value::Amount(expense.net.foreign + expense.tax.foreign)),
    ("VatGroup", |expense| text_or_null(&expense.vat_group)),
    ("TaxPercent", |expense| Value::Amount(expense.tax_rate)),
    ("TaxSum", |expense| Value::Amount(expense.tax.local)),
    ("TaxSumFC", |expense| Value::Amount(expense.tax.foreign)),
    ("TaxSumSys", |expense| Value::Amount(expense.tax.local)),
    ("TaxTotalSum", |expense| Value::Amount(expense.tax.local)),
    ("TaxLiable", |_| Value::Name("tYES")),
    ("DistributionMethod", |_| Value::Name("aedm_RowTotal")),
    ("Status", |_| status(false)),
];

static WITHHOLDING: &[(&str, Getter<Withholding>)] = &[
    ("LineNum", |_| Value::Int(0)),
    ("WTCode", |row| Value::Text(&row.code)),
    ("Rate", |row| Value::Amount(row.rate)),
    ("TaxableAmount", |row| Value::Amount(row.taxable.local)),
    ("TaxableAmountFC", |row| Value::Amount(row.taxable.foreign)),
    ("WTAmount", |row| Value::Amount(row.amount.local)),
    ("WTAmountFC", |row| Value::Amount(row.amount.foreign)),
    ("AppliedWTAmount", |_| Value::Amount(Decimal::ZERO)),
    ("Status", |_| status(false)),
];

entity!(Document, DOCUMENT_LAYOUT, "Document", DOCUMENT);
entity!(Expense, EXPENSE_LAYOUT, "DocumentAdditionalExpense", EXPENSE);
entity!(Withholding, WITHHOLDING_LAYOUT, "WithholdingTaxData", WITHHOLDING);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sap::schema::SCHEMA;

    #[test]
    fn the_metadata_knows_all_members() {
        let known = |entity_type: &str, name: &str| {
            assert!(SCHEMA.entity_type(entity_type).index(name).is_some(), "{entity_type} {name}");
        };
        for (name, _) in DOCUMENT {
            known("Document", name);
        }
        for (name, _) in EXPENSE {
            known("DocumentAdditionalExpense", name);
        }
        for (name, _) in WITHHOLDING {
            known("WithholdingTaxData", name);
        }
    }
}
