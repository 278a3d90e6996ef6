use crate::client::logged_in;
use http::Method;
use model::Clock as _;
use simulators::clock::SystemClock;
use simulators::sap::{DocumentSpec, LineSpec, SupplierSpec};

/// Only an optimised build is fast enough: `cargo test --release -p simulators --test sap -- --ignored`.
#[test]
#[ignore = "measures an optimised build"]
fn reads_ten_thousand_whole_documents_a_second() {
    let client = logged_in("v2");
    client.sap.add_supplier(SupplierSpec { code: "V1".to_owned(), ..SupplierSpec::default() }).unwrap();
    let count = 100_000_u32;
    for _ in 0..count {
        let lines = vec![LineSpec::default(); 3];
        let spec = DocumentSpec { supplier: "V1".to_owned(), lines, ..DocumentSpec::default() };
        client.sap.add_invoice(spec).unwrap();
    }
    for order in ["DocEntry", "UpdateDate,UpdateTime,DocEntry"] {
        let start = SystemClock.now();
        let (mut last, mut read) = (0, 0);
        while last < count {
            let path = format!(
                "/PurchaseInvoices?$filter=UpdateDate ge '2026-01-01' and DocEntry gt {last}&$orderby={order}"
            );
            let reply = client.request(Method::GET, &path, &[("prefer", "odata.maxpagesize=500")], "");
            assert_eq!(reply.response.status(), 200);
            read += reply.response.body().len();
            last += 500;
        }
        let taken = SystemClock.now().duration_since(start);
        let per_second = i128::from(count) * 1000 / taken.as_millis().max(1);
        println!("{order}: {per_second} documents a second, {} bytes each", read / 100_000);
        assert!(per_second > 10_000, "{order}: {per_second} documents a second");
    }
}

#[test]
#[ignore = "measures an optimised build"]
fn makes_a_company_of_a_hundred_thousand_documents() {
    let start = SystemClock.now();
    let (sap, _) = crate::client::simulator(simulators::sap::Settings::default());
    simulators::company::generate(&sap, 1, simulators::company::Size::with_documents(100_000)).unwrap();
    println!("{:?} in {:?}", sap.counts(), SystemClock.now().duration_since(start));
    assert!(SystemClock.now().duration_since(start).as_secs() < 60);
}
