//! A change as the body of a message.

use crate::StoreError;
use jiff::Timestamp;
use model::{Change, Code, Failure};
use serde::{Deserialize, Serialize};

/// The only version so far. A reader takes none that it doesn't know: guessing would lose what it doesn't understand.
const VERSION: u64 = 1;

/// What is in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The change.
    pub change: Change,
    /// The message is the copy of a dead letter of that moment.
    pub copy_of: Option<Timestamp>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    v: u64,
    change: &'a Change,
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_letter_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Version {
    v: u64,
}

#[derive(Deserialize)]
struct Read {
    change: Change,
    #[serde(default)]
    dead_letter_at: Option<Timestamp>,
}

/// Reads a message's body. A failure is this message's alone.
pub fn decode_message(body: &str) -> Result<Message, Failure> {
    let unreadable = |error: serde_json::Error| {
        // What serde says of it may quote the body, which anybody with access to the queue can write: only where it broke.
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::new(
            Code::MessageUnreadable,
            format!("a message of {} bytes is no change ({place})", body.len()),
        )
    };
    let Version { v } = serde_json::from_str(body).map_err(unreadable)?;
    if v != VERSION {
        let message = format!("the message is of version {v}, and this b1-coupa reads version {VERSION}");
        return Err(Failure::new(Code::MessageVersion, message));
    }
    let Read { change, dead_letter_at } = serde_json::from_str(body).map_err(unreadable)?;
    Ok(Message { change, copy_of: dead_letter_at })
}

pub(super) fn encode(change: &Change, dead_letter_at: Option<Timestamp>) -> Result<String, StoreError> {
    serde_json::to_string(&Envelope { v: VERSION, change, dead_letter_at })
        .map_err(|error| StoreError::Corrupt(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Cause, CompanyDb, CorrelationId, DocumentKey, Lane, Step};

    fn change() -> Change {
        Change {
            document: DocumentKey::supplier(&CompanyDb("SBODEMOUS".to_owned()), "V 10/ü"),
            step: Step::Document,
            cause: Cause::Webhook,
            lane: Lane::Live,
            whatever_date: true,
            seen_at: "2026-11-20T08:00:00.5Z".parse().unwrap(),
            correlation: CorrelationId("c".to_owned()),
        }
    }

    #[test]
    fn a_change_and_a_copy_read_back() {
        let at = Some("2026-11-21T08:00:00Z".parse().unwrap());
        for copy_of in [None, at] {
            let body = encode(&change(), copy_of).unwrap();
            assert_eq!(decode_message(&body), Ok(Message { change: change(), copy_of }));
        }
    }

    /// Messages lie in queues for weeks: what this version wrote, later ones must read.
    #[test]
    fn the_form_of_version_1_stays() {
        let body = r#"{"v":1,"change":{"document":"SBODEMOUS/supplier/V 10/ü","step":"document","cause":"webhook","lane":"live","whatever_date":true,"seen_at":"2026-11-20T08:00:00.5Z","correlation":"c"}}"#;
        assert_eq!(encode(&change(), None).unwrap(), body);
        assert_eq!(decode_message(body).unwrap().change, change());
    }

    #[test]
    fn what_is_no_change_has_a_code_and_is_not_quoted() {
        let later = encode(&change(), None).unwrap().replace("\"v\":1", "\"v\":2");
        let broken = encode(&change(), None).unwrap().replace("supplier", "teapot");
        for (body, code) in [
            ("", Code::MessageUnreadable),
            ("{}", Code::MessageUnreadable),
            ("[1]", Code::MessageUnreadable),
            (r#"{"v":"secret"}"#, Code::MessageUnreadable),
            (r#"{"v":1}"#, Code::MessageUnreadable),
            (&broken, Code::MessageUnreadable),
            (&later, Code::MessageVersion),
        ] {
            let failure = decode_message(body).unwrap_err();
            assert_eq!(failure.code, code, "{body}");
            assert!(!failure.message.contains("secret") && !failure.message.contains("teapot"), "{failure}");
        }
    }
}
