//! What a reply means: data, a session that is gone, a passing failure, or SAP's refusal in its two shapes.

use crate::Error;
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use wire::{Response, TransportError};

/// Why one try did not succeed, and what follows from that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Trying again changes nothing.
    Final(Error),
    /// It may pass: try again a few times.
    Passing(Error),
    /// 305, `Switch company error`: the operation has not run, and once more helps or nothing does.
    Switch(Error),
    /// SAP no longer knows the session.
    SessionLost(String),
}

impl Fault {
    /// The error, where no more is tried.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Final(error) | Self::Passing(error) | Self::Switch(error) => error,
            Self::SessionLost(text) => Error::SessionLost(text),
        }
    }
}

impl From<TransportError> for Fault {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::TooLarge(limit_bytes) => Self::Final(Error::TooLarge { limit_bytes }),
            TransportError::NotSent(_) | TransportError::NoReply(_) => {
                Self::Passing(Error::Unreachable(error.to_string()))
            }
        }
    }
}

/// SAP's own code and text, from either shape of its errors: `"code": -2028, "message": {"value": …}` or
/// `"code": "-2028", "message": …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteError {
    /// Empty where the body says nothing.
    pub(crate) code: String,
    /// For people.
    pub(crate) text: String,
}

impl RemoteError {
    pub(crate) fn of(body: &[u8]) -> Self {
        let decoded = serde_json::from_slice::<Value>(strip_mark(body)).ok();
        let error = decoded.as_ref().and_then(|value| value.get("error"));
        let Some(error) = error else {
            return Self { code: String::new(), text: page_title(body) };
        };
        let code = match error.get("code") {
            Some(Value::String(code)) => code.clone(),
            Some(Value::Number(code)) => code.to_string(),
            _ => String::new(),
        };
        let message = error.get("message");
        let text = message.and_then(|message| message.get("value")).or(message).and_then(Value::as_str);
        Self { code, text: shorten(text.unwrap_or("no message")) }
    }

    /// Only where the text says so: -5002 is otherwise an ordinary business error.
    fn says_session_timed_out(&self) -> bool {
        let text = self.text.to_lowercase();
        let ended = ["timeout", "time out", "timed out", "expired"];
        text.contains("session") && ended.iter().any(|word| text.contains(word))
    }
}

/// The body of a reply that holds what was asked for.
pub(crate) fn judge(reply: Response) -> Result<Bytes, Fault> {
    let status = reply.status();
    if status.is_success() {
        return Ok(reply.into_body());
    }
    let remote = RemoteError::of(reply.body());
    let RemoteError { code, text } = remote.clone();
    let (number, failing) = (status.as_u16(), Error::Failing { status: status.as_u16(), text: text.clone() });
    Err(match (status, code.as_str()) {
        // Without a code it was not a business rule that said no. With another one it is: a semantic view says 401/-1.
        (StatusCode::UNAUTHORIZED, "301" | "") => Fault::SessionLost(text),
        (_, "-5002") if remote.says_session_timed_out() => Fault::SessionLost(text),
        (StatusCode::INTERNAL_SERVER_ERROR, "305") => Fault::Switch(failing),
        (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS, _) => Fault::Passing(failing),
        _ if status.is_server_error() => Fault::Passing(failing),
        (StatusCode::NOT_FOUND, _) => Fault::Final(Error::NotFound { text }),
        _ => Fault::Final(Error::Refused { status: number, code, text }),
    })
}

/// A byte order mark says nothing in UTF-8.
pub(crate) fn strip_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// What a proxy's HTML page is about, or the beginning of whatever the body is.
pub(crate) fn page_title(body: &[u8]) -> String {
    let start = &body[..body.len().min(4_000)];
    let text = String::from_utf8_lossy(start);
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").and_then(|from| {
        let from = from + "<title>".len();
        lower[from..].find('<').map(|length| &text[from..from + length])
    });
    match title {
        Some(title) => shorten(&format!("an HTML page: {}", title.trim())),
        None if text.trim().is_empty() => "an empty reply".to_owned(),
        None => shorten(text.trim()),
    }
}

/// Enough for people, not enough to flood a log.
pub(crate) fn shorten(text: &str) -> String {
    const MOST: usize = 400;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(status: u16, body: &str) -> Fault {
        let reply = http::Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap();
        judge(reply).unwrap_err()
    }

    #[test]
    fn both_shapes_of_errors_are_read() {
        let v1 = r#"{ "error" : {"code" : -5006, "innererror": {"context":null}, "message" : {"lang":"en-us", "value":"No."}} }"#;
        let v2 = r#"{"error":{"code":"-5006","details":[{"code":"","message":""}],"message":"No."}}"#;
        for body in [v1, v2] {
            let refused = Error::Refused { status: 400, code: "-5006".to_owned(), text: "No.".to_owned() };
            assert_eq!(fault(400, body), Fault::Final(refused), "{body}");
        }
    }

    #[test]
    fn only_what_says_so_is_a_lost_session() {
        for body in [
            r#"{"error":{"code":301,"message":{"lang":"en-us","value":"Invalid session or session already timeout."}}}"#,
            r#"{"error":{"code":"301","message":"Invalid session or session already timeout."}}"#,
            "",
        ] {
            assert!(matches!(fault(401, body), Fault::SessionLost(_)), "{body}");
        }
        let timed_out = r#"{"error":{"code":-5002,"message":{"value":"The session timed out"}}}"#;
        assert!(matches!(fault(400, timed_out), Fault::SessionLost(_)));
        let business = r#"{"error":{"code":-5002,"message":{"value":"Invalid BP code [OPDN.CardCode]"}}}"#;
        assert!(matches!(fault(400, business), Fault::Final(Error::Refused { .. })));
        let view = r#"{"error":{"code":-1,"message":{"value":"No permission to access this view"}}}"#;
        assert!(matches!(fault(401, view), Fault::Final(Error::Refused { status: 401, .. })));
    }

    #[test]
    fn failures_of_the_server_pass_and_name_the_page() {
        let html = "<!DOCTYPE HTML><html><head><TITLE>502 Proxy Error</TITLE></head><body>…</body></html>";
        for status in [500, 502, 503, 504, 429, 408] {
            let Fault::Passing(error) = fault(status, html) else { panic!("{status}") };
            assert!(error.to_string().contains("502 Proxy Error"), "{error}");
        }
        let switch = r#"{"error":{"code":305,"message":{"value":"Switch company error: -1102"}}}"#;
        assert!(matches!(fault(500, switch), Fault::Switch(_)));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let body = r#"{"error":{"code":-2028,"message":{"value":"No matching records found (ODBC -2028)"}}}"#;
        assert!(matches!(fault(404, body), Fault::Final(Error::NotFound { .. })));
    }
}
