use crate::{BudgetLedger, BudgetState, Error, Rate, Settings, gate::Gate, tokens::Tokens};
use http::{HeaderValue, Method};
use model::{Clock, Credential, Random, SharedSecret};
use rust_decimal::Decimal;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use wire::Transport;

/// Coupa, as one OAuth client sees it.
pub struct Client {
    pub(crate) settings: Settings,
    pub(crate) api_version: Option<HeaderValue>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) tokens: Tokens,
    pub(crate) gate: Gate,
    pub(crate) counters: Counters,
}

/// Settings that can't work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Not an address that may be spoken to.
    #[error(transparent)]
    Url(#[from] wire::UrlError),
    /// More than scheme and host.
    #[error("`{0}` is no URL of a Coupa instance: expected https://name.coupahost.com")]
    Path(String),
    /// It can't stand in a header.
    #[error("`{0}` is no API version")]
    ApiVersion(String),
}

/// Calls since the client was made, for `status` and the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// GET requests that went out.
    pub gets: u64,
    /// POST requests that went out.
    pub posts: u64,
    /// PUT requests that went out.
    pub puts: u64,
    /// Token requests that went out, which the others don't count.
    pub tokens: u64,
    /// Replies with status 429.
    pub slowed: u64,
    /// Requests that waited for their slot.
    pub waits: u64,
    /// How long they waited, taken together.
    pub waited_ms: u64,
}

impl Stats {
    /// Requests that went out for documents.
    pub const fn calls(&self) -> u64 {
        self.gets + self.posts + self.puts
    }
}

#[derive(Default)]
pub(crate) struct Counters {
    gets: AtomicU64,
    posts: AtomicU64,
    puts: AtomicU64,
    pub(crate) tokens: AtomicU64,
    pub(crate) slowed: AtomicU64,
}

impl Counters {
    pub(crate) fn of(&self, method: &Method) -> &AtomicU64 {
        match *method {
            Method::POST => &self.posts,
            Method::PUT => &self.puts,
            _ => &self.gets,
        }
    }
}

impl Client {
    /// A client that has not spoken to Coupa yet. Clients with the same `shared` cell use one token, and those with the
    /// same ledger one budget.
    pub fn new(
        mut settings: Settings,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        client_secret: Arc<dyn Credential>,
        shared: Arc<dyn SharedSecret>,
        ledger: Arc<dyn BudgetLedger>,
    ) -> Result<Self, SettingsError> {
        settings.url = base_of(&settings.url)?;
        let api_version = match settings.api_version.as_str() {
            "" => None,
            version => Some(
                HeaderValue::from_str(version).map_err(|_| SettingsError::ApiVersion(version.to_owned()))?,
            ),
        };
        let rate = settings.requests_per_second;
        let block = settings.budget_block;
        let tokens = Tokens::new(client_secret, shared, format!("{:016x}", random.next_u64()));
        let gate = Gate::new(rate, block, Arc::clone(&clock), Arc::clone(&random), ledger);
        let counters = Counters::default();
        Ok(Self { settings, api_version, transport, clock, random, tokens, gate, counters })
    }

    /// Asks for a new token before the next call, whatever Coupa granted or refused before: for when a person has changed
    /// something in Coupa.
    pub async fn forget_token(&self) -> Result<(), Error> {
        self.tokens.forget().await
    }

    /// Calls so far.
    pub fn stats(&self) -> Stats {
        let (waits, waited_ms) = self.gate.waits();
        let counters = &self.counters;
        Stats {
            gets: counters.gets.load(Relaxed),
            posts: counters.posts.load(Relaxed),
            puts: counters.puts.load(Relaxed),
            tokens: counters.tokens.load(Relaxed),
            slowed: counters.slowed.load(Relaxed),
            waits,
            waited_ms,
        }
    }

    /// What is left of the budget, and the rate that holds now: the configured one, or less after a 429.
    pub async fn budget(&self) -> Result<(BudgetState, Rate), Error> {
        let (state, halvings) = self.gate.state().await?;
        let configured = self.settings.requests_per_second;
        let slowed = configured.requests_per_second() / Decimal::from(1_u32 << halvings);
        Ok((state, Rate::per_second(slowed).unwrap_or(configured)))
    }
}

fn base_of(url: &str) -> Result<String, SettingsError> {
    let url = wire::check_url(url)?;
    if url.path().is_empty() { Ok(url.origin()) } else { Err(SettingsError::Path(url.to_string())) }
}
