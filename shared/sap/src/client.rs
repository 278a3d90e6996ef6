use crate::{
    Error, LoginInfo, Page, PaymentTerm, Refusal, SessionStatus, Settings, SettingsError, Stats, Unreadable,
    Window,
    entities::{BusinessPartner, Document, Payment},
};
use jiff::civil::Date;
use model::{Clock, ObjectKind, Random, SapKey, Stamp};
use secrecy::SecretString;
use std::{collections::BTreeMap, sync::Arc};
use wire::Transport;

/// One company on one Service Layer, read through one session.
pub struct Client {
    _settings: Settings,
}

impl Client {
    /// A client that has not spoken to SAP yet.
    pub fn new(
        settings: Settings,
        _transport: Arc<dyn Transport>,
        _clock: Arc<dyn Clock>,
        _random: Arc<dyn Random>,
        _password: SecretString,
    ) -> Result<Self, SettingsError> {
        Ok(Self { _settings: settings })
    }

    /// Goes on with a refusal that another process met.
    #[must_use]
    pub fn with_refusal(self, _refusal: Refusal) -> Self {
        self
    }

    /// The newest stamp that SAP holds, none later than the day `not_after`.
    pub async fn newest_stamp(&self, _kind: ObjectKind, _not_after: Date) -> Result<Option<Stamp>, Error> {
        Err(unwritten())
    }

    /// The highest `DocEntry` so far.
    pub async fn highest_entry(&self, _kind: ObjectKind) -> Result<Option<i64>, Error> {
        Err(unwritten())
    }

    /// One page of keys behind `after`.
    pub async fn page(
        &self,
        _kind: ObjectKind,
        _window: &Window,
        _after: Option<&SapKey>,
    ) -> Result<Page, Error> {
        Err(unwritten())
    }

    /// How many rows a pass would see; nothing where SAP refuses to count.
    pub async fn count(&self, _kind: ObjectKind, _window: &Window) -> Result<Option<u64>, Error> {
        Err(unwritten())
    }

    /// The orders, invoices or credit notes with these keys. A key that SAP doesn't hold has no entry.
    pub async fn documents(
        &self,
        _kind: ObjectKind,
        _entries: &[i64],
    ) -> Result<BTreeMap<i64, Result<Document, Unreadable>>, Error> {
        Err(unwritten())
    }

    /// The goods receipts with these keys: key and lines only.
    pub async fn goods_receipts(
        &self,
        _entries: &[i64],
    ) -> Result<BTreeMap<i64, Result<Document, Unreadable>>, Error> {
        Err(unwritten())
    }

    /// The payments with these keys.
    pub async fn payments(
        &self,
        _entries: &[i64],
    ) -> Result<BTreeMap<i64, Result<Payment, Unreadable>>, Error> {
        Err(unwritten())
    }

    /// The business partners with these keys.
    pub async fn suppliers(
        &self,
        _codes: &[String],
    ) -> Result<BTreeMap<String, Result<BusinessPartner, Unreadable>>, Error> {
        Err(unwritten())
    }

    /// All payment terms.
    pub async fn payment_terms(&self) -> Result<Vec<PaymentTerm>, Error> {
        Err(unwritten())
    }

    /// All currencies.
    pub async fn currencies(&self) -> Result<Vec<crate::Coded>, Error> {
        Err(unwritten())
    }

    /// All units of measure.
    pub async fn units(&self) -> Result<Vec<crate::Coded>, Error> {
        Err(unwritten())
    }

    /// All warehouses.
    pub async fn warehouses(&self) -> Result<Vec<crate::Coded>, Error> {
        Err(unwritten())
    }

    /// All accounts of the chart.
    pub async fn accounts(&self) -> Result<Vec<crate::Coded>, Error> {
        Err(unwritten())
    }

    /// Logs in, unless a session is there already.
    pub async fn log_in(&self) -> Result<LoginInfo, Error> {
        Err(unwritten())
    }

    /// Gives the session back.
    pub async fn log_out(&self) -> Result<(), Error> {
        Err(unwritten())
    }

    /// Requests so far.
    pub fn stats(&self) -> Stats {
        Stats::default()
    }

    /// How the session stands, for people.
    pub fn session(&self) -> SessionStatus {
        SessionStatus::default()
    }

    /// The refusal that is still in force or would lengthen the next one, to keep across processes.
    pub fn refusal(&self) -> Option<Refusal> {
        None
    }
}

fn unwritten() -> Error {
    Error::Unreachable("this call is not written yet".to_owned())
}
