use super::*;

#[test]
fn an_order_is_an_external_order_with_every_field_of_its_own() {
    let image = World::new().order(&printers()).unwrap();
    assert_eq!(image.po_number, "400812");
    assert_eq!(image.supplier, "V10000");
    assert_eq!(image.state, OrderState::Open);
    assert_eq!(
        Value::Object(image.header),
        json!({
            "type": "ExternalOrderHeader", "po-number": "400812", "supplier": {"number": "V10000"},
            "currency": {"code": "EUR"}, "payment-term": {"code": "Net 14"},
            "ship-to-user": {"email": "buyer@acme.example"}, "ship-to-address": {"location-code": "MAIN"},
            "transmission-method-override": "do_not_transmit",
        })
    );
    let [line] = image.lines.as_slice() else { panic!("{} lines", image.lines.len()) };
    assert_eq!(line.id.0, "SBODEMOUS/812/0");
    assert_eq!(
        Value::Object(line.body.clone()),
        json!({
            "type": "OrderQuantityLine", "description": "Printer", "quantity": "10", "price": "25.5",
            "uom": {"code": "pcs"}, "currency": {"code": "EUR"}, "need-by-date": "2026-11-09T12:00:00Z",
            "source-part-num": "A00001", "match-type": "none", "external-reference-number": "SBODEMOUS/812/0",
            "account": {
                "code": "140000-DEP10-P01", "segment-1": "140000", "segment-2": "DEP10", "segment-7": "P01",
                "account-type": {"name": "Main COA"},
            },
        })
    );
}

#[test]
fn lines_go_over_in_visual_order_and_keep_the_name_of_their_line_num() {
    let lines = [json!({"VisualOrder": 2}), json!({"VisualOrder": 0}), json!({"VisualOrder": 1})];
    let image = World::new().order(&with_lines(&lines)).unwrap();
    let ids: Vec<&str> = image.lines.iter().map(|line| line.id.0.as_str()).collect();
    assert_eq!(ids, ["SBODEMOUS/812/1", "SBODEMOUS/812/2", "SBODEMOUS/812/0"]);
}

#[test]
fn a_service_line_and_a_line_without_quantity_are_amount_lines() {
    let service =
        with(&with_line(json!({"Quantity": 1.0, "Price": 0})), json!({"DocType": "dDocument_Service"}));
    for document in [service, with_line(json!({"Quantity": 0}))] {
        let image = World::new().order(&document).unwrap();
        let body = &image.lines[0].body;
        assert_eq!(body["type"], "OrderAmountLine");
        assert_eq!(body["price"], "255");
        assert!(!body.contains_key("quantity") && !body.contains_key("uom"));
        assert_eq!(image.lines.len(), 1);
    }
}

#[test]
fn the_price_is_worked_out_where_sap_has_none_in_the_documents_currency() {
    let cases = [
        (json!({"Price": 25.5}), "25.5"),
        (json!({"Price": 25.4, "Currency": ""}), "25.4"),
        (json!({"Price": 27.9, "Currency": "USD"}), "25.5"),
        (json!({"Price": 0, "Quantity": 7.0}), "36.428571"),
        (json!({"Price": 0, "LineTotal": 0}), "0"),
        (json!({"Price": 25.500_000_000_000_04}), "25.5"),
    ];
    for (line, price) in cases {
        let image = World::new().order(&with_line(line.clone())).unwrap();
        assert_eq!(image.lines[0].body["price"], price, "{line}");
    }
}

#[test]
fn a_foreign_order_takes_the_foreign_amounts() {
    let line = json!({"Currency": "USD", "Price": 27.9, "LineTotal": 255.0, "RowTotalFC": 279.0});
    let document = with(&with_line(line), json!({"DocCurrency": "USD"}));
    let image = World::new().order(&document).unwrap();
    assert_eq!(image.header["currency"], json!({"code": "USD"}));
    assert_eq!(image.lines.len(), 1, "no rounding: {:?}", image.lines);
    let service = with(&document, json!({"DocType": "dDocument_Service"}));
    assert_eq!(World::new().order(&service).unwrap().lines[0].body["price"], "279");
}

