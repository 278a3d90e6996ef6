use crate::client::{Client, logged_in, parse, refusal};
use http::Method;
use simulators::sap::{AddressSpec, DocumentSpec, SupplierSpec};

fn client(version: &'static str) -> Client {
    let client = logged_in(version);
    client.sap.add_supplier(SupplierSpec { code: "V1".to_owned(), ..SupplierSpec::default() }).unwrap();
    client
}

#[test]
fn a_partner_is_created_whole() {
    let client = client("v2");
    let body = r#"{"CardCode":"V9","CardName":"New GmbH","CardType":"cSupplier","PayTermsGrpCode":"2","DataVersion":99,
        "BPAddresses":[{"AddressName":"HQ","AddressType":"bo_BillTo","City":"Kiel"}],"ContactEmployees":[{"Name":"Kim"}]}"#;
    let response = client.post("/BusinessPartners", body);
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["location"], "/b1s/v2/BusinessPartners('V9')");
    assert!(response.headers().contains_key("etag"));
    let json = parse(&response);
    assert_eq!(json["DataVersion"], 1, "read-only members are ignored");
    assert_eq!(json["PayTermsGrpCode"], 2, "numbers may come as text");
    assert_eq!(json["BPAddresses"][0]["RowNum"], 0);
    assert_eq!(json["City"], "Kiel");
    assert_eq!((&json["BilltoDefault"], &json["ContactPerson"]), (&"HQ".into(), &"Kim".into()));
    assert!(json["ContactEmployees"][0]["InternalCode"].is_i64());
    assert_eq!((&json["Valid"], &json["Frozen"]), (&"tYES".into(), &"tNO".into()));
}

#[test]
fn a_partner_is_created_quietly() {
    let client = client("v1");
    let body = r#"{"CardCode":"V9","CardName":"New GmbH"}"#;
    let headers = [("prefer", "return-no-content")];
    let response = client.request(Method::POST, "/BusinessPartners", &headers, body).response;
    assert_eq!((response.status().as_u16(), response.body().len()), (204, 0));
    assert_eq!(response.headers()["location"], "/b1s/v1/BusinessPartners('V9')");
    assert_eq!(response.headers()["preference-applied"], "return-no-content");
}

