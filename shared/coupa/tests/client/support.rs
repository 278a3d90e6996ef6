//! A clock that jumps to the next timer, a ledger in memory, and a transport that answers from a script.

use async_trait::async_trait;
use bytes::Bytes;
use coupa::{BudgetBlock, BudgetLedger, BudgetState, Call, Client, LedgerError, Rate, SCOPES, Settings};
use jiff::{SignedDuration, Timestamp};
use model::{Clock, Lane, LocalSecret, Random};
use rust_decimal::Decimal;
use secrecy::SecretString;
use serde_json::Value;
use std::{
    collections::{BTreeMap, VecDeque},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};
use wire::{Limits, Request, Response, Transport, TransportError};

pub(crate) fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// Stands still while anything can go on, then jumps to the next timer.
#[derive(Clone, Default)]
pub(crate) struct VirtualClock(Arc<Mutex<Time>>);

#[derive(Default)]
struct Time {
    elapsed: SignedDuration,
    timers: BTreeMap<(SignedDuration, u64), Waker>,
    next_timer: u64,
}

struct Sleep {
    clock: VirtualClock,
    until: SignedDuration,
    number: u64,
}

impl Future for Sleep {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut time = self.clock.0.lock().unwrap();
        let key = (self.until, self.number);
        if time.elapsed >= self.until {
            time.timers.remove(&key);
            return Poll::Ready(());
        }
        time.timers.insert(key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.clock.0.lock().unwrap().timers.remove(&(self.until, self.number));
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl VirtualClock {
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::try_from(self.0.lock().unwrap().elapsed).unwrap()
    }

    /// Runs to the end; panics where nothing can ever go on.
    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&flag));
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            if flag.0.swap(false, SeqCst) {
                continue;
            }
            let mut time = self.0.lock().unwrap();
            let ((until, _), waker) = time.timers.pop_first().expect("nothing can go on");
            time.elapsed = time.elapsed.max(until);
            drop(time);
            waker.wake();
        }
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        start().checked_add(self.0.lock().unwrap().elapsed).unwrap()
    }

    async fn sleep(&self, pause: Duration) {
        let sleep = {
            let mut time = self.0.lock().unwrap();
            time.next_timer += 1;
            let until = time.elapsed + SignedDuration::try_from(pause).unwrap();
            Sleep { clock: self.clone(), until, number: time.next_timer }
        };
        sleep.await;
    }
}

pub(crate) struct Seed(AtomicU64);

impl Seed {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(seed)))
    }
}

