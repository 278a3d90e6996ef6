//! One object as the simulator holds it: only what is set, under the contract's names.

use super::schema::Kind;
use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde_json::Value;

/// The value of one attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Field {
    /// Set to nothing.
    Null,
    /// True or false.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A decimal, with the scale it came with.
    Decimal(Decimal),
    /// Text.
    Text(Box<str>),
    /// A moment.
    Moment(Timestamp),
    /// A calendar date.
    Day(Date),
    /// An object of another table.
    Ref(Kind, u64),
    /// An object inside this one.
    One(Box<Record>),
    /// Objects inside this one.
    Many(Vec<Record>),
    /// Kept as it came.
    Json(Box<Value>),
}

impl From<&str> for Field {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// An object: attribute names with their values. A missing attribute reads as null.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    fields: Vec<(&'static str, Field)>,
}

/// Marks an order line that was deleted: not an attribute, hence never shown.
pub(crate) const DELETED: &str = "(deleted)";
/// Marks an order that was closed twice.
pub(crate) const HARD_CLOSED: &str = "(hard-closed)";

impl Record {
    /// An empty object with an id.
    pub(crate) fn new(id: u64) -> Self {
        let mut record = Self::default();
        record.set("id", Field::Integer(i64::try_from(id).unwrap_or(i64::MAX)));
        record
    }

    /// The value under `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|(held, _)| *held == name).map(|(_, field)| field)
    }

    /// The same, to change.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Field> {
        self.fields.iter_mut().find(|(held, _)| *held == name).map(|(_, field)| field)
    }

    /// Puts a value under `name`.
    pub(crate) fn set(&mut self, name: &'static str, field: Field) {
        match self.get_mut(name) {
            Some(held) => *held = field,
            None => self.fields.push((name, field)),
        }
    }

    /// Puts text under `name`.
    pub(crate) fn set_text(&mut self, name: &'static str, text: &str) {
        self.set(name, Field::from(text));
    }

    /// Gives back memory that growing has left over.
    pub(crate) fn shrink(&mut self) {
        self.fields.shrink_to_fit();
    }

    /// Its id.
    pub(crate) fn id(&self) -> u64 {
        self.integer("id").and_then(|id| u64::try_from(id).ok()).unwrap_or_default()
    }

    /// The text under `name`.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Field::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The text under `name`, or nothing.
    pub(crate) fn text_or_empty(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    /// The decimal under `name`.
    pub(crate) fn decimal(&self, name: &str) -> Option<Decimal> {
        match self.get(name) {
            Some(Field::Decimal(decimal)) => Some(*decimal),
            Some(Field::Text(text)) => text.parse().ok(),
            _ => None,
        }
    }

    /// The whole number under `name`.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Field::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// Whether `name` is true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Field::Flag(true)))
    }

    /// The id of the object that `name` points at.
    pub(crate) fn reference(&self, name: &str) -> Option<u64> {
        match self.get(name) {
            Some(Field::Ref(_, id)) => Some(*id),
            _ => None,
        }
    }

    /// The objects in the list `name`.
    pub(crate) fn list(&self, name: &str) -> &[Record] {
        match self.get(name) {
            Some(Field::Many(records)) => records,
            _ => &[],
        }
    }

    /// The list `name`, to change; made where it is missing.
    pub(crate) fn list_mut(&mut self, name: &'static str) -> &mut [Record] {
        match self.get_mut(name) {
            Some(Field::Many(records)) => records,
            _ => &mut [],
        }
    }

    /// Adds to the list `name`.
    pub(crate) fn push(&mut self, name: &'static str, record: Record) {
        if let Some(Field::Many(records)) = self.get_mut(name) {
            records.push(record);
        } else {
            self.set(name, Field::Many(vec![record]));
        }
    }

    /// The object inside, under `name`.
    pub(crate) fn part(&self, name: &str) -> Option<&Record> {
        match self.get(name) {
            Some(Field::One(record)) => Some(record),
            _ => None,
        }
    }

    /// Whether `name` holds nothing: missing, null or blank text.
    pub(crate) fn is_blank(&self, name: &str) -> bool {
        match self.get(name) {
            None | Some(Field::Null) => true,
            Some(Field::Text(text)) => text.trim().is_empty(),
            Some(Field::Many(records)) => records.is_empty(),
            Some(_) => false,
        }
    }
}
