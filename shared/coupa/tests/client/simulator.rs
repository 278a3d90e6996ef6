//! The client against the simulated Coupa: the whole way of each kind of document, and its oddities.

use crate::support::{MemoryLedger, client, settings, start};
use coupa::{
    Action, Call, Client, Error, Invoice, Order, Query, Reference, ScopeCheck, Supplier, Tally,
    ignored_references,
};
use http::Method;
use model::{Clock, Code, CoupaId, Lane, Sent};
use serde_json::{Value, json};
use simulators::{
    clock::ManualClock,
    company::master_data,
    coupa::{Effect, ErrorShape, Fault, Settings, Simulator},
    serve::InProcess,
};
use std::{sync::Arc, time::Duration};

struct World {
    clock: ManualClock,
    coupa: Simulator,
    client: Client,
    tally: Tally,
}

impl World {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let clock = ManualClock::new(start());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let mut behaviour = Settings::default();
        change(&mut behaviour);
        let coupa = Simulator::new(Arc::clone(&shared), &master_data(), behaviour);
        let transport = Arc::new(InProcess::new(coupa.clone(), Arc::clone(&shared)));
        let ledger = Arc::<MemoryLedger>::default();
        Self {
            client: client(settings(20), transport, shared, ledger),
            clock,
            coupa,
            tally: Tally::default(),
        }
    }

    fn call(&self) -> Call<'_> {
        self.tally.call(Lane::Live)
    }

    fn create<T: coupa::Record>(&self, body: &Sent) -> Result<T, Error> {
        now(self.client.create(&self.call(), body))
    }

    fn supplier(&self, number: &str) -> Supplier {
        self.create(&supplier(number)).unwrap()
    }
}

/// The manual clock never makes anybody wait, so that everything ends at once.
fn now<F: Future>(future: F) -> F::Output {
    futures::FutureExt::now_or_never(future).expect("it waits for nothing")
}

fn map(value: Value) -> Sent {
    let Value::Object(map) = value else { panic!("no object") };
    map
}

fn supplier(number: &str) -> Sent {
    map(json!({
        "name": format!("Supplier {number}"), "number": number, "status": "active", "tax-id": "DE123",
        "payment-method": "invoice", "payment-term": {"code": "Net 30"},
        "primary-contact": {"email": "joe@acme.example", "name-given": "Joe", "name-family": "Smith"},
        "primary-address": {"street1": "1 High St", "city": "Leeds", "postal-code": "LS1", "country": {"code": "GB"}},
    }))
}

fn order(number: &str, supplier: &str) -> Sent {
    map(json!({
        "type": "ExternalOrderHeader", "po-number": number, "version": 1, "currency": {"code": "EUR"},
        "supplier": {"number": supplier}, "ship-to-user": {"login": "buyer@acme.example"},
        "ship-to-address": {"location-code": "MAIN"}, "payment-term": {"code": "Net 30"},
        "transmission-method-override": "do_not_transmit",
        "order-lines": [{"type": "OrderQuantityLine", "line-num": "1", "description": "Drill", "quantity": "2.0",
            "price": "49.90", "uom": {"code": "pcs"}, "currency": {"code": "EUR"},
            "external-reference-number": "SBODEMOUS/812/0",
            "account": {"code": "100-6000", "segment-1": "100", "segment-2": "6000", "account-type": {"name": "Main COA"}}}],
    }))
}

fn invoice(number: &str, supplier: CoupaId) -> Sent {
    map(json!({
        "invoice-number": number, "invoice-date": "2026-11-02", "document-type": "Invoice",
        "line-level-taxation": true, "supplier": {"id": supplier.0}, "currency": {"code": "EUR"},
        "account-type": {"name": "Main COA"}, "payment-term": {"code": "Net 30"},
        "internal-note": "SAP SBODEMOUS/invoice/2301",
        "invoice-lines": [{"type": "InvoiceQuantityLine", "line-num": 1, "description": "Drill", "price": "49.90",
            "quantity": "2.0", "uom": {"code": "pcs"},
            "account": {"code": "100-6000", "segment-1": "100", "segment-2": "6000", "account-type": {"name": "Main COA"}},
            "tax-lines": [{"type": "TaxLine", "amount": "19.96", "rate": "20.0"}]}],
    }))
}

