//! Workers whose ties to the world can be cut, counted or meddled with.

use crate::world::{Steps, World};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::{Change, Clock, Cursor, DocumentItem, DocumentKey, Lease, LocalSecret, Parked, Random};
use pipeline::Pipeline;
use rust_decimal::Decimal;
use secrecy::SecretString;
use simulators::serve::InProcess;
use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    task::Poll,
};
use store::{
    DeadLetterCopy, DeadLetterRow, Depth, Finish, LeaseReply, LeaseRequest, Queue, Receipt, Received,
    StateStore, StoreError,
};
use wire::{Limits, Request, Response, Transport, TransportError};

/// Counts what a worker asks of the world outside, before and after each call, and ends its life at one of these points.
pub struct Lifeline {
    steps: AtomicU64,
    dies_at: u64,
    dead: AtomicBool,
    /// The queue takes nothing in.
    pub refuses_sends: AtomicBool,
    /// Leases can't be prolonged.
    pub refuses_renewals: AtomicBool,
}

impl Lifeline {
    pub fn new(dies_at: u64) -> Arc<Self> {
        Arc::new(Self {
            steps: 0.into(),
            dies_at,
            dead: false.into(),
            refuses_sends: false.into(),
            refuses_renewals: false.into(),
        })
    }

    pub fn immortal() -> Arc<Self> {
        Self::new(u64::MAX)
    }

    async fn step(&self) {
        if self.steps.fetch_add(1, SeqCst) + 1 >= self.dies_at {
            self.dead.store(true, SeqCst);
            std::future::pending::<()>().await;
        }
    }

    /// What `work` comes to; nothing if the worker died at it.
    pub async fn live<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if self.dead.load(SeqCst) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }
}

/// Something outside, reached over a lifeline.
pub struct Tied<T> {
    inner: T,
    life: Arc<Lifeline>,
}

macro_rules! tied {
    ($self:ident, $call:ident ( $($argument:expr),* )) => {{
        $self.life.step().await;
        let answer = $self.inner.$call($($argument),*).await;
        $self.life.step().await;
        answer
    }};
}

#[async_trait]
impl Queue for Tied<Arc<dyn Queue>> {
    async fn send(&self, changes: &[Change], now: Timestamp) -> Result<(), StoreError> {
        if self.life.refuses_sends.load(SeqCst) {
            return Err(StoreError::Unavailable("the queue is away".to_owned()));
        }
        tied!(self, send(changes, now))
    }

    async fn receive(
        &self,
        max: usize,
        visibility: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<Received>, StoreError> {
        tied!(self, receive(max, visibility, now))
    }

    async fn ack(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        tied!(self, ack(receipts))
    }

    async fn put_back(&self, receipt: &Receipt, at: Timestamp) -> Result<(), StoreError> {
        tied!(self, put_back(receipt, at))
    }

    async fn copy_dead_letter(&self, copy: &DeadLetterCopy) -> Result<(), StoreError> {
        tied!(self, copy_dead_letter(copy))
    }

    async fn depth(&self) -> Result<Depth, StoreError> {
        tied!(self, depth())
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        tied!(self, next_due())
    }
}

#[async_trait]
impl StateStore for Tied<Arc<dyn StateStore>> {
    async fn take_leases(&self, requests: &[LeaseRequest]) -> Result<Vec<LeaseReply>, StoreError> {
        tied!(self, take_leases(requests))
    }

    async fn renew_lease(&self, lease: &Lease, until: Timestamp) -> Result<Lease, StoreError> {
        if self.life.refuses_renewals.load(SeqCst) {
            return Err(StoreError::Fenced(lease.document.clone()));
        }
        tied!(self, renew_lease(lease, until))
    }

    async fn finish(&self, finish: Finish) -> Result<(), StoreError> {
        tied!(self, finish(finish))
    }

    async fn release(&self, leases: &[Lease]) -> Result<(), StoreError> {
        tied!(self, release(leases))
    }

    async fn items(&self, documents: &[DocumentKey]) -> Result<Vec<Option<DocumentItem>>, StoreError> {
        tied!(self, items(documents))
    }

    async fn due_parked(&self, now: Timestamp, limit: usize) -> Result<Vec<Parked>, StoreError> {
        tied!(self, due_parked(now, limit))
    }

    async fn waiting_for(&self, document: &DocumentKey) -> Result<Vec<Parked>, StoreError> {
        tied!(self, waiting_for(document))
    }

    async fn unpark(&self, parked: &[Parked]) -> Result<(), StoreError> {
        tied!(self, unpark(parked))
    }

    async fn next_parked(&self) -> Result<Option<Timestamp>, StoreError> {
        tied!(self, next_parked())
    }

