//! A simulated company and a client of it, in virtual time; and a transport that answers from a list.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

pub(crate) mod fleet;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use model::{CompanyDb, LocalSecret, Random};
use sap::{Client, Settings};
use secrecy::SecretString;
use simulators::{
    clock::ManualClock,
    sap::{DocumentSpec, Fault, FaultKind, LineSpec, Refusal, Settings as World, Simulator, SupplierSpec},
    serve::InProcess,
};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use wire::{Limits, Request, Response, Transport, TransportError};

pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) fn refuse(status: u16, code: i64, message: &str) -> Fault {
    Fault::new(FaultKind::Refuse(Refusal { status, code, message: message.to_owned() }))
}

pub(crate) struct Fixed;

impl Random for Fixed {
    fn next_u64(&self) -> u64 {
        7
    }
}

pub(crate) struct Company {
    pub(crate) sim: Simulator,
    pub(crate) clock: ManualClock,
    pub(crate) client: Client,
    /// The most requests that were in flight at once.
    pub(crate) most: Arc<AtomicUsize>,
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::new("2026-11-20T08:00:00Z".parse::<Timestamp>().unwrap())
}

pub(crate) fn settings() -> Settings {
    Settings::new("https://sap.example:50000", CompanyDb("SBODEMO_ACME".to_owned()), "coupa_sync")
}

/// An empty company; `tune` sets what the test is about.
pub(crate) fn company(tune: impl FnOnce(&mut Settings, &mut World)) -> Company {
    company_with(PASSWORD, tune)
}

pub(crate) fn company_with(password: &str, tune: impl FnOnce(&mut Settings, &mut World)) -> Company {
    let (mut settings, mut world) = (settings(), World::default());
    tune(&mut settings, &mut world);
    let clock = clock();
    let sim = Simulator::new(world, Arc::new(clock.clone()));
    let transport = InProcess::new(sim.clone(), Arc::new(clock.clone()));
    let most = Arc::new(AtomicUsize::new(0));
    let transport = Yielding { transport, now: AtomicUsize::new(0), most: Arc::clone(&most) };
    let client = client(settings, Arc::new(transport), &clock, password);
    Company { sim, clock, client, most }
}

pub(crate) fn client(
    settings: Settings,
    transport: Arc<dyn Transport>,
    clock: &ManualClock,
    password: &str,
) -> Client {
    let password = Arc::new(SecretString::from(password.to_owned()));
    let shared = Arc::new(LocalSecret::default());
    Client::new(settings, transport, Arc::new(clock.clone()), Arc::new(Fixed), password, shared).unwrap()
}

impl Company {
    pub(crate) fn supplier(&self, code: &str) -> String {
        self.sim.add_supplier(SupplierSpec { code: code.to_owned(), ..SupplierSpec::default() }).unwrap()
    }

    /// An order with that many lines.
    pub(crate) fn order(&self, supplier: &str, lines: usize) -> i64 {
        let lines = vec![LineSpec::default(); lines];
        let spec = DocumentSpec { supplier: supplier.to_owned(), lines, ..DocumentSpec::default() };
        self.sim.add_purchase_order(spec).unwrap()
    }

    /// Path and query of each request but Login.
    pub(crate) fn reads(&self) -> Vec<String> {
        let requests = self.sim.requests().into_iter().map(|request| request.path_and_query);
        requests.filter(|path| !path.ends_with("/Login")).collect()
    }
}

/// Lets other workers go first, before a request arrives and before its reply does.
pub(crate) struct Yielding<T> {
    pub(crate) transport: T,
    pub(crate) now: AtomicUsize,
    pub(crate) most: Arc<AtomicUsize>,
}

#[async_trait]
impl<T: Transport> Transport for Yielding<T> {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        tokio::task::yield_now().await;
        let reply = self.transport.send(request, limits).await;
        tokio::task::yield_now().await;
        self.now.fetch_sub(1, Ordering::Relaxed);
        reply
    }
}

/// Answers Login by itself, and everything else from a list.
#[derive(Default)]
pub(crate) struct Scripted {
    pub(crate) replies: Mutex<VecDeque<Response>>,
    pub(crate) asked: Mutex<Vec<Request>>,
}

impl Scripted {
    pub(crate) fn of(replies: impl IntoIterator<Item = Response>) -> Arc<Self> {
        Arc::new(Self { replies: Mutex::new(replies.into_iter().collect()), asked: Mutex::default() })
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|request| request.uri().to_string()).collect()
    }
}

pub(crate) fn reply(status: u16, body: &str) -> Response {
    http::Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap()
}

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, request: Request, _limits: Limits) -> Result<Response, TransportError> {
        if request.uri().path().ends_with("/Login") {
            return Ok(reply(200, r#"{"SessionId":"a-b","Version":"1000110","SessionTimeout":30}"#));
        }
        self.asked.lock().unwrap().push(request);
        Ok(self.replies.lock().unwrap().pop_front().unwrap_or_else(|| panic!("asked once too often")))
    }
}
