use crate::{
    Error, Settings,
    client::Counters,
    gate::Gate,
    problems::{self, Problem},
    query::encode,
    retry::{self, Backoff, Seen},
};
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use jiff::{SignedDuration, Timestamp};
use model::{Clock, Lane};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use wire::{Limits, Transport};

/// Coupa's own advice for tokens of 24 hours.
const RENEW_AFTER_AT_MOST: SignedDuration = SignedDuration::from_hours(20);
/// Where Coupa does not say how long a token lives.
const LIFETIME_UNSAID_SECONDS: u64 = 3_600;
/// For this long a token that never worked may still be about to go live.
const FRESH_FOR: SignedDuration = SignedDuration::from_secs(60);
/// A token that worked and is refused this soon: another one would not fare better.
const JUST_MINTED: SignedDuration = SignedDuration::from_secs(5);
/// A client that was refused is not tried again before a person can have looked at it.
const REFUSED_FOR: SignedDuration = SignedDuration::from_mins(10);
/// Those who queued for a token that could not be had get the same answer for this long.
const FAILED_FOR: SignedDuration = SignedDuration::from_secs(5);
/// A renewal that failed is tried again after this, as long as the old token lasts.
const RENEW_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// An access token in use.
pub(crate) struct Token {
    text: SecretString,
    minted_at: Timestamp,
    renew_at: Timestamp,
    expires_at: Timestamp,
    worked: AtomicBool,
    scopes: Option<String>,
}

impl Token {
    /// The value of the `Authorization` header.
    pub(crate) fn header(&self) -> Result<HeaderValue, Error> {
        let value = HeaderValue::from_str(&format!("Bearer {}", self.text.expose_secret()));
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
        !self.worked.load(Relaxed) && now.duration_since(self.minted_at) < FRESH_FOR
    }

    /// Another one instead might fare better.
    pub(crate) fn worth_replacing(&self, now: Timestamp) -> bool {
        now.duration_since(self.minted_at) > JUST_MINTED
    }

    /// The scopes that Coupa says it carries.
    pub(crate) fn scopes(&self) -> Option<&str> {
        self.scopes.as_deref()
    }
}

/// The one token of a client. It is fetched by one caller while the others wait, or go on with the old one as
/// long as that lasts.
pub(crate) struct Tokens {
    current: RwLock<Option<Arc<Token>>>,
    minting: tokio::sync::Mutex<Option<(Timestamp, Error)>>,
    secret: SecretString,
}

/// What fetching a token takes.
pub(crate) struct Mint<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) transport: &'a dyn Transport,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) gate: &'a Gate,
    pub(crate) backoff: Backoff<'a>,
    pub(crate) counters: &'a Counters,
    pub(crate) lane: Lane,
}

impl Tokens {
    pub(crate) fn new(secret: SecretString) -> Self {
        Self { current: RwLock::default(), minting: tokio::sync::Mutex::default(), secret }
    }

    /// A token that is good, as far as one can tell without asking.
    pub(crate) async fn get(&self, mint: &Mint<'_>) -> Result<Arc<Token>, Error> {
        let now = mint.clock.now();
        let held = self.held();
        if let Some(token) = held.as_ref().filter(|token| now < token.renew_at) {
            return Ok(Arc::clone(token));
        }
        if let Some(old) = held.filter(|token| now < token.expires_at) {
            // Somebody renews it already: the old one does meanwhile.
            let Ok(turn) = self.minting.try_lock() else { return Ok(old) };
            return self.renew(mint, turn, &old).await;
        }
        let turn = self.minting.lock().await;
        match self.held().filter(|token| mint.clock.now() < token.renew_at) {
            Some(minted_meanwhile) => Ok(minted_meanwhile),
            None => self.mint(mint, turn).await,
        }
    }

    /// A token in place of `refused`, which Coupa no longer accepts.
    pub(crate) async fn replace(&self, mint: &Mint<'_>, refused: &Arc<Token>) -> Result<Arc<Token>, Error> {
        let turn = self.minting.lock().await;
        match self.held() {
            Some(token) if !Arc::ptr_eq(&token, refused) => Ok(token),
            _ => {
                self.hold(None);
                self.mint(mint, turn).await
            }
        }
    }

    async fn renew(
        &self,
        mint: &Mint<'_>,
        turn: tokio::sync::MutexGuard<'_, Option<(Timestamp, Error)>>,
        old: &Arc<Token>,
    ) -> Result<Arc<Token>, Error> {
        if let Some(token) = self.held().filter(|token| !Arc::ptr_eq(token, old)) {
            return Ok(token);
        }
        match self.mint(mint, turn).await {
            Ok(token) => Ok(token),
            Err(error) => {
                tracing::warn!(%error, "the access token could not be renewed; the old one still lasts");
                let renew_at = mint.clock.now().checked_add(RENEW_AGAIN_AFTER).unwrap_or(Timestamp::MAX);
                let again = Arc::new(Token {
                    text: old.text.clone(),
                    minted_at: old.minted_at,
                    renew_at,
                    expires_at: old.expires_at,
                    worked: AtomicBool::new(old.worked.load(Relaxed)),
                    scopes: old.scopes.clone(),
                });
                self.hold(Some(Arc::clone(&again)));
                Ok(again)
            }
        }
    }