#[test]
fn a_supplier_is_created_found_exactly_and_changed() {
    let world = World::new(|settings| settings.filters_ignore_case = true);
    let created = world.supplier("0017a");
    world.supplier("0017A");
    assert_eq!(ignored_references(&supplier("0017a"), &created), []);
    let numbers = ["0017a", "17a", "0017b"].map(str::to_owned);
    let found = now(world.client.find_suppliers(&world.call(), &numbers)).unwrap();
    assert_eq!(found, [("0017a".to_owned(), vec![created.clone()])].into());
    let changed: Supplier =
        now(world.client.update(&world.call(), created.id, &map(json!({"status": "inactive"})))).unwrap();
    assert_eq!(changed.status.as_deref(), Some("inactive"));
    let again: Error = world.create::<Supplier>(&supplier("0017a")).unwrap_err();
    assert!(again.taken(), "{again}");
    assert_eq!(now(world.client.get::<Supplier>(&world.call(), created.id)).unwrap(), changed);
    assert_eq!(
        now(world.client.get::<Supplier>(&world.call(), CoupaId(999_999))).unwrap_err().failure().code,
        Code::CoupaGone
    );
    assert_eq!(world.coupa.unknown_attributes(), [].into());
}

#[test]
fn an_order_goes_its_whole_way() {
    let world = World::new(|_| {});
    world.supplier("V1");
    let sent = order("812", "V1");
    let created: Order = world.create(&sent).unwrap();
    assert_eq!(ignored_references(&sent, &created), []);
    assert_eq!(created.order_type.as_deref(), Some("ExternalOrderHeader"));
    let line = &created.order_lines[0];
    assert_eq!(line.external_reference_number.as_deref(), Some("SBODEMOUS/812/0"));
    assert_eq!(line.total.map(|total| total.normalize().to_string()).as_deref(), Some("99.8"));
    let act = |action: &Action| now(world.client.act::<Order>(&world.call(), created.id, action)).unwrap();
    assert_eq!(act(&Action::IssueWithoutSend).status.as_deref(), Some("issued"));
    assert_eq!(act(&Action::Close).status.as_deref(), Some("soft_closed"));
    let reason = map(json!({"reason-insight-code": "ERP_REOPENED", "reason-insight-event-comment": "SAP"}));
    assert_eq!(act(&Action::Reopen(reason)).status.as_deref(), Some("issued"));
    let cancelled = act(&Action::Cancel).status;
    assert!(cancelled.as_deref().is_some_and(|status| status.starts_with("cancel")), "{cancelled:?}");
    assert_eq!(world.coupa.hard_closed_orders(), Vec::<String>::new());
    let found = now(world.client.find_orders(&world.call(), &["812".to_owned()])).unwrap();
    assert_eq!(found["812"][0].id, created.id);
}

#[test]
fn an_invoice_is_submitted_paid_and_read_back() {
    let world = World::new(|settings| settings.submitted_status = "approved");
    let supplier = world.supplier("V1");
    let sent = invoice("771", supplier.id);
    let created: Invoice = world.create(&sent).unwrap();
    assert_eq!(ignored_references(&sent, &created), []);
    assert_eq!(created.invoice_date, Some(jiff::civil::date(2026, 11, 2)));
    assert_eq!(
        created.total_with_taxes.map(|total| total.normalize().to_string()).as_deref(),
        Some("119.76")
    );
    let submitted: Invoice = now(world.client.act(&world.call(), created.id, &Action::Submit)).unwrap();
    assert_eq!(submitted.status.as_deref(), Some("approved"));
    let payment = json!({"paid": true, "payments": [{"amount-paid": "119.76", "notes": "SAP payment 1 entry 2", "payment-date": "2026-11-20T00:00:00Z"}]});
    let paid: Invoice = now(world.client.update(&world.call(), created.id, &map(payment))).unwrap();
    assert_eq!((paid.paid, paid.payments.len()), (Some(true), 1));
    assert_eq!(paid.payments[0].notes.as_deref(), Some("SAP payment 1 entry 2"));
    let read = now(world.client.invoices_by_id(&world.call(), &[created.id, CoupaId(999_999)])).unwrap();
    assert_eq!(read, [(created.id, paid)].into());
}

