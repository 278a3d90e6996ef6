//! What is kept of what was sent: where each field came from stands with it, and personal values don't.

use model::{AuditEntry, ObjectKind, goes_to_sap};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Completes the entry of an attempt that has ended.
pub(crate) fn keep(entry: &mut AuditEntry, personal: &BTreeSet<String>) {
    entry.direction = Some(entry.way());
    for sent in &mut entry.sent {
        let sources = sources(entry.document.kind, sent);
        if let (false, Value::Object(note)) = (sources.is_empty(), &mut *sent) {
            note.insert("sources".to_owned(), Value::Object(sources));
        }
        redact(sent, personal);
    }
}

/// What each field of the body was made of, and by which rule.
fn sources(kind: ObjectKind, sent: &Value) -> Map<String, Value> {
    let Some(body) = sent.get("body").and_then(Value::as_object) else { return Map::new() };
    let source = |field: &String| {
        if goes_to_sap(sent) {
            Some(mapping::source_in_sap(field))
        } else {
            mapping::source_in_coupa(kind, field)
        }
    };
    body.keys().filter_map(|field| Some((field.clone(), source(field)?.into()))).collect()
}

/// Takes the values of personal fields out of what was sent and what was answered, wherever they stand.
fn redact(sent: &mut Value, personal: &BTreeSet<String>) {
    match sent {
        _ if personal.is_empty() => {}
        Value::Object(members) => {
            for (name, value) in members {
                if name == "sources" {
                    // Tells of fields, and holds no value of any.
                } else if personal.contains(name) {
                    *value = Value::from("[redacted]");
                } else {
                    redact(value, personal);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|one| redact(one, personal)),
        _ => {}
    }
}