    async fn mint(
        &self,
        mint: &Mint<'_>,
        mut failed: tokio::sync::MutexGuard<'_, Option<(Timestamp, Error)>>,
    ) -> Result<Arc<Token>, Error> {
        if let Some((until, error)) = failed.as_ref()
            && mint.clock.now() < *until
        {
            return Err(error.clone());
        }
        match self.ask(mint).await {
            Ok(token) => {
                *failed = None;
                let token = Arc::new(token);
                self.hold(Some(Arc::clone(&token)));
                Ok(token)
            }
            Err(error) => {
                let refused = matches!(error, Error::InvalidClient(_) | Error::InvalidScope { .. });
                let pause = if refused { REFUSED_FOR } else { FAILED_FOR };
                let until = mint.clock.now().checked_add(pause).unwrap_or(Timestamp::MAX);
                *failed = Some((until, error.clone()));
                Err(error)
            }
        }
    }

    async fn ask(&self, mint: &Mint<'_>) -> Result<Token, Error> {
        let limits =
            Limits { timeout: mint.settings.request_timeout, max_body_bytes: mint.settings.max_body_bytes };
        let mut tries = 0;
        let mut slowed = 0;
        let mut scopes = mint.settings.scopes.join(" ");
        loop {
            mint.gate.slot(mint.lane).await?;
            mint.counters.tokens.fetch_add(1, Relaxed);
            let request = self.request(mint.settings, &scopes)?;
            let seen = retry::see(mint.transport.send(request, limits).await, mint.clock.now());
            let error = match seen {
                Seen::Success(body) => match read(&body, mint.clock.now()) {
                    Ok(token) => return Ok(token),
                    Err(reason) => Error::BadReply(format!("the token reply: {reason}")),
                },
                Seen::Slow(retry_after) => {
                    mint.counters.slowed.fetch_add(1, Relaxed);
                    retry::note_slow(mint.gate, retry_after).await;
                    slowed += 1;
                    if slowed > retry::SLOWED || retry::too_long(retry_after) {
                        return Err(Error::RateLimited { retry_after });
                    }
                    continue;
                }
                Seen::Refused { body, .. } | Seen::Unauthorized(body) => {
                    let refusal = self.refusal(mint.settings, &body);
                    // The client was granted fewer: what it was granted is good for most of the work.
                    if matches!(refusal, Error::InvalidScope { .. }) && !scopes.is_empty() {
                        tracing::warn!(%refusal, "asking for a token with the scopes that there are");
                        scopes.clear();
                        continue;
                    }
                    return Err(refusal);
                }
                other => other.read_error("/oauth2/token"),
            };
            tries += 1;
            if tries >= retry::READS {
                return Err(error);
            }
            mint.backoff.wait(tries).await;
        }
    }

    fn request(&self, settings: &Settings, scopes: &str) -> Result<wire::Request, Error> {
        let mut form = String::from("grant_type=client_credentials");
        let parts = [
            ("client_id", settings.client_id.as_str()),
            ("client_secret", self.secret.expose_secret()),
            ("scope", scopes),
        ];
        for (name, value) in parts {
            if value.is_empty() {
                continue;
            }
            form.push('&');
            form.push_str(name);
            form.push('=');
            encode(&mut form, value);
        }
        let mut request = http::Request::builder()
            .method(Method::POST)
            .uri(format!("{}/oauth2/token", settings.url))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        if !settings.api_version.is_empty() {
            request = request.header("X-Coupa-API-Version", &settings.api_version);
        }
        request.body(Bytes::from(form)).map_err(|error| Error::NotSent(error.to_string()))
    }

    /// What Coupa said instead of giving a token; a secret that it repeats is not repeated again.
    fn refusal(&self, settings: &Settings, body: &[u8]) -> Error {
        let said = problems::decode(body).iter().map(Problem::to_string).collect::<Vec<_>>().join("; ");
        let secret = self.secret.expose_secret();
        let text = if secret.is_empty() { said } else { said.replace(secret, "***") };
        if text.contains("invalid_scope") {
            return Error::InvalidScope { scopes: settings.scopes.join(" "), text };
        }
        Error::InvalidClient(if text.is_empty() { "it does not say why".to_owned() } else { text })
    }

    fn held(&self) -> Option<Arc<Token>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, token: Option<Arc<Token>>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = token;
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
fn read(body: &[u8], now: Timestamp) -> Result<Token, &'static str> {
    let reply: Reply = serde_json::from_slice(body).map_err(|_| "it holds no access_token")?;
    if reply.access_token.is_empty() {
        return Err("its access_token is empty");
    }
    let seconds = reply.expires_in.unwrap_or(LIFETIME_UNSAID_SECONDS).max(60);
    let lifetime = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    let renew_after = (lifetime / 6).saturating_mul(5).min(RENEW_AFTER_AT_MOST);
    let after = |span| now.checked_add(span).unwrap_or(Timestamp::MAX);
    Ok(Token {
        text: SecretString::from(reply.access_token),
        minted_at: now,
        renew_at: after(renew_after),
        expires_at: after(lifetime),
        worked: AtomicBool::new(false),
        scopes: reply.scope,
    })
}

/// How long to wait for a fresh token to go live.
pub(crate) const GOES_LIVE_AFTER: Duration = Duration::from_secs(5);