#[test]
fn what_cannot_be_created() {
    let client = client("v2");
    let post = |body: &str| refusal(&client.post("/BusinessPartners", body));
    assert_eq!(post(r#"{"CardCode":"V1"}"#), (400, "-10".to_owned()));
    client.sap.configure(|settings| settings.duplicate_partner_is_2035 = true);
    assert_eq!(post(r#"{"CardCode":"V1"}"#), (400, "-2035".to_owned()));
    assert_eq!(post(r#"{"CardName":"no code"}"#), (400, "-5002".to_owned()));
    assert_eq!(post(r#"{"CardCode":"V2","PayTermsGrpCode":42}"#), (404, "-2028".to_owned()));
    assert_eq!(post(r#"{"CardCode":"V2","Currency":"XXX"}"#), (404, "-2028".to_owned()));
    assert_eq!(post(r#"{"CardCode":"V2","Nonsense":1}"#), (400, "-1000".to_owned()));
    assert_eq!(post(r#"{"CardCode":"V2","CardType":"cFriend"}"#), (400, "-1000".to_owned()));
    assert_eq!(post(r#"{"CardCode":"V2","@odata.etag":"x"}"#), (400, "-1000".to_owned()));
    assert_eq!(post("{"), (400, "-1000".to_owned()));
    assert_eq!(refusal(&client.post("/Warehouses", "{}")), (400, "-5006".to_owned()));
    assert_eq!(client.sap.supplier_codes(), ["V1"]);
}

#[test]
fn a_patch_changes_only_what_it_names() {
    let client = client("v2");
    let before = client.json("/BusinessPartners('V1')");
    let body = r#"{"Phone1":"+49 30 999","Website":null,"CreateDate":"1999-01-01","Valid":"N","Frozen":"Y"}"#;
    let response = client.patch("/BusinessPartners('V1')", body);
    assert_eq!((response.status().as_u16(), response.body().len()), (204, 0));
    let after = client.json("/BusinessPartners('V1')");
    assert_eq!(after["Phone1"], "+49 30 999");
    assert!(after["Website"].is_null());
    assert_eq!(after["CreateDate"], before["CreateDate"]);
    assert_eq!((&after["Valid"], &after["Frozen"]), (&"tNO".into(), &"tYES".into()));
    assert_eq!(after["CardName"], before["CardName"]);
    assert_eq!(after["BPAddresses"], before["BPAddresses"]);
    let neither = r#"{"Valid":"tNO","Frozen":"tNO"}"#;
    assert_eq!(refusal(&client.patch("/BusinessPartners('V1')", neither)), (400, "-5002".to_owned()));
    assert_eq!(refusal(&client.patch("/BusinessPartners('V7')", "{}")), (404, "-2028".to_owned()));
}

#[test]
fn post_may_stand_for_patch() {
    let client = client("v1");
    let headers = [("x-http-method-override", "PATCH")];
    let reply = client.request(Method::POST, "/BusinessPartners('V1')", &headers, r#"{"Phone1":"1"}"#);
    assert_eq!(reply.response.status(), 204);
    assert_eq!(client.json("/BusinessPartners('V1')")["Phone1"], "1");
}

#[test]
fn collections_merge_unless_replaced() {
    let client = client("v2");
    let second = AddressSpec { name: "Second".to_owned(), city: "Bonn".to_owned(), ..AddressSpec::default() };
    let addresses = vec![AddressSpec::default(), second];
    let spec = SupplierSpec { code: "V2".to_owned(), addresses, ..SupplierSpec::default() };
    client.sap.add_supplier(spec).unwrap();
    let cities = || {
        let json = client.json("/BusinessPartners('V2')");
        let rows = json["BPAddresses"].as_array().unwrap().iter();
        rows.map(|row| format!("{}:{}", row["RowNum"], row["City"].as_str().unwrap_or("-")))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(cities(), "0:Berlin 1:Bonn");
    let change = r#"{"BPAddresses":[{"RowNum":1,"City":"Köln"},{"AddressName":"Third","City":"Ulm"}]}"#;
    assert_eq!(client.patch("/BusinessPartners('V2')", change).status(), 204);
    assert_eq!(cities(), "0:Berlin 1:Köln 2:Ulm");
    assert_eq!(client.json("/BusinessPartners('V2')")["BPAddresses"][1]["AddressName"], "Second");
    let same_name = r#"{"BPAddresses":[{"AddressName":"Third","City":"Jena"}]}"#;
    assert_eq!(refusal(&client.patch("/BusinessPartners('V2')", same_name)), (400, "-10".to_owned()));
    let unknown = r#"{"BPAddresses":[{"RowNum":9,"City":"Jena"}]}"#;
    assert_eq!(refusal(&client.patch("/BusinessPartners('V2')", unknown)), (404, "-2028".to_owned()));
    let headers = [("b1s-replacecollectionsonpatch", "true")];
    let keep = r#"{"BPAddresses":[{"RowNum":2}]}"#;
    let reply = client.request(Method::PATCH, "/BusinessPartners('V2')", &headers, keep);
    assert_eq!(reply.response.status(), 204);
    assert_eq!(cities(), "2:Ulm");
}

#[test]
fn etags_guard_against_overwriting() {
    let client = client("v2");
    let response = client.get("/BusinessPartners('V1')");
    let etag = response.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(etag, "W/\"356A192B7913B04C54574D18C28D46E6395428AB\"");
    assert_eq!(parse(&response)["@odata.etag"], etag.as_str());
    let patch = |etag: &str| {
        let headers = [("if-match", etag)];
        client.request(Method::PATCH, "/BusinessPartners('V1')", &headers, r#"{"Phone1":"1"}"#).response
    };
    assert_eq!(patch(&etag).status(), 204);
    assert_eq!(refusal(&patch(&etag)), (412, "-2039".to_owned()));
    assert_eq!(patch("*").status(), 204);
    assert_ne!(client.get("/BusinessPartners('V1')").headers()["etag"], etag.as_str());
}

#[test]
fn etags_of_selections_and_lists() {
    let client = client("v2");
    client.patch("/BusinessPartners('V1')", r#"{"Phone1":"1"}"#);
    let path = "/BusinessPartners('V1')?$select=CardCode";
    assert!(client.get(path).headers().contains_key("etag"));
    client.sap.configure(|settings| settings.select_breaks_etag = true);
    let response = client.get(path);
    assert!(!response.headers().contains_key("etag"));
    assert_eq!(parse(&response)["@odata.etag"], "W/\"356A192B7913B04C54574D18C28D46E6395428AB\"");
    let row = |client: &Client| client.json("/BusinessPartners")["value"][0].get("@odata.etag").cloned();
    assert_eq!(row(&client), None);
    client.sap.configure(|settings| settings.etags_in_lists = true);
    assert_eq!(row(&client).unwrap(), "W/\"DA4B9237BACCCDF19C0760CAB7AEC4A8359010B0\"");
}

#[test]
fn orders_are_created_and_not_deleted() {
    let client = client("v2");
    let body = r#"{"CardCode":"V1","NumAtCard":"COUPA-1","DocDate":"2026-11-02","DocDueDate":"2026-11-16","U_CoupaId":"4711",
        "DocumentLines":[{"ItemCode":"A00001","Quantity":"10","UnitPrice":25.5,"VatGroup":"I19","WarehouseCode":"01"}]}"#;
    let response = client.post("/PurchaseOrders", body);
    assert_eq!(response.status(), 201);
    let json = parse(&response);
    assert_eq!(
        (json["DocTotal"].to_string().as_str(), json["VatSum"].to_string().as_str()),
        ("303.45", "48.45")
    );
    assert_eq!(json["U_CoupaId"], "4711");
    assert_eq!(client.column("/PurchaseOrders?$filter=NumAtCard eq 'COUPA-1'", "DocEntry"), ["1"]);
    let delete = client.request(Method::DELETE, "/PurchaseOrders(1)", &[], "").response;
    assert_eq!(refusal(&delete), (400, "-5006".to_owned()));
    let without_date = r#"{"CardCode":"V1","DocumentLines":[{"ItemCode":"A00001"}]}"#;
    assert_eq!(refusal(&client.post("/PurchaseOrders", without_date)), (400, "-5002".to_owned()));
}

#[test]
fn documents_take_plain_changes() {
    let client = client("v2");
    let spec = DocumentSpec { supplier: "V1".to_owned(), ..DocumentSpec::default() };
    client.sap.add_purchase_order(spec).unwrap();
    let body = r#"{"Comments":"seen","U_CoupaId":"4711","DocumentStatus":"bost_Close"}"#;
    assert_eq!(client.patch("/PurchaseOrders(1)", body).status(), 204);
    let json = client.json("/PurchaseOrders(1)");
    assert_eq!((&json["Comments"], &json["U_CoupaId"]), (&"seen".into(), &"4711".into()));
    assert_eq!(json["DocumentStatus"], "bost_Open", "read-only members are ignored");
    assert_eq!(client.column("/PurchaseOrders?$filter=U_CoupaId eq '4711'", "DocEntry"), ["1"]);
}

#[test]
fn a_partner_is_numbered_by_its_series() {
    let client = client("v2");
    let created = parse(&client.post("/BusinessPartners", r#"{"CardName":"New","Series":71}"#));
    assert_eq!(created["CardCode"], "V20001");
    assert_eq!(refusal(&client.post("/BusinessPartners", r#"{"Series":99}"#)), (400, "-5002".to_owned()));
}

#[test]
fn an_approval_procedure_makes_a_draft_and_says_so_in_one_of_two_ways() {
    use simulators::sap::Approval;
    let client = client("v2");
    let body = r#"{"CardCode":"V9","CardName":"New GmbH"}"#;
    client.sap.configure(|settings| settings.partner_approval = Some(Approval::DraftKey));
    let response = client.post("/BusinessPartners", body);
    assert_eq!((response.status().as_u16(), &parse(&response)["CardCode"]), (201, &"1".into()));
    assert_eq!(refusal(&client.get("/BusinessPartners('1')")), (404, "-2028".to_owned()));
    client.sap.configure(|settings| settings.partner_approval = Some(Approval::NoMatch));
    assert_eq!(refusal(&client.post("/BusinessPartners", body)), (404, "-2028".to_owned()));
    assert_eq!((client.sap.partner_drafts(), client.sap.supplier_codes().len()), (2, 1));
}

#[test]
fn what_this_user_may_not_change_is_ignored_without_a_word() {
    let client = client("v2");
    let members = ["CardName".to_owned()].into();
    client.sap.configure(|settings| settings.read_only_partner_members = members);
    let body = r#"{"CardName":"Other","Website":"x.example"}"#;
    let response = client.request(Method::PATCH, "/BusinessPartners('V1')", &[], body).response;
    assert_eq!(response.status(), 204);
    let partner = client.sap.supplier("V1").unwrap();
    assert_eq!((partner.text("CardName"), partner.text("Website")), ("Acme Associates", "x.example"));
}

#[test]
fn a_field_that_nobody_has_added_is_unknown() {
    let client = client("v2");
    client.sap.configure(|settings| settings.partners_have_coupa_id = false);
    assert_eq!(refusal(&client.get("/BusinessPartners?$select=U_CoupaId")), (400, "-1000".to_owned()));
    let body = r#"{"CardCode":"V9","U_CoupaId":"7"}"#;
    assert_eq!(refusal(&client.post("/BusinessPartners", body)), (400, "-1000".to_owned()));
}
