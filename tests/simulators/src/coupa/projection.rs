//! Which attributes a reply shows: `fields=[…]` and `return_object=…`.

use super::problem::Problem;
use super::schema::{Attribute, Kind, Type};
use serde_json::Value;

/// The attributes to show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Projection {
    /// All of them, with nulls.
    Full,
    /// The object's own, and the keys of what it points at.
    Shallow,
    /// The id alone.
    Limited,
    /// No body.
    Nothing,
    /// Those that were asked for.
    Fields(Vec<Selected>),
}

/// One attribute asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Selected {
    /// Its hyphenated name.
    pub(crate) name: &'static str,
    /// Its type.
    pub(crate) ty: Type,
    /// Its attributes, where it is an object or a list.
    pub(crate) inner: Vec<Selected>,
}

impl Projection {
    /// Reads `return_object`.
    pub(crate) fn named(name: &str, writing: bool) -> Result<Self, Problem> {
        match name {
            "none" if writing => Ok(Self::Nothing),
            "limited" => Ok(Self::Limited),
            "shallow" => Ok(Self::Shallow),
            "none" => Err(bad("return_object none is only available for PUT and POST")),
            other => Err(bad(&format!("return_object {other} is not one of none, limited, shallow"))),
        }
    }

    /// Reads `fields`, a JSON list of `snake_case` names and objects of them.
    pub(crate) fn fields(kind: Kind, text: &str) -> Result<Self, Problem> {
        let parsed: Value =
            serde_json::from_str(text).map_err(|error| bad(&format!("fields is not valid JSON: {error}")))?;
        let Value::Array(entries) = parsed else { return Err(bad("fields must be a JSON array")) };
        Ok(Self::Fields(select(kind, &entries)?))
    }
}

fn bad(message: &str) -> Problem {
    Problem::refused("query", message)
}

fn select(kind: Kind, entries: &[Value]) -> Result<Vec<Selected>, Problem> {
    let mut selected = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry {
            Value::String(name) => {
                let Attribute { name, ty, .. } = known(kind, name)?;
                selected.push(Selected { name, ty, inner: Vec::new() });
            }
            Value::Object(members) => {
                for (name, inner) in members {
                    selected.push(nested(known(kind, name)?, inner)?);
                }
            }
            _ => return Err(bad("fields may hold names and objects only")),
        }
    }
    Ok(selected)
}

fn nested(attribute: Attribute, inner: &Value) -> Result<Selected, Problem> {
    let inner = match (attribute.ty, inner) {
        (Type::One(target) | Type::Many(target), Value::Array(entries)) => select(target, entries)?,
        (Type::One(_) | Type::Many(_) | Type::Opaque | Type::OpaqueList, _) => Vec::new(),
        _ => return Err(bad(&format!("{} has no fields of its own", attribute.name))),
    };
    Ok(Selected { name: attribute.name, ty: attribute.ty, inner })
}

fn known(kind: Kind, name: &str) -> Result<Attribute, Problem> {
    let attribute = if name.contains('-') { None } else { kind.attribute(&name.replace('_', "-")) };
    attribute.ok_or_else(|| bad(&format!("fields: unknown attribute {name} for {}", kind.name())))
}
