use crate::client::{Client, logged_in, parse};
use http::Method;
use simulators::sap::{DocumentSpec, LinkStyle, SupplierSpec};

fn client(version: &'static str, orders: usize) -> Client {
    let client = logged_in(version);
    client.sap.add_supplier(SupplierSpec { code: "V1".to_owned(), ..SupplierSpec::default() }).unwrap();
    for _ in 0..orders {
        add_order(&client.sap);
    }
    client
}

fn add_order(sap: &simulators::sap::Simulator) {
    let spec = DocumentSpec { supplier: "V1".to_owned(), ..DocumentSpec::default() };
    sap.add_purchase_order(spec).unwrap();
}

/// Rows of a page and the link to the next.
fn page(client: &Client, path: &str, headers: &[(&str, &str)]) -> (usize, Option<String>) {
    let json = parse(&client.request(Method::GET, path, headers, "").response);
    let link = json.get("odata.nextLink").or_else(|| json.get("@odata.nextLink"));
    (json["value"].as_array().unwrap().len(), link.map(|link| link.as_str().unwrap().to_owned()))
}

#[test]
fn twenty_rows_unless_asked_otherwise() {
    let client = client("v1", 45);
    assert_eq!(page(&client, "/PurchaseOrders", &[]), (20, Some("PurchaseOrders?$skip=20".to_owned())));
    let (rows, link) = page(&client, "/PurchaseOrders?$skip=20", &[]);
    assert_eq!((rows, link.as_deref()), (20, Some("PurchaseOrders?$skip=40")));
    assert_eq!(page(&client, "/PurchaseOrders?$skip=40", &[]), (5, None));
    let preferred = [("prefer", "odata.maxpagesize=30")];
    assert_eq!(page(&client, "/PurchaseOrders", &preferred).0, 30);
    assert_eq!(page(&client, "/PurchaseOrders", &[("b1s-pagesize", "7")]).0, 7);
    let both = [("b1s-pagesize", "7"), ("prefer", "odata.maxpagesize=8")];
    assert_eq!(page(&client, "/PurchaseOrders", &both).0, 8, "Prefer comes first");
    assert_eq!(page(&client, "/PurchaseOrders", &[("prefer", "odata.maxpagesize=0")]), (45, None));
    client.sap.configure(|settings| settings.page_size = 0);
    assert_eq!(page(&client, "/PurchaseOrders", &[]), (45, None));
}

#[test]
fn preference_is_echoed() {
    let client = client("v2", 1);
    let preferred = [("prefer", "odata.maxpagesize=30")];
    let response = client.request(Method::GET, "/PurchaseOrders", &preferred, "").response;
    assert_eq!(response.headers()["preference-applied"], "odata.maxpagesize=30");
    assert!(!client.get("/PurchaseOrders").headers().contains_key("preference-applied"));
}

#[test]
fn links_repeat_the_query_encoded_and_without_the_page_size() {
    let client = client("v2", 25);
    let path = "/PurchaseOrders?$filter=DocumentStatus eq 'bost_Open'";
    let (_, link) = page(&client, path, &[("prefer", "odata.maxpagesize=10")]);
    assert_eq!(
        link.as_deref(),
        Some("PurchaseOrders?$filter=DocumentStatus%20eq%20%27bost_Open%27&$skip=10")
    );
    let (rows, link) = page(&client, &format!("/{}", link.unwrap()), &[]);
    assert_eq!((rows, link), (15, None), "the next page has the usual size");
    let (_, link) = page(&client, "/PurchaseOrders?$select=DocEntry&$orderby=DocEntry desc&$skip=1", &[]);
    let link = link.unwrap();
    assert_eq!(link, "PurchaseOrders?$select=DocEntry&$orderby=DocEntry%20desc&$skip=21");
    assert_eq!(client.column(&format!("/{link}"), "DocEntry"), ["4", "3", "2", "1"]);
}

#[test]
fn links_of_every_style() {
    let client = client("v2", 21);
    for (style, expected) in [
        (LinkStyle::AbsolutePath, "/b1s/v2/PurchaseOrders?$skip=20"),
        (LinkStyle::AbsoluteUrl, "https://sap.example:50000/b1s/v2/PurchaseOrders?$skip=20"),
        (
            LinkStyle::OtherHost("https://evil.example".to_owned()),
            "https://evil.example/b1s/v2/PurchaseOrders?$skip=20",
        ),
    ] {
        client.sap.configure(|settings| settings.links = style);
        assert_eq!(page(&client, "/PurchaseOrders", &[]).1.as_deref(), Some(expected));
    }
}

#[test]
fn a_full_last_page_may_link_to_an_empty_one() {
    let client = client("v2", 20);
    assert_eq!(page(&client, "/PurchaseOrders", &[]), (20, None));
    client.sap.configure(|settings| settings.link_after_full_last_page = true);
    let (_, link) = page(&client, "/PurchaseOrders", &[]);
    assert_eq!(page(&client, &format!("/{}", link.unwrap()), &[]), (0, None));
}

#[test]
fn top_and_the_page_size() {
    let client = client("v2", 60);
    assert_eq!(page(&client, "/PurchaseOrders?$top=5", &[]), (5, None));
    let (rows, link) = page(&client, "/PurchaseOrders?$top=30", &[]);
    assert_eq!(rows, 20);
    assert_eq!(page(&client, &format!("/{}", link.unwrap()), &[]), (10, None));
    client.sap.configure(|settings| settings.top_beats_page_size = true);
    assert_eq!(page(&client, "/PurchaseOrders?$top=30", &[]), (30, None));
}

#[test]
fn rows_can_change_between_pages() {
    let client = client("v2", 25);
    client.sap.after_request(1, |sap| {
        sap.close_order(3).unwrap();
    });
    let open = "$filter=DocumentStatus eq 'bost_Open'";
    let first = client.column(&format!("/PurchaseOrders?{open}"), "DocEntry");
    let second = client.column(&format!("/PurchaseOrders?{open}&$skip=20"), "DocEntry");
    assert_eq!(first.last().unwrap(), "20");
    // Row 21 slid onto the page that was read before.
    assert_eq!(second, ["22", "23", "24", "25"]);
}

#[test]
fn hooks_wait_their_turn() {
    let client = client("v2", 1);
    client.sap.after_request(2, add_order);
    for expected in ["1", "1", "2", "2"] {
        assert_eq!(client.get("/PurchaseOrders/$count").body(), expected);
    }
}

#[test]
fn order_is_only_stable_when_asked_for() {
    let client = client("v2", 30);
    client.sap.configure(|settings| settings.unstable_order = true);
    let read = |query: &str| client.column(&format!("/PurchaseOrders?$skip=0{query}"), "DocEntry");
    assert_ne!(read(""), read(""));
    assert_ne!(read("&$orderby=DocDate"), read("&$orderby=DocDate"), "all have the same date");
    assert_eq!(read("&$orderby=DocDate,DocEntry"), read("&$orderby=DocEntry"));
}
