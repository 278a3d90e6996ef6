//! Members of SAP's entities by name, as text: for number templates and custom fields.

use jiff::civil::Date;
use model::ObjectKind;
use sap::entities::{BusinessPartner, Document};

const OF_DOCUMENTS: [&str; 11] = [
    "CardCode",
    "CardName",
    "Comments",
    "DocCurrency",
    "DocDate",
    "DocDueDate",
    "DocEntry",
    "DocNum",
    "NumAtCard",
    "Series",
    "TaxDate",
];

const OF_PARTNERS: [&str; 7] =
    ["CardCode", "CardName", "ContactPerson", "EmailAddress", "FederalTaxID", "Phone1", "Website"];

/// Whether a member is there without having been asked for by the mapping file.
pub(crate) fn is_decoded(kind: ObjectKind, member: &str) -> bool {
    match kind {
        ObjectKind::Supplier => OF_PARTNERS.contains(&member),
        ObjectKind::PurchaseOrder | ObjectKind::Invoice | ObjectKind::CreditNote => {
            OF_DOCUMENTS.contains(&member)
        }
        ObjectKind::Payment => false,
    }
}

/// A document's member; `None` where it is empty.
pub(crate) fn of_document(document: &Document, member: &str) -> Option<String> {
    let text = |text: &str| Some(text.to_owned());
    let date = |date: Option<Date>| date.map(|date| date.to_string());
    let value = match member {
        "CardCode" => text(&document.card_code),
        "CardName" => text(&document.card_name),
        "Comments" => text(&document.comments),
        "DocCurrency" => text(&document.doc_currency),
        "DocDate" => date(document.doc_date),
        "DocDueDate" => date(document.doc_due_date),
        "DocEntry" => Some(document.doc_entry.to_string()),
        "DocNum" => document.doc_num.map(|number| number.to_string()),
        "NumAtCard" => text(&document.num_at_card),
        "Series" => document.series.map(|series| series.to_string()),
        "TaxDate" => date(document.tax_date),
        _ => document.extra.get(member).cloned(),
    };
    value.filter(|value| !value.is_empty())
}

/// A business partner's member; `None` where it is empty.
pub(crate) fn of_partner(partner: &BusinessPartner, member: &str) -> Option<String> {
    let value = match member {
        "CardCode" => &partner.card_code,
        "CardName" => &partner.card_name,
        "ContactPerson" => &partner.contact_person,
        "EmailAddress" => &partner.email_address,
        "FederalTaxID" => &partner.federal_tax_id,
        "Phone1" => &partner.phone1,
        "Website" => &partner.website,
        _ => partner.extra.get(member)?,
    };
    (!value.is_empty()).then(|| value.clone())
}
