//! A Coupa that answers as its documents say, strict where they say that Coupa refuses.
//!
//! [`Simulator`] is a handle to one instance: as a [`Handler`] it answers requests, and
//! through its other methods a test looks at what it holds, plans faults and plays the people who work in Coupa.
//! The core is synchronous and deterministic: the same requests at the same times get the same answers.
//!
//! Points that no document settles, and what is taken here (most are switches of [`Settings`]):
//! a page larger than 50 is cut to 50; a path or an id that doesn't exist is 404 with an `errors` object;
//! hyphens inside `fields` are refused; an invoice can be abandoned as long as nobody has approved it; an invoice
//! number stays taken when its invoice is voided; dates of documents keep the calendar date that was sent, other
//! moments keep the instant; an amount line with a quantity is refused.

mod accounts;
mod dispatch;
mod faults;
mod filter;
mod input;
mod inspect;
mod integration;
mod invoice_actions;
mod invoice_lines;
mod invoices;
mod journal;
mod order_actions;
mod orders;
mod pace;
mod payments;
mod people;
mod problem;
mod projection;
mod query;
mod record;
mod reference_data;
mod references;
mod render;
mod routing;
mod schema;
mod settings;
mod state;
mod suppliers;
mod token;
mod totals;
mod values;
mod viewing;
mod views;
mod xml;

pub use faults::{Effect, Fault};
pub use journal::Exchange;
pub use problem::ErrorShape;
pub use schema::Kind;
pub use settings::{Negotiation, OauthClient, Reissue, SCOPES, Settings};
pub use views::{
    Charge, Invoice, InvoiceLine, Order, OrderLine, Payment, PostalAddress, RemitTo, Supplier, TaxLine,
};

use crate::company::MasterData;
use crate::serve::{Handler, Reply};
use bytes::Bytes;
use http::Request;
use model::Clock;
use state::State;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A handle to one simulated instance; clones share it.
#[derive(Clone)]
pub struct Simulator {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Simulator").finish_non_exhaustive()
    }
}

impl Simulator {
    /// An instance that knows the reference data of `company` and holds no documents.
    pub fn new(clock: Arc<dyn Clock>, company: &MasterData, settings: Settings) -> Self {
        let mut state = State::new(settings, clock.now());
        state.furnish();
        state.take_over(company);
        Self { state: Arc::new(Mutex::new(state)), clock }
    }

    /// Changes how the instance behaves from now on.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.lock().settings);
    }

    /// Plans a fault. Faults are met in the order they were planned.
    pub fn plan(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// The planned faults that no request has met yet.
    pub fn faults_left(&self) -> Vec<Fault> {
        self.lock().faults.clone()
    }

    /// Nothing goes wrong from here on.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Lets all late requests take effect now.
    pub fn let_late_requests_arrive(&self) {
        let mut state = self.lock();
        for late in std::mem::take(&mut state.late) {
            state.answer(&late.request);
        }
    }

    /// Makes all tokens worthless.
    pub fn revoke_tokens(&self) {
        self.lock().tokens.revoke_all();
    }

    /// The instance at the present moment: late requests that are due have taken effect.
    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now = self.clock.now();
        state.apply_due();
        state
    }
}

impl Handler for Simulator {
    fn handle(&self, request: Request<Bytes>) -> Reply {
        let mut state = self.lock();
        if request.uri().path().starts_with("/api/") {
            let now = state.now.as_microsecond();
            state.journal.arrivals.push(now);
        }
        match state.next_fault(&request) {
            Some(effect) => state.answer_faulty(request, effect),
            None => state.answer(&request),
        }
    }
}

impl State {
    /// Late requests that are due take effect, earliest first.
    fn apply_due(&mut self) {
        if self.late.is_empty() {
            return;
        }
        let now = self.now;
        self.late.sort_by_key(|late| late.due);
        while self.late.first().is_some_and(|late| late.due <= now) {
            let late = self.late.remove(0);
            self.now = late.due;
            self.answer(&late.request);
        }
        self.now = now;
    }
}
