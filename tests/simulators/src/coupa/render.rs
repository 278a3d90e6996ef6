//! Objects into JSON: hyphenated keys, decimals as strings, dates with the instance's offset.

use super::projection::{Projection, Selected};
use super::record::{DELETED, Field, Record};
use super::schema::{CUSTOM_FIELDS, Kind, Type};
use super::state::State;
use super::values;
use jiff::tz::Offset;
use std::io::Write as _;

/// Who made everything: the API user.
const API_USER: &[u8] = br#"{"id":80,"login":"api","email":"api@x.test","fullname":"API User"}"#;

/// Writes objects of one instance.
pub(crate) struct Renderer<'a> {
    state: &'a State,
    offset: Offset,
    /// Whether deleted order lines are shown.
    pub(crate) show_deleted: bool,
}

impl<'a> Renderer<'a> {
    /// A renderer over what the instance holds now.
    pub(crate) fn new(state: &'a State, show_deleted: bool) -> Self {
        Self { state, offset: state.offset(), show_deleted }
    }

    /// Writes one object.
    pub(crate) fn object(&self, kind: Kind, record: &Record, projection: &Projection, out: &mut Vec<u8>) {
        match projection {
            Projection::Nothing => {}
            Projection::Limited => self.keys(kind, record, &["id"], out),
            Projection::Shallow => self.whole(kind, record, 1, out),
            Projection::Full => self.whole(kind, record, 0, out),
            Projection::Fields(selected) => self.selected(record, selected, out),
        }
    }

    fn selected(&self, record: &Record, selected: &[Selected], out: &mut Vec<u8>) {
        let mut object = Members::start(out);
        for choice in selected {
            object.name(choice.name, out);
            match (record.get(choice.name), choice.ty) {
                (Some(Field::Ref(target, id)), _) if !choice.inner.is_empty() => {
                    match self.state.find(*target, *id) {
                        Some(found) => self.selected(found, &choice.inner, out),
                        None => out.extend_from_slice(b"null"),
                    }
                }
                (Some(Field::One(part)), Type::One(_)) if !choice.inner.is_empty() => {
                    self.selected(part, &choice.inner, out);
                }
                (Some(Field::Many(parts)), Type::Many(target)) => {
                    self.list(parts, out, |part, out| {
                        if choice.inner.is_empty() {
                            self.whole(target, part, 1, out);
                        } else {
                            self.selected(part, &choice.inner, out);
                        }
                    });
                }
                (None, Type::Many(_) | Type::OpaqueList) => out.extend_from_slice(b"[]"),
                (field, ty) => self.field(choice.name, field, Some(ty), 1, out),
            }
        }
        Members::end(out);
    }

    /// Everything about an object. Deeper than its own parts, only keys are shown.
    fn whole(&self, kind: Kind, record: &Record, depth: u32, out: &mut Vec<u8>) {
        let mut object = Members::start(out);
        object.name("id", out);
        self.field("id", record.get("id"), None, depth, out);
        for attribute in kind.attributes() {
            if attribute.name == "id" {
                continue;
            }
            object.name(attribute.name, out);
            if depth == 0 && self.state.settings.full_size_replies && pad(kind, attribute.name, record, out) {
                continue;
            }
            self.field(attribute.name, record.get(attribute.name), Some(attribute.ty), depth, out);
        }
        object.name(CUSTOM_FIELDS.name, out);
        match record.get(CUSTOM_FIELDS.name) {
            Some(field) => self.field(CUSTOM_FIELDS.name, Some(field), None, depth, out),
            None => out.extend_from_slice(b"{}"),
        }
        if self.state.settings.extra_null_attributes && depth == 0 {
            object.name("introduced-in-a-later-release", out);
            out.extend_from_slice(b"null");
        }
        Members::end(out);
    }