#[test]
fn full_size_replies_without_regard_to_fields_read_the_same() {
    let lean = World::new(|_| {});
    let supplier = lean.supplier("V1");
    let created: Invoice = lean.create(&invoice("771", supplier.id)).unwrap();
    let full = lean.coupa.json(simulators::coupa::Kind::InvoiceHeader, created.id.0).unwrap();
    assert_eq!(serde_json::from_str::<Invoice>(&full.to_string()).unwrap(), created);
    let created: Order = lean.create(&order("812", "V1")).unwrap();
    let full = lean.coupa.json(simulators::coupa::Kind::OrderHeader, created.id.0).unwrap();
    assert_eq!(serde_json::from_str::<Order>(&full.to_string()).unwrap(), created);
    let full = lean.coupa.json(simulators::coupa::Kind::Supplier, supplier.id.0).unwrap();
    assert_eq!(serde_json::from_str::<Supplier>(&full.to_string()).unwrap(), supplier);
}

#[test]
fn the_same_number_of_many_suppliers_is_paged_while_others_come_in() {
    let world = World::new(|settings| settings.requests_per_second = None);
    let suppliers: Vec<Supplier> = (0..120).map(|number| world.supplier(&format!("V{number}"))).collect();
    for supplier in &suppliers {
        world.create::<Invoice>(&invoice("1001", supplier.id)).unwrap();
    }
    let first: Vec<Invoice> = now(world.client.page(&world.call(), &Query::new(), None)).unwrap();
    assert_eq!(first.len(), 50);
    // Between two pages, another one comes in.
    let late = world.supplier("LATE");
    world.create::<Invoice>(&invoice("1001", late.id)).unwrap();
    let mut seen: Vec<CoupaId> = first.iter().map(|invoice| invoice.id).collect();
    while let Some(last) = seen.last().copied() {
        let page: Vec<Invoice> = now(world.client.page(&world.call(), &Query::new(), Some(last))).unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page.iter().map(|invoice| invoice.id));
    }
    assert_eq!(seen.len(), 121);
    let found = now(world.client.find_invoices(&world.call(), &["1001".to_owned()])).unwrap();
    assert_eq!(found["1001"].len(), 121);
    let owners: std::collections::BTreeSet<_> =
        found["1001"].iter().filter_map(|invoice| invoice.supplier.as_ref()?.number.clone()).collect();
    assert_eq!(owners.len(), 121);
}

#[test]
fn every_shape_of_a_refusal_is_understood() {
    for shape in [
        ErrorShape::Object,
        ErrorShape::List,
        ErrorShape::Text,
        ErrorShape::Wrapped,
        ErrorShape::Xml,
        ErrorShape::XmlWithCdata,
    ] {
        let world = World::new(|settings| settings.error_shape = shape);
        world.supplier("V1");
        world.create::<Order>(&order("812", "V1")).unwrap();
        let error = world.create::<Order>(&order("812", "V1")).unwrap_err();
        assert!(error.taken(), "{shape:?}: {error}");
        let mut unknown = order("813", "V1");
        unknown.insert("ship-to-user".to_owned(), json!({"login": "nobody"}));
        let error = world.create::<Order>(&unknown).unwrap_err();
        assert!(error.reference_unknown(), "{shape:?}: {error}");
        assert_eq!(error.failure().code, Code::CoupaReferenceUnknown);
    }
}

#[test]
fn a_reference_that_coupa_ignores_shows_in_the_reply() {
    let world = World::new(|_| {});
    let mut sent = supplier("V1");
    sent.insert("payment-term".to_owned(), json!({"code": "Net 999"}));
    let created: Supplier = world.create(&sent).unwrap();
    let ignored = ignored_references(&sent, &created);
    assert_eq!(ignored.len(), 1);
    assert_eq!((ignored[0].path.as_str(), ignored[0].sent.as_str()), ("payment-term.code", "Net 999"));
}

