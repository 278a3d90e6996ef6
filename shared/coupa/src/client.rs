use crate::{
    Action, BudgetLedger, BudgetState, Call, Error, Invoice, Order, Query, Rate, Record, Settings, Supplier,
};
use model::{Clock, CoupaId, Random, Sent};
use secrecy::SecretString;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use wire::Transport;

/// Coupa, as one OAuth client sees it.
pub struct Client {
    settings: Settings,
}

/// Settings that can't work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no URL of a Coupa instance")]
pub struct SettingsError(pub String);

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

/// How sure it is that the OAuth client has a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeCheck {
    /// A read that needs it succeeded.
    Tried,
    /// It can't be tried without writing, but the token names it.
    Granted,
    /// It can't be tried without writing, and the token does not say.
    NotSaid,
}

impl Client {
    /// A client that has not spoken to Coupa yet.
    pub fn new(
        settings: Settings,
        _transport: Arc<dyn Transport>,
        _clock: Arc<dyn Clock>,
        _random: Arc<dyn Random>,
        _client_secret: SecretString,
        _ledger: Arc<dyn BudgetLedger>,
    ) -> Result<Self, SettingsError> {
        Ok(Self { settings })
    }

    /// One page, at most 50 rows, in the order of the id.
    pub async fn page<T: Record>(&self, _call: &Call<'_>, _query: &Query) -> Result<Vec<T>, Error> {
        Err(unwritten())
    }

    /// All rows, page by page, by keyset: nothing is missed or seen twice while rows come and go.
    pub async fn list<T: Record>(&self, _call: &Call<'_>, _query: &Query) -> Result<Vec<T>, Error> {
        Err(unwritten())
    }

    /// The suppliers that carry these numbers exactly. A number nobody carries has no entry.
    pub async fn find_suppliers(
        &self,
        _call: &Call<'_>,
        _numbers: &[String],
    ) -> Result<BTreeMap<String, Vec<Supplier>>, Error> {
        Err(unwritten())
    }

    /// The orders that carry these po-numbers exactly.
    pub async fn find_orders(
        &self,
        _call: &Call<'_>,
        _numbers: &[String],
    ) -> Result<BTreeMap<String, Vec<Order>>, Error> {
        Err(unwritten())
    }

    /// The invoices and credit notes that carry these numbers exactly, of whatever supplier: the caller matches
    /// the pair of supplier and number.
    pub async fn find_invoices(
        &self,
        _call: &Call<'_>,
        _numbers: &[String],
    ) -> Result<BTreeMap<String, Vec<Invoice>>, Error> {
        Err(unwritten())
    }

    /// The invoices of these ids, payments and all. An id that Coupa doesn't know has no entry.
    pub async fn invoices_by_id(
        &self,
        _call: &Call<'_>,
        _ids: &[CoupaId],
    ) -> Result<BTreeMap<CoupaId, Invoice>, Error> {
        Err(unwritten())
    }

    /// One document by its id.
    pub async fn get<T: Record>(&self, _call: &Call<'_>, _id: CoupaId) -> Result<T, Error> {
        Err(unwritten())
    }

    /// Creates a document.
    pub async fn create<T: Record>(&self, _call: &Call<'_>, _body: &Sent) -> Result<T, Error> {
        Err(unwritten())
    }

    /// Changes the attributes that `body` names.
    pub async fn update<T: Record>(&self, _call: &Call<'_>, _id: CoupaId, _body: &Sent) -> Result<T, Error> {
        Err(unwritten())
    }

    /// Does something to a document.
    pub async fn act<T: Record>(&self, _call: &Call<'_>, _id: CoupaId, _action: &Action) -> Result<T, Error> {
        Err(unwritten())
    }

    /// Which of `codes` Coupa knows, exactly as they are spelled.
    pub async fn known(
        &self,
        _call: &Call<'_>,
        _kind: crate::Reference,
        _codes: &[String],
    ) -> Result<BTreeSet<String>, Error> {
        Err(unwritten())
    }

    /// Tries a scope with a harmless read.
    pub async fn try_scope(&self, _call: &Call<'_>, _scope: &str) -> Result<ScopeCheck, Error> {
        Err(unwritten())
    }

    /// Calls so far.
    pub fn stats(&self) -> Stats {
        Stats::default()
    }

    /// What is left of the budget, and the rate that holds now.
    pub async fn budget(&self) -> Result<(BudgetState, Rate), Error> {
        Ok((BudgetState::default(), self.settings.requests_per_second))
    }
}

fn unwritten() -> Error {
    Error::NotSent("this call is not written yet".to_owned())
}
