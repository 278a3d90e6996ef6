use model::{LineId, Sent};
use serde_json::Value;

/// Something in Coupa that an image refers to by its code, and that Coupa might silently leave out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where it stands, such as `payment-term.code` or `order-lines.uom.code`.
    pub path: &'static str,
    /// On which line.
    pub line: Option<LineId>,
    /// The line's or charge's place, counted from 1, which on an invoice is its `line-num`.
    pub position: Option<usize>,
    /// The code.
    pub code: String,
}

/// The references that Coupa's reply doesn't show: their place is empty or absent, or another code stands there. The
/// reply must have been asked for with every place that is checked.
pub fn ignored_references(references: &[Reference], reply: &Value) -> Vec<String> {
    references.iter().filter(|reference| !is_shown(reference, reply)).map(describe).collect()
}

fn describe(reference: &Reference) -> String {
    let Reference { path, line, position, code } = reference;
    match (line, position) {
        (Some(line), _) => format!("{path} \"{code}\" of line {}", line.0),
        (None, Some(position)) => format!("{path} \"{code}\" of charge {position}"),
        (None, None) => format!("{path} \"{code}\""),
    }
}

fn is_shown(reference: &Reference, reply: &Value) -> bool {
    let Some((collection, rest)) = reference.path.split_once('.') else { return false };
    if reference.position.is_none() {
        return holds(reply, reference.path, &reference.code);
    }
    let Some(rows) = reply.get(collection).and_then(Value::as_array) else { return false };
    row(rows, reference).is_some_and(|row| holds(row, rest, &reference.code))
}

/// The row of the reply that a reference belongs to: by the name we gave it, by its number, or by its place.
fn row<'a>(rows: &'a [Value], reference: &Reference) -> Option<&'a Value> {
    let text = |row: &'a Value, field: &str| match row.get(field) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let find = |field: &str, wanted: &str| {
        let known = rows.iter().any(|row| text(row, field).is_some());
        known.then(|| rows.iter().find(|row| text(row, field).as_deref() == Some(wanted)))
    };
    let position = reference.position?;
    let by_name = reference.line.as_ref().and_then(|line| find("external-reference-number", &line.0));
    let found = by_name.or_else(|| find("line-num", &position.to_string()));
    found.unwrap_or_else(|| rows.get(position.checked_sub(1)?))
}

/// Whether the code stands at the path; in a list, at the path of any of its elements.
fn holds(value: &Value, path: &str, code: &str) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(|element| holds(element, path, code)),
        Value::Object(members) => match path.split_once('.') {
            Some((name, rest)) => members.get(name).is_some_and(|value| holds(value, rest, code)),
            // Coupa finds most codes whatever their case, and shows its own spelling; a supplier's number is exact.
            None => members.get(path).and_then(Value::as_str).is_some_and(|shown| {
                if path == "number" { shown == code } else { shown.eq_ignore_ascii_case(code) }
            }),
        },
        _ => false,
    }
}

/// The fields of `now` that differ from `last`; one that is gone is null, so that Coupa forgets it too.
pub fn difference(last: &Sent, now: &Sent) -> Sent {
    let changed = now.iter().filter(|(name, value)| last.get(*name) != Some(*value));
    let gone = last.iter().filter(|(name, value)| !now.contains_key(*name) && !value.is_null());
    let changed = changed.map(|(name, value)| (name.clone(), value.clone()));
    changed.chain(gone.map(|(name, _)| (name.clone(), Value::Null))).collect()
}
