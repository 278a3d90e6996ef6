//! Query parameters: paging, order, and conditions such as `supplier[number]=V1` or `updated_at[gt]=…`.

use super::problem::Problem;
use super::projection::Projection;
use super::schema::{Kind, Type};
use crate::escapes::decode;

/// How a condition compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    NotEqual,
    In,
    NotIn,
    Blank,
}

/// One condition: the way to an attribute, and what it must be.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    /// Attribute names from the object inwards.
    pub(crate) path: Vec<String>,
    /// How it compares.
    pub(crate) operator: Operator,
    /// With what; several for `in` and `not_in`.
    pub(crate) values: Vec<String>,
}

/// The question that a URL asks.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// All must hold.
    pub(crate) conditions: Vec<Condition>,
    /// Records at most.
    pub(crate) limit: usize,
    /// Records to leave out first.
    pub(crate) offset: usize,
    /// The attribute that orders them.
    pub(crate) order_by: String,
    /// Whether the greatest comes first.
    pub(crate) descending: bool,
    /// What to show of each.
    pub(crate) projection: Projection,
    /// Whether deleted order lines are shown.
    pub(crate) show_deleted: bool,
    /// The `exported` flag to set, on PUT.
    pub(crate) exported: Option<bool>,
}

/// The most records in one page.
const PAGE: usize = 50;

/// The pairs of a query string, decoded.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn bad(message: String) -> Problem {
    Problem::refused("query", message)
}

impl Query {
    /// Reads a query string. A write (`PUT`, `POST`) knows no conditions.
    pub(crate) fn parse(kind: Kind, text: &str, writing: bool) -> Result<Self, Problem> {
        let mut query = Self {
            conditions: Vec::new(),
            limit: PAGE,
            offset: 0,
            order_by: "id".to_owned(),
            descending: false,
            projection: Projection::Full,
            show_deleted: false,
            exported: None,
        };
        let mut fields = None;
        for (name, value) in pairs(text) {
            match name.as_str() {
                "fields" => fields = Some(Projection::fields(kind, &value)?),
                "return_object" => query.projection = Projection::named(&value, writing)?,
                "limit" => query.limit = number(&name, &value)?.min(PAGE),
                "offset" => query.offset = number(&name, &value)?,
                "order_by" => query.order_by = order(kind, &value)?,
                "dir" if value == "asc" || value == "desc" => query.descending = value == "desc",
                "dir" => return Err(bad(format!("dir {value} is not one of asc, desc"))),
                "show_deleted_lines" => query.show_deleted = value == "true",
                "filter" => return Err(bad(format!("there is no API response filter named {value}"))),
                "exported" if writing => query.exported = super::values::flag(&value),
                _ if writing => {}
                _ => query.conditions.push(condition(kind, &name, value)?),
            }
        }
        if let Some(fields) = fields {
            query.projection = fields;
        }
        Ok(query)
    }
}

fn number(name: &str, value: &str) -> Result<usize, Problem> {
    value.parse().map_err(|_| bad(format!("{name} {value} is not a number")))
}

fn order(kind: Kind, value: &str) -> Result<String, Problem> {
    let name = value.replace('_', "-");
    match kind.attribute(&name).map(|attribute| attribute.ty) {
        Some(Type::Text(_) | Type::Integer | Type::Decimal(_) | Type::Boolean | Type::Moment | Type::Day) => {
            Ok(name)
        }
        _ => Err(bad(format!("order_by: unknown attribute {value} for {}", kind.name()))),
    }
}

/// What a name inside brackets may be.
#[derive(Clone, Copy)]
enum Inside {
    /// An attribute of this kind.
    Object(Kind),
    /// Any name, as with custom fields.
    Anything,
    /// Nothing: the attribute before is a scalar.
    Scalar,
}