    fn field(&self, name: &str, field: Option<&Field>, ty: Option<Type>, depth: u32, out: &mut Vec<u8>) {
        match (field, ty) {
            (None, _) if name == "created-by" || name == "updated-by" => out.extend_from_slice(API_USER),
            (None, Some(Type::Many(_) | Type::OpaqueList)) => out.extend_from_slice(b"[]"),
            (Some(Field::Flag(flag)), _) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
            (Some(Field::Integer(number)), _) => {
                let _ = write!(out, "{number}");
            }
            (Some(Field::Decimal(number)), _) => {
                let _ = write!(out, "\"{number}\"");
            }
            (Some(Field::Text(text)), _) => string(text, out),
            (Some(Field::Moment(moment)), _) => {
                out.push(b'"');
                values::write_moment(*moment, self.offset, out);
                out.push(b'"');
            }
            (Some(Field::Day(day)), _) => {
                out.push(b'"');
                values::write_day(*day, self.offset, out);
                out.push(b'"');
            }
            (Some(Field::Ref(target, id)), _) => self.pointed_at(*target, *id, depth, out),
            (Some(Field::One(part)), Some(Type::One(target))) => self.whole(target, part, depth.max(1), out),
            (Some(Field::Many(parts)), Some(Type::Many(target))) => {
                self.list(parts, out, |part, out| self.whole(target, part, depth.max(1), out));
            }
            (Some(Field::Json(value)), _) => {
                let _ = serde_json::to_writer(out, value);
            }
            (None | Some(Field::Null | Field::One(_) | Field::Many(_)), _) => out.extend_from_slice(b"null"),
        }
    }

    fn pointed_at(&self, target: Kind, id: u64, depth: u32, out: &mut Vec<u8>) {
        match self.state.find(target, id) {
            Some(found) if depth == 0 && !self.is_document(target) => self.whole(target, found, 2, out),
            Some(found) => self.keys(target, found, target.keys(), out),
            None => out.extend_from_slice(b"null"),
        }
    }

    fn is_document(&self, kind: Kind) -> bool {
        matches!(kind, Kind::OrderHeader | Kind::InvoiceHeader)
            || (kind == Kind::Supplier && !self.state.settings.full_size_replies)
    }

    fn keys(&self, kind: Kind, record: &Record, keys: &[&str], out: &mut Vec<u8>) {
        let mut object = Members::start(out);
        for key in keys {
            object.name(key, out);
            self.field(key, record.get(key), kind.attribute(key).map(|attribute| attribute.ty), 2, out);
        }
        Members::end(out);
    }

    fn list(&self, parts: &[Record], out: &mut Vec<u8>, each: impl Fn(&Record, &mut Vec<u8>)) {
        out.push(b'[');
        let mut first = true;
        for part in parts.iter().filter(|part| self.show_deleted || !part.flag(DELETED)) {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            each(part, out);
        }
        out.push(b']');
    }
}

/// Fills one list of an object with associations, so that a reply is as large as real ones are.
fn pad(kind: Kind, name: &str, record: &Record, out: &mut Vec<u8>) -> bool {
    let bytes = match (kind, name) {
        (Kind::Supplier, "content-groups") => 14_000,
        (Kind::OrderHeader, "attachments") => {
            (30_000 + 8_000 * record.list("order-lines").len()).min(120_000)
        }
        (Kind::InvoiceHeader, "approvals") => {
            (60_000 + 20_000 * record.list("invoice-lines").len()).min(200_000)
        }
        _ => return false,
    };
    out.push(b'[');
    let end = out.len() + bytes;
    while out.len() < end {
        out.extend_from_slice(FILLER);
        out.push(b',');
    }
    out.extend_from_slice(FILLER);
    out.push(b']');
    true
}

/// One association, as real replies hold hundreds of.
const FILLER: &[u8] = br#"{"id":7,"name":"Everyone","description":"The group that every user belongs to","created-at":"2016-11-14T11:53:40-08:00","updated-at":"2016-11-14T11:53:40-08:00","created-by":{"id":1,"login":"coupasupport","email":"support@x.test","employee-number":null,"firstname":"Coupa","lastname":"Support","fullname":"Coupa Support","salesforce-id":null,"avatar-thumb-url":null,"custom-fields":{}},"position":null,"approver":null,"status":null,"note":null}"#;

fn string(text: &str, out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, text);
}

/// Commas between the members of an object.
struct Members {
    first: bool,
}

impl Members {
    fn start(out: &mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { first: true }
    }

    fn name(&mut self, name: &str, out: &mut Vec<u8>) {
        if !std::mem::take(&mut self.first) {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
    }

    fn end(out: &mut Vec<u8>) {
        out.push(b'}');
    }
}
