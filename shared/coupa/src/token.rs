//! An access token, and the form in which all workers share it.

use crate::Error;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

/// Coupa's own advice for tokens of 24 hours.
const RENEW_AFTER_AT_MOST: SignedDuration = SignedDuration::from_hours(20);
/// Where Coupa does not say how long a token lives.
const LIFETIME_UNSAID_SECONDS: u64 = 3_600;
/// For this long a token that never worked may still be about to go live.
const FRESH_FOR: SignedDuration = SignedDuration::from_secs(60);
/// A token that worked and is refused this soon: another one would not fare better.
const JUST_MINTED: SignedDuration = SignedDuration::from_secs(5);
/// How long to wait for a fresh token to go live.
pub(crate) const GOES_LIVE_AFTER: Duration = Duration::from_secs(5);

/// An access token in use.
pub(crate) struct Token {
    kept: Kept,
    worked: AtomicBool,
}

/// A token as it stands in the shared cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    #[serde(with = "model::secret_text")]
    text: SecretString,
    pub(crate) minted_at: Timestamp,
    pub(crate) renew_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// Somebody has seen it work. Written along with other news only: within a minute it makes no difference any more.
    worked: bool,
    scopes: Option<String>,
}

impl Kept {
    /// The same text: one and the same token.
    pub(crate) fn is(&self, token: &Token) -> bool {
        self.text.expose_secret() == token.kept.text.expose_secret()
    }

    /// Puts off its renewal.
    pub(crate) fn renewed_not_before(&mut self, then: Timestamp) {
        self.renew_at = then;
    }
}

impl Token {
    pub(crate) fn new(kept: Kept) -> Self {
        let worked = AtomicBool::new(kept.worked);
        Self { kept, worked }
    }

    /// As the others may have it.
    pub(crate) fn kept(&self) -> Kept {
        Kept { worked: self.worked.load(Relaxed), ..self.kept.clone() }
    }

    /// The value of the `Authorization` header.
    pub(crate) fn header(&self) -> Result<HeaderValue, Error> {
        let value = HeaderValue::from_str(&format!("Bearer {}", self.kept.text.expose_secret()));
        let mut value =
            value.map_err(|_| Error::BadReply("the access token can't stand in a header".into()))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Coupa accepted it.
    pub(crate) fn works(&self) {
        // Read first: the flag is shared by all, and is written once.
        if !self.worked.load(Relaxed) {
            self.worked.store(true, Relaxed);
        }
    }

    /// It never worked, and is new enough to be not live yet.
    pub(crate) fn may_go_live(&self, now: Timestamp) -> bool {
        !self.worked.load(Relaxed) && now.duration_since(self.kept.minted_at) < FRESH_FOR
    }

    /// Another one instead might fare better.
    pub(crate) fn worth_replacing(&self, now: Timestamp) -> bool {
        now.duration_since(self.kept.minted_at) > JUST_MINTED
    }

    /// The scopes that Coupa says it carries.
    pub(crate) fn scopes(&self) -> Option<&str> {
        self.kept.scopes.as_deref()
    }

    pub(crate) fn is_new_enough(&self, now: Timestamp) -> bool {
        now < self.kept.renew_at
    }

    pub(crate) fn lasts(&self, now: Timestamp) -> bool {
        now < self.kept.expires_at
    }

    pub(crate) fn minted_at(&self) -> Timestamp {
        self.kept.minted_at
    }
}

#[derive(Deserialize)]
struct Reply {
    access_token: String,
    #[serde(default, deserialize_with = "crate::decode::integer")]
    expires_in: Option<u64>,
    #[serde(default, deserialize_with = "crate::decode::text")]
    scope: Option<String>,
}

/// The error names no part of the body: it could be the token.
pub(crate) fn read(body: &[u8], now: Timestamp) -> Result<Token, &'static str> {
    let reply: Reply = serde_json::from_slice(body).map_err(|_| "it holds no access_token")?;
    if reply.access_token.is_empty() {
        return Err("its access_token is empty");
    }
    let seconds = reply.expires_in.unwrap_or(LIFETIME_UNSAID_SECONDS).max(60);
    let lifetime = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    let renew_after = (lifetime / 6).saturating_mul(5).min(RENEW_AFTER_AT_MOST);
    let after = |span| now.checked_add(span).unwrap_or(Timestamp::MAX);
    Ok(Token::new(Kept {
        text: SecretString::from(reply.access_token),
        minted_at: now,
        renew_at: after(renew_after),
        expires_at: after(lifetime),
        worked: false,
        scopes: reply.scope,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_shows_nowhere() {
        let token = read(br#"{"access_token":"s3cret"}"#, Timestamp::UNIX_EPOCH).unwrap();
        let shown = format!("{:?} {:?}", token.kept(), token.header().unwrap());
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
