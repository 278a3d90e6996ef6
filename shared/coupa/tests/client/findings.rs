//! Looking up many at once: as few questions as possible, exact matches only, no row lost between pages.

use crate::support::{Bench, status};
use coupa::{Error, Query, Reference, Supplier};
use model::CoupaId;
use serde_json::json;
use std::collections::BTreeSet;

fn rows(ids: impl Iterator<Item = u64>, number: impl Fn(u64) -> String) -> String {
    let rows: Vec<_> = ids.map(|id| json!({ "id": id, "number": number(id), "invoice-number": "1001", "supplier": {"id": id, "number": number(id)} })).collect();
    json!(rows).to_string()
}

#[test]
fn numbers_match_exactly() {
    let reply = json!([{"id": 1, "number": "v1"}, {"id": 2, "number": "V1"}, {"id": 3, "number": "0V1"}, {"id": 4, "number": "V 1"}, {"id": 5, "number": "V1 "}, {"id": 6, "number": null}]);
    let bench = Bench::new([status(200, &reply.to_string())]);
    let numbers = ["V1", "V2"].map(str::to_owned);
    let found = bench.clock.run(bench.client.find_suppliers(&bench.call(), &numbers)).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found["V1"].iter().map(|one| one.id.0).collect::<Vec<_>>(), [2]);
    assert!(
        bench.script.asked()[0]
            .starts_with("GET /api/suppliers?number%5Bin%5D=V1%2CV2&order_by=id&dir=asc&limit=50&fields=")
    );
}

#[test]
fn fifty_numbers_make_one_question_and_nothing_asks_nothing() {
    let bench = Bench::new(vec![status(200, "[]"); 3]);
    let numbers: Vec<String> = (0..120).map(|number| format!("V{number:05}")).collect();
    bench.clock.run(bench.client.find_suppliers(&bench.call(), &numbers)).unwrap();
    assert_eq!(bench.made(), 3);
    bench.clock.run(bench.client.find_orders(&bench.call(), &[String::new()])).unwrap();
    bench.clock.run(bench.client.invoices_by_id(&bench.call(), &[])).unwrap();
    assert_eq!(bench.made(), 3);
}

#[test]
fn a_number_that_a_list_would_take_apart_is_asked_for_alone() {
    let bench =
        Bench::new([status(200, "[]"), status(200, r#"[{"id":1,"number":"A,B"}]"#), status(200, "[]")]);
    let numbers = [" V1", "A,B", "C"].map(str::to_owned);
    let found = bench.clock.run(bench.client.find_suppliers(&bench.call(), &numbers)).unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["A,B"]);
    let asked = bench.script.asked().join("\n");
    for part in ["?number=%20V1&", "?number=A%2CB&", "?number%5Bin%5D=C&"] {
        assert!(asked.contains(part), "{asked}");
    }
}

#[test]
fn long_numbers_are_asked_for_in_urls_of_bearable_length() {
    let bench = Bench::new(vec![status(200, "[]"); 20]);
    let numbers: Vec<String> = (0..50).map(|number| format!("{number:03}{}", "ü".repeat(100))).collect();
    bench.clock.run(bench.client.find_suppliers(&bench.call(), &numbers)).unwrap();
    assert!(bench.script.asked().iter().all(|asked| asked.len() < 5_000));
}

#[test]
fn more_than_fifty_hits_are_paged_by_id() {
    let bench = Bench::new([
        status(200, &rows(1..51, |id| format!("S{id}"))),
        status(200, &rows(51..101, |id| format!("S{id}"))),
        status(200, &rows(101..103, |id| format!("S{id}"))),
    ]);
    let found = bench.clock.run(bench.client.find_invoices(&bench.call(), &["1001".to_owned()])).unwrap();
    assert_eq!(found["1001"].len(), 102);
    let last = &found["1001"][101];
    assert_eq!(last.supplier.as_ref().and_then(|supplier| supplier.number.as_deref()), Some("S102"));
    let asked = bench.script.asked();
    assert!(asked.iter().all(|url| url.contains("order_by=id&dir=asc&limit=50")), "{asked:?}");
    assert!(!asked[0].contains("id%5Bgt%5D"));
    assert!(asked[1].contains("id%5Bgt%5D=50&") && asked[2].contains("id%5Bgt%5D=100&"), "{asked:?}");
}

#[test]
fn a_server_that_does_not_heed_the_keyset_is_noticed() {
    let page = rows(1..51, |id| format!("S{id}"));
    let bench = Bench::new(vec![status(200, &page); 2]);
    let all: Result<Vec<Supplier>, _> = bench.clock.run(bench.client.list(&bench.call(), &Query::new()));
    assert!(matches!(all, Err(Error::BadReply(_))), "{all:?}");
}

#[test]
fn invoices_are_read_by_id_fifty_at_a_time() {
    let bench = Bench::new([status(200, &rows(1..51, |_| "V".to_owned())), status(200, "[]")]);
    let ids: Vec<CoupaId> = (1..=51).map(CoupaId).collect();
    let found = bench.clock.run(bench.client.invoices_by_id(&bench.call(), &ids)).unwrap();
    assert_eq!((found.len(), bench.made()), (50, 2));
}

#[test]
fn reference_data_is_known_by_its_exact_code() {
    let bench = Bench::new([
        status(200, r#"[{"id":1,"code":"Net 30"},{"id":2,"code":"NET 60"}]"#),
        status(200, r#"[{"id":1,"location-code":"WH01","name":"x"}]"#),
    ]);
    let codes = ["Net 30", "Net 60"].map(str::to_owned);
    let known = bench.clock.run(bench.client.known(&bench.call(), Reference::PaymentTerm, &codes)).unwrap();
    assert_eq!(known, BTreeSet::from(["Net 30".to_owned()]));
    let codes = ["WH01".to_owned()];
    let known = bench.clock.run(bench.client.known(&bench.call(), Reference::Address, &codes)).unwrap();
    assert_eq!(known.len(), 1);
    assert!(bench.script.asked()[1].starts_with("GET /api/addresses?location_code%5Bin%5D=WH01&"));
}
