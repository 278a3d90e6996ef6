//! What clients write, as members.

use crate::sap::refusal::Refusal;
use crate::sap::schema::{EntityType, Kind, SCHEMA};
use crate::sap::settings::MetadataVersion;
use crate::sap::value::{Field, Record};
use serde_json::Value as Json;

/// Reads a JSON object as members of the type called `of`; read-only ones are left out, as SAP ignores them.
pub(crate) fn record(json: &Json, of: &str, version: MetadataVersion) -> Result<Record, Refusal> {
    let Json::Object(members) = json else {
        return Err(Refusal::syntax("A JSON object is expected"));
    };
    let entity_type = SCHEMA.entity_type(of);
    let mut record = Record::new(of);
    for (name, value) in members {
        let (index, property) = entity_type
            .find(name, version)
            .ok_or_else(|| Refusal::syntax(format!("Property '{name}' of '{of}' is invalid")))?;
        // A key of a row that SAP gives itself still says which row is meant.
        let is_row_key = ROW_KEYS.iter().any(|(_, row, key)| *row == of && key == name);
        if property.read_only && !is_row_key && entity_type.key != Some(property.name) {
            continue;
        }
        if let Some(field) = field(value, entity_type, property.kind, name, version)? {
            record.insert(index, field);
        }
    }
    Ok(record)
}

/// Which member tells the rows of a collection apart: collection, type of its rows, member.
pub(crate) const ROW_KEYS: [(&str, &str, &str); 4] = [
    ("BPAddresses", "BPAddress", "RowNum"),
    ("ContactEmployees", "ContactEmployee", "InternalCode"),
    ("BPPaymentMethods", "BPPaymentMethod", "RowNumber"),
    ("BPBankAccounts", "BPBankAccount", "InternalKey"),
];

fn field(
    json: &Json,
    entity_type: &EntityType,
    kind: Kind,
    name: &str,
    version: MetadataVersion,
) -> Result<Option<Field>, Refusal> {
    let invalid = || Refusal::syntax(format!("Invalid value of property '{name}' of '{}'", entity_type.name));
    // Numbers are accepted as text too.
    let number = || match json {
        Json::Number(number) => Some(number.to_string()),
        Json::String(text) => Some(text.clone()),
        _ => None,
    };
    if json.is_null() {
        return Ok(Some(Field::Null));
    }
    let text = json.as_str();
    let field = match kind {
        Kind::Int => number().and_then(|number| number.parse().ok()).map(Field::Int),
        Kind::Amount => number().and_then(|number| number.parse().ok()).map(Field::Amount),
        Kind::Text => text.map(|text| Field::Text(text.to_owned())),
        Kind::Date => text.and_then(|text| text.get(..10)?.parse().ok()).map(Field::Date),
        Kind::Time => text.and_then(|text| text.parse().ok()).map(Field::Time),
        Kind::Enum(of) => {
            text.and_then(|text| SCHEMA.enum_member(of, text)).map(|member| Field::Name(member.to_owned()))
        }
        // Types that aren't served are taken and forgotten.
        Kind::One("-") | Kind::Many("-") => return Ok(None),
        Kind::One(of) => Some(Field::Object(record(json, of, version)?)),
        Kind::Many(of) => {
            let rows = json.as_array().ok_or_else(invalid)?;
            let rows: Result<Vec<_>, _> = rows.iter().map(|row| record(row, of, version)).collect();
            Some(Field::Rows(rows?))
        }
    };
    field.map(Some).ok_or_else(invalid)
}
