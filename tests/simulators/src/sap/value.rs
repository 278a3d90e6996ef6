//! What entities hold, and how that is written as JSON.

use super::schema::{EntityType, Kind, SCHEMA};
use super::settings::{DateStyle, MetadataVersion};
use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::io::Write as _;

/// The value of a member, as it is read.
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Amount(Decimal),
    Text(&'a str),
    /// The name of an enum's member.
    Name(&'a str),
    Date(Date),
    Time(Time),
    Rows(Vec<&'a dyn Entity>),
    Object(&'a dyn Entity),
    /// JSON that is written as it stands.
    Raw(&'a str),
}

/// Anything whose members are those of an [`EntityType`].
pub(crate) trait Entity {
    /// Whose members these are.
    fn entity_type(&self) -> &'static EntityType;
    /// One member.
    fn member(&self, index: u16) -> Value<'_>;
    /// The members that are set, in the metadata's order.
    fn each(&self, visit: &mut dyn FnMut(u16, Value<'_>));
}

/// The value of a member, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// Not set.
    Null,
    /// A whole number.
    Int(i64),
    /// A decimal number.
    Amount(Decimal),
    /// Text.
    Text(String),
    /// The name of an enum's member.
    Name(String),
    /// A calendar date.
    Date(Date),
    /// A time of day.
    Time(Time),
    /// A collection.
    Rows(Vec<Record>),
    /// An object.
    Object(Record),
    /// JSON that is written as it stands, be it wrong for the member.
    Raw(String),
}

impl Field {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(number) => Value::Int(*number),
            Self::Amount(amount) => Value::Amount(*amount),
            Self::Text(text) => Value::Text(text),
            Self::Name(name) => Value::Name(name),
            Self::Date(date) => Value::Date(*date),
            Self::Time(time) => Value::Time(*time),
            Self::Rows(rows) => Value::Rows(rows.iter().map(|row| row as &dyn Entity).collect()),
            Self::Object(object) => Value::Object(object),
            Self::Raw(json) => Value::Raw(json),
        }
    }
}

/// An entity that keeps only the members that are set, by name.
#[derive(Clone)]
pub struct Record {
    entity_type: &'static EntityType,
    fields: BTreeMap<u16, Field>,
}

impl Record {
    /// An entity of the metadata's type `name`, with nothing set.
    pub fn new(name: &str) -> Self {
        Self { entity_type: SCHEMA.entity_type(name), fields: BTreeMap::new() }
    }

    /// The member called `name`, if it is set.
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.fields.get(&self.entity_type.index(name)?)
    }

    /// The text of the member called `name`; empty unless it is text or the name of an enum's member.
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Field::Text(text) | Field::Name(text)) => text,
            _ => "",
        }
    }

    /// The rows of the collection called `name`.
    pub fn rows(&self, name: &str) -> &[Record] {
        match self.get(name) {
            Some(Field::Rows(rows)) => rows,
            _ => &[],
        }
    }

    /// The rows of the collection called `name`, to be changed.
    pub fn rows_mut(&mut self, name: &str) -> Option<&mut Vec<Record>> {
        let index = self.entity_type.index(name)?;
        match self.fields.entry(index).or_insert_with(|| Field::Rows(Vec::new())) {
            Field::Rows(rows) => Some(rows),
            _ => None,
        }
    }

    /// Sets a member; answers whether the metadata has one of that name.
    pub fn set(&mut self, name: &str, field: Field) -> bool {
        let Some(index) = self.entity_type.index(name) else { return false };
        self.fields.insert(index, field);
        true
    }

    /// Sets a member to text, a date or an enum's member, as its kind in the metadata asks; unreadable text
    /// stands as it is.
    pub fn set_text(&mut self, name: &str, text: &str) -> bool {
        let Some(property) = self.entity_type.index(name).and_then(|index| self.entity_type.property(index))
        else {
            return false;
        };
        let field = match property.kind {
            Kind::Enum(_) => Field::Name(text.to_owned()),
            Kind::Date => text.parse().map_or_else(|_| Field::Raw(format!("{text:?}")), Field::Date),
            _ => Field::Text(text.to_owned()),
        };
        self.set(name, field)
    }

    pub(crate) fn fields(&self) -> &BTreeMap<u16, Field> {
        &self.fields
    }

    pub(crate) fn insert(&mut self, index: u16, field: Field) {
        self.fields.insert(index, field);
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct(self.entity_type.name);
        for (index, field) in &self.fields {
            shown.field(self.entity_type.property(*index).map_or("?", |property| property.name), field);
        }
        shown.finish()
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.entity_type, other.entity_type) && self.fields == other.fields
    }
}