impl Random for Seed {
    fn next_u64(&self) -> u64 {
        // SplitMix64.
        let state = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Shared by the processes of a test.
#[derive(Default)]
pub(crate) struct MemoryLedger {
    state: Mutex<(BudgetState, u64)>,
    pub(crate) broken: AtomicBool,
    pub(crate) loads: AtomicU32,
    pub(crate) saves: AtomicU32,
    /// Saves that came too late.
    pub(crate) lost: AtomicU32,
}

#[async_trait]
impl BudgetLedger for MemoryLedger {
    async fn load(&self) -> Result<(BudgetState, u64), LedgerError> {
        if self.broken.load(Relaxed) {
            return Err(LedgerError("the disk is full".to_owned()));
        }
        self.loads.fetch_add(1, Relaxed);
        Ok(self.state.lock().unwrap().clone())
    }

    async fn save(&self, state: &BudgetState, revision: u64) -> Result<bool, LedgerError> {
        let mut held = self.state.lock().unwrap();
        if held.1 != revision {
            self.lost.fetch_add(1, Relaxed);
            return Ok(false);
        }
        self.saves.fetch_add(1, Relaxed);
        *held = (state.clone(), revision + 1);
        Ok(true)
    }
}

/// What the transport does with the next request.
pub(crate) type Answer = Result<(u16, &'static [(&'static str, &'static str)], String), TransportError>;

#[expect(clippy::unnecessary_wraps, reason = "scripts mix it with the answers that are errors")]
pub(crate) fn status(status: u16, body: &str) -> Answer {
    Ok((status, &[], body.to_owned()))
}

pub(crate) fn no_reply() -> Answer {
    Err(TransportError::NoReply("connection reset".to_owned()))
}

pub(crate) fn not_sent() -> Answer {
    Err(TransportError::NotSent("connection refused".to_owned()))
}

pub(crate) const TOKEN: &str =
    r#"{"access_token":"abc.def","token_type":"bearer","expires_in":86399,"scope":"core.common.read"}"#;

/// Answers API requests and token requests each from a script of its own; token requests succeed when theirs has
/// ended.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) api: Mutex<VecDeque<Answer>>,
    pub(crate) token: Mutex<VecDeque<Answer>>,
    pub(crate) seen: Mutex<Vec<http::Request<Bytes>>>,
}

impl Script {
    /// The requests seen so far, as method and path with query; tokens left out.
    pub(crate) fn asked(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let api = seen.iter().filter(|request| request.uri().path() != "/oauth2/token");
        api.map(|request| format!("{} {}", request.method(), request.uri().path_and_query().unwrap()))
            .collect()
    }

    pub(crate) fn tokens(&self) -> usize {
        self.seen.lock().unwrap().iter().filter(|request| request.uri().path() == "/oauth2/token").count()
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        assert_eq!(limits.max_body_bytes, 1_000_000);
        let token = request.uri().path() == "/oauth2/token";
        self.seen.lock().unwrap().push(request);
        let answer = if token {
            self.token.lock().unwrap().pop_front().unwrap_or_else(|| status(200, TOKEN))
        } else {
            self.api.lock().unwrap().pop_front().expect("one request too many")
        };
        let (status, headers, body) = answer?;
        let mut reply = http::Response::builder().status(status);
        for (name, value) in headers {
            reply = reply.header(*name, *value);
        }
        Ok(reply.body(Bytes::from(body)).unwrap())
    }
}

pub(crate) fn settings(requests_per_second: u32) -> Settings {
    Settings {
        url: "https://acme.coupahost.com/".to_owned(),
        client_id: "coupa-client".to_owned(),
        scopes: SCOPES.iter().map(ToString::to_string).collect(),
        api_version: "44".to_owned(),
        requests_per_second: Rate::per_second(Decimal::from(requests_per_second)).unwrap(),
        budget_block: BudgetBlock::Small,
        request_timeout: Duration::from_secs(30),
        max_body_bytes: 1_000_000,
    }
}

pub(crate) fn client(
    settings: Settings,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    ledger: Arc<dyn BudgetLedger>,
) -> Client {
    let secret = Arc::new(SecretString::from("coupa-secret"));
    let shared = Arc::new(LocalSecret::default());
    Client::new(settings, transport, clock, Seed::new(7), secret, shared, ledger).unwrap()
}

/// A clock that is ahead of another, or behind.
pub(crate) struct Skewed {
    pub(crate) clock: VirtualClock,
    pub(crate) ahead: SignedDuration,
}

#[async_trait]
impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        self.clock.now().checked_add(self.ahead).unwrap()
    }

    async fn sleep(&self, pause: Duration) {
        self.clock.sleep(pause).await;
    }
}

/// A client before a script, and what its calls leave behind.
pub(crate) struct Bench {
    pub(crate) clock: VirtualClock,
    pub(crate) script: Arc<Script>,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) client: Client,
    pub(crate) made: AtomicU32,
    pub(crate) sent: Mutex<Vec<Value>>,
}

impl Bench {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(settings(20), answers)
    }

    pub(crate) fn with(settings: Settings, answers: impl IntoIterator<Item = Answer>) -> Self {
        let clock = VirtualClock::default();
        let script = Arc::new(Script { api: Mutex::new(answers.into_iter().collect()), ..Script::default() });
        let ledger = Arc::<MemoryLedger>::default();
        let transport: Arc<dyn Transport> = Arc::clone(&script) as _;
        let client = client(settings, transport, Arc::new(clock.clone()), Arc::clone(&ledger) as _);
        Self { clock, script, ledger, client, made: AtomicU32::new(0), sent: Mutex::default() }
    }

    pub(crate) fn call(&self) -> Call<'_> {
        Call { lane: Lane::Live, may_send: &|| true, made: &self.made, sent: &self.sent }
    }

    pub(crate) fn made(&self) -> u32 {
        self.made.load(Relaxed)
    }
}
