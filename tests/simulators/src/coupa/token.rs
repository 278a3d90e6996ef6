//! `/oauth2/token`: client credentials in, a long bearer token out.

use super::problem::{Problem, json_reply};
use super::query::pairs;
use super::state::State;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Tokens by their text.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    /// How many were ever given out.
    pub(crate) minted: u64,
    live: BTreeMap<String, Token>,
}

#[derive(Debug)]
struct Token {
    scopes: BTreeSet<String>,
    usable_from: Timestamp,
    expires: Timestamp,
}

impl Tokens {
    /// Makes all tokens worthless.
    pub(crate) fn revoke_all(&mut self) {
        self.live.clear();
    }
}

impl State {
    /// Answers a token request.
    pub(crate) fn mint(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        let refused = |status: StatusCode, error: &str, text: &str| {
            json_reply(status, &json!({ "error": error, "error_description": text }))
        };
        let form = pairs(&String::from_utf8_lossy(request.body()));
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if content_type(request.headers()) != "application/x-www-form-urlencoded" {
            return refused(StatusCode::BAD_REQUEST, "invalid_request", "The body must be form-urlencoded.");
        }
        if field("grant_type") != Some("client_credentials") {
            return refused(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "The authorization grant type is not supported by the authorization server.",
            );
        }
        let basic = basic_credentials(request.headers());
        let (id, secret) = match &basic {
            Some((id, secret)) => (id.as_str(), secret.as_str()),
            None => (field("client_id").unwrap_or_default(), field("client_secret").unwrap_or_default()),
        };
        let client = self.settings.clients.get(id).filter(|client| client.secret == secret);
        let Some(client) = client else {
            let status = StatusCode::from_u16(self.settings.invalid_client_status);
            return refused(
                status.unwrap_or(StatusCode::UNAUTHORIZED),
                "invalid_client",
                "Client authentication failed.",
            );
        };
        let asked: BTreeSet<String> =
            field("scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        if !asked.is_subset(&client.scopes) {
            return refused(
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "The requested scope is invalid, unknown, or malformed.",
            );
        }
        let scopes = if asked.is_empty() { client.scopes.clone() } else { asked };
        let id = id.to_owned();
        self.give_out(&id, scopes)
    }

    fn give_out(&mut self, client: &str, scopes: BTreeSet<String>) -> Response<Bytes> {
        self.tokens.minted += 1;
        let scope = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let text = token_text(self.tokens.minted, client, &scope);
        let after = |pause: Duration| self.now.checked_add(pause).unwrap_or(Timestamp::MAX);
        let token = Token {
            scopes,
            usable_from: after(self.settings.token_warm_up),
            expires: after(self.settings.token_lifetime),
        };
        let now = self.now;
        self.tokens.live.retain(|_, held| held.expires > now);
        self.tokens.live.insert(text.clone(), token);
        json_reply(
            StatusCode::OK,
            &json!({
                "access_token": text,
                "token_type": "bearer",
                "expires_in": self.settings.token_lifetime.as_secs(),
                "scope": scope,
            }),
        )
    }

    /// Whether the request carries a live token with one of the scopes, if there are any: 401 or 403 otherwise.
    pub(crate) fn authorize(&self, headers: &HeaderMap, scopes: &[&str]) -> Result<(), Problem> {
        let unauthorized = || Problem::of(StatusCode::UNAUTHORIZED, "request", "Unauthorized");
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let text = sent.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token)
        });
        let token = text.and_then(|text| self.tokens.live.get(text)).ok_or_else(unauthorized)?;
        if self.now < token.usable_from || self.now >= token.expires {
            return Err(unauthorized());
        }
        if self.settings.check_scopes
            && !scopes.is_empty()
            && !scopes.iter().any(|scope| token.scopes.contains(*scope))
        {
            let text = format!("Forbidden: this call needs the scope {}", scopes.join(" or "));
            return Err(Problem::of(StatusCode::FORBIDDEN, "request", text));
        }
        Ok(())
    }
}

/// The media type of a request, without parameters.
pub(crate) fn content_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// A token that looks like Coupa's: a JWT of well over a thousand characters.
fn token_text(number: u64, client: &str, scope: &str) -> String {
    let claims = json!({ "jti": format!("{number:064x}"), "aud": client, "scope": scope });
    let mut signature = Vec::with_capacity(768);
    let mut seed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    while signature.len() < 768 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        signature.extend_from_slice(&seed.to_be_bytes());
    }
    format!(
        "{}.{}.{}",
        URL_SAFE_NO_PAD.encode(br#"{"typ":"JWT","alg":"RS256"}"#),
        URL_SAFE_NO_PAD.encode(claims.to_string()),
        URL_SAFE_NO_PAD.encode(signature)
    )
}
