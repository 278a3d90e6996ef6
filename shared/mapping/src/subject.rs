use crate::figures;
use model::{Code, Failure, ObjectKind};
use rust_decimal::Decimal;
use sap::entities::Document;
use std::fmt;

/// The document that is being mapped, as messages name it.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) kind: ObjectKind,
    pub(crate) document: &'a Document,
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.singular().replace('_', " ");
        match self.document.doc_num {
            Some(number) => write!(f, "{kind} {number} (DocEntry {})", self.document.doc_entry),
            None => write!(f, "{kind} with DocEntry {}", self.document.doc_entry),
        }
    }
}

impl Subject<'_> {
    /// A failure of this document.
    pub(crate) fn failure(&self, code: Code, what: impl fmt::Display) -> Failure {
        Failure::new(code, format!("{self}: {what}"))
    }

    /// A member without which nothing can be sent.
    pub(crate) fn missing(&self, member: &str) -> Failure {
        self.failure(Code::FieldMissing, format!("{member} is empty; fill it in SAP"))
    }

    /// The member's number, where it can be reckoned with exactly.
    pub(crate) fn exact(&self, member: fmt::Arguments<'_>, number: Decimal) -> Result<Decimal, Failure> {
        figures::exact(number).ok_or_else(|| {
            let what =
                format!("{member} is {number}, which is too large to be reckoned with; correct it in SAP");
            self.failure(Code::SapFieldUnreadable, what)
        })
    }

    /// Sums and products that are too large, although their parts weren't.
    pub(crate) fn too_large(&self, what: &str) -> Failure {
        let what = format!("{what} is too large to be reckoned with; correct the amounts in SAP");
        self.failure(Code::SapFieldUnreadable, what)
    }
}
