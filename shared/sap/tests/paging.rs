//! Pages of keys: complete and in order whatever happens meanwhile, in all of SAP's dialects.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use jiff::civil::{Date, date};
use model::{
    ObjectKind::{self, Payment, PurchaseOrder, Supplier},
    SapKey, Stamp,
};
use sap::{Client, Error, ODataVersion, Row, Window};
use simulators::sap::{
    DateStyle, DocumentKind, DocumentSpec, Fault, FaultKind, LinkStyle, PaymentSpec, Settings as World,
};
use std::{sync::atomic::Ordering, time::Duration};
use support::{Company, PASSWORD, Scripted, client, clock, company, reply, settings};

const ALL: Window = Window::ByDocDate { since: Date::constant(2000, 1, 1) };

async fn all(client: &Client, kind: ObjectKind, window: &Window) -> Vec<Row> {
    let (mut rows, mut after) = (vec![], None);
    loop {
        let page = client.page(kind, window, after.as_ref()).await.unwrap();
        assert!(page.unreadable.is_empty());
        rows.extend(page.rows);
        if !page.more {
            return rows;
        }
        after = rows.last().map(|row: &Row| row.key.clone());
    }
}

fn entries(rows: &[Row]) -> Vec<i64> {
    let entry = |row: &Row| match row.key {
        SapKey::DocEntry(entry) => entry,
        SapKey::CardCode(_) => panic!("no entry"),
    };
    rows.iter().map(entry).collect()
}

fn with_orders(count: usize, tune: impl FnOnce(&mut sap::Settings, &mut World)) -> (Company, Vec<i64>) {
    let company = company(tune);
    let supplier = company.supplier("V10000");
    let orders = (0..count).map(|_| company.order(&supplier, 1)).collect();
    (company, orders)
}

#[tokio::test]
async fn every_dialect_gives_the_same_rows() {
    for odata in [ODataVersion::V1, ODataVersion::V2] {
        for dates in [DateStyle::DateOnly, DateStyle::Midnight] {
            for seconds in [true, false] {
                let (company, orders) = with_orders(7, |settings, world| {
                    settings.odata = odata;
                    settings.page_size = 3;
                    world.dates = dates;
                    world.times_with_seconds = seconds;
                });
                let rows = all(&company.client, PurchaseOrder, &ALL).await;
                assert_eq!(entries(&rows), orders);
                assert_eq!(rows[0].doc_date, Some(date(2026, 11, 20)));
                let root = if odata == ODataVersion::V1 { "/b1s/v1/" } else { "/b1s/v2/" };
                let asked = company.sim.requests();
                assert!(asked.iter().all(|one| one.path_and_query.starts_with(root)), "{asked:?}");
                let stamp = rows[0].stamp.unwrap();
                assert_eq!((stamp.date, stamp.time.hour(), stamp.time.minute()), (date(2026, 11, 20), 9, 0));
            }
        }
    }
}

#[tokio::test]
async fn a_last_page_that_is_exactly_full_ends_the_pass_too() {
    for link_after_full_last_page in [false, true] {
        let (company, orders) = with_orders(6, |settings, world| {
            settings.page_size = 3;
            world.link_after_full_last_page = link_after_full_last_page;
        });
        assert_eq!(entries(&all(&company.client, PurchaseOrder, &ALL).await), orders);
    }
}

