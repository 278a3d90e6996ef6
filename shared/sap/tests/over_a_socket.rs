//! The client over real connections: what HTTP and URLs do on the way must not change what is asked.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use model::ObjectKind::PurchaseOrder;
use sap::Error;
use simulators::{
    sap::{Fault, FaultKind},
    serve::serve,
};
use std::{sync::Arc, time::Duration};
use support::{PASSWORD, client, company, settings};
use wire::{HttpTransport, SystemClock};

#[tokio::test]
async fn codes_of_every_kind_arrive_as_they_are() {
    let company = company(|_, _| {});
    let codes: Vec<_> =
        ["A'B/C d", "#1", "Zürich & Söhne", "x%41+y", "a..b/../c?d"].map(str::to_owned).into();
    for code in &codes {
        company.supplier(code);
    }
    let server = serve(company.sim.clone(), Arc::new(SystemClock)).await.unwrap();
    let mut settings = settings();
    settings.service_layer_url = server.base_url();
    let transport = Arc::new(HttpTransport::loopback().unwrap());
    let client = client(settings, transport, &company.clock, PASSWORD);
    let found = client.suppliers(&codes).await.unwrap();
    assert_eq!(found.len(), codes.len(), "{:?}", found.keys());
}

#[tokio::test]
async fn lost_late_and_broken_replies_are_read_again() {
    let company = company(|_, _| {});
    let supplier = company.supplier("V10000");
    let order = company.order(&supplier, 3);
    let server = serve(company.sim.clone(), Arc::new(SystemClock)).await.unwrap();
    let mut settings = settings();
    settings.service_layer_url = server.base_url();
    // Long enough for a busy machine to answer within it: each fault is to cost one repetition and no more.
    settings.request_timeout = Duration::from_secs(2);
    let client = client(settings, Arc::new(HttpTransport::loopback().unwrap()), &company.clock, PASSWORD);
    for fault in [
        Fault::new(FaultKind::DropAfterWork),
        Fault::new(FaultKind::Truncate(100)),
        Fault::new(FaultKind::Delay(Duration::from_secs(20))),
        Fault::bad_gateway(),
    ] {
        let before = client.stats().retries;
        company.sim.inject(fault.clone().at("/PurchaseOrders"));
        let found = client.documents(PurchaseOrder, &[order]).await.unwrap();
        assert_eq!(found[&order].as_ref().unwrap().document_lines.len(), 3);
        assert_eq!(client.stats().retries - before, 1, "{fault:?}");
    }
    drop(server);
    let error = client.documents(PurchaseOrder, &[order]).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable(_)), "{error}");
}
