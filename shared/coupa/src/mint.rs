//! Fetching a token.

use crate::{
    Error, Settings,
    client::Counters,
    gate::Gate,
    problems::{self, Problem},
    query::encode,
    retry::{self, Backoff, Seen},
    token::{self, Token},
};
use bytes::Bytes;
use http::{Method, header};
use model::{Clock, Credential, Lane};
use secrecy::{ExposeSecret, SecretString};
use std::sync::atomic::Ordering::Relaxed;
use wire::{Limits, Transport};

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

impl Mint<'_> {
    /// A new token. A refused secret is read again, and tried again if it has been changed.
    pub(crate) async fn ask(&self, credential: &dyn Credential) -> Result<Token, Error> {
        let mut secret = credential.get().await?;
        let mut read_again = false;
        let limits =
            Limits { timeout: self.settings.request_timeout, max_body_bytes: self.settings.max_body_bytes };
        let mut tries = 0;
        let mut slowed = 0;
        let mut scopes = self.settings.scopes.join(" ");
        loop {
            self.gate.slot(self.lane).await?;
            self.counters.tokens.fetch_add(1, Relaxed);
            let request = self.request(&secret, &scopes)?;
            let seen = retry::see(self.transport.send(request, limits).await, self.clock.now());
            let error = match seen {
                Seen::Success(body) => match token::read(&body, self.clock.now()) {
                    Ok(token) => return Ok(token),
                    Err(reason) => Error::BadReply(format!("the token reply: {reason}")),
                },
                Seen::Slow(retry_after) => {
                    self.counters.slowed.fetch_add(1, Relaxed);
                    retry::note_slow(self.gate, retry_after).await;
                    slowed += 1;
                    if slowed > retry::SLOWED || retry::too_long(retry_after) {
                        return Err(Error::RateLimited { retry_after });
                    }
                    continue;
                }
                Seen::Refused { body, .. } | Seen::Unauthorized(body) => {
                    let refusal = self.refusal(&secret, &body);
                    // The client was granted fewer: what it was granted is good for most of the work.
                    if matches!(refusal, Error::InvalidScope { .. }) && !scopes.is_empty() {
                        tracing::warn!(%refusal, "asking for a token with the scopes that there are");
                        scopes.clear();
                        continue;
                    }
                    if matches!(refusal, Error::InvalidClient(_)) && !read_again {
                        read_again = true;
                        if let Some(changed) = changed(credential, &secret).await {
                            secret = changed;
                            continue;
                        }
                    }
                    return Err(refusal);
                }
                other => other.read_error("/oauth2/token"),
            };
            tries += 1;
            if tries >= retry::READS {
                return Err(error);
            }
            self.backoff.wait(tries).await;
        }
    }

    fn request(&self, secret: &SecretString, scopes: &str) -> Result<wire::Request, Error> {
        let settings = self.settings;
        let mut form = String::from("grant_type=client_credentials");
        let parts = [
            ("client_id", settings.client_id.as_str()),
            ("client_secret", secret.expose_secret()),
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
    fn refusal(&self, secret: &SecretString, body: &[u8]) -> Error {
        let secret = secret.expose_secret();
        let blanked =
            |text: &str| if secret.is_empty() { text.to_owned() } else { text.replace(secret, "***") };
        // Before it is cut, which could leave a part of the secret; and after, where escapes hid it.
        let body = blanked(&String::from_utf8_lossy(body));
        let problems = problems::decode(body.as_bytes());
        let text = blanked(&problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; "));
        if text.contains("invalid_scope") {
            return Error::InvalidScope { scopes: self.settings.scopes.join(" "), text };
        }
        Error::InvalidClient(if text.is_empty() { "it does not say why".to_owned() } else { text })
    }
}

/// The secret as it is now, if it is another than `tried`.
async fn changed(credential: &dyn Credential, tried: &SecretString) -> Option<SecretString> {
    match credential.read_again().await {
        Ok(secret) if secret.expose_secret() != tried.expose_secret() => {
            tracing::info!("the client secret has been changed: asking for a token with the new one");
            Some(secret)
        }
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(%error, "the client secret could not be read again");
            None
        }
    }
}
