use model::Sent;
use serde_json::Value;

/// The fields of `now` that differ from `last`; one that is gone is null, so that Coupa forgets it too.
pub fn difference(last: &Sent, now: &Sent) -> Sent {
    let changed = now.iter().filter(|(name, value)| last.get(*name) != Some(*value));
    let gone = last.iter().filter(|(name, value)| !now.contains_key(*name) && !value.is_null());
    let changed = changed.map(|(name, value)| (name.clone(), value.clone()));
    changed.chain(gone.map(|(name, _)| (name.clone(), Value::Null))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: &Value) -> Sent {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_difference_is_what_changed_and_what_is_gone() {
        let last = object(&json!({"name": "Acme", "tax-id": "DE1", "status": "active", "gone-before": null}));
        let now = object(&json!({"name": "Acme", "status": "inactive", "payment-term": {"code": "Net 14"}}));
        let expected = json!({"status": "inactive", "payment-term": {"code": "Net 14"}, "tax-id": null});
        assert_eq!(Value::Object(difference(&last, &now)), expected);
        assert!(difference(&now, &now).is_empty());
    }
}
