//! Where a field comes from: the members of SAP that one of Coupa's is made of, or what of Coupa one of SAP's, and by which
//! rule. For people who ask why; the audit trail keeps it with what was sent.

use model::ObjectKind;

/// Where a field comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Coupa's name of it.
    pub field: &'static str,
    /// Members of the document in SAP.
    pub members: &'static [&'static str],
    /// How they become the field.
    pub rule: &'static str,
}

const fn source(field: &'static str, members: &'static [&'static str], rule: &'static str) -> Source {
    Source { field, members, rule }
}

const CUSTOM_FIELDS: Source = source("custom-fields", &[], "[custom_fields] of the mapping file");
const TERM_RULE: &str = "[payment_terms] of the mapping file by number or name, else SAP's name of the term";
const DOCUMENTS_SUPPLIER: Source = source("supplier", &["CardCode"], "the supplier with this number");
const DOCUMENTS_CURRENCY: Source =
    source("currency", &["DocCurrency"], "[currencies] of the mapping file, else as it is");
const DOCUMENTS_TERM: Source = source("payment-term", &["PaymentGroupCode"], TERM_RULE);

const SUPPLIER: &[Source] = &[
    source("number", &["CardCode"], "exactly as SAP spells it"),
    source("name", &["CardName"], "cut to Coupa's 100 characters"),
    source("status", &["Valid", "Frozen"], "active while SAP lets the partner be used on this day"),
    source("tax-id", &["FederalTaxID"], "as it is"),
    source("payment-term", &["PayTermsGrpCode"], TERM_RULE),
    source("primary-address", &["BilltoDefault"], "the default bill-to address"),
    source("primary-contact", &["ContactPerson"], "the main contact, when the supplier is made"),
    source("remit-to-addresses", &["BPAddresses"], "the pay-to addresses, when the supplier is made"),
    source("invoice-matching-level", &[], "`invoice_matching_level` under [suppliers] in the mapping file"),
    source("po-method", &[], "`po_method` under [suppliers] in the mapping file, when the supplier is made"),
    source(
        "payment-method",
        &[],
        "`payment_method` under [suppliers] in the mapping file, when the supplier is made",
    ),
    CUSTOM_FIELDS,
];

const ORDER: &[Source] = &[
    source("po-number", &["DocNum"], "the template of purchase_order under [numbers] in the mapping file"),
    DOCUMENTS_SUPPLIER,
    DOCUMENTS_CURRENCY,
    DOCUMENTS_TERM,
    source(
        "ship-to-address",
        &["DocumentLines"],
        "[ship_to] of the mapping file by the first line's warehouse, else `ship_to_address` of the config",
    ),
    source("ship-to-user", &[], "`ship_to_user` of the config"),
    source(
        "status",
        &["DocumentStatus", "Cancelled"],
        "issued while open, closed softly when SAP closes it, cancelled when SAP cancels it",
    ),
    source(
        "order-lines",
        &["DocumentLines"],
        "each line: quantity and price after discount, or its amount; account by the segments, unit by [units]",
    ),
    source("type", &[], "always an external order"),
    source("transmission-method-override", &[], "never transmitted: the supplier has the order from SAP"),
    source("version", &[], "Coupa's own count, as it last showed it"),
    CUSTOM_FIELDS,
];

const INVOICE: &[Source] = &[
    source("invoice-number", &["DocNum"], "the template under [numbers] in the mapping file"),
    source("invoice-date", &["TaxDate", "DocDate"], "TaxDate, else DocDate"),
    DOCUMENTS_SUPPLIER,
    DOCUMENTS_CURRENCY,
    DOCUMENTS_TERM,
    source("account-type", &[], "`chart_of_accounts` of the config"),
    source(
        "supplier-total",
        &[
            "DocTotal",
            "DocTotalFc",
            "VatSum",
            "VatSumFc",
            "WTAmount",
            "DownPaymentAmount",
            "RoundingDiffAmount",
        ],
        "the document's total in its own currency; what withholding, down payments and rounding do to it stands under [differences] in the mapping file; negative on a credit note",
    ),
    source("internal-note", &["DocEntry", "NumAtCard"], "our mark, and the supplier's own number"),
    source(
        "paid",
        &["DocumentStatus"],
        "true once nothing is left open in SAP and a payment of ours stands on it",
    ),
    source("status", &["Cancelled"], "submitted; void when SAP cancels it"),
    source("original-invoice-number", &["DocumentLines"], "the invoice that the lines were copied from"),
    source("original-invoice-date", &["DocumentLines"], "the invoice that the lines were copied from"),
    source(
        "invoice-lines",
        &["DocumentLines"],
        "each line: quantity and price after discount, or its amount; tax by [tax_codes]; the order line by its base document",
    ),
    source("invoice-charges", &["DocumentAdditionalExpenses"], "each additional expense"),
    source("line-level-taxation", &[], "always: tax stands on the lines"),
    source("is-credit-note", &[], "true on credit notes"),
    CUSTOM_FIELDS,
];

const PAYMENT: &[Source] = &[
    source(
        "payments",
        &["PaymentInvoices"],
        "SumApplied of the row, or AppliedFC where the invoice is in a foreign currency",
    ),
    source("notes", &["DocNum", "DocEntry"], "what the payment is found again by"),
    source("payment-notes", &["DocNum", "DocEntry"], "the payment after which nothing is left open"),
    source("payment-date", &["DocDate"], "as it is"),
    source("paid", &["PaymentInvoices"], "true once nothing is left open on the invoice in SAP"),
];

/// Members of a business partner, by what of Coupa's supplier they are made of: the fields here are SAP's.
const TO_SAP: &[Source] = &[
    source("CardName", &["name"], "as it is"),
    source("CardCode", &["id"], "`card_code` under [suppliers]"),
    source("CardType", &[], "always a supplier"),
    source("FederalTaxID", &["tax-id"], "as it is"),
    source("Valid", &["status"], "with Frozen: active or inactive"),
    source("Frozen", &["status"], "with Valid: active or inactive"),
    source("ValidFrom", &["status"], "emptied, so that no span of dates says otherwise"),
    source("ValidTo", &["status"], "emptied, so that no span of dates says otherwise"),
    source("FrozenFrom", &["status"], "emptied, so that no span of dates says otherwise"),
    source("FrozenTo", &["status"], "emptied, so that no span of dates says otherwise"),
    source(
        "PayTermsGrpCode",
        &["payment-term"],
        "[payment_terms] of the mapping file backwards, else by SAP's name",
    ),
    source("BilltoDefault", &["primary-address"], "the row that the primary address became"),
    source(
        "BPAddresses",
        &["primary-address", "remit-to-addresses"],
        "each into the row that SAP has for it",
    ),
    source("ContactPerson", &["primary-contact"], "the row that the primary contact became"),
    source("ContactEmployees", &["primary-contact"], "into the row that SAP has for it"),
    source("EmailAddress", &["primary-contact"], "its e-mail address, when the partner is made"),
];
const TO_SAP_OTHERWISE: &str = "[suppliers] of the config";

/// What a member sent to SAP is made of and by which rule, in one line.
pub fn source_in_sap(member: &str) -> String {
    TO_SAP
        .iter()
        .find(|source| source.field == member)
        .map_or_else(|| TO_SAP_OTHERWISE.to_owned(), Source::line)
}

/// What a field sent to Coupa is made of and by which rule, in one line. `None` of what is sent for Coupa's own sake.
pub fn source_in_coupa(kind: ObjectKind, field: &str) -> Option<String> {
    source_of(kind, field).map(Source::line)
}

impl Source {
    fn line(&self) -> String {
        if self.members.is_empty() {
            self.rule.to_owned()
        } else {
            format!("{}: {}", self.members.join(", "), self.rule)
        }
    }
}

/// The fields that are known of a kind.
pub const fn sources(kind: ObjectKind) -> &'static [Source] {
    match kind {
        ObjectKind::Supplier => SUPPLIER,
        ObjectKind::PurchaseOrder => ORDER,
        ObjectKind::Invoice | ObjectKind::CreditNote => INVOICE,
        ObjectKind::Payment => PAYMENT,
    }
}