    async fn parked(&self, limit: usize) -> Result<Vec<Parked>, StoreError> {
        tied!(self, parked(limit))
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetterRow>, StoreError> {
        tied!(self, dead_letters())
    }

    async fn cursor(&self, name: &str) -> Result<(Cursor, u64), StoreError> {
        tied!(self, cursor(name))
    }

    async fn save_cursor(&self, name: &str, cursor: &Cursor, revision: u64) -> Result<u64, StoreError> {
        tied!(self, save_cursor(name, cursor, revision))
    }

    async fn record(&self, name: &str) -> Result<Option<serde_json::Value>, StoreError> {
        tied!(self, record(name))
    }

    async fn save_record(&self, name: &str, value: Option<&serde_json::Value>) -> Result<(), StoreError> {
        tied!(self, save_record(name, value))
    }

    async fn replace_record(
        &self,
        name: &str,
        seen: Option<&serde_json::Value>,
        value: &serde_json::Value,
    ) -> Result<bool, StoreError> {
        tied!(self, replace_record(name, seen, value))
    }
}

/// How a worker's clients differ from the usual ones.
pub struct Ties {
    pub odata: sap::ODataVersion,
    pub page_size: usize,
    pub sap_password: &'static str,
    pub requests_per_second: Decimal,
    pub max_body_bytes: usize,
    pub life: Arc<Lifeline>,
    /// Around what goes to SAP and to Coupa.
    pub around_sap: fn(Arc<dyn Transport>) -> Arc<dyn Transport>,
    pub around_coupa: fn(Arc<dyn Transport>) -> Arc<dyn Transport>,
}

impl Default for Ties {
    fn default() -> Self {
        Self {
            odata: sap::ODataVersion::V2,
            page_size: 100,
            sap_password: "correct horse",
            requests_per_second: Decimal::from(20),
            max_body_bytes: 8 << 20,
            life: Lifeline::immortal(),
            around_sap: |transport| transport,
            around_coupa: |transport| transport,
        }
    }
}

#[async_trait]
impl Transport for Tied<Arc<dyn Transport>> {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        tied!(self, send(request, limits))
    }
}

impl World {
    /// A worker with such ties.
    pub fn tied(&self, name: &str, ties: &Ties) -> Pipeline {
        self.retied(self.worker(name), ties)
    }

    /// The same worker with such ties.
    pub fn retied(&self, worker: Pipeline, ties: &Ties) -> Pipeline {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let random: Arc<dyn Random> = Arc::new(Steps::default());
        let life = || Arc::clone(&ties.life);
        let to_sap: Arc<dyn Transport> = Arc::new(InProcess::new(self.sap.clone(), Arc::clone(&clock)));
        let to_coupa: Arc<dyn Transport> = Arc::new(InProcess::new(self.coupa.clone(), Arc::clone(&clock)));
        let mut settings =
            sap::Settings::new("https://sap.example:50000", self.company.clone(), "coupa_sync");
        settings.odata = ties.odata;
        settings.page_size = ties.page_size;
        settings.max_body_bytes = ties.max_body_bytes;
        let sap = sap::Client::new(
            settings,
            Arc::new(Tied { inner: (ties.around_sap)(to_sap), life: life() }),
            Arc::clone(&clock),
            Arc::clone(&random),
            Arc::new(SecretString::from(ties.sap_password)),
            Arc::new(LocalSecret::default()),
        );
        let settings = coupa::Settings {
            url: "https://acme.example".to_owned(),
            client_id: "coupa-client".to_owned(),
            scopes: coupa::SCOPES.into_iter().map(str::to_owned).collect(),
            api_version: "44".to_owned(),
            requests_per_second: coupa::Rate::per_second(ties.requests_per_second).unwrap(),
            request_timeout: worker.settings.request_timeout,
            max_body_bytes: 8 << 20,
            budget_block: coupa::BudgetBlock::Small,
        };
        let coupa = coupa::Client::new(
            settings,
            Arc::new(Tied { inner: (ties.around_coupa)(to_coupa), life: life() }),
            clock,
            random,
            Arc::new(SecretString::from("coupa-secret")),
            Arc::new(LocalSecret::default()),
            Arc::clone(&self.store) as _,
        );
        Pipeline {
            sap: Arc::new(sap.unwrap()),
            coupa: Arc::new(coupa.unwrap()),
            queue: Arc::new(Tied { inner: Arc::clone(&self.store) as Arc<dyn Queue>, life: life() }),
            state: Arc::new(Tied { inner: Arc::clone(&self.store) as Arc<dyn StateStore>, life: life() }),
            ..worker
        }
    }
}
