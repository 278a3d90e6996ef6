use crate::client::{Client, logged_in};
use simulators::sap::{DocumentKind, DocumentSpec, SupplierSpec};

fn client() -> Client {
    let client = logged_in("v1");
    for (code, name) in [("V1", "Acme 'n' Sons"), ("V2", "Bolt & Nut"), ("V3", "Acorn")] {
        let spec = SupplierSpec { code: code.to_owned(), name: name.to_owned(), ..SupplierSpec::default() };
        client.sap.add_supplier(spec).unwrap();
    }
    for (day, time) in [("2026-03-01", "09:30:00"), ("2026-03-02", "09:30:59"), ("2026-03-03", "18:38:12")] {
        client.sap.pretend(Some(format!("{day}T{time}").parse().unwrap()));
        let spec = DocumentSpec { supplier: "V1".to_owned(), ..DocumentSpec::default() };
        client.sap.add_purchase_order(spec).unwrap();
    }
    client.sap.pretend(None);
    client
}

fn orders(client: &Client, filter: &str) -> String {
    client.column(&format!("/PurchaseOrders?$filter={filter}"), "DocEntry").join(" ")
}

fn suppliers(client: &Client, filter: &str) -> String {
    client.column(&format!("/BusinessPartners?$filter={filter}"), "CardCode").join(" ")
}

#[test]
fn comparisons_and_their_combinations() {
    let client = client();
    for (filter, expected) in [
        ("DocEntry eq 2", "2"),
        ("DocEntry ne 2", "1 3"),
        ("DocEntry gt 1", "2 3"),
        ("DocEntry ge 2", "2 3"),
        ("DocEntry lt 2", "1"),
        ("DocEntry le 2", "1 2"),
        ("DocEntry eq 3 or DocEntry eq 1", "1 3"),
        ("not (DocEntry eq 3 or DocEntry eq 1)", "2"),
        ("DocEntry gt 1 and DocEntry lt 3", "2"),
        // "and" binds tighter than "or".
        ("DocEntry eq 1 or DocEntry eq 2 and DocEntry eq 3", "1"),
        ("(DocEntry eq 1 or DocEntry eq 2) and DocEntry ge 2", "2"),
        ("DocTotal gt 11.89 and DocTotal lt 11.91", "1 2 3"),
        ("DocTotal eq 11.9", "1 2 3"),
        ("NumAtCard eq null", "1 2 3"),
        ("NumAtCard ne null", ""),
        // What compares with null is unknown, and its opposite too.
        ("NumAtCard eq 'x' or not (NumAtCard eq 'x')", ""),
    ] {
        assert_eq!(orders(&client, filter), expected, "{filter}");
    }
}

#[test]
fn text_functions() {
    let client = client();
    for (filter, expected) in [
        ("startswith(CardName,'Ac')", "V1 V3"),
        ("endswith(CardName, 'Nut')", "V2"),
        ("contains(CardName,'co')", "V3"),
        ("substringof('co',CardName)", "V3"),
        ("CardName eq 'Acme ''n'' Sons'", "V1"),
        ("contains(CardName,'%26')", "V2"),
        ("not startswith(CardName,'Ac')", "V2"),
    ] {
        assert_eq!(suppliers(&client, filter), expected, "{filter}");
    }
}

#[test]
fn enums_go_by_name_or_database_value() {
    let client = client();
    client.sap.close_order(2).unwrap();
    assert_eq!(orders(&client, "DocumentStatus eq 'bost_Open'"), "1 3");
    assert_eq!(orders(&client, "DocumentStatus eq 'C'"), "2");
    assert_eq!(suppliers(&client, "CardType eq 'S' and Valid eq 'tYES'"), "V1 V2 V3");
    assert_eq!(client.refusal("/PurchaseOrders?$filter=DocumentStatus eq 'Open'"), (400, "-1000".to_owned()));
}

