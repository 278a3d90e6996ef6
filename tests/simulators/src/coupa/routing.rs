//! From a URL to what it means, who may ask for it, and the reply.

use super::faults::too_many;
use super::pace::Admission;
use super::problem::{Problem, reply};
use super::projection::Projection;
use super::query::Query;
use super::render::Renderer;
use super::schema::Kind;
use super::settings::Negotiation;
use super::state::State;
use super::token::content_type;
use super::xml;
use crate::serve::{Delivery, Reply};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use serde_json::Value;
use std::time::Duration;

/// The collections under `/api`, with what they hold and the service in their scopes.
const COLLECTIONS: [(&str, Kind, &str); 20] = [
    ("suppliers", Kind::Supplier, "core.supplier"),
    ("purchase_orders", Kind::OrderHeader, "core.purchase_order"),
    ("invoices", Kind::InvoiceHeader, "core.invoice"),
    ("payment_terms", Kind::PaymentTerm, "core.common"),
    ("currencies", Kind::Currency, "core.common"),
    ("uoms", Kind::Uom, "core.common"),
    ("addresses", Kind::Address, "core.common"),
    ("account_types", Kind::AccountType, "core.accounting"),
    ("accounts", Kind::Account, "core.accounting"),
    ("users", Kind::UserSimple, "core.user"),
    ("tax_codes", Kind::TaxCode, "core.common"),
    ("lookups", Kind::Lookup, "core.common"),
    ("lookup_values", Kind::LookupValue, "core.common"),
    ("departments", Kind::Department, "core.common"),
    ("shipping_terms", Kind::ShippingTerm, "core.common"),
    ("reason_insights", Kind::ReasonInsight, "core.common"),
    ("integrations", Kind::Integration, "core.integration"),
    ("integration_runs", Kind::IntegrationRun, "core.integration"),
    ("integration_errors", Kind::IntegrationError, "core.integration"),
    ("integration_history_records", Kind::IntegrationHistoryRecord, "core.integration"),
];

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// What the collection holds.
    pub(crate) kind: Kind,
    /// The service in its scopes.
    service: &'static str,
    /// One object of it.
    pub(crate) id: Option<u64>,
    /// What to do with it, or the collection inside it.
    pub(crate) action: &'a str,
    /// One object of the collection inside.
    pub(crate) inner: Option<u64>,
}

impl<'a> Target<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let mut words = path.strip_prefix("/api/")?.trim_end_matches('/').split('/');
        let collection = words.next()?;
        let (_, kind, service) = COLLECTIONS.iter().find(|(name, _, _)| *name == collection).copied()?;
        let mut target = Self { kind, service, id: None, action: "", inner: None };
        if let Some(word) = words.next() {
            match word.parse() {
                Ok(id) => target.id = Some(id),
                Err(_) => target.action = word,
            }
        }
        if let (Some(action), Some(_)) = (words.next(), target.id) {
            target.action = action;
            target.inner = words.next().and_then(|id| id.parse().ok());
        }
        words.next().is_none().then_some(target)
    }

    /// The scopes of which one is needed.
    fn scopes(&self, method: &Method) -> Vec<String> {
        let right = |right: &str| format!("{}.{right}", self.service);
        if method == Method::GET {
            return vec![right("read")];
        }
        match (self.kind, self.action) {
            (Kind::InvoiceHeader, "void" | "abandon") => vec![right("delete")],
            (Kind::InvoiceHeader, "bypass_approvals" | "bypass_current_approval") => {
                vec![right("approval.bypass")]
            }
            (Kind::InvoiceHeader, "submit") => vec![right("create"), right("write")],
            (Kind::InvoiceHeader, "") if method == Method::POST => vec![right("create"), right("write")],
            _ => vec![right("write")],
        }
    }
}

/// What a handler leaves to be shown.
pub(crate) enum Done {
    /// An object, created or changed.
    Saved(Kind, u64, StatusCode),
    /// A remit-to address of a supplier.
    SavedRemitTo(u64, u64, StatusCode),
    /// A list of one object.
    ListOfOne(Kind, u64),
}

impl State {
    /// Answers a request for which no fault is planned.
    pub(crate) fn answer(&mut self, request: &Request<Bytes>) -> Reply {
        let path = request.uri().path();
        if path == "/oauth2/token" || path == "/oauth2/access_tokens" {
            let response = if request.method() == Method::POST {
                self.mint(request)
            } else {
                Problem::not_found().reply(self.settings.error_shape, false)
            };
            self.note(request, response.status().as_u16());
            return Reply::now(response);
        }
        let (delay, response) = match self.admit() {
            Admission::After(delay) => (delay, self.respond(request)),
            Admission::Refused => (Duration::ZERO, too_many(self.settings.retry_after_seconds)),
        };
        self.note(request, response.status().as_u16());
        Reply { response, delay, then: Delivery::Deliver }
    }

    fn admit(&mut self) -> Admission {
        match self.settings.requests_per_second {
            Some(rate) => self.pace.admit(self.now, rate, self.settings.burst_queue),
            None => Admission::After(Duration::ZERO),
        }
    }

    fn respond(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        let xml = self.settings.negotiation == Negotiation::AsDocumented && !accepts_json(request.headers());
        match self.process(request, xml) {
            Ok(response) => response,
            Err(problem) => {
                let shape = match problem.status {
                    StatusCode::BAD_REQUEST => self.settings.error_shape,
                    _ => super::ErrorShape::Object,
                };
                problem.reply(shape, xml)
            }
        }
    }

