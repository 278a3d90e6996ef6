//! The receiving half of SAP's webhooks, without a socket: what is asked goes in as a value, and what to answer comes out
//! as one. Whoever listens (a function behind a gateway, or a process with a port) bounds the time a body may take.
//!
//! A webhook only shortens the way. Polling stays the source of truth, so what can't be understood is acknowledged
//! and counted, and never held against the rest of its batch.

mod authenticate;
mod events;

pub use authenticate::{Hash, Scheme};

use authenticate::fits;
use events::{Read, read};
use jiff::{SignedDuration, Timestamp};
use model::{Cause, Change, Clock, CompanyDb, CorrelationId, Credential, Lane, ObjectKind, Random, Step};
use secrecy::SecretString;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use store::Queue;

/// Larger bodies are refused unread. SAP sends keys alone, 1024 at most unless it was told otherwise.
pub const MOST_BYTES: usize = 4 << 20;
/// Longer arrays are refused.
pub const MOST_EVENTS: usize = 10_000;
/// Keys are read anew no more often than this, whoever sends what: each time costs money.
const READ_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(5);
/// SAP's tokens have 36 letters.
const LONGEST_TOKEN: usize = 256;

/// What somebody sent, as it came over the wire.
#[derive(Clone, Copy, Debug, Default)]
pub struct Call<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The header `X-B1-Webhook-Token`.
    pub token: Option<&'a str>,
    /// The header `X-B1-Webhook-Signature`.
    pub signature: Option<&'a str>,
    /// The header `Authorization`.
    pub authorization: Option<&'a str>,
    /// The raw bytes.
    pub body: &'a [u8],
}

/// What to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// A JSON object.
    pub body: String,
}

impl Answer {
    fn new(status: u16) -> Self {
        Self { status, body: "{}".to_owned() }
    }
}

/// What became of one call, for logs and metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Events in the body.
    pub events: usize,
    /// Changes that the queue has taken, by kind.
    pub changes: BTreeMap<ObjectKind, usize>,
    /// Events with the id of an earlier one of the same body, or about the same document.
    pub folded: usize,
    /// Events of types that mean nothing here.
    pub unknown: usize,
    /// Events of another company, or about objects that aren't kept in step.
    pub foreign: usize,
    /// Events without a key that can be read.
    pub unreadable: usize,
    /// The caller could not prove who they are.
    pub refused: bool,
}

impl Taken {
    /// Leaves word in the log.
    pub fn log(&self, status: u16) {
        tracing::info!(
            status,
            events = self.events,
            changes = self.changes.values().sum::<usize>(),
            folded = self.folded,
            unknown = self.unknown,
            foreign = self.foreign,
            unreadable = self.unreadable,
            "webhook"
        );
    }
}

/// Takes in what SAP sends.
pub struct Webhook {
    /// Whose events.
    pub company: CompanyDb,
    /// About which objects.
    pub objects: BTreeSet<ObjectKind>,
    /// How the caller proves who they are.
    pub scheme: Scheme,
    /// Any of these keys will do: two while the key is being changed.
    pub keys: Vec<Arc<dyn Credential>>,
    /// Where changes go.
    pub queue: Arc<dyn Queue>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// When the keys were last read anew.
    pub read_again_at: ReadAgain,
}

/// When the keys of a [`Webhook`] were last read anew.
#[derive(Debug, Default)]
pub struct ReadAgain(Mutex<Option<Timestamp>>);

impl ReadAgain {
    /// Whether it may be done now, which counts as done.
    fn now(&self, now: Timestamp) -> bool {
        let mut at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = at.is_none_or(|at| now.duration_since(at) >= READ_AGAIN_AFTER);
        if free {
            *at = Some(now);
        }
        free
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("company", &self.company).finish_non_exhaustive()
    }
}

impl Webhook {
    /// Answers a call. A 200 to events is said only after the queue has every change; faults of ours are a 503, because
    /// SAP drops what it gets a 4xx for.
    pub async fn receive(&self, call: &Call<'_>) -> (Answer, Taken) {
        let mut taken = Taken::default();
        let answer = self.answer(call, &mut taken).await.unwrap_or_else(Answer::new);
        taken.refused = answer.status == UNAUTHORIZED;
        (answer, taken)
    }