fn condition(kind: Kind, name: &str, value: String) -> Result<Condition, Problem> {
    let mut words: Vec<&str> = name.split('[').map(|word| word.trim_end_matches(']')).collect();
    let operator = words.last().copied().and_then(operator).filter(|_| words.len() > 1);
    if operator.is_some() {
        words.pop();
    }
    let mut path = Vec::with_capacity(words.len());
    let mut inside = Inside::Object(kind);
    let mut ty = Type::Opaque;
    for word in words {
        let step =
            step(inside, word).ok_or_else(|| bad(format!("unknown attribute {name} for {}", kind.name())))?;
        path.extend(step.names);
        (ty, inside) = (step.ty, step.inside);
    }
    finish(path, ty, operator.unwrap_or(Operator::Equal), value)
}

/// One step of the way to an attribute.
struct Step {
    names: Vec<String>,
    ty: Type,
    inside: Inside,
}

fn step(inside: Inside, word: &str) -> Option<Step> {
    let owner = match inside {
        Inside::Object(owner) => owner,
        Inside::Anything => {
            return Some(Step { names: vec![word.to_owned()], ty: Type::Text(None), inside });
        }
        Inside::Scalar => return None,
    };
    let name = word.replace('_', "-");
    if let Some(attribute) = owner.attribute(&name) {
        let inside = match attribute.ty {
            Type::One(target) | Type::Many(target) => Inside::Object(target),
            Type::Opaque | Type::OpaqueList => Inside::Anything,
            _ => Inside::Scalar,
        };
        return Some(Step { names: vec![name], ty: attribute.ty, inside });
    }
    // `supplier_id` asks for the id of the supplier.
    let short = name.strip_suffix("-id")?;
    match owner.attribute(short)?.ty {
        Type::One(_) => Some(Step {
            names: vec![short.to_owned(), "id".to_owned()],
            ty: Type::Integer,
            inside: Inside::Scalar,
        }),
        _ => None,
    }
}

fn finish(path: Vec<String>, ty: Type, operator: Operator, value: String) -> Result<Condition, Problem> {
    use Operator::{Blank, Contains, EndsWith, In, NotIn, StartsWith};
    let name = path.join(".");
    let is_date = matches!(ty, Type::Moment | Type::Day);
    if is_date && matches!(operator, Contains | StartsWith | EndsWith) {
        return Err(bad(format!("{name}: this operator is not supported for dates")));
    }
    if matches!(ty, Type::One(_) | Type::Many(_)) && operator != Blank {
        return Err(bad(format!("{name} is an object: name the attribute to compare")));
    }
    let mut values = match operator {
        In | NotIn => value.split(',').map(str::to_owned).collect(),
        _ => vec![value],
    };
    if name == "status" && matches!(operator, In | Operator::Equal) {
        // Coupa's own walkthrough filters by the other spelling.
        let other = |value: &String| match value.as_str() {
            "canceled" => Some("cancelled".to_owned()),
            "cancelled" => Some("canceled".to_owned()),
            _ => None,
        };
        let others: Vec<String> = values.iter().filter_map(other).collect();
        values.extend(others);
    }
    for value in &values {
        let valid = match (operator, ty) {
            (Blank, _) | (_, Type::Boolean) => super::values::flag(value).is_some(),
            (_, Type::Integer) => value.parse::<i64>().is_ok(),
            (_, Type::Decimal(_)) => super::values::decimal(value).is_some(),
            (_, Type::Moment | Type::Day) => super::values::moment(value).is_some(),
            _ => true,
        };
        if !valid {
            return Err(bad(format!("{name}: {value} is not a valid value")));
        }
    }
    Ok(Condition { path, operator, values })
}

fn operator(word: &str) -> Option<Operator> {
    Some(match word {
        "contains" => Operator::Contains,
        "starts_with" => Operator::StartsWith,
        "ends_with" => Operator::EndsWith,
        "gt" => Operator::Greater,
        "lt" => Operator::Less,
        "gt_or_eq" => Operator::GreaterOrEqual,
        "lt_or_eq" => Operator::LessOrEqual,
        "not_eq" => Operator::NotEqual,
        "in" => Operator::In,
        "not_in" => Operator::NotIn,
        "blank" => Operator::Blank,
        _ => return None,
    })
}
