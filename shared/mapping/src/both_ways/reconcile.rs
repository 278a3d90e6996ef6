use super::{ADDRESS, CONTACT, Fields, NAME, Ownership, REMIT_TO, STATUS, Side, kind_of};
use model::Agreed;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A field that both sides changed since they last agreed, or that they never agreed on.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// Which field.
    pub field: String,
    /// SAP's value.
    pub sap: Value,
    /// Coupa's value.
    pub coupa: Value,
    /// Whose value holds.
    pub winner: Side,
}

/// What has to be written where, so that both sides agree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reconciled {
    /// Goes to SAP.
    pub to_sap: Fields,
    /// Goes to Coupa.
    pub to_coupa: Fields,
    /// Where both had changed.
    pub conflicts: Vec<Conflict>,
    /// Changes that the other side has no way to show: they stay where they are.
    pub left: Vec<String>,
    /// What both agree on as it is, and of the fields that have to be written what they agreed on before.
    pub agreed: BTreeMap<String, Agreed>,
}

/// Compares each side with what it showed when the two last agreed. A change on one side goes to the other; where both
/// changed, and to different values, the owner's holds. Without an earlier agreement everything that differs counts as
/// changed on both sides, but nothing is overwritten by an empty value.
pub fn reconcile(
    last: &BTreeMap<String, Agreed>,
    sap: &Fields,
    coupa: &Fields,
    owners: &Ownership,
) -> Reconciled {
    let mut result = Reconciled::default();
    let names: BTreeSet<&String> = sap.keys().chain(coupa.keys()).chain(last.keys()).collect();
    for name in names {
        let now = Agreed {
            sap: sap.get(name).cloned().unwrap_or_default(),
            coupa: coupa.get(name).cloned().unwrap_or_default(),
        };
        let before = last.get(name);
        let Some(from) = wins(name, before, &now, owners, &mut result.conflicts) else {
            // A difference in spelling that was agreed on stays agreed on.
            result.agreed.insert(name.clone(), now);
            continue;
        };
        let (value, goes) = match from {
            Side::Sap => (&now.sap, &mut result.to_coupa),
            Side::Coupa => (&now.coupa, &mut result.to_sap),
        };
        if can_show(name, value, from) {
            goes.insert(name.clone(), value.clone());
            result.agreed.extend(before.cloned().map(|before| (name.clone(), before)));
        } else {
            result.left.push(name.clone());
            result.agreed.insert(name.clone(), now);
        }
    }
    result
}

/// Whose value has to go to the other side; nobody's where the two agree.
fn wins(
    name: &str,
    before: Option<&Agreed>,
    now: &Agreed,
    owners: &Ownership,
    conflicts: &mut Vec<Conflict>,
) -> Option<Side> {
    if now.sap == now.coupa {
        return None;
    }
    let owner = owners.of(name);
    let (sap_changed, coupa_changed) =
        before.map_or((true, true), |before| (before.sap != now.sap, before.coupa != now.coupa));
    let winner = match (sap_changed, coupa_changed) {
        (false, false) => return None,
        (true, false) => return Some(Side::Sap),
        (false, true) => return Some(Side::Coupa),
        (true, true) if before.is_none() && now.sap.is_null() => return Some(Side::Coupa),
        (true, true) if before.is_none() && now.coupa.is_null() => return Some(Side::Sap),
        (true, true) => owner,
    };
    let (field, sap, coupa) = (name.to_owned(), now.sap.clone(), now.coupa.clone());
    conflicts.push(Conflict { field, sap, coupa, winner });
    Some(winner)
}

/// Neither side can be without a name, and rows are never dropped; SAP knows only active and inactive.
fn can_show(name: &str, value: &Value, from: Side) -> bool {
    match kind_of(name) {
        NAME | ADDRESS | CONTACT | REMIT_TO => !value.is_null(),
        STATUS => from == Side::Sap || matches!(value.as_str(), Some("active" | "inactive")),
        _ => true,
    }
}