    fn process(&mut self, request: &Request<Bytes>, xml: bool) -> Result<Response<Bytes>, Problem> {
        let target = Target::of(request.uri().path());
        let scopes = target.as_ref().map(|target| target.scopes(request.method())).unwrap_or_default();
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        self.authorize(request.headers(), &scopes)?;
        let target = target.ok_or_else(Problem::not_found)?;
        if self.settings.negotiation == Negotiation::AsDocumented
            && content_type(request.headers()) != "application/json"
        {
            let text = "Content-Type and Accept must both be application/json.";
            return Err(Problem::refused("request", text));
        }
        let text = request.uri().query().unwrap_or_default();
        let shown = if target.action == "addresses" { Kind::RemitToAddress } else { target.kind };
        let writing = request.method() != Method::GET;
        let query = Query::parse(shown, text, writing)?;
        if !writing {
            return self.get(target, &query, xml);
        }
        *self.journal.writes.entry(request.method().to_string()).or_default() += 1;
        let body = if request.body().is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(request.body()).map_err(|error| {
                Problem::refused("request", format!("The body is not valid JSON: {error}"))
            })?
        };
        let done = match *request.method() {
            Method::POST => self.post(target, body)?,
            Method::PUT | Method::PATCH => self.put(target, &query, body)?,
            _ => {
                let text = "This method is not supported.";
                return Err(Problem::of(StatusCode::METHOD_NOT_ALLOWED, "request", text));
            }
        };
        Ok(self.show(&done, &query, xml))
    }

    fn get(&self, target: Target<'_>, query: &Query, xml: bool) -> Result<Response<Bytes>, Problem> {
        let renderer = Renderer::new(self, query.show_deleted);
        let mut out = Vec::with_capacity(512);
        match (target.id, target.action) {
            (None, "") => {
                let found = self.select(target.kind, query);
                if found.is_empty() && xml {
                    let text = "No results match your search criteria.";
                    return Err(Problem::of(StatusCode::NOT_FOUND, "request", text));
                }
                out.push(b'[');
                for (at, record) in found.into_iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    renderer.object(target.kind, record, &query.projection, &mut out);
                }
                out.push(b']');
            }
            (Some(id), "") => {
                let record = self.find(target.kind, id).ok_or_else(Problem::not_found)?;
                renderer.object(target.kind, record, &query.projection, &mut out);
            }
            (Some(id), "addresses") if target.kind == Kind::Supplier => {
                self.get_remit_tos(id, target.inner, query, &renderer, &mut out)?;
            }
            _ => return Err(Problem::not_found()),
        }
        Ok(body(StatusCode::OK, target.kind, out, xml))
    }

    fn get_remit_tos(
        &self,
        supplier: u64,
        id: Option<u64>,
        query: &Query,
        renderer: &Renderer<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        let supplier = self.find(Kind::Supplier, supplier).ok_or_else(Problem::not_found)?;
        let addresses = supplier.list("remit-to-addresses");
        if let Some(id) = id {
            let address = addresses.iter().find(|held| held.id() == id).ok_or_else(Problem::not_found)?;
            renderer.object(Kind::RemitToAddress, address, &query.projection, out);
            return Ok(());
        }
        out.push(b'[');
        for (at, address) in self.select_from(addresses.iter(), query).into_iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            renderer.object(Kind::RemitToAddress, address, &query.projection, out);
        }
        out.push(b']');
        Ok(())
    }

    fn show(&self, done: &Done, query: &Query, xml: bool) -> Response<Bytes> {
        let renderer = Renderer::new(self, query.show_deleted);
        let mut out = Vec::with_capacity(512);
        let (kind, status) = match *done {
            Done::Saved(kind, id, status) => {
                if let Some(record) = self.find(kind, id) {
                    renderer.object(kind, record, &query.projection, &mut out);
                }
                (kind, status)
            }
            Done::ListOfOne(kind, id) => {
                out.push(b'[');
                if let Some(record) = self.find(kind, id) {
                    renderer.object(kind, record, &query.projection, &mut out);
                }
                out.push(b']');
                (kind, StatusCode::OK)
            }
            Done::SavedRemitTo(supplier, id, status) => {
                let supplier = self.find(Kind::Supplier, supplier);
                let addresses = supplier.map(|held| held.list("remit-to-addresses")).unwrap_or_default();
                if let Some(address) = addresses.iter().find(|address| address.id() == id) {
                    renderer.object(Kind::RemitToAddress, address, &query.projection, &mut out);
                }
                (Kind::RemitToAddress, status)
            }
        };
        if query.projection == Projection::Nothing {
            return reply(StatusCode::OK, "application/json; charset=utf-8", Bytes::new());
        }
        if kind == Kind::Address {
            out = super::reference_data::address_reply(&out);
        }
        body(status, kind, out, xml)
    }
}

/// Whether JSON may be answered; without `Accept` Coupa answers XML.
fn accepts_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("application/json")
}

fn body(status: StatusCode, kind: Kind, out: Vec<u8>, xml: bool) -> Response<Bytes> {
    if !xml {
        return reply(status, "application/json; charset=utf-8", out.into());
    }
    let value: Value = serde_json::from_slice(&out).unwrap_or_default();
    let mut root = String::new();
    for (at, letter) in kind.name().char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            root.push('-');
        }
        root.push(letter.to_ascii_lowercase());
    }
    reply(status, "application/xml; charset=utf-8", xml::document(&root, &value).into())
}
