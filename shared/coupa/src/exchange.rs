use crate::{
    Call, Client, Error,
    mint::Mint,
    retry::{self, Backoff, Seen},
    token::{GOES_LIVE_AFTER, Token},
};
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use jiff::Timestamp;
use model::Sent;
use serde_json::Value;
use std::sync::{Arc, PoisonError, atomic::Ordering::Relaxed};
use wire::Limits;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// One request, before it has a token.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Option<&'a Sent>,
    /// A 404 means that nothing was found: this goes for an index.
    pub(crate) empty_is_404: bool,
}

impl Ask<'_> {
    pub(crate) fn get(path: String, query: String) -> Self {
        Self { method: Method::GET, path, query, body: None, empty_is_404: false }
    }

    fn writes(&self) -> bool {
        self.method != Method::GET
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What has been tried so far.
#[derive(Default)]
struct Tried {
    reads: u32,
    connects: u32,
    slowed: u32,
    went_live: u32,
    replaced: u32,
    /// Where among what was sent this write stands.
    noted: Option<usize>,
}

impl Client {
    /// One call, from slot to verdict.
    pub(crate) async fn exchange<T>(
        &self,
        call: &Call<'_>,
        ask: &Ask<'_>,
        decode: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, Error> {
        let body = match ask.body {
            Some(body) => {
                Bytes::from(serde_json::to_vec(body).map_err(|error| Error::NotSent(error.to_string()))?)
            }
            None => Bytes::new(),
        };
        let mint = self.mint(call.lane);
        let mut token = self.tokens.get(&mint).await?;
        let mut tried = Tried::default();
        let begun = self.clock.now();
        loop {
            let seen = self.try_once(call, ask, &body, &token, &mut tried).await?;
            let error = match seen {
                Seen::Success(body) => {
                    token.works();
                    match decode(&body) {
                        Ok(reply) => return Ok(reply),
                        Err(reason) if ask.writes() => {
                            return Err(Error::OutcomeUnknown { request: ask.name(), reason });
                        }
                        Err(reason) => Error::BadReply(reason),
                    }
                }
                Seen::Slow(retry_after) => {
                    self.slow_down(&mut tried, retry_after).await?;
                    continue;
                }
                Seen::Unauthorized(body) => {
                    token = self.mend_token(&mint, &mut tried, token, begun, &body).await?;
                    continue;
                }
                Seen::NotSent(reason) => {
                    tried.connects += 1;
                    if tried.connects >= retry::CONNECTS {
                        return Err(Error::NotSent(reason));
                    }
                    self.backoff().wait(tried.connects).await;
                    continue;
                }
                seen if ask.empty_is_404 && retry::says_nothing_found(&seen) => {
                    return decode(b"[]").map_err(Error::BadReply);
                }
                seen if ask.writes() => return Err(seen.write_error(&ask.name())),
                seen @ (Seen::Refused { .. } | Seen::TooLarge(_)) => return Err(seen.read_error(&ask.name())),
                seen => seen.read_error(&ask.name()),
            };
            // Only reads come here.
            tried.reads += 1;
            if tried.reads >= retry::READS {
                return Err(error);
            }
            self.backoff().wait(tried.reads).await;
        }
    }

    async fn try_once(
        &self,
        call: &Call<'_>,
        ask: &Ask<'_>,
        body: &Bytes,
        token: &Token,
        tried: &mut Tried,
    ) -> Result<Seen, Error> {
        let request = self.request(ask, body.clone(), token)?;
        let limits =
            Limits { timeout: self.settings.request_timeout, max_body_bytes: self.settings.max_body_bytes };
        self.gate.slot(call.lane).await?;
        // From here to `send` nothing may wait: the answer is only good for now.
        if !(call.may_send)() {
            return Err(Error::TooLate);
        }
        call.made.fetch_add(1, Relaxed);
        self.counters.of(&ask.method).fetch_add(1, Relaxed);
        if ask.writes() && tried.noted.is_none() {
            // Put together by hand: `json!` would copy the body once more.
            let note = Sent::from_iter([
                ("method".to_owned(), Value::from(ask.method.as_str())),
                ("path".to_owned(), Value::from(ask.path.as_str())),
                ("body".to_owned(), ask.body.cloned().map_or(Value::Null, Value::Object)),
            ]);
            let mut sent = call.sent.lock().unwrap_or_else(PoisonError::into_inner);
            tried.noted = Some(sent.len());
            sent.push(Value::Object(note));
        }
        let result = self.transport.send(request, limits).await;
        if let Some(place) = tried.noted {
            wire::note_reply(call.sent, place, &result);
        }
        match &result {
            Ok(reply) => {
                tracing::debug!(method = %ask.method, path = ask.path, status = reply.status().as_u16(), "asked Coupa");
            }
            Err(error) => tracing::debug!(method = %ask.method, path = ask.path, %error, "asked Coupa"),
        }
        let seen = retry::see(result, self.clock.now());
        if matches!(seen, Seen::NotSent(_)) {
            call.made.fetch_sub(1, Relaxed);
            self.counters.of(&ask.method).fetch_sub(1, Relaxed);
        }
        Ok(seen)
    }

    fn request(&self, ask: &Ask<'_>, body: Bytes, token: &Token) -> Result<wire::Request, Error> {
        let separator = if ask.query.is_empty() { "" } else { "?" };
        let mut request = http::Request::builder()
            .method(ask.method.clone())
            .uri(format!("{}{}{separator}{}", self.settings.url, ask.path, ask.query))
            .header(header::AUTHORIZATION, token.header()?)
            .header(header::ACCEPT, JSON)
            .header(header::CONTENT_TYPE, JSON);
        if let Some(version) = &self.api_version {
            request = request.header("X-Coupa-API-Version", version);
        }
        request.body(body).map_err(|error| Error::NotSent(error.to_string()))
    }

    async fn slow_down(
        &self,
        tried: &mut Tried,
        retry_after: Option<std::time::Duration>,
    ) -> Result<(), Error> {
        self.counters.slowed.fetch_add(1, Relaxed);
        retry::note_slow(&self.gate, retry_after).await;
        tried.slowed += 1;
        if tried.slowed > retry::SLOWED || retry::too_long(retry_after) {
            return Err(Error::RateLimited { retry_after });
        }
        // A pause that Coupa named is sat out at the gate, with everybody else's.
        if retry_after.is_none() {
            self.backoff().wait(tried.slowed).await;
        }
        Ok(())
    }

    /// After a 401: the token that is live in a moment, or another one; once each. Another worker's token that is older
    /// than this call doesn't count as a new one.
    async fn mend_token(
        &self,
        mint: &Mint<'_>,
        tried: &mut Tried,
        token: Arc<Token>,
        begun: Timestamp,
        body: &Bytes,
    ) -> Result<Arc<Token>, Error> {
        let now = self.clock.now();
        if token.may_go_live(now) && tried.went_live < retry::GO_LIVE_WAITS {
            tried.went_live += 1;
            self.clock.sleep(GOES_LIVE_AFTER).await;
            return Ok(token);
        }
        let enough = tried.replaced > 1 || tried.replaced == 1 && token.minted_at() >= begun;
        if enough || token.may_go_live(now) || !token.worth_replacing(now) {
            return Err(Seen::Unauthorized(body.clone()).read_error(""));
        }
        tried.replaced += 1;
        tried.went_live = 0;
        self.tokens.replace(mint, &token).await
    }

    fn backoff(&self) -> Backoff<'_> {
        Backoff { clock: &*self.clock, random: &*self.random }
    }

    pub(crate) fn mint(&self, lane: model::Lane) -> Mint<'_> {
        Mint {
            settings: &self.settings,
            transport: &*self.transport,
            clock: &*self.clock,
            gate: &self.gate,
            backoff: self.backoff(),
            counters: &self.counters,
            lane,
        }
    }
}
