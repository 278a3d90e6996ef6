use crate::{
    Client, Error, LoginInfo,
    cookies::Cookies,
    reply::{Fault, RemoteError, judge, strip_mark},
    session::Session,
};
use bytes::Bytes;
use http::{Method, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use std::sync::atomic::Ordering;
use wire::{Limits, Response};

/// SAP's default, where Login does not say.
const DEFAULT_TIMEOUT_MINUTES: u32 = 30;
const MAX_LOGIN_BYTES: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    session_id: Option<String>,
    version: Option<String>,
    session_timeout: Option<Value>,
}

/// How a log-in ended without a session.
pub(crate) enum NoSession {
    /// SAP refused the user.
    Refused(String),
    /// Something else went wrong.
    Other(Fault),
}

impl Client {
    /// One Login, without any second try.
    pub(crate) async fn new_session(&self, password: &SecretString) -> Result<Session, NoSession> {
        let other = |error| NoSession::Other(Fault::Final(error));
        let credentials = serde_json::json!({
            "CompanyDB": self.settings.company_db.0,
            "UserName": self.settings.user,
            "Password": password.expose_secret(),
        });
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(self.root.url("Login"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(Bytes::from(credentials.to_string()))
            .map_err(|_| other(Error::BadReply("the URL of Login can't be asked".to_owned())))?;
        let limits = Limits { timeout: self.settings.request_timeout, max_body_bytes: MAX_LOGIN_BYTES };
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        self.counters.logins.fetch_add(1, Ordering::Relaxed);
        let since = self.clock.now();
        let reply =
            self.transport.send(request, limits).await.map_err(|error| NoSession::Other(error.into()))?;
        self.answered(self.clock.now());
        if is_refusal(reply.status()) {
            return Err(NoSession::Refused(refusal_text(&reply)));
        }
        let cookies = Cookies::of(reply.headers());
        let body = judge(reply).map_err(NoSession::Other)?;
        let session =
            read(cookies, &body).map_err(|text| NoSession::Other(Fault::Passing(Error::BadReply(text))))?;
        let (cookie, info) = session;
        tracing::info!(version = info.version, minutes = info.session_timeout_minutes, "logged in to SAP");
        Ok(Session::new(cookie, info, since))
    }
}

/// Whatever SAP says of user, password, licence or company, saying it again too often locks the user.
fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST)
}

fn refusal_text(reply: &Response) -> String {
    let RemoteError { code, text } = RemoteError::of(reply.body());
    let code = if code.is_empty() { String::new() } else { format!("/{code}") };
    format!("{}{code}: {text}", reply.status().as_u16())
}

fn read(mut cookies: Cookies, body: &[u8]) -> Result<(http::HeaderValue, LoginInfo), String> {
    let reply: Reply = serde_json::from_slice(strip_mark(body))
        .map_err(|_| format!("Login answered with {}", crate::reply::page_title(body)))?;
    let timeout = match &reply.session_timeout {
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(number) => number.as_u64().and_then(|minutes| u32::try_from(minutes).ok()),
        None => None,
    };
    // A proxy may have eaten the cookie; the body says the same.
    cookies.session = cookies.session.take().or(reply.session_id);
    let cookie = cookies.header().ok_or("Login gave no session that can be sent back")?;
    let info = LoginInfo {
        version: reply.version.unwrap_or_default(),
        session_timeout_minutes: timeout.filter(|minutes| *minutes > 0).unwrap_or(DEFAULT_TIMEOUT_MINUTES),
    };
    Ok((cookie, info))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_without_cookies_or_timeout_still_gives_a_session() {
        let (cookie, info) = read(Cookies::default(), br#"{"SessionId":"a-b","Version":"1000190"}"#).unwrap();
        assert_eq!(cookie, "B1SESSION=a-b");
        let expected = LoginInfo { version: "1000190".to_owned(), session_timeout_minutes: 30 };
        assert_eq!(info, expected);
        let minutes = |text: &str| {
            let body = format!(r#"{{"SessionId":"a","SessionTimeout":{text}}}"#);
            read(Cookies::default(), body.as_bytes()).unwrap().1.session_timeout_minutes
        };
        assert_eq!([minutes("1500"), minutes("\"15\""), minutes("0"), minutes("null")], [1500, 15, 30, 30]);
    }

    #[test]
    fn an_html_page_is_no_login() {
        assert!(read(Cookies::default(), b"<html><title>Welcome</title>").unwrap_err().contains("Welcome"));
    }
}