#[test]
fn dates_ignore_the_time_and_times_the_seconds() {
    let client = client();
    for literal in [
        "'2026-03-02'",
        "'20260302'",
        "datetime'2026-03-02'",
        "datetime'2026-03-02T23:59:59'",
        "'2026-03-02T12:21:21'",
        "'20260302000000'",
        "2026-03-02",
    ] {
        assert_eq!(orders(&client, &format!("UpdateDate eq {literal}")), "2", "{literal}");
        assert_eq!(orders(&client, &format!("DocDate gt {literal}")), "3", "{literal}");
    }
    for literal in ["'09:30:00'", "'09:30'", "'093000'", "'0930'", "'2014-06-18T09:30:00Z'", "'09:30:45'"] {
        assert_eq!(orders(&client, &format!("UpdateTime eq {literal}")), "1 2", "{literal}");
    }
    // The usual filter of a poller.
    let changed = "(UpdateDate gt '2026-03-02') or (UpdateDate eq '2026-03-02' and UpdateTime ge '09:30')";
    assert_eq!(orders(&client, changed), "2 3");
    let changed = "(UpdateDate gt '2026-03-02') or (UpdateDate eq '2026-03-02' and UpdateTime ge '09:31')";
    assert_eq!(orders(&client, changed), "3");
}

#[test]
fn what_is_not_documented_is_refused() {
    let client = client();
    for filter in [
        "DocEntry",
        "DocEntry eq",
        "DocEntry eq 1 and",
        "DocEntry eq 'one'",
        "DocEntry eq 1.5",
        "DocEntry = 1",
        "DocEntry EQ 1",
        "1 eq DocEntry",
        "DocEntry eq DocNum",
        "DocEntry add 1 eq 2",
        "(DocEntry eq 1",
        "DocEntry eq 1)",
        "CardCode eq V1",
        "CardCode eq 'V1",
        "tolower(CardCode) eq 'v1'",
        "year(DocDate) eq 2026",
        "length(CardCode) eq 2",
        "DocDate gt 'yesterday'",
        "DocDate gt '2026-02-30'",
        "UpdateTime gt '25:00'",
        "DocDate gt null",
        "CancelStatus gt 'csNo'",
        "DocumentLines/LineNum eq 0",
        "DocumentLines eq null and DocEntry in (1,2)",
        "startswith(DocEntry,'1')",
        "docentry eq 1",
    ] {
        let path = format!("/PurchaseOrders?$filter={filter}");
        assert_eq!(client.refusal(&path), (400, "-1000".to_owned()), "{filter}");
    }
}

#[test]
fn nesting_has_an_end() {
    let client = client();
    let deep = format!("{}DocEntry eq 1{}", "(".repeat(20_000), ")".repeat(20_000));
    assert_eq!(client.refusal(&format!("/PurchaseOrders?$filter={deep}")), (400, "-1000".to_owned()));
    let deep = format!("{}DocEntry eq 1", "not ".repeat(10_000));
    assert_eq!(client.refusal(&format!("/PurchaseOrders?$filter={deep}")), (400, "-1000".to_owned()));
}

#[test]
fn shortcuts_find_what_a_full_look_finds() {
    let client = client();
    client.sap.change_document(DocumentKind::Order, 1, |order| order.comments = "again".to_owned()).unwrap();
    // By stamp, by key and by neither: all must agree with looking at each row.
    for (filter, expected) in [
        ("UpdateDate ge '2026-03-02'", "2 3 1"),
        ("UpdateDate ge '2026-03-02' and DocEntry lt 3", "2 1"),
        ("DocEntry eq 1 and UpdateDate lt '2026-03-02'", ""),
        ("(DocEntry eq 3 or DocEntry eq 2) and (DocEntry eq 2 or DocEntry eq 7)", "2"),
        ("UpdateDate lt '2026-03-03' or UpdateDate gt '2026-03-03'", "2 1"),
    ] {
        let path = format!("/PurchaseOrders?$filter={filter}&$orderby=UpdateDate,UpdateTime,DocEntry");
        assert_eq!(client.column(&path, "DocEntry").join(" "), expected, "{filter}");
    }
}