#[test]
fn what_the_lines_lack_to_saps_sum_is_a_line_of_its_own() {
    let document = with_lines(&[json!({"Quantity": 3.0, "Price": 3.333, "LineTotal": 9.99}), json!({})]);
    let short = with_lines(&[json!({"Quantity": 3.0, "Price": 3.33, "LineTotal": 10.0}), json!({})]);
    assert_eq!(World::new().order(&document).unwrap().lines.len(), 3, "9.999 becomes 10.00 in Coupa");
    let image = World::new().order(&short).unwrap();
    let rounding = &image.lines[2];
    assert_eq!(rounding.id.0, "SBODEMOUS/812/rounding");
    assert_eq!(
        Value::Object(rounding.body.clone()),
        json!({
            "type": "OrderAmountLine", "description": "Rounding", "price": "0.01", "currency": {"code": "EUR"},
            "match-type": "none", "external-reference-number": "SBODEMOUS/812/rounding",
            "need-by-date": "2026-11-16T12:00:00Z", "account": image.lines[0].body["account"],
        })
    );
    assert_eq!(coupas_total(&image.lines, &[]), number("265"));
    let strict = World::with("[differences]\nrounding = \"fail\"");
    fails(strict.order(&short), "BC-0304", &["400812", "265", "264.99", "0.01"]);
}

#[test]
fn the_need_by_date_is_the_lines_else_the_documents() {
    let image = World::new().order(&with_line(json!({"ShipDate": null}))).unwrap();
    assert_eq!(image.lines[0].body["need-by-date"], "2026-11-16T12:00:00Z");
}

#[test]
fn the_ship_to_address_follows_the_first_lines_warehouse() {
    let world = World::with("[ship_to]\n02 = \"LYON\"");
    let ship_to =
        |line| world.order(&with_line(line)).unwrap().header["ship-to-address"]["location-code"].clone();
    assert_eq!(ship_to(json!({"WarehouseCode": "02"})), "LYON");
    assert_eq!(ship_to(json!({"WarehouseCode": "01"})), "MAIN");
    let lines = [
        json!({"WarehouseCode": "01", "VisualOrder": 1}),
        json!({"WarehouseCode": "02", "VisualOrder": 0}),
        json!({"WarehouseCode": "01", "VisualOrder": 2}),
    ];
    let several = world.order(&with_lines(&lines)).unwrap();
    assert_eq!(several.header["ship-to-address"]["location-code"], "LYON");
    let strict = World::with("[ship_to]\non_missing = \"fail\"");
    fails(strict.order(&printers()), "BC-0302", &["01", "[ship_to]"]);
    assert!(strict.order(&with_line(json!({"WarehouseCode": ""}))).is_ok());
}

#[test]
fn the_ship_to_user_is_found_by_login_or_e_mail() {
    let mut world = World::new();
    world.defaults.ship_to_user = "buyer".to_owned();
    assert_eq!(world.order(&printers()).unwrap().header["ship-to-user"], json!({"login": "buyer"}));
}

#[test]
fn the_payment_term_goes_by_number_or_name_or_as_it_is() {
    let cases = [
        ("", json!(2), Some("Net 14")),
        ("\"2\" = \"N14\"", json!(2), Some("N14")),
        ("\"Net 14\" = \"N14\"", json!(2), Some("N14")),
        ("", json!(9), Some("9")),
        ("", json!(-1), Some("Cash Basic")),
        ("", json!(null), None),
    ];
    for (entries, group, term) in cases {
        let world = World::with(&format!("[payment_terms]\n{entries}"));
        let image = world.order(&with(&printers(), json!({"PaymentGroupCode": group}))).unwrap();
        assert_eq!(
            image.header.get("payment-term").map(|term| text(&term["code"])),
            term,
            "{entries} {group}"
        );
    }
    let mut world = World::new();
    world.terms.insert(3, String::new());
    let unnamed = world.order(&with(&printers(), json!({"PaymentGroupCode": 3}))).unwrap();
    assert_eq!(unnamed.header["payment-term"], json!({"code": "3"}));
    world.terms.clear();
    let cash = with(&printers(), json!({"PaymentGroupCode": -1}));
    assert!(!world.order(&cash).unwrap().header.contains_key("payment-term"));
    let strict = World::with("[payment_terms]\non_missing = \"fail\"\n\"9\" = \"N9\"");
    fails(strict.order(&printers()), "BC-0302", &["Net 14", "[payment_terms]"]);
}

