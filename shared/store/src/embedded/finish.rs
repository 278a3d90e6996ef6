//! The end of an attempt, in one stroke.

use super::{
    document::EncodedItem,
    value::{to_json, to_nanos},
};
use crate::{Finish, FinishedDocument, StoreError, packed::pack};
use model::{AuditEntry, AuditOutcome, DocumentItem, DocumentKey, Link, ObjectKind};
use rusqlite::{Connection, params};

/// The quickest: the others save little room for their time.
const LEVEL: u8 = 1;

/// A [`Finish`] as its columns, made before it goes to the store's thread, which has enough to do.
pub(super) struct EncodedFinish {
    documents: Vec<EncodedDocument>,
    audit: Vec<EncodedEntry>,
}

struct EncodedDocument {
    document: DocumentKey,
    key: String,
    fence: u64,
    number: Option<String>,
    numbers: Vec<String>,
    linked: bool,
    parked_due: Option<i64>,
    parked_waits_for: Option<String>,
    dead_at: Option<i64>,
    dead_code: Option<&'static str>,
    item: EncodedItem,
}

struct EncodedEntry {
    document: String,
    kind: ObjectKind,
    number: Option<String>,
    at: i64,
    failed: bool,
    body: String,
    payload: Option<Vec<u8>>,
}

impl EncodedFinish {
    pub(super) fn new(finish: Finish) -> Result<Self, StoreError> {
        Ok(Self {
            documents: finish.documents.into_iter().map(EncodedDocument::new).collect::<Result<_, _>>()?,
            audit: finish.audit.into_iter().map(EncodedEntry::new).collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn write(self, connection: &Connection) -> Result<(), StoreError> {
        for document in self.documents {
            document.write(connection)?;
        }
        for entry in self.audit {
            entry.write(connection)?;
        }
        Ok(())
    }
}

impl EncodedDocument {
    fn new(finished: FinishedDocument) -> Result<Self, StoreError> {
        let FinishedDocument { lease, item } = finished;
        let document = lease.document;
        let parked = item.parked.as_ref();
        let dead = item.dead_letter.as_ref();
        Ok(Self {
            key: document.to_string(),
            fence: lease.fence.0,
            number: item.number.clone(),
            numbers: numbers(&document, &item),
            linked: item.link.is_some(),
            parked_due: parked.map(|parked| to_nanos(parked.due_at)),
            parked_waits_for: parked.and_then(|parked| parked.waits_for.as_ref()).map(DocumentKey::to_string),
            dead_at: dead.map(|letter| to_nanos(letter.at)),
            dead_code: dead.map(|letter| letter.code.number()),
            item: EncodedItem::new(item)?,
            document,
        })
    }

    fn write(self, connection: &Connection) -> Result<(), StoreError> {
        let mut update = connection.prepare_cached(
            "UPDATE document SET
                 lease_owner = NULL, lease_until = NULL, open_attempt = NULL,
                 unknown = ?3, unfinished = ?4, number = ?5, linked = ?6,
                 parked = ?7, parked_due = ?8, parked_waits_for = ?9,
                 dead_letter = ?10, dead_at = ?11, dead_code = ?12, item = ?13
             WHERE key = ?1 AND fence = ?2 AND lease_until IS NOT NULL",
        )?;
        let written = update.execute(params![
            self.key,
            self.fence,
            self.item.unknown,
            self.item.unfinished,
            self.number,
            self.linked,
            self.item.parked,
            self.parked_due,
            self.parked_waits_for,
            self.item.dead_letter,
            self.dead_at,
            self.dead_code,
            self.item.item,
        ])?;
        if written == 0 {
            return Err(StoreError::Fenced(self.document));
        }
        for number in &self.numbers {
            remember_number(connection, self.document.kind, number, &self.key)?;
        }
        Ok(())
    }
}

impl EncodedEntry {
    fn new(mut entry: AuditEntry) -> Result<Self, StoreError> {
        let sent = std::mem::take(&mut entry.sent);
        Ok(Self {
            payload: if sent.is_empty() { None } else { Some(pack(&to_json(&sent)?, LEVEL)) },
            document: entry.document.to_string(),
            kind: entry.document.kind,
            number: entry.number.clone(),
            at: to_nanos(entry.at),
            failed: entry.outcome == AuditOutcome::Failed,
            body: to_json(&entry)?,
        })
    }

    fn write(self, connection: &Connection) -> Result<(), StoreError> {
        connection
            .prepare_cached(
                "INSERT INTO audit (document, at, failed, body, payload) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![self.document, self.at, self.failed, self.body, self.payload])?;
        match self.number {
            Some(number) => remember_number(connection, self.kind, &number, &self.document),
            None => Ok(()),
        }
    }
}

/// What people may call the document by: SAP's key, SAP's number, Coupa's number.
fn numbers(document: &DocumentKey, item: &DocumentItem) -> Vec<String> {
    let in_coupa = match &item.link {
        Some(Link::Order(order)) => Some(order.po_number.clone()),
        Some(Link::Invoice(invoice)) => Some(invoice.number.clone()),
        Some(Link::Supplier(_) | Link::Payment(_)) | None => None,
    };
    let mut numbers = vec![document.key.to_string()];
    numbers.extend(item.number.clone());
    numbers.extend(in_coupa);
    numbers.sort();
    numbers.dedup();
    numbers
}

fn remember_number(
    connection: &Connection,
    kind: ObjectKind,
    number: &str,
    document: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO number (kind, number, document) VALUES (?1, ?2, ?3)")?
        .execute(params![kind.singular(), number, document])?;
    Ok(())
}
