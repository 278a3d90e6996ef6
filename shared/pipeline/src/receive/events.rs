use model::{CompanyDb, DocumentKey, ObjectKind, SapKey};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// SAP's limit. A longer one would be no partner's, and stand in the queue, in logs and in keys.
const LONGEST_CARD_CODE: usize = 15;

/// What one event of SAP says.
pub(super) struct Event {
    /// SAP's id of it, where it is one that may stand in our records.
    pub id: Option<String>,
    /// The document it is about.
    pub document: DocumentKey,
}

/// An event, or why it is passed over.
pub(super) enum Read {
    Event(Event),
    Unknown,
    Foreign,
    Unreadable,
}

#[derive(Deserialize)]
struct CloudEvent {
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    source: Option<String>,
    subject: Option<Value>,
    data: Option<BTreeMap<String, Value>>,
}

/// Reads `sap.b1.PurchaseInvoices.Created.v1`.
pub(super) fn read(text: &str, company: &CompanyDb, objects: &BTreeSet<ObjectKind>) -> Read {
    let Ok(event) = serde_json::from_str::<CloudEvent>(text) else { return Read::Unreadable };
    let Some(kind) = event.kind.as_deref().and_then(object_of) else { return Read::Unknown };
    let sender = event.source.as_deref().and_then(|source| source.rsplit('/').next());
    if sender.is_some_and(|sender| !sender.eq_ignore_ascii_case(&company.0)) || !objects.contains(&kind) {
        return Read::Foreign;
    }
    let (_, member) = sap::entity_set(kind);
    let key = event.data.as_ref().and_then(|data| data.get(member)).or(event.subject.as_ref());
    let Some(key) = key.and_then(|key| key_of(kind, key)) else { return Read::Unreadable };
    let document = DocumentKey { company: company.clone(), kind, key };
    Read::Event(Event { id: event.id.filter(|id| is_plain(id)), document })
}

/// The object of a type that means that a document may look different now.
fn object_of(event_type: &str) -> Option<ObjectKind> {
    let mut parts = event_type.strip_prefix("sap.b1.")?.split('.');
    let (object, operation, version) = (parts.next()?, parts.next()?, parts.next()?);
    // SAP spells it both ways.
    let known = ["Created", "Updated", "Deleted", "Closed", "Cancelled", "Canceled", "Reopened"];
    if !known.iter().any(|known| known.eq_ignore_ascii_case(operation)) || version != "v1" {
        return None;
    }
    ObjectKind::ALL.into_iter().find(|kind| sap::entity_set(*kind).0.eq_ignore_ascii_case(object))
}

/// Strings by default, SAP's own types where the subscription asks for further members.
fn key_of(kind: ObjectKind, key: &Value) -> Option<SapKey> {
    match (kind, key) {
        (ObjectKind::Supplier, Value::String(code))
            if (1..=LONGEST_CARD_CODE).contains(&code.chars().count()) =>
        {
            Some(SapKey::CardCode(code.clone()))
        }
        (ObjectKind::Supplier, Value::Number(code)) => Some(SapKey::CardCode(code.to_string())),
        (ObjectKind::Supplier, _) => None,
        (_, Value::String(entry)) => entry.trim().parse().ok().map(SapKey::DocEntry),
        (_, Value::Number(entry)) => entry.as_i64().map(SapKey::DocEntry),
        _ => None,
    }
}

/// What others send must not break our logs and keys.
fn is_plain(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