#[test]
fn the_currency_is_an_iso_code_once_it_is_mapped() {
    let dollars = with(&printers(), json!({"DocCurrency": "$"}));
    fails(World::new().order(&dollars), "BC-0303", &["400812", "\"$\"", "[currencies]"]);
    for code in ["eur", "EURO", "E1R", "€"] {
        fails(World::new().order(&with(&printers(), json!({"DocCurrency": code}))), "BC-0303", &[code]);
    }
    let world = World::with("[currencies]\n\"$\" = \"USD\"");
    let image =
        world.order(&with(&with_line(json!({"Currency": "$"})), json!({"DocCurrency": "$"}))).unwrap();
    assert_eq!(image.header["currency"], json!({"code": "USD"}));
    assert_eq!(image.lines[0].body["currency"], json!({"code": "USD"}));
    assert_eq!(image.lines[0].body["price"], "25.5");
    fails(World::new().order(&with(&printers(), json!({"DocCurrency": ""}))), "BC-0305", &["DocCurrency"]);
    let strict = World::with("[currencies]\non_missing = \"fail\"");
    fails(strict.order(&printers()), "BC-0302", &["EUR", "[currencies]"]);
}

#[test]
fn the_number_follows_its_template_within_coupas_limit() {
    let world = World::with("[numbers]\npurchase_order = \"{Series}-{DocNum}/{DocEntry} {NumAtCard}\"");
    assert_eq!(world.order(&printers()).unwrap().po_number, "11-400812/812 A-77");
    let long = with(&printers(), json!({"NumAtCard": "A-77777"}));
    fails(world.order(&long), "BC-0301", &["11-400812/812 A-77777", "21", "20", "[numbers]"]);
    fails(world.order(&with(&printers(), json!({"NumAtCard": null}))), "BC-0305", &["NumAtCard", "812"]);
}

#[test]
fn closed_reopened_and_cancelled_follow_sap() {
    let state = |members| World::new().order(&with(&printers(), members)).unwrap().state;
    assert_eq!(state(json!({})), OrderState::Open);
    assert_eq!(state(json!({"DocumentStatus": "bost_Close"})), OrderState::Closed);
    assert_eq!(state(json!({"DocumentStatus": "bost_Close", "Cancelled": "tYES"})), OrderState::Cancelled);
    assert_eq!(state(json!({"CancelStatus": "csYes"})), OrderState::Cancelled);
    assert_eq!(state(json!({"CancelStatus": "csCancellation"})), OrderState::Cancelled);
}

#[test]
fn an_account_is_made_of_the_segments_table() {
    let world = World::with("[segments]\nCostingCode = \"segment-1\"\nAccountCode = \"segment-3\"");
    let account = &world.order(&printers()).unwrap().lines[0].body["account"];
    let expected = json!({
        "code": "DEP10-140000", "segment-1": "DEP10", "segment-3": "140000", "account-type": {"name": "Main COA"},
    });
    assert_eq!(*account, expected);
    let nothing = json!({"AccountCode": "", "CostingCode": null});
    assert!(!world.order(&with_line(nothing)).unwrap().lines[0].body.contains_key("account"));
    let all = json!({"CostingCode2": "B", "CostingCode3": "C", "CostingCode4": "D", "CostingCode5": "E"});
    let account = &World::new().order(&with_line(all)).unwrap().lines[0].body["account"];
    assert_eq!(account["code"], "140000-DEP10-B-C-D-E-P01");
}

#[test]
fn custom_fields_come_from_the_members_that_the_file_names() {
    let world = World::with(
        "[custom_fields]\nU_Req = \"requester\"\nComments = \"remark\"\nU_No = \"none\"\n[custom_fields.purchase_orders]\nU_Req = \"asked-by\"",
    );
    let mut document: Document = read(&with(&printers(), json!({"Comments": "urgent"})));
    document.extra.insert("U_Req".to_owned(), "Ada".to_owned());
    let image = order(&world.context(), &document).unwrap();
    assert_eq!(
        image.header["custom-fields"],
        json!({"requester": "Ada", "asked-by": "Ada", "remark": "urgent", "none": null})
    );
    assert_eq!(world.mapping.extra_members(ObjectKind::PurchaseOrder), ["U_No", "U_Req"]);
    assert!(world.mapping.extra_members(ObjectKind::Supplier).is_empty());
}

#[test]
fn a_matching_level_can_be_set() {
    let world = World::with("[purchase_orders]\nmatch_type = \"2-way\"");
    assert_eq!(world.order(&printers()).unwrap().lines[0].body["match-type"], "2-way");
}

#[test]
fn an_order_without_a_supplier_is_a_failure_that_names_the_field() {
    fails(
        World::new().order(&with(&printers(), json!({"CardCode": ""}))),
        "BC-0305",
        &["400812", "CardCode"],
    );
}

#[test]
fn the_same_state_gives_the_same_text() {
    let write = || {
        let image = World::new().order(&printers()).unwrap();
        let lines: Vec<Sent> = image.lines.into_iter().map(|line| line.body).collect();
        serde_json::to_string(&(image.header, lines)).unwrap()
    };
    assert_eq!(write(), write());
}
