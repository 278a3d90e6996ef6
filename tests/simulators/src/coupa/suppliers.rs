//! `/api/suppliers`: unique by number and by name, with addresses and a contact edited in place.

use super::input::{elements, missing};
use super::problem::Problem;
use super::record::{Field, Record};
use super::schema::Kind;
use super::state::State;
use serde_json::Value;

const PO_METHODS: [&str; 7] = ["prompt", "email", "cxml", "xml", "buy_online", "mark_as_sent", "integration"];
const PAYMENT_METHODS: [&str; 5] = ["invoice", "pcard", "invoice_only", "pcard_only", "virtual_card"];
const MATCHING_LEVELS: [&str; 4] = ["2-way", "3-way", "3-way-direct", "none"];

impl State {
    /// `POST` (no id) or `PUT` of a supplier.
    pub(crate) fn save_supplier(&mut self, id: Option<u64>, body: Value) -> Result<u64, Problem> {
        let mut draft = self.draft(Kind::Supplier, body)?;
        let mut supplier = match id {
            Some(id) => self.find(Kind::Supplier, id).cloned().ok_or_else(Problem::not_found)?,
            None => self.new_supplier(),
        };
        let remit_tos = draft.take("remit-to-addresses");
        self.fill(&mut supplier, draft, None)?;
        if supplier.is_blank("display-name") || id.is_some() {
            let name = supplier.text_or_empty("name").to_owned();
            supplier.set_text("display-name", &name);
        }
        let mut messages = missing(&supplier, &["name", "primary-contact", "primary-address"]);
        messages.extend(self.taken(&supplier));
        messages.extend(wrong_choices(&supplier));
        if let Some(address) = supplier.part("primary-address") {
            messages.extend(missing(address, &self.settings.required_address_attributes));
        }
        let contact = supplier.part("primary-contact");
        let emails = [supplier.text("po-email"), contact.and_then(|contact| contact.text("email"))];
        if emails.into_iter().flatten().any(|email| !is_email(email)) {
            messages.push("Supplier email is not a valid email address.".to_owned());
        }
        Problem::from_messages("supplier", messages)?;
        for entry in remit_tos.map(|list| elements(list, "remit-to-address")).unwrap_or_default() {
            self.save_remit_to(&mut supplier, None, entry)?;
        }
        Ok(self.keep_supplier(supplier))
    }

    fn new_supplier(&mut self) -> Record {
        let mut supplier = self.fresh(Kind::Supplier);
        supplier.set_text("status", "draft");
        supplier.set_text("payment-method", "invoice");
        supplier.set("on-hold", Field::Flag(false));
        supplier
    }

    fn taken(&mut self, supplier: &Record) -> Vec<String> {
        let mut messages = Vec::new();
        let keys = [
            ("name", "Name", &self.indices.supplier_name),
            ("number", "Number", &self.indices.supplier_number),
        ];
        let mut refused = Vec::new();
        for (key, label, index) in keys {
            let Some(value) = supplier.text(key).filter(|value| !value.is_empty()) else { continue };
            if index.get(value).is_some_and(|holder| *holder != supplier.id()) {
                messages.push(format!("{label} has already been taken"));
                refused.push(value.to_owned());
            }
        }
        for value in refused {
            self.journal.duplicate("supplier", &value);
        }
        messages
    }

    /// Keeps a supplier and its ways to be found.
    pub(crate) fn keep_supplier(&mut self, supplier: Record) -> u64 {
        let id = supplier.id();
        if let Some(before) = self.tables.get(&Kind::Supplier).and_then(|table| table.rows.get(&id)) {
            self.indices.supplier_number.remove(before.text_or_empty("number"));
            self.indices.supplier_name.remove(before.text_or_empty("name"));
        }
        for (key, index) in
            [("number", &mut self.indices.supplier_number), ("name", &mut self.indices.supplier_name)]
        {
            if let Some(value) = supplier.text(key).filter(|value| !value.is_empty()) {
                index.insert(value.into(), id);
            }
        }
        for remit_to in supplier.list("remit-to-addresses") {
            self.indices.remit_to_code.insert(remit_to.text_or_empty("remit-to-code").into(), id);
        }
        self.keep_changed(Kind::Supplier, supplier)
    }

    /// Adds or edits one remit-to address of a supplier; an id inside the entry, or `id`, names the one to edit.
    pub(crate) fn save_remit_to(
        &mut self,
        supplier: &mut Record,
        id: Option<u64>,
        entry: Value,
    ) -> Result<u64, Problem> {
        let draft = self.draft(Kind::RemitToAddress, entry)?;
        let wanted = id.or(draft.id);
        let mut address = match wanted {
            Some(id) => supplier
                .list("remit-to-addresses")
                .iter()
                .find(|address| address.id() == id)
                .cloned()
                .ok_or_else(Problem::not_found)?,
            None => self.fresh(Kind::RemitToAddress),
        };
        self.fill(&mut address, draft, None)?;
        let mut messages = missing(&address, &["remit-to-code"]);
        messages.extend(missing(&address, &self.settings.required_address_attributes));
        let code = address.text_or_empty("remit-to-code");
        let elsewhere = self.indices.remit_to_code.get(code).is_some_and(|holder| *holder != supplier.id());
        let beside = supplier
            .list("remit-to-addresses")
            .iter()
            .any(|other| other.id() != address.id() && other.text("remit-to-code") == Some(code));
        if elsewhere || beside {
            messages.push("Remit To Code has already been taken".to_owned());
        }
        Problem::from_messages("remit-to-address", messages)?;
        address.set("updated-at", Field::Moment(self.now));
        let kept = address.id();
        match supplier.list_mut("remit-to-addresses").iter_mut().find(|held| held.id() == kept) {
            Some(held) => *held = address,
            None => supplier.push("remit-to-addresses", address),
        }
        Ok(kept)
    }
}

/// Coupa's words for a status or a method that doesn't exist.
fn wrong_choices(supplier: &Record) -> Vec<String> {
    let wrong = |name: &str, choices: &[&str]| {
        supplier.text(name).is_some_and(|value| !value.is_empty() && !choices.contains(&value))
    };
    let mut messages = Vec::new();
    if supplier.is_blank("status") || wrong("status", &["draft", "active", "inactive", "onboarding"]) {
        messages.push("Supplier status must be one of active, inactive, onboarding.".to_owned());
    }
    if wrong("po-method", &PO_METHODS) || wrong("po-change-method", &PO_METHODS) {
        messages
            .push("PO method must be one of cxml, xml, email, integration, prompt or buy_online.".to_owned());
    }
    if wrong("payment-method", &PAYMENT_METHODS) {
        messages.push("Payment Method is not included in the list".to_owned());
    }
    if wrong("invoice-matching-level", &MATCHING_LEVELS) {
        messages.push("Invoice Matching Level is not included in the list".to_owned());
    }
    messages
}

fn is_email(text: &str) -> bool {
    match text.split_once('@') {
        Some((name, domain)) => {
            let clean = !text.contains(char::is_whitespace) && !domain.contains('@');
            text.is_empty() || (clean && !name.is_empty() && domain.contains('.') && !domain.starts_with('.'))
        }
        None => text.is_empty(),
    }
}
