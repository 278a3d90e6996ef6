//! Documents from before the start date, when somebody asks for them.

use crate::{
    books::{document, line},
    world::{World, wait_until},
};
use jiff::civil::{Date, date};
use simulators::sap::DocumentKind;

const BACKFILL: [&str; 7] = ["backfill", "--object", "invoices", "--since", "2025-07-01", "--max-wait", "0s"];

/// Invoices on these days, with their numbers.
fn invoices_on(world: &World, days: impl IntoIterator<Item = Date>) -> Vec<String> {
    world.supplier("V1");
    let enter = |day| {
        let spec =
            simulators::sap::DocumentSpec { date: Some(day), ..document("V1", vec![line("A1", 1, "10")]) };
        world.number(DocumentKind::Invoice, world.sap.add_invoice(spec).unwrap())
    };
    days.into_iter().map(enter).collect()
}

fn backfill(world: &World) -> crate::process::Ended {
    world.run(&[&BACKFILL[..], &["--json"]].concat())
}

#[test]
fn it_counts_by_document_date_whatever_the_start_date_says() {
    let world = World::new();
    let days = [date(2025, 6, 30), date(2025, 7, 1), date(2025, 12, 31), date(2026, 1, 1)];
    let numbers = invoices_on(&world, days);
    let there = || numbers.iter().map(|n| world.coupa.invoice("V1", n).is_some()).collect::<Vec<_>>();
    world.sync().expect(0);
    assert_eq!(there(), [false, false, false, true]);
    let ended = backfill(&world).expect(0);
    assert_eq!(there(), [false, true, true, true]);
    assert_eq!(ended.count("invoices", "created"), 2);
    let writes = world.writes();
    backfill(&world).expect(0);
    assert_eq!(world.writes(), writes);
    // Linked now, so followed whatever its date.
    let second = world.sap.entries(DocumentKind::Invoice)[1];
    world.sap.cancel(DocumentKind::Invoice, second).unwrap();
    world.sync().expect(0);
    assert_eq!(world.coupa.invoice("V1", &numbers[1]).unwrap().status, "voided");
}

#[test]
fn its_exit_code_is_that_of_sync() {
    let world = World::new();
    world.coupa.configure(|settings| settings.submitted_status = "pending_approval");
    let number = invoices_on(&world, [date(2025, 8, 1)]).remove(0);
    let entry = world.sap.entries(DocumentKind::Invoice)[0];
    let payment = world.sap.add_payment(simulators::sap::PaymentSpec {
        date: Some(date(2025, 8, 2)),
        rows: vec![(DocumentKind::Invoice, entry, "11.90".parse().unwrap())],
        ..Default::default()
    });
    payment.unwrap();
    backfill(&world).expect(0);
    assert!(world.coupa.invoice("V1", &number).is_some());
    let payments =
        ["backfill", "--object", "payments", "--since", "2025-07-01", "--max-wait", "0s", "--json"];
    assert_eq!(world.run(&payments).expect(3).total("pending"), 1);
    let mut strange = document("V1", vec![line("A1", 1, "10")]);
    (strange.currency, strange.date) = ("$$".to_owned(), Some(date(2025, 9, 1)));
    world.sap.add_invoice(strange).unwrap();
    assert_eq!(backfill(&world).expect(2).total("failed"), 1);
}

pub(super) fn killed_in_the_middle_it_goes_on_where_it_stopped() {
    let mut world = World::new();
    world.configure("request_timeout_seconds = 10", "request_timeout_seconds = 1");
    world.set("sap", "page_size = 10");
    let days = (1..=28).flat_map(|day| (7..=9).map(move |month| date(2025, month, day)));
    let numbers = invoices_on(&world, days);
    let running = world.start(&BACKFILL);
    wait_until("some have arrived", || world.coupa.invoices().len() >= 15);
    running.kill();
    assert!(world.coupa.invoices().len() < numbers.len(), "too late to show anything");
    backfill(&world).expect(0);
    assert_eq!(world.coupa.invoices().len(), numbers.len());
    assert!(world.coupa.duplicates().is_empty(), "{:?}", world.coupa.duplicates());
    assert!(world.coupa.invoices().iter().all(|invoice| invoice.status == "approved"));
}
