//! Reading what a client sent: names in either spelling, computed attributes dropped, unknown ones noted.

use super::problem::Problem;
use super::record::{Field, Record};
use super::schema::{Attribute, Kind, Type};
use super::state::State;
use super::values;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The attributes of one object that a client sent and that Coupa looks at.
#[derive(Debug)]
pub(crate) struct Draft {
    /// What it describes.
    pub(crate) kind: Kind,
    /// The id it names: which line or address is meant.
    pub(crate) id: Option<u64>,
    /// Whether it asks for deletion.
    pub(crate) delete: bool,
    /// `cancel` or `close`, where the body asks for it.
    pub(crate) action: Option<&'static str>,
    given: BTreeMap<&'static str, Value>,
}

impl Draft {
    /// Takes a value out, so that it is not filled in as it stands.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.given.remove(name)
    }

    /// Whether an attribute was sent.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// A value as it came.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.given.get(name)
    }

    /// Whether a flag was sent as true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.given.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => values::flag(text) == Some(true),
            _ => false,
        }
    }
}

/// A JSON number or numeric text as an id.
pub(crate) fn as_id(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The elements of a list in any of the shapes that clients send: a list, one object, `{"payment":…}` around
/// either, or a list of such wrappers.
pub(crate) fn elements(value: Value, wrapper: &str) -> Vec<Value> {
    match value {
        Value::Array(items) => items.into_iter().flat_map(|item| unwrap(item, wrapper)).collect(),
        Value::Null => Vec::new(),
        other => unwrap(other, wrapper),
    }
}

fn unwrap(value: Value, wrapper: &str) -> Vec<Value> {
    match value {
        Value::Object(mut members) if members.len() == 1 => {
            let snake = wrapper.replace('-', "_");
            match members.remove(wrapper).or_else(|| members.remove(&snake)) {
                Some(Value::Array(items)) => items,
                Some(inner) => vec![inner],
                None => vec![Value::Object(members)],
            }
        }
        other => vec![other],
    }
}

impl State {
    /// Reads one object. Attributes that Swagger doesn't know, or marks read-only, are noted and left out.
    pub(crate) fn draft(&mut self, kind: Kind, body: Value) -> Result<Draft, Problem> {
        let members = match body {
            Value::Object(members) => members,
            Value::Null => Map::new(),
            _ => return Err(Problem::refused(kind.error_key(), "The request body is not an object.")),
        };
        let mut draft = Draft { kind, id: None, delete: false, action: None, given: BTreeMap::new() };
        for (key, value) in members {
            match key.as_str() {
                "_delete" => draft.delete = value == Value::Bool(true) || value == "true",
                "_cancel" if value == Value::Bool(true) || value == "true" => draft.action = Some("cancel"),
                "_close" if value == Value::Bool(true) || value == "true" => draft.action = Some("close"),
                "id" => draft.id = as_id(&value),
                _ => self.take_in(&mut draft, &key, value),
            }
        }
        Ok(draft)
    }

    fn take_in(&mut self, draft: &mut Draft, key: &str, value: Value) {
        let attribute = if key.contains('_') {
            draft.kind.attribute(&key.replace('_', "-"))
        } else {
            draft.kind.attribute(key)
        };
        match attribute {
            None => self.journal.unknown_attribute(draft.kind, key),
            Some(attribute) if attribute.read_only => {
                self.journal.read_only_attribute(draft.kind, attribute.name);
            }
            Some(attribute) => {
                draft.given.insert(attribute.name, value);
            }
        }
    }

    /// Puts everything that a draft still holds into an object. Accounts are looked up in `chart`.
    pub(crate) fn fill(
        &mut self,
        record: &mut Record,
        draft: Draft,
        chart: Option<u64>,
    ) -> Result<(), Problem> {
        let kind = draft.kind;
        let mut messages = Vec::new();
        for (name, value) in draft.given {
            let Some(attribute) = kind.attribute(name) else { continue };
            match attribute.ty {
                Type::One(target) if target.is_part() => {
                    self.edit_part(record, attribute, target, value, chart)?;
                }
                Type::One(target) => match self.resolve(kind, attribute.name, target, value, chart) {
                    Ok(Some(field)) => record.set(attribute.name, field),
                    Ok(None) => {}
                    Err(message) => messages.push(message),
                },
                Type::Many(target) if target.is_part() => {
                    let parts = self.new_parts(target, attribute, value, chart)?;
                    record.set(attribute.name, Field::Many(parts));
                }
                _ => match values::scalar(attribute, value) {
                    Ok(field) => record.set(attribute.name, field),
                    Err(message) => messages.push(message),
                },
            }
        }
        Problem::from_messages(kind.error_key(), messages)
    }

    /// Edits an inner object in place, as Coupa does with a primary contact: its id stays.
    fn edit_part(
        &mut self,
        record: &mut Record,
        attribute: Attribute,
        target: Kind,
        value: Value,
        chart: Option<u64>,
    ) -> Result<(), Problem> {
        if value.is_null() {
            return Ok(());
        }
        let draft = self.draft(target, value)?;
        let mut part = match record.part(attribute.name) {
            Some(held) => held.clone(),
            None => self.fresh(target),
        };
        self.fill(&mut part, draft, chart)?;
        part.set("updated-at", Field::Moment(self.now));
        record.set(attribute.name, Field::One(Box::new(part)));
        Ok(())
    }

    fn new_parts(
        &mut self,
        target: Kind,
        attribute: Attribute,
        value: Value,
        chart: Option<u64>,
    ) -> Result<Vec<Record>, Problem> {
        let wrapper = attribute.name.strip_suffix("es").filter(|_| attribute.name.ends_with("sses"));
        let wrapper = wrapper.unwrap_or_else(|| attribute.name.trim_end_matches('s'));
        let mut parts = Vec::new();
        for element in elements(value, wrapper) {
            let draft = self.draft(target, element)?;
            if !draft.delete {
                let mut part = self.fresh(target);
                self.fill(&mut part, draft, chart)?;
                part.shrink();
                parts.push(part);
            }
        }
        Ok(parts)
    }
}

/// The messages for attributes that an object must have and hasn't.
pub(crate) fn missing(record: &Record, required: &[&str]) -> Vec<String> {
    required
        .iter()
        .filter(|name| record.is_blank(name))
        .map(|name| format!("{} can't be blank", super::problem::label(name)))
        .collect()
}
