//! A client of the simulated Coupa that speaks plain JSON.

use bytes::Bytes;
use http::{Method, Request};
use jiff::Timestamp;
use serde_json::{Value, json};
use simulators::clock::ManualClock;
use simulators::company::master_data;
use simulators::coupa::{Settings, Simulator};
use simulators::serve::{Handler, Reply};
use std::sync::Arc;

/// An instance, a clock that stands still, and a token.
pub(crate) struct Desk {
    pub(crate) coupa: Simulator,
    pub(crate) clock: ManualClock,
    pub(crate) token: String,
}

/// A reply, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn of(reply: Reply) -> Self {
        let (parts, body) = reply.response.into_parts();
        let text = String::from_utf8(body.to_vec()).expect("UTF-8");
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status: parts.status.as_u16(), text, json }
    }

    pub(crate) fn id(&self) -> u64 {
        assert!(self.status < 300, "{} {}", self.status, self.text);
        self.json["id"].as_u64().expect("an id")
    }

    /// Asserts a 400 whose text contains `words`.
    #[track_caller]
    pub(crate) fn refused(&self, words: &str) {
        assert_eq!(self.status, 400, "{}", self.text);
        assert!(self.json["errors"].to_string().contains(words), "{words} in {}", self.text);
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.status < 300, "{} {}", self.status, self.text);
        self
    }
}

impl Desk {
    /// With no rate limit, so that tests of other things need not wait.
    pub(crate) fn new() -> Self {
        Self::with(|settings| settings.requests_per_second = None)
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let clock = ManualClock::new("2026-11-02T17:15:00Z".parse::<Timestamp>().expect("a time"));
        let mut settings = Settings::default();
        change(&mut settings);
        let coupa = Simulator::new(Arc::new(clock.clone()), &master_data(), settings);
        let mut desk = Self { coupa, clock, token: String::new() };
        desk.renew();
        desk
    }

    /// Asks for a token with all scopes.
    pub(crate) fn renew(&mut self) {
        let answer =
            self.ask_token("client_id=coupa-client&client_secret=coupa-secret&grant_type=client_credentials");
        answer.ok().json["access_token"].as_str().expect("a token").clone_into(&mut self.token);
    }

    pub(crate) fn ask_token(&self, form: &str) -> Answer {
        let request = Request::post("https://acme.test/oauth2/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(form.to_owned()))
            .expect("a request");
        Answer::of(self.coupa.handle(request))
    }

    pub(crate) fn reply(&self, method: Method, target: &str, body: Bytes) -> Reply {
        let target = target.replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
        let request = Request::builder()
            .method(method)
            .uri(format!("https://acme.test{target}"))
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.token))
            .body(body)
            .expect("a request");
        self.coupa.handle(request)
    }

    pub(crate) fn send(&self, method: Method, target: &str, body: &Value) -> Answer {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        Answer::of(self.reply(method, target, body))
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.send(Method::GET, target, &Value::Null)
    }

    pub(crate) fn post(&self, target: &str, body: &Value) -> Answer {
        self.send(Method::POST, target, body)
    }

    pub(crate) fn put(&self, target: &str, body: &Value) -> Answer {
        self.send(Method::PUT, target, body)
    }

    pub(crate) fn act(&self, target: &str) -> Answer {
        self.put(target, &Value::Null)
    }

    /// A supplier of this number, active; its id.
    pub(crate) fn supplier(&self, number: &str) -> u64 {
        self.post("/api/suppliers", &supplier(number)).id()
    }

    /// An issued order of one quantity line, 2 at 49.90; its id and its line's.
    pub(crate) fn order(&self, po_number: &str, supplier: &str) -> (u64, u64) {
        let answer = self.post("/api/purchase_orders", &order(po_number, supplier)).ok();
        let id = answer.id();
        self.act(&format!("/api/purchase_orders/{id}/issue_without_send")).ok();
        (id, answer.json["order-lines"][0]["id"].as_u64().expect("a line id"))
    }

    /// An approved invoice over 119.76 on an order of its own; its id.
    pub(crate) fn approved_invoice(&self, number: &str) -> u64 {
        self.supplier("V1");
        let (_, line) = self.order("4500012", "V1");
        let id = self.post("/api/invoices", &invoice(number, "V1", line)).id();
        self.act(&format!("/api/invoices/{id}/submit")).ok();
        assert!(self.coupa.approve_invoice("V1", number));
        id
    }
}

pub(crate) fn supplier(number: &str) -> Value {
    json!({
        "name": format!("Acme Tools {number}"), "number": number, "status": "active", "po-method": "email",
        "payment-method": "invoice", "invoice-matching-level": "none", "tax-id": "GB123456789",
        "payment-term": { "code": "Net 30" },
        "primary-contact": { "email": "joe@acme.test", "name-given": "Joe", "name-family": "Smith" },
        "primary-address": { "street1": "1 High St", "city": "Leeds", "postal-code": "LS1 1AA",
                             "country": { "code": "GB" } },
    })
}

pub(crate) fn order(po_number: &str, supplier: &str) -> Value {
    json!({
        "type": "ExternalOrderHeader", "po-number": po_number, "version": 1, "currency": { "code": "EUR" },
        "supplier": { "number": supplier }, "ship-to-user": { "email": "buyer@acme.example" },
        "ship-to-address": { "location-code": "MAIN" }, "payment-term": { "code": "Net 30" },
        "order-lines": [{
            "type": "OrderQuantityLine", "line-num": "1", "description": "Drill", "quantity": "2.0",
            "price": "49.90", "uom": { "code": "pcs" }, "need-by-date": "2026-11-30T00:00:00Z",
            "currency": { "code": "EUR" }, "external-reference-number": "SBODEMOUS/812/0",
            "account": { "segment-1": "100", "segment-2": "IT", "account-type": { "name": "Main COA" } },
        }],
    })
}

pub(crate) fn invoice(number: &str, supplier: &str, order_line: u64) -> Value {
    json!({
        "invoice-number": number, "invoice-date": "2026-11-02", "line-level-taxation": true,
        "supplier": { "number": supplier }, "currency": { "code": "EUR" },
        "account-type": { "name": "Main COA" }, "supplier-total": "119.76",
        "invoice-lines": [{
            "type": "InvoiceQuantityLine", "line-num": 1, "description": "Drill", "price": "49.90",
            "quantity": "2.0", "order-line-id": order_line,
            "tax-lines": [{ "type": "TaxLine", "amount": "19.96", "rate": "20.0", "tax-code": { "code": "I19" } }],
        }],
    })
}
