//! Building blocks of Coupa's JSON.

use crate::context::Context;
use crate::members;
use model::{ObjectKind, Sent};
use sap::entities::{Document, DocumentLine};
use serde_json::{Value, json};

/// `{"code": …}` and the like.
pub(crate) fn by(key: &str, value: impl Into<String>) -> Value {
    json!({ key: value.into() })
}

/// Sets a field to a text.
pub(crate) fn set(fields: &mut Sent, name: &str, text: impl Into<String>) {
    fields.insert(name.to_owned(), Value::String(text.into()));
}

/// The custom fields that the mapping file wants, from `value_of` their members. What is empty in SAP is sent as
/// null, so that it becomes empty in Coupa too.
pub(crate) fn custom_fields(
    context: &Context<'_>,
    kind: ObjectKind,
    value_of: impl Fn(&str) -> Option<String>,
    fields: &mut Sent,
) {
    let Some(wanted) = context.mapping.custom_fields.get(&kind).filter(|wanted| !wanted.is_empty()) else {
        return;
    };
    let values = wanted.iter().map(|(name, member)| (name.clone(), Value::from(value_of(member))));
    fields.insert("custom-fields".to_owned(), Value::Object(values.collect()));
}

/// The same for a document.
pub(crate) fn custom_fields_of(
    context: &Context<'_>,
    kind: ObjectKind,
    document: &Document,
    fields: &mut Sent,
) {
    custom_fields(context, kind, |member| members::of_document(document, member), fields);
}

/// The account that a line is booked on; nothing where all its segments are empty. Coupa computes `code` from the
/// segments, yet wants both where a segment holds the separator.
pub(crate) fn account(context: &Context<'_>, line: &DocumentLine) -> Option<Value> {
    let mut account = Sent::new();
    let mut filled = Vec::new();
    for (number, member) in &context.mapping.segments {
        let segment = segment(line, member).trim();
        if !segment.is_empty() {
            set(&mut account, &format!("segment-{number}"), segment);
            filled.push(segment);
        }
    }
    if filled.is_empty() {
        return None;
    }
    set(&mut account, "code", filled.join("-"));
    if !context.defaults.chart_of_accounts.is_empty() {
        account.insert("account-type".to_owned(), by("name", &context.defaults.chart_of_accounts));
    }
    Some(Value::Object(account))
}

fn segment<'a>(line: &'a DocumentLine, member: &str) -> &'a str {
    match member {
        "AccountCode" => &line.account_code,
        "CostingCode" => &line.costing_code,
        "CostingCode2" => &line.costing_code2,
        "CostingCode3" => &line.costing_code3,
        "CostingCode4" => &line.costing_code4,
        "CostingCode5" => &line.costing_code5,
        "ProjectCode" => &line.project_code,
        _ => "",
    }
}
