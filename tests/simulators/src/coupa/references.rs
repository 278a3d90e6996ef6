//! How one object points at another: by the first key that finds something.

use super::input::as_id;
use super::record::{Field, Record};
use super::schema::Kind;
use super::state::State;
use serde_json::{Map, Value};
use std::fmt::Write as _;

impl State {
    /// What a reference points at: a field to set, nothing to leave the value as it is, or the refusal.
    ///
    /// Coupa's documents say that a reference to data that doesn't exist leaves the value unchanged, while real
    /// replies refuse. Both are true here: which one, the settings say by the attribute's name.
    pub(crate) fn resolve(
        &mut self,
        owner: Kind,
        name: &str,
        target: Kind,
        value: Value,
        chart: Option<u64>,
    ) -> Result<Option<Field>, String> {
        let keys = match value {
            Value::Null => return Ok(Some(Field::Null)),
            Value::Object(members) => hyphenated(members),
            _ => Map::new(),
        };
        for key in keys.keys() {
            if key != "custom-fields" && target.attribute(key).is_none() {
                self.journal.unknown_attribute(target, key);
            }
        }
        let found = match target {
            Kind::Account => self.resolve_account(&keys, chart),
            _ => self.find_by_keys(target, &keys),
        };
        match found {
            Some(id) => Ok(Some(Field::Ref(target, id))),
            None if self.settings.hard_references.contains(name) => Err(not_found(name, target, &keys)),
            None => {
                self.journal.ignored_reference(owner, name, &Value::Object(keys));
                Ok(None)
            }
        }
    }

    /// The object that has one of the keys, tried in Coupa's order.
    pub(crate) fn find_by_keys(&self, target: Kind, keys: &Map<String, Value>) -> Option<u64> {
        target.keys().iter().find_map(|key| {
            let value = keys.get(*key)?;
            let id =
                if *key == "id" { as_id(value)? } else { self.find_by_text(target, key, value.as_str()?)? };
            let usable = |record: &Record| record.get("active") != Some(&Field::Flag(false));
            self.find(target, id).is_some_and(usable).then_some(id)
        })
    }
}

/// The same object with hyphenated names.
pub(crate) fn hyphenated(members: Map<String, Value>) -> Map<String, Value> {
    members.into_iter().map(|(key, value)| (key.replace('_', "-"), value)).collect()
}

/// Coupa's words for a reference that leads nowhere.
pub(crate) fn not_found(name: &str, target: Kind, keys: &Map<String, Value>) -> String {
    let mut sent = String::new();
    for (key, value) in keys {
        if !sent.is_empty() {
            sent.push_str(", ");
        }
        // Writing to a string can't fail.
        let _ = write!(sent, "\"{}\"=>{value}", key.replace('-', "_"));
    }
    let possible: Vec<String> =
        target.keys().iter().map(|key| format!("\"{}\"", key.replace('-', "_"))).collect();
    let model = if target == Kind::UserSimple { "User" } else { target.name() };
    format!(
        "Unable to find valid {model} record for {} with keys {{{sent}}}. Possible keys are [{}]. Please verify your xml.",
        name.replace('-', "_"),
        possible.join(", ")
    )
}