#[tokio::test]
async fn a_server_that_cuts_smaller_pages_loses_nothing() {
    let body = |from: i64, more: bool| {
        let rows: Vec<_> = (from..from + 2).map(|entry| format!(r#"{{"DocEntry":{entry}}}"#)).collect();
        let link = if more { r#","@odata.nextLink":"PurchaseOrders?$skip=2""# } else { "" };
        reply(200, &format!(r#"{{"value":[{}]{link}}}"#, rows.join(",")))
    };
    let scripted = Scripted::of([body(1, true), body(3, true), body(5, false)]);
    let client = client(settings(), scripted.clone(), &clock(), PASSWORD);
    assert_eq!(entries(&all(&client, PurchaseOrder, &ALL).await), [1, 2, 3, 4, 5, 6]);
    assert!(scripted.asked()[1].contains("DocEntry%20gt%202"), "{:?}", scripted.asked());
}

#[tokio::test]
async fn rows_that_come_and_go_while_reading_lose_nothing() {
    let (company, orders) = with_orders(9, |settings, world| {
        settings.page_size = 3;
        world.unstable_order = true;
    });
    // After the first page, rows that were already read leave the window and new ones enter it.
    let gone = orders[0];
    company.sim.after_request(2, move |sim| {
        sim.change_document(DocumentKind::Order, gone, |document| document.date = date(1999, 1, 1)).unwrap();
        sim.add_purchase_order(DocumentSpec { supplier: "V10000".to_owned(), ..DocumentSpec::default() })
            .unwrap();
    });
    let rows = entries(&all(&company.client, PurchaseOrder, &ALL).await);
    assert_eq!(rows[..9], orders);
    assert_eq!(rows.len(), 10, "and what was added behind is seen");
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_loses_nothing() {
    let (company, orders) = with_orders(9, |settings, _| settings.page_size = 3);
    company.sim.expire_sessions_at(3);
    assert_eq!(entries(&all(&company.client, PurchaseOrder, &ALL).await), orders);
    assert_eq!(company.sim.logins(), 2);
}

#[tokio::test]
async fn a_row_without_a_key_is_reported_and_the_others_are_read() {
    let body = r#"{"value":[{"DocEntry":1,"UpdateDate":"soon"},{"DocEntry":null},{"DocEntry":"3"}]}"#;
    let client = client(settings(), Scripted::of([reply(200, body)]), &clock(), PASSWORD);
    let page = client.page(PurchaseOrder, &ALL, None).await.unwrap();
    assert_eq!(entries(&page.rows), [1, 3]);
    assert_eq!(page.rows[0].stamp, None, "what is wrong with the rest shows when the document is read");
    assert_eq!(page.unreadable, [r#"{"DocEntry":null}"#]);
}

#[tokio::test]
async fn a_page_that_leads_nowhere_is_an_error_and_not_read_for_ever() {
    let body = r#"{"value":[{"DocEntry":null}],"odata.nextLink":"PurchaseOrders?$skip=1"}"#;
    let client = client(settings(), Scripted::of(vec![reply(200, body); 4]), &clock(), PASSWORD);
    let error = client.page(PurchaseOrder, &ALL, None).await.unwrap_err();
    assert!(matches!(error, Error::BadReply(_)), "{error}");
}

#[tokio::test]
async fn what_changed_is_seen_by_minute_by_number_and_unstamped() {
    let company = company(|_, _| {});
    let supplier = company.supplier("V10000");
    let at = |day: i8, hour: i8, minute: i8| Some(date(2026, 11, day).at(hour, minute, 30, 0));
    company.sim.pretend(at(10, 23, 0));
    let old = company.order(&supplier, 1);
    company.sim.pretend(at(11, 9, 7));
    let same_minute = company.order(&supplier, 1);
    company.sim.pretend(at(12, 0, 1));
    let next_morning = company.order(&supplier, 1);
    company.sim.configure(|world| world.stamp_on_create = false);
    let unstamped = company.order(&supplier, 1);

    let from = Stamp { date: date(2026, 11, 11), time: jiff::civil::time(9, 7, 59, 0) };
    let window = |last_entry| Window::Changed { from, last_entry, created_from: date(2026, 11, 12) };
    let seen = entries(&all(&company.client, PurchaseOrder, &window(100_000)).await);
    assert_eq!(seen, [same_minute, next_morning, unstamped]);
    let seen = entries(&all(&company.client, PurchaseOrder, &window(old - 1)).await);
    assert_eq!(seen.len(), 4, "a number above the last one is new, whatever its stamp");
    assert_eq!(company.client.count(PurchaseOrder, &window(100_000)).await.unwrap(), Some(3));
}

#[tokio::test]
async fn suppliers_come_by_code_and_customers_stay_away() {
    let company = company(|settings, _| settings.page_size = 2);
    let codes = ["#1", "A'B/C d", "V10000", "V10001", "Zürich"];
    for code in codes {
        company.supplier(code);
    }
    company.supplier("C20000");
    company
        .sim
        .change_supplier("C20000", |partner| {
            partner.set_text("CardType", "cCustomer");
        })
        .unwrap();
    let rows = all(&company.client, Supplier, &ALL).await;
    let seen: Vec<_> = rows.iter().map(|row| row.key.to_string()).collect();
    assert_eq!(seen, codes);
    assert_eq!(company.client.count(Supplier, &ALL).await.unwrap(), Some(5));

    company.sim.configure(|world| world.stamp_on_create = false);
    company.clock.advance(Duration::from_secs(3600));
    company.supplier("V10002");
    let from = Stamp { date: date(2026, 11, 20), time: jiff::civil::time(10, 0, 0, 0) };
    let window = Window::Changed { from, last_entry: 0, created_from: date(2026, 11, 20) };
    let rows = all(&company.client, Supplier, &window).await;
    assert_eq!(rows.iter().map(|row| row.key.to_string()).collect::<Vec<_>>(), ["V10002"]);
}

#[tokio::test]
async fn payments_come_by_number_and_cancelled_ones_again() {
    let company = company(|_, _| {});
    let supplier = company.supplier("V10000");
    let pay = |day| {
        let on_account = 10.into();
        let spec =
            PaymentSpec { supplier: supplier.clone(), date: Some(day), on_account, ..PaymentSpec::default() };
        company.sim.add_payment(spec).unwrap()
    };
    let payments: Vec<_> =
        [date(2026, 1, 1), date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)].map(pay).into();
    company.sim.cancel_payment(payments[0]).unwrap();
    company.sim.cancel_payment(payments[1]).unwrap();
    let window = Window::Payments { after_entry: payments[2], cancelled_since: date(2026, 10, 1) };
    let rows = all(&company.client, Payment, &window).await;
    assert_eq!(entries(&rows), [payments[1], payments[3]]);
    assert_eq!(rows.iter().map(|row| row.cancelled).collect::<Vec<_>>(), [true, false]);
    assert_eq!(company.client.newest_stamp(Payment, date(2030, 1, 1)).await.unwrap(), None);
    assert_eq!(company.client.highest_entry(Payment).await.unwrap(), Some(payments[3]));
}

#[tokio::test]
async fn the_newest_stamp_ignores_what_lies_in_the_future() {
    let company = company(|_, _| {});
    assert_eq!(company.client.newest_stamp(PurchaseOrder, date(2026, 11, 22)).await.unwrap(), None);
    assert_eq!(company.client.highest_entry(PurchaseOrder).await.unwrap(), None);
    let supplier = company.supplier("V10000");
    company.sim.pretend(Some(date(2026, 11, 19).at(17, 13, 12, 0)));
    company.order(&supplier, 1);
    company.sim.pretend(Some(date(2026, 11, 19).at(8, 0, 0, 0)));
    company.order(&supplier, 1);
    company.sim.pretend(Some(date(2099, 1, 1).at(8, 0, 0, 0)));
    company.order(&supplier, 1);
    let newest = company.client.newest_stamp(PurchaseOrder, date(2026, 11, 22)).await.unwrap().unwrap();
    assert_eq!((newest.date, newest.time), (date(2026, 11, 19), jiff::civil::time(17, 13, 12, 0)));
    assert_eq!(company.client.highest_entry(Supplier).await.unwrap(), None);
}

#[tokio::test]
async fn tables_are_read_whole_by_links_in_all_forms() {
    let forms = [LinkStyle::Relative, LinkStyle::AbsolutePath, LinkStyle::AbsoluteUrl];
    for odata in [ODataVersion::V1, ODataVersion::V2] {
        for links in forms.clone() {
            for link_after_full_last_page in [false, true] {
                let company = company(|settings, world| {
                    settings.odata = odata;
                    settings.page_size = 2;
                    world.links = links.clone();
                    world.link_after_full_last_page = link_after_full_last_page;
                });
                company.sim.set_master_data(&simulators::company::master_data());
                let terms = company.client.payment_terms().await.unwrap();
                assert_eq!(terms.len(), 6);
                assert!(terms.iter().any(|term| term.number == -1 && term.name == "Cash Basic"));
                assert_eq!(company.client.currencies().await.unwrap().len(), 4);
                assert_eq!(company.client.units().await.unwrap().len(), 7);
                assert_eq!(company.client.warehouses().await.unwrap()[0].name, "Hamburg Main");
                assert!(company.client.accounts().await.unwrap().len() > 3);
            }
        }
    }
}

#[tokio::test]
async fn a_link_to_another_host_is_never_followed() {
    let company = company(|settings, world| {
        settings.page_size = 2;
        world.links = LinkStyle::OtherHost("https://evil.example".to_owned());
    });
    company.sim.set_master_data(&simulators::company::master_data());
    let error = company.client.payment_terms().await.unwrap_err();
    assert!(matches!(&error, Error::ForeignLink(link) if link.contains("evil.example")), "{error}");
    assert_eq!(company.reads().len(), 1);
}

#[tokio::test]
async fn failures_that_pass_are_read_again_and_others_are_not() {
    for fault in [
        Fault::bad_gateway(),
        Fault::empty_error(),
        Fault::switch_company(),
        Fault::new(FaultKind::Truncate(20)),
        Fault::new(FaultKind::Garble),
        Fault::new(FaultKind::DropAfterWork),
        Fault::new(FaultKind::Delay(Duration::from_secs(300))),
    ] {
        let (company, orders) = with_orders(2, |_, _| {});
        company.sim.inject(fault.clone().at("/PurchaseOrders"));
        assert_eq!(entries(&all(&company.client, PurchaseOrder, &ALL).await), orders, "{fault:?}");
        assert_eq!(company.client.stats().retries, 1, "{fault:?}");
    }
    let (company, _) = with_orders(1, |_, _| {});
    company.sim.inject(Fault::bad_gateway().at("/PurchaseOrders").times(100));
    let error = company.client.page(PurchaseOrder, &ALL, None).await.unwrap_err();
    assert!(
        matches!(&error, Error::Failing { status: 502, text } if text.contains("Proxy Error")),
        "{error}"
    );
    assert_eq!(company.reads().len(), 4);

    let (company, _) = with_orders(1, |_, _| {});
    company.sim.inject(Fault::switch_company().at("/PurchaseOrders").times(100));
    company.client.page(PurchaseOrder, &ALL, None).await.unwrap_err();
    assert_eq!(company.reads().len(), 2, "a company that can't be switched to is tried once more");
}

#[tokio::test]
async fn a_body_that_is_cut_short_is_read_again() {
    let cut = reply(200, r#"{"value":[{"DocEntry":1},{"Doc"#);
    let whole = reply(200, r#"{"value":[{"DocEntry":1}]}"#);
    let client = client(settings(), Scripted::of([cut, whole]), &clock(), PASSWORD);
    assert_eq!(client.page(PurchaseOrder, &ALL, None).await.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn no_more_requests_are_in_flight_than_allowed() {
    let (company, _) = with_orders(2, |settings, _| settings.max_parallel_requests = 3);
    let reads = (0..12).map(|_| company.client.page(PurchaseOrder, &ALL, None));
    for page in futures::future::join_all(reads).await {
        page.unwrap();
    }
    assert_eq!(company.most.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn fewer_are_in_flight_while_sap_fails() {
    let (company, _) = with_orders(1, |_, _| {});
    company.sim.inject(Fault::bad_gateway().at("/PurchaseOrders"));
    company.client.page(PurchaseOrder, &ALL, None).await.unwrap();
    assert_eq!(company.client.stats().parallel_now, 2);
    for _ in 0..40 {
        company.client.page(PurchaseOrder, &ALL, None).await.unwrap();
    }
    assert_eq!(company.client.stats().parallel_now, 4);
}

#[tokio::test]
async fn a_count_that_is_refused_is_no_error() {
    let refused = reply(400, r#"{"error":{"code":"-1000","message":"no"}}"#);
    let client = client(settings(), Scripted::of([refused]), &clock(), PASSWORD);
    assert_eq!(client.count(PurchaseOrder, &ALL).await.unwrap(), None);
}
