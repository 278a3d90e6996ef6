use crate::CoupaId;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A company database of SAP Business One, such as `SBODEMOUS`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CompanyDb(pub String);

impl fmt::Display for CompanyDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The five kinds of document that move. Their order is the order of dependence: what comes later needs
/// what comes earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// `BusinessPartners` with `CardType = cSupplier`.
    Supplier,
    /// `PurchaseOrders`.
    PurchaseOrder,
    /// `PurchaseInvoices`.
    Invoice,
    /// `PurchaseCreditNotes`.
    CreditNote,
    /// `VendorPayments`.
    Payment,
}

impl ObjectKind {
    /// All kinds, in the order of dependence.
    pub const ALL: [Self; 5] =
        [Self::Supplier, Self::PurchaseOrder, Self::Invoice, Self::CreditNote, Self::Payment];

    /// One document of this kind, as in `b1-coupa audit show invoice 100237`.
    pub const fn singular(self) -> &'static str {
        match self {
            Self::Supplier => "supplier",
            Self::PurchaseOrder => "purchase_order",
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
            Self::Payment => "payment",
        }
    }

    /// The object, as in the config's `objects`.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Supplier => "suppliers",
            Self::PurchaseOrder => "purchase_orders",
            Self::Invoice => "invoices",
            Self::CreditNote => "credit_notes",
            Self::Payment => "payments",
        }
    }

    /// Reads either spelling, with `-` or `_`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_lowercase().replace('-', "_");
        Self::ALL.into_iter().find(|kind| kind.singular() == text || kind.plural() == text)
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.singular())
    }
}

/// What SAP calls the document by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SapKey {
    /// `DocEntry` of a document or payment.
    DocEntry(i64),
    /// `CardCode` of a business partner, exactly as SAP spells it.
    CardCode(String),
}

impl fmt::Display for SapKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DocEntry(entry) => write!(f, "{entry}"),
            Self::CardCode(code) => f.write_str(code),
        }
    }
}

/// Stands before Coupa's id in the key of a supplier that has no number yet. Longer than SAP's longest `CardCode` (15
/// characters), so that it can't be one.
const NEW_SUPPLIER: &str = "new-in-coupa-by-id:";

/// One document of one company. Its text form `SBODEMOUS/invoice/2301` is also its key in the stores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentKey {
    /// Whose.
    pub company: CompanyDb,
    /// What.
    pub kind: ObjectKind,
    /// Which.
    pub key: SapKey,
}

impl DocumentKey {
    /// A document that SAP counts by `DocEntry`.
    pub fn entry(company: &CompanyDb, kind: ObjectKind, doc_entry: i64) -> Self {
        Self { company: company.clone(), kind, key: SapKey::DocEntry(doc_entry) }
    }

    /// A supplier.
    pub fn supplier(company: &CompanyDb, card_code: &str) -> Self {
        let key = SapKey::CardCode(card_code.to_owned());
        Self { company: company.clone(), kind: ObjectKind::Supplier, key }
    }

    /// A supplier of Coupa's that has no number yet, so that SAP has no code for it either.
    pub fn new_supplier(company: &CompanyDb, id: CoupaId) -> Self {
        Self::supplier(company, &format!("{NEW_SUPPLIER}{id}"))
    }

    /// Coupa's id, where this is a supplier without a number.
    pub fn new_supplier_id(&self) -> Option<CoupaId> {
        match &self.key {
            SapKey::CardCode(code) if self.kind == ObjectKind::Supplier => {
                code.strip_prefix(NEW_SUPPLIER)?.parse().ok().map(CoupaId)
            }
            _ => None,
        }
    }

    /// `DocEntry`, where this is not a supplier.
    pub fn doc_entry(&self) -> Option<i64> {
        match self.key {
            SapKey::DocEntry(entry) => Some(entry),
            SapKey::CardCode(_) => None,
        }
    }
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.company, self.kind, self.key)
    }
}

/// A text that is no [`DocumentKey`].
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no document key: expected COMPANY/KIND/KEY, such as SBODEMOUS/invoice/2301")]
pub struct ParseKeyError(String);

impl FromStr for DocumentKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseKeyError(text.to_owned());
        let mut parts = text.splitn(3, '/');
        let (Some(company), Some(kind), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(error());
        };
        let company = CompanyDb(company.to_owned());
        match ObjectKind::parse(kind).ok_or_else(error)? {
            ObjectKind::Supplier => Ok(Self::supplier(&company, key)),
            kind => Ok(Self::entry(&company, kind, key.parse().map_err(|_| error())?)),
        }
    }
}

impl Serialize for DocumentKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DocumentKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_text() {
        let company = CompanyDb("SBODEMOUS".to_owned());
        for key in [
            DocumentKey::entry(&company, ObjectKind::CreditNote, 77),
            DocumentKey::supplier(&company, "V 10/000"),
            DocumentKey::supplier(&company, "00017"),
            DocumentKey::new_supplier(&company, CoupaId(512)),
        ] {
            assert_eq!(key.to_string().parse::<DocumentKey>().unwrap(), key);
        }
        let new = DocumentKey::new_supplier(&company, CoupaId(7));
        assert_eq!(new.new_supplier_id(), Some(CoupaId(7)));
        assert_eq!(DocumentKey::supplier(&company, "V7").new_supplier_id(), None);
        assert!(new.key.to_string().len() > 15, "it could be a CardCode");
        assert!("SBODEMOUS/invoice/x".parse::<DocumentKey>().is_err());
        assert!("invoice/5".parse::<DocumentKey>().is_err());
    }

    #[test]
    fn a_kind_is_read_in_either_spelling_and_nothing_else_is() {
        for kind in ObjectKind::ALL {
            for text in [kind.singular(), kind.plural()] {
                let written = [text.to_owned(), text.to_uppercase(), text.replace('_', "-")];
                assert!(written.iter().all(|text| ObjectKind::parse(text) == Some(kind)), "{text}");
            }
            assert_eq!(kind.to_string(), kind.singular());
        }
        assert_eq!(ObjectKind::parse("order"), None);
        assert_eq!(ObjectKind::parse(""), None);
    }

    #[test]
    fn a_document_is_known_by_its_entry_and_a_supplier_by_its_code() {
        let company = CompanyDb("SBODEMOUS".to_owned());
        let invoice = DocumentKey::entry(&company, ObjectKind::Invoice, 77);
        assert_eq!((invoice.doc_entry(), invoice.new_supplier_id()), (Some(77), None));
        assert_eq!(DocumentKey::supplier(&company, "V10").doc_entry(), None);
        let odd = DocumentKey::supplier(&company, "new-in-coupa-by-id:x");
        assert_eq!(odd.new_supplier_id(), None);
        // The same key on a document of another kind is no supplier.
        let other =
            DocumentKey { kind: ObjectKind::Invoice, ..DocumentKey::new_supplier(&company, CoupaId(7)) };
        assert_eq!(other.new_supplier_id(), None);
    }

    #[test]
    fn a_key_is_one_text_in_json() {
        let key = DocumentKey::entry(&CompanyDb("SBODEMOUS".to_owned()), ObjectKind::CreditNote, 77);
        let json = serde_json::to_value(&key).unwrap();
        assert_eq!(json, "SBODEMOUS/credit_note/77");
        assert_eq!(serde_json::from_value::<DocumentKey>(json).unwrap(), key);
        assert!(serde_json::from_str::<DocumentKey>("\"SBODEMOUS/credit_note\"").is_err());
        assert!(serde_json::from_str::<DocumentKey>("7").is_err());
    }
}