    async fn answer(&self, call: &Call<'_>, taken: &mut Taken) -> Result<Answer, u16> {
        match call.method {
            "GET" => self.challenge(call).await,
            "POST" => self.events(call, taken).await,
            _ => Err(405),
        }
    }

    /// The handshake, by which SAP makes sure that the address is ours.
    async fn challenge(&self, call: &Call<'_>) -> Result<Answer, u16> {
        let token = call.token.filter(|token| (1..=LONGEST_TOKEN).contains(&token.len())).ok_or(400_u16)?;
        self.authenticate(call, token.as_bytes()).await?;
        Ok(Answer { status: 200, body: serde_json::json!({ "Challenge": token }).to_string() })
    }

    async fn events(&self, call: &Call<'_>, taken: &mut Taken) -> Result<Answer, u16> {
        if call.body.len() > MOST_BYTES {
            return Err(413);
        }
        self.authenticate(call, call.body).await?;
        let events: Vec<&serde_json::value::RawValue> =
            serde_json::from_slice(call.body).map_err(|_| 400_u16)?;
        if events.len() > MOST_EVENTS {
            return Err(413);
        }
        taken.events = events.len();
        let changes = self.changes(&events, taken);
        if !changes.is_empty() {
            self.queue.send(&changes, self.clock.now()).await.map_err(|error| {
                tracing::error!(%error, "the queue did not take what SAP sent; SAP is asked to send it again");
                UNAVAILABLE
            })?;
        }
        for change in &changes {
            *taken.changes.entry(change.document.kind).or_default() += 1;
        }
        Ok(Answer::new(200))
    }

    fn changes(&self, events: &[&serde_json::value::RawValue], taken: &mut Taken) -> Vec<Change> {
        let (mut ids, mut changes) = (BTreeSet::new(), BTreeMap::new());
        for event in events {
            let event = match read(event.get(), &self.company, &self.objects) {
                Read::Event(event) => event,
                Read::Unknown => {
                    taken.unknown += 1;
                    continue;
                }
                Read::Foreign => {
                    taken.foreign += 1;
                    continue;
                }
                Read::Unreadable => {
                    taken.unreadable += 1;
                    continue;
                }
            };
            let again = event.id.as_ref().is_some_and(|id| !ids.insert(id.clone()));
            if again || changes.contains_key(&event.document) {
                taken.folded += 1;
                continue;
            }
            let correlation = event.id.map_or_else(|| self.correlation(), CorrelationId);
            let change = Change {
                document: event.document.clone(),
                step: Step::Document,
                cause: Cause::Webhook,
                lane: Lane::Live,
                whatever_date: false,
                seen_at: self.clock.now(),
                correlation,
            };
            changes.insert(event.document, change);
        }
        changes.into_values().collect()
    }

    async fn authenticate(&self, call: &Call<'_>, signed: &[u8]) -> Result<(), u16> {
        let keys = self.keys(false).await?;
        if fits(&self.scheme, &keys, call, signed) {
            return Ok(());
        }
        // The key may have been changed since it was last read.
        if proof(&self.scheme, call).is_none() || !self.read_again_at.now(self.clock.now()) {
            return Err(UNAUTHORIZED);
        }
        let keys = self.keys(true).await?;
        if fits(&self.scheme, &keys, call, signed) { Ok(()) } else { Err(UNAUTHORIZED) }
    }

    /// The keys that there are. That there is none at all is our own fault.
    async fn keys(&self, anew: bool) -> Result<Vec<SecretString>, u16> {
        let mut keys = Vec::new();
        for key in &self.keys {
            match if anew { key.read_again().await } else { key.get().await } {
                Ok(key) => keys.push(key),
                Err(error) => tracing::debug!(%error, "a key of the webhook is not there"),
            }
        }
        if keys.is_empty() {
            tracing::error!("no key of the webhook can be read: nothing that SAP sends can be taken in");
            return Err(UNAVAILABLE);
        }
        Ok(keys)
    }

    fn correlation(&self) -> CorrelationId {
        CorrelationId(format!("{:016x}", self.random.next_u64()))
    }
}

const UNAUTHORIZED: u16 = 401;
const UNAVAILABLE: u16 = 503;

/// The header by which the caller means to prove who they are.
fn proof<'a>(scheme: &Scheme, call: &Call<'a>) -> Option<&'a str> {
    match scheme {
        Scheme::Hmac(_) => call.signature,
        Scheme::Basic { .. } | Scheme::Bearer => call.authorization,
    }
}
