//! What tests do to the simulated company, and what they learn of it.

use super::entities::{Document, DocumentKind, Payment};
use super::refusal::Refusal;
use super::service::{Fault, FaultKind, LoggedRequest, Simulator};
use super::settings::Settings;
use super::value::{Field, Record};
use super::world::{DocumentSpec, LineSpec, PaymentSpec, Stamp, SupplierSpec, World};
use crate::company::MasterData;
use jiff::civil::DateTime;
use rust_decimal::Decimal;
use std::{collections::BTreeMap, sync::Arc};

/// The company's books.
impl Simulator {
    pub(crate) fn with_world<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        let mut state = self.lock();
        state.tick();
        work(&mut state.world)
    }

    /// Lets everything that is entered from here on be entered at that moment, company time; `None` is the
    /// clock's time again.
    pub fn pretend(&self, moment: Option<DateTime>) {
        self.lock().pretended = moment;
    }

    /// The company's own time.
    pub fn company_time(&self) -> DateTime {
        self.with_world(|world| world.now)
    }

    /// Replaces the master data.
    pub fn set_master_data(&self, data: &MasterData) {
        self.with_world(|world| world.set_master_data(data));
    }

    /// Adds a supplier; answers its code.
    pub fn add_supplier(&self, spec: SupplierSpec) -> Result<String, Refusal> {
        self.with_world(|world| world.add_supplier(spec))
    }

    /// Changes a supplier, and stamps it.
    pub fn change_supplier(&self, code: &str, change: impl FnOnce(&mut Record)) -> Result<(), Refusal> {
        self.with_world(|world| {
            world.edit_partner(code, |partner| {
                change(partner);
                Ok(())
            })
        })
    }

    /// Approves the business partners that wait for it; answers their codes.
    pub fn approve_partners(&self) -> Result<Vec<String>, Refusal> {
        self.with_world(|world| {
            let drafts = std::mem::take(&mut world.partner_drafts);
            drafts.into_iter().map(|draft| world.insert_partner(draft)).collect()
        })
    }

    /// How many business partners wait for approval.
    pub fn partner_drafts(&self) -> usize {
        self.with_world(|world| world.partner_drafts.len())
    }

    /// A copy of a business partner.
    pub fn supplier(&self, code: &str) -> Option<Record> {
        self.with_world(|world| world.partners.get(code).cloned())
    }

    /// Enters an order.
    pub fn add_purchase_order(&self, spec: DocumentSpec) -> Result<i64, Refusal> {
        self.with_world(|world| world.add_document(DocumentKind::Order, spec))
    }

    /// Enters a goods receipt of all that is open of an order.
    pub fn add_goods_receipt(&self, order: i64) -> Result<i64, Refusal> {
        self.copy(DocumentKind::Order, order, DocumentKind::Receipt, DocumentSpec::default())
    }

    /// Enters an invoice. Its lines name their bases themselves.
    pub fn add_invoice(&self, spec: DocumentSpec) -> Result<i64, Refusal> {
        self.with_world(|world| world.add_document(DocumentKind::Invoice, spec))
    }

    /// Enters a credit note. Its lines name their bases themselves.
    pub fn add_credit_note(&self, spec: DocumentSpec) -> Result<i64, Refusal> {
        self.with_world(|world| world.add_document(DocumentKind::CreditNote, spec))
    }

    /// Enters a document of kind `to` with a copy of all open lines of another, instead of the lines of `spec`.
    pub fn copy(
        &self,
        from: DocumentKind,
        entry: i64,
        to: DocumentKind,
        spec: DocumentSpec,
    ) -> Result<i64, Refusal> {
        self.with_world(|world| {
            let base = world.document(from, entry)?;
            let open = base.lines.iter().filter(|line| !line.closed || from == DocumentKind::Invoice);
            let lines = open.map(|line| LineSpec::copied_from(from, entry, line.number)).collect();
            let discount_percent =
                if spec.discount_percent.is_zero() { base.discount_percent } else { spec.discount_percent };
            world.add_document(to, DocumentSpec { discount_percent, lines, ..spec })
        })
    }

    /// Pays invoices in full or in part, each amount in the invoice's currency; answers the payment's
    /// `DocEntry`.
    pub fn pay(&self, invoices: &[(i64, Decimal)]) -> Result<i64, Refusal> {
        let rows = invoices.iter().map(|(entry, amount)| (DocumentKind::Invoice, *entry, *amount)).collect();
        self.add_payment(PaymentSpec { rows, ..PaymentSpec::default() })
    }

    /// Enters an outgoing payment.
    pub fn add_payment(&self, spec: PaymentSpec) -> Result<i64, Refusal> {
        self.with_world(|world| world.add_payment(spec))
    }

    /// Takes a payment back.
    pub fn cancel_payment(&self, entry: i64) -> Result<(), Refusal> {
        self.with_world(|world| world.cancel_payment(entry))
    }

    /// Cancels a document; answers the `DocEntry` of the document that cancels it. Orders have none.
    pub fn cancel(&self, kind: DocumentKind, entry: i64) -> Result<Option<i64>, Refusal> {
        self.with_world(|world| world.cancel(kind, entry))
    }

    /// Closes an order by hand.
    pub fn close_order(&self, entry: i64) -> Result<(), Refusal> {
        self.with_world(|world| world.close(DocumentKind::Order, entry))
    }

    /// Takes a document away, as when a database is restored from before it was entered.
    pub fn remove(&self, kind: DocumentKind, entry: i64) -> bool {
        self.with_world(|world| world.remove(kind, entry))
    }

    /// The same with a business partner, which SAP lets people delete while no document names it.
    pub fn remove_supplier(&self, code: &str) -> bool {
        self.with_world(|world| world.partners.remove(code).is_some())
    }

    /// Opens a closed order again.
    pub fn reopen_order(&self, entry: i64) -> Result<(), Refusal> {
        self.with_world(|world| world.reopen(DocumentKind::Order, entry))
    }

    /// Changes a document, works out its totals anew, and stamps it.
    pub fn change_document(
        &self,
        kind: DocumentKind,
        entry: i64,
        change: impl FnOnce(&mut Document),
    ) -> Result<(), Refusal> {
        self.with_world(|world| world.change_document(kind, entry, Stamp::Move, change))
    }

    /// The same without moving the update stamp.
    pub fn change_document_unseen(
        &self,
        kind: DocumentKind,
        entry: i64,
        change: impl FnOnce(&mut Document),
    ) -> Result<(), Refusal> {
        self.with_world(|world| world.change_document(kind, entry, Stamp::Keep, change))
    }

    /// Changes a payment.
    pub fn change_payment(&self, entry: i64, change: impl FnOnce(&mut Payment)) -> Result<(), Refusal> {
        self.with_world(|world| {
            let payment = world.payments.get_mut(&entry).ok_or_else(Refusal::no_match)?;
            change(payment);
            Ok(())
        })
    }

    /// Makes one member of a document come out as this JSON, be it wrong for the member.
    pub fn plant(&self, kind: DocumentKind, entry: i64, name: &str, json: &str) -> Result<(), Refusal> {
        let known = self.with_world(|world| {
            world.edit(kind, entry, Stamp::Keep, |document| document.set(name, Field::Raw(json.to_owned())))
        })?;
        if known {
            Ok(())
        } else {
            Err(Refusal::syntax(format!("Property '{name}' of 'Document' is invalid")))
        }
    }

    /// A copy of a document.
    pub fn document(&self, kind: DocumentKind, entry: i64) -> Option<Document> {
        self.with_world(|world| world.document(kind, entry).ok().cloned())
    }

    /// The `DocEntry`s of all documents of a kind.
    pub fn entries(&self, kind: DocumentKind) -> Vec<i64> {
        let entries = |world: &mut World| {
            world.table(kind).map(|table| table.rows.keys().copied().collect()).unwrap_or_default()
        };
        self.with_world(entries)
    }

    /// A copy of a payment.
    pub fn payment(&self, entry: i64) -> Option<Payment> {
        self.with_world(|world| world.payments.get(&entry).cloned())
    }

    /// The `DocEntry`s of all payments.
    pub fn payment_entries(&self) -> Vec<i64> {
        self.with_world(|world| world.payments.keys().copied().collect())
    }

    /// The codes of all business partners.
    pub fn supplier_codes(&self) -> Vec<String> {
        self.with_world(|world| world.partners.keys().cloned().collect())
    }

    /// How many entities each set holds.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        self.with_world(|world| super::service::counts(world))
    }
}

