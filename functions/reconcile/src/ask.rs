use model::{Code, Failure, ObjectKind};
use pipeline::reconcile::Scope;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    objects: Objects,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Objects {
    Named(BTreeSet<String>),
    Word(String),
}

/// Reads `{"objects":"all"}` or `{"objects":["invoices"]}`; `moving` are the objects that are kept in step.
pub(crate) fn read(event: Value, moving: &BTreeSet<ObjectKind>) -> Result<Scope, Failure> {
    let foreign = |what: String| Failure::new(Code::EventForeign, what);
    let payload: Payload = serde_json::from_value(event).map_err(|error| foreign(error.to_string()))?;
    let names = match payload.objects {
        Objects::Word(all) if all == "all" => return Ok(Scope { objects: moving.clone(), days: None }),
        Objects::Word(one) => BTreeSet::from([one]),
        Objects::Named(names) => names,
    };
    let kind_of = |name: &String| {
        ObjectKind::parse(name).ok_or_else(|| Failure::new(Code::ObjectUnknown, format!("`{name}`")))
    };
    let objects = names.iter().map(kind_of).collect::<Result<BTreeSet<_>, _>>()?;
    if let Some(stranger) = objects.difference(moving).next() {
        return Err(foreign(format!("{} are not kept in step", stranger.plural())));
    }
    if objects.is_empty() {
        return Err(foreign("`objects` is \"all\", or names at least one".to_owned()));
    }
    Ok(Scope { objects, days: None })
}
