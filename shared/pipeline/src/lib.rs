//! The use cases: poll, sync, and the release of what waits.
//!
//! Everything here runs inside the caller's future: no tasks, no timers, no clocks of its own, so that the fault tests
//! can replay any history from a seed. What an attempt does to Coupa stands in one file per kind of document
//! (`supplier`, `order`, `invoice`, `payment`); what every attempt has in common stands in `batch`, `wave`,
//! `leasing`, `prepare`, `surroundings`, `attempt` and `ending`, in the order in which it goes.

mod afresh;
mod alerts;
mod attempt;
pub mod audit_chain;
mod batch;
mod both_ways;
mod bring_together;
mod ending;
mod guardrail;
mod invoice;
mod invoice_found;
mod invoice_orders;
mod join;
mod kept;
mod leasing;
mod new_supplier;
mod order;
mod order_lines;
mod overlap;
mod payment;
mod payments;
pub mod plan;
mod poll;
mod poll_coupa;
mod prepare;
mod push;
mod read;
pub mod receive;
pub mod reconcile;
mod redriven;
mod release;
pub mod replay;
mod report;
mod retry;
mod sap_write;
mod settings;
mod superseded;
mod supplier;
mod surroundings;
mod wave;
mod why;

pub use alerts::Alerts;
pub use batch::BatchError;
pub use guardrail::{Guardrail, Limits, held_back};
pub use join::Join;
pub use poll::{Backfill, PollError, PollReport};
pub use poll_coupa::COUPA_CURSOR;
pub use report::{BatchReport, Ended};
pub use settings::{Settings, SupplierSettings, WhenGone};

pub use why::Why;

use jiff::{SignedDuration, Timestamp};
use mapping::Mapping;
use model::{Cause, Change, Clock, Random, Step};
use model::{CorrelationId, DocumentKey, Lane, Owner};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};
use store::{AuditTrail, Queue, StateStore};

/// Everything that a use case needs, handed in. A clone shares what was learnt and made so far.
#[derive(Clone)]
pub struct Pipeline {
    /// The Service Layer.
    pub sap: Arc<sap::Client>,
    /// Coupa.
    pub coupa: Arc<coupa::Client>,
    /// Changes on their way.
    pub queue: Arc<dyn Queue>,
    /// Leases, links, cursors.
    pub state: Arc<dyn StateStore>,
    /// What was done, and with what result.
    pub audit: Arc<dyn AuditTrail>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The customer's mapping file.
    pub mapping: Mapping,
    /// The rest of the config, as far as it matters here.
    pub settings: Settings,
    /// This worker's name in leases.
    pub owner: Owner,
    /// SAP's payment terms by number, read once in a while.
    pub terms: Terms,
    /// Stops what would change far more than is usual.
    pub guardrail: Arc<Guardrail>,
    /// What is told to Coupa's people.
    pub alerts: Arc<Alerts>,
    /// Set when there is no time left: attempts that haven't begun are given back, those that have are finished.
    pub stopping: Arc<AtomicBool>,
}

/// Master data of SAP that the mapping needs, kept for a while.
#[derive(Clone, Default)]
pub struct Terms {
    by_number: Arc<futures::lock::Mutex<Option<TermsRead>>>,
    /// Whether business partners have the member that keeps Coupa's id, and when that was asked.
    has_mark: Arc<futures::lock::Mutex<Option<(Timestamp, bool)>>>,
    /// A pass over Coupa's suppliers that was begun here is not over.
    in_coupa: Arc<AtomicBool>,
}

/// When they were read, and what they were.
type TermsRead = (Timestamp, Arc<BTreeMap<i64, String>>);

/// SAP's payment terms change rarely.
const TERMS_KEPT: SignedDuration = SignedDuration::from_mins(30);

impl Pipeline {
    /// SAP's payment terms by number; empty where this Service Layer doesn't offer them.
    pub(crate) async fn payment_terms(&self) -> Result<Arc<BTreeMap<i64, String>>, sap::Error> {
        let mut kept = self.terms.by_number.lock().await;
        let now = self.clock.now();
        if let Some((read_at, terms)) = kept.as_ref()
            && now.duration_since(*read_at) < TERMS_KEPT
        {
            return Ok(Arc::clone(terms));
        }
        let terms = match self.sap.payment_terms().await {
            Ok(terms) => terms.into_iter().map(|term| (term.number, term.name)).collect(),
            Err(sap::Error::Refused { .. } | sap::Error::NotFound { .. }) => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        let terms = Arc::new(terms);
        *kept = Some((now, Arc::clone(&terms)));
        Ok(terms)
    }

    /// The member of business partners that keeps Coupa's id, where SAP has it.
    pub(crate) async fn mark_member(&self) -> Result<Option<&str>, sap::Error> {
        let Some(member) = self.settings.suppliers.coupa_id_member.as_deref() else { return Ok(None) };
        let mut kept = self.terms.has_mark.lock().await;
        let now = self.clock.now();
        let known = kept.filter(|(read_at, _)| now.duration_since(*read_at) < TERMS_KEPT);
        let has = match known {
            Some((_, has)) => has,
            None => self.sap.has_member(member).await?,
        };
        *kept = known.or(Some((now, has)));
        Ok(has.then_some(member))
    }

    pub(crate) fn context<'a>(&'a self, terms: &'a BTreeMap<i64, String>) -> mapping::Context<'a> {
        mapping::Context {
            company: &self.settings.company,
            mapping: &self.mapping,
            defaults: &self.settings.defaults,
            payment_terms: terms,
            today: self.today(),
        }
    }

    /// A document that somebody wants looked at, whatever its date.
    pub fn asked_for(&self, document: DocumentKey, cause: Cause, lane: Lane) -> Change {
        Change { whatever_date: true, ..self.change(document, cause, lane) }
    }

    pub(crate) fn change(&self, document: DocumentKey, cause: Cause, lane: Lane) -> Change {
        Change {
            document,
            step: Step::Document,
            cause,
            lane,
            whatever_date: false,
            seen_at: self.clock.now(),
            correlation: self.correlation(),
        }
    }

    /// A name that ties the traces of one change together.
    pub(crate) fn correlation(&self) -> CorrelationId {
        CorrelationId(format!("{:016x}", self.random.next_u64()))
    }
}