#[test]
fn a_write_whose_reply_is_lost_is_unknown_and_was_done_once() {
    for effect in [
        Effect::LoseReply,
        Effect::FailAfter(500),
        Effect::Truncate(10),
        Effect::MalformedJson,
        Effect::Delay(Duration::from_secs(120)),
    ] {
        let world = World::new(|_| {});
        world.coupa.plan(Fault::on(Method::POST, "/api/suppliers", effect.clone()));
        let error = world.create::<Supplier>(&supplier("V1")).unwrap_err();
        assert_eq!(error.failure().code, Code::CoupaOutcomeUnknown, "{effect:?}: {error}");
        let found = now(world.client.find_suppliers(&world.call(), &["V1".to_owned()])).unwrap();
        assert_eq!(found.len(), 1, "{effect:?}");
        assert_eq!(world.tally.sent().len(), 1);
    }
}

#[test]
fn faults_on_a_read_pass_by() {
    for effect in [
        Effect::FailBefore(503),
        Effect::Html(502),
        Effect::Html(200),
        Effect::DropBefore,
        Effect::Truncate(1),
        Effect::MalformedJson,
        Effect::TooManyRequests { retry_after_seconds: None },
        Effect::TooManyRequests { retry_after_seconds: Some(4) },
        Effect::RevokeTokens,
    ] {
        let world = World::new(|_| {});
        world.supplier("V1");
        world.clock.advance(Duration::from_secs(60));
        world.coupa.plan(Fault::on(Method::GET, "/api/suppliers", effect.clone()));
        let found = now(world.client.find_suppliers(&world.call(), &["V1".to_owned()]));
        assert_eq!(found.unwrap().len(), 1, "{effect:?}");
        assert!(world.coupa.faults_left().is_empty());
    }
}

#[test]
fn a_token_is_waited_for_until_it_is_live_and_replaced_when_revoked() {
    let world = World::new(|settings| settings.token_warm_up = Duration::from_secs(4));
    world.supplier("V1");
    assert_eq!(world.coupa.tokens_minted(), 1);
    world.clock.advance(Duration::from_secs(3_600));
    world.coupa.revoke_tokens();
    world.supplier("V2");
    assert_eq!((world.coupa.tokens_minted(), world.coupa.answered(401)), (2, 3));
    world.clock.advance(Duration::from_secs(21 * 3_600));
    world.supplier("V3");
    assert_eq!(world.coupa.tokens_minted(), 3);
}

#[test]
fn what_check_asks_is_answered() {
    let world = World::new(|settings| {
        let client = settings.clients.get_mut("coupa-client").unwrap();
        client.scopes.insert("core.user.read".to_owned());
    });
    let known = |kind, code: &str| {
        let codes = [code.to_owned(), "nowhere".to_owned()];
        now(world.client.known(&world.call(), kind, &codes)).unwrap().into_iter().collect::<Vec<_>>()
    };
    for (kind, code) in [
        (Reference::PaymentTerm, "Net 30"),
        (Reference::Currency, "EUR"),
        (Reference::Unit, "pcs"),
        (Reference::AccountType, "Main COA"),
        (Reference::Address, "MAIN"),
    ] {
        assert_eq!(known(kind, code), [code], "{kind:?}");
    }
    for scope in coupa::SCOPES {
        let check = now(world.client.try_scope(&world.call(), scope)).unwrap();
        let reads = scope.rsplit('.').next() == Some("read");
        let expected = if reads { ScopeCheck::Tried } else { ScopeCheck::Granted };
        assert_eq!(check, expected, "{scope}");
    }
}

#[test]
fn a_scope_that_was_not_granted_is_named() {
    let world = World::new(|settings| {
        settings.clients.get_mut("coupa-client").unwrap().scopes.remove("core.invoice.delete");
    });
    let tried = |scope: &str| now(world.client.try_scope(&world.call(), scope)).unwrap();
    assert_eq!(tried("core.supplier.read"), ScopeCheck::Tried);
    assert_eq!(tried("core.invoice.write"), ScopeCheck::Granted);
    assert_eq!(tried("core.invoice.delete"), ScopeCheck::Missing);
}
