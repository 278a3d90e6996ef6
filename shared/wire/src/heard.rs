//! What the other side answered, short enough to be kept with what was sent.

use crate::{Response, TransportError};
use serde_json::{Map, Value, json};
use std::sync::{Mutex, PoisonError};

/// A reply up to this size is kept whole; real ones have up to 250 kB, nearly all of it what nobody asked about.
const KEPT_WHOLE_BYTES: usize = 2_000;
/// Of what is no JSON, so many characters.
const TEXT_CHARACTERS: usize = 500;

/// Adds what was answered, as `"reply"`, to the note at `place` among what was sent: `{"status", "body"}` of a reply, `{"lost"}`
/// with the reason where there was none. Nothing where nothing was sent. The last try's is what stays.
///
/// Of a large JSON object only its single values are kept, and `"left_out"` names the others.
pub fn note_reply(sent: &Mutex<Vec<Value>>, place: usize, result: &Result<Response, TransportError>) {
    let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
    if let (Some(Value::Object(note)), Some(reply)) = (sent.get_mut(place), heard(result)) {
        note.insert("reply".to_owned(), reply);
    }
}

fn heard(result: &Result<Response, TransportError>) -> Option<Value> {
    let reply = match result {
        Ok(reply) => reply,
        Err(TransportError::NotSent(_)) => return None,
        Err(error) => return Some(json!({"lost": error.to_string()})),
    };
    let status = reply.status().as_u16();
    let body = reply.body();
    if body.is_empty() {
        return Some(json!({"status": status}));
    }
    Some(match serde_json::from_slice(body) {
        Ok(whole) if body.len() <= KEPT_WHOLE_BYTES => json!({"status": status, "body": whole}),
        Ok(Value::Object(members)) => {
            let (single, rest): (Map<_, _>, Map<_, _>) =
                members.into_iter().partition(|(_, value)| is_single(value));
            let left_out: Vec<String> = rest.into_iter().map(|(name, _)| name).collect();
            json!({"status": status, "body": single, "left_out": left_out})
        }
        Ok(_) | Err(_) => json!({"status": status, "body": beginning(&String::from_utf8_lossy(body))}),
    })
}

/// Short, and nothing in it.
fn is_single(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => text.len() <= TEXT_CHARACTERS,
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn beginning(text: &str) -> String {
    let kept: String = text.chars().take(TEXT_CHARACTERS).collect();
    if kept.len() < text.len() { format!("{kept} …") } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn reply(status: u16, body: impl Into<Bytes>) -> Option<Value> {
        heard(&Ok(http::Response::builder().status(status).body(body.into()).unwrap()))
    }

    #[test]
    fn a_small_reply_is_kept_whole() {
        let body = r#"{"id":7,"lines":[{"id":1}]}"#;
        assert_eq!(reply(201, body), Some(json!({"status": 201, "body": {"id": 7, "lines": [{"id": 1}]}})));
        assert_eq!(reply(204, ""), Some(json!({"status": 204})));
        assert_eq!(reply(502, "<html>Bad"), Some(json!({"status": 502, "body": "<html>Bad"})));
    }

    #[test]
    fn of_a_large_one_the_single_values_are_kept() {
        let long = "x".repeat(3_000);
        let body = json!({"id": 7, "status": "draft", "note": long, "lines": [1], "supplier": {"id": 2}})
            .to_string();
        let kept = json!({"status": 200, "body": {"id": 7, "status": "draft"}, "left_out": ["lines", "note", "supplier"]});
        assert_eq!(reply(200, body), Some(kept));
        let text = reply(500, "é".repeat(3_000)).unwrap();
        assert_eq!(text["body"].as_str().unwrap().chars().count(), TEXT_CHARACTERS + 2);
    }

    #[test]
    fn no_reply_is_told_and_nothing_sent_is_not() {
        let lost = heard(&Err(TransportError::NoReply("reset".to_owned())));
        assert_eq!(lost, Some(json!({"lost": "no reply: reset"})));
        assert_eq!(heard(&Err(TransportError::NotSent("refused".to_owned()))), None);
    }
}