impl Entity for Record {
    fn entity_type(&self) -> &'static EntityType {
        self.entity_type
    }

    fn member(&self, index: u16) -> Value<'_> {
        self.fields.get(&index).map_or(Value::Null, Field::value)
    }

    fn each(&self, visit: &mut dyn FnMut(u16, Value<'_>)) {
        for (index, field) in &self.fields {
            visit(*index, field.value());
        }
    }
}

/// How values are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) dates: DateStyle,
    pub(crate) times_with_seconds: bool,
    pub(crate) metadata: MetadataVersion,
}

impl Style {
    /// Writes `entity` whole, after `annotations` (members of the protocol, each with its comma).
    pub(crate) fn write(self, out: &mut Vec<u8>, annotations: &str, entity: &dyn Entity) {
        let entity_type = entity.entity_type();
        out.push(b'{');
        out.extend_from_slice(annotations.as_bytes());
        let mut next = 0;
        entity.each(&mut |index, value| {
            if matches!(value, Value::Null) {
                return;
            }
            out.extend_from_slice(entity_type.nulls(next, index, self.metadata).as_bytes());
            next = index.saturating_add(1);
            self.write_member(out, entity_type, index, &value);
        });
        out.extend_from_slice(entity_type.nulls(next, u16::MAX, self.metadata).as_bytes());
        close(out, b'}');
    }

    /// Writes those members of `entity` only.
    pub(crate) fn write_selected(
        self,
        out: &mut Vec<u8>,
        annotations: &str,
        entity: &dyn Entity,
        selected: &[u16],
    ) {
        out.push(b'{');
        out.extend_from_slice(annotations.as_bytes());
        for index in selected {
            self.write_member(out, entity.entity_type(), *index, &entity.member(*index));
        }
        close(out, b'}');
    }

    fn write_member(self, out: &mut Vec<u8>, entity_type: &EntityType, index: u16, value: &Value<'_>) {
        let Some(property) = entity_type.property(index) else { return };
        if matches!(value, Value::Null) {
            let written = entity_type.nulls(index, index.saturating_add(1), self.metadata);
            out.extend_from_slice(written.as_bytes());
            return;
        }
        if property.newer_only && self.metadata == MetadataVersion::Older {
            return;
        }
        out.push(b'"');
        out.extend_from_slice(property.name.as_bytes());
        out.extend_from_slice(b"\":");
        self.write_value(out, value);
        out.push(b',');
    }

    fn write_value(self, out: &mut Vec<u8>, value: &Value<'_>) {
        match value {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Int(number) => put(out, format_args!("{number}")),
            Value::Amount(amount) => write_amount(out, *amount),
            Value::Text(text) | Value::Name(text) => write_text(out, text),
            Value::Date(date) => match self.dates {
                DateStyle::DateOnly => put(out, format_args!("\"{date}\"")),
                DateStyle::Midnight => put(out, format_args!("\"{date}T00:00:00Z\"")),
            },
            Value::Time(time) if self.times_with_seconds => {
                let (hour, minute, second) = (time.hour(), time.minute(), time.second());
                put(out, format_args!("\"{hour:02}:{minute:02}:{second:02}\""));
            }
            Value::Time(time) => {
                put(out, format_args!("\"{:02}:{:02}\"", time.hour(), time.minute()));
            }
            Value::Rows(rows) => {
                out.push(b'[');
                for row in rows {
                    self.write(out, "", *row);
                    out.push(b',');
                }
                close(out, b']');
            }
            Value::Object(object) => self.write(out, "", *object),
            Value::Raw(json) => out.extend_from_slice(json.as_bytes()),
        }
    }
}

/// Ends a list or an object whose last item left a comma.
pub(crate) fn close(out: &mut Vec<u8>, end: u8) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(end);
}

fn put(out: &mut Vec<u8>, arguments: std::fmt::Arguments<'_>) {
    // Writing to memory doesn't fail.
    let _ = out.write_fmt(arguments);
}

/// SAP writes whole amounts with one zero, others without trailing zeros.
fn write_amount(out: &mut Vec<u8>, amount: Decimal) {
    if amount.is_zero() {
        out.extend_from_slice(b"0.0");
        return;
    }
    let amount = amount.normalize();
    put(out, format_args!("{amount}"));
    if amount.scale() == 0 {
        out.extend_from_slice(b".0");
    }
}

pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // Writing text to memory doesn't fail.
        let _ = serde_json::to_writer(out, text);
    }
}