/// Where a field comes from, by Coupa's name of it in any spelling. A total has several names in Coupa; a path leads to the
/// field that it begins with.
pub fn source_of(kind: ObjectKind, field: &str) -> Option<&'static Source> {
    let name = field.to_lowercase().replace('_', "-");
    let first = name.split(['.', '[']).next().unwrap_or_default();
    let name = match first {
        "gross-total" | "total-with-taxes" | "total" => "supplier-total",
        "lines" if kind == ObjectKind::PurchaseOrder => "order-lines",
        "lines" => "invoice-lines",
        "amount-paid" => "payments",
        other => other,
    };
    sources(kind).iter().find(|source| source.field == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_in_any_spelling_and_under_any_of_its_names() {
        use ObjectKind::{CreditNote, Invoice, Payment, PurchaseOrder, Supplier};
        for (kind, name, field) in [
            (Invoice, "gross-total", Some("supplier-total")),
            (CreditNote, "total", Some("supplier-total")),
            (Invoice, "total_with_taxes", Some("supplier-total")),
            (Invoice, "Invoice_Date", Some("invoice-date")),
            (Invoice, "lines", Some("invoice-lines")),
            (CreditNote, "lines[0]", Some("invoice-lines")),
            (PurchaseOrder, "lines", Some("order-lines")),
            (PurchaseOrder, "order-lines[2].price", Some("order-lines")),
            (Payment, "amount_paid", Some("payments")),
            (Supplier, "primary-address.city", Some("primary-address")),
            (Supplier, "colour", None),
            (Supplier, "invoice-date", None),
        ] {
            assert_eq!(source_of(kind, name).map(|source| source.field), field, "{name} of {kind:?}");
        }
    }

    #[test]
    fn a_source_is_told_in_one_line_with_its_members_first() {
        let in_coupa = |field| source_in_coupa(ObjectKind::Invoice, field);
        assert_eq!(in_coupa("invoice-date").as_deref(), Some("TaxDate, DocDate: TaxDate, else DocDate"));
        assert_eq!(in_coupa("is-credit-note").as_deref(), Some("true on credit notes"));
        assert_eq!(in_coupa("version"), None);
        for (member, told) in [
            ("FederalTaxID", "tax-id: as it is"),
            ("CardCode", "id: `card_code` under [suppliers]"),
            ("CardType", "always a supplier"),
            ("GroupCode", "[suppliers] of the config"),
        ] {
            assert_eq!(source_in_sap(member), told);
        }
    }
}