/// Settings, faults and what has been seen.
impl Simulator {
    /// A copy of the settings.
    pub fn settings(&self) -> Settings {
        Settings::clone(&self.lock().world.settings)
    }

    /// Changes settings, from the next request on.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(Arc::make_mut(&mut self.lock().world.settings));
    }

    /// Lets something go wrong.
    pub fn inject(&self, fault: Fault) {
        self.lock().faults.add(fault);
    }

    /// Ends all sessions just before the `n`-th request from now; 1 is the next one.
    pub fn expire_sessions_at(&self, n: u32) {
        self.inject(Fault::new(FaultKind::ExpireSessions).after(n.saturating_sub(1)));
    }

    /// Ends all sessions.
    pub fn expire_sessions(&self) {
        self.lock().sessions.expire_all();
    }

    /// Nothing goes wrong from here on.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Lets the user in again after too many wrong passwords.
    pub fn unlock_user(&self) {
        self.lock().sessions.unlock();
    }

    /// Runs `hook` once, after the `n`-th request from now has been answered; 1 is the next one.
    pub fn after_request(&self, n: u64, hook: impl FnOnce(&Simulator) + Send + 'static) {
        self.lock().hooks.push((n, Box::new(hook)));
    }

    /// The latest requests, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.lock().log.iter().cloned().collect()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.lock().log.clear();
    }

    /// How many requests there have been in all.
    pub fn request_count(&self) -> u64 {
        self.lock().requests
    }

    /// How many logins succeeded.
    pub fn logins(&self) -> u64 {
        self.lock().sessions.logins
    }

    /// How many logins were refused for their credentials.
    pub fn refused_logins(&self) -> u64 {
        self.lock().sessions.refused_logins
    }

    /// How many sessions are live.
    pub fn live_sessions(&self) -> usize {
        let mut state = self.lock();
        let settings = Arc::clone(&state.world.settings);
        let now = state.clock.now();
        state.sessions.count(now, settings.session_timeout)
    }

    /// The most requests that were in flight at once.
    pub fn most_concurrent_requests(&self) -> usize {
        self.lock().most_in_flight
    }
}
