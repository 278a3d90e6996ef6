use super::*;

#[test]
fn an_invoice_has_every_field_of_its_own() {
    let image = World::new().invoice(&printers()).unwrap();
    assert_eq!(image.number, "400812");
    assert_eq!(image.supplier, "V10000");
    assert_eq!(image.date, date(2026, 11, 1));
    assert_eq!(image.mark, "SAP SBODEMOUS/invoice/812");
    assert_eq!(image.total, number("303.45"));
    assert!(!image.cancelled && !image.closed && image.charges.is_empty());
    assert_eq!(
        Value::Object(image.header),
        json!({
            "invoice-number": "400812", "invoice-date": "2026-11-01", "supplier": {"number": "V10000"},
            "currency": {"code": "EUR"}, "payment-term": {"code": "Net 14"}, "account-type": {"name": "Main COA"},
            "line-level-taxation": true, "supplier-total": "303.45",
            "internal-note": "SAP SBODEMOUS/invoice/812, supplier's number A-77",
        })
    );
    let [line] = image.lines.as_slice() else { panic!("{} lines", image.lines.len()) };
    assert_eq!(line.id.0, "SBODEMOUS/812/0");
    assert_eq!(line.draws_on, None);
    assert_eq!(
        Value::Object(line.body.clone()),
        json!({
            "type": "InvoiceQuantityLine", "description": "Printer", "quantity": "10", "price": "25.5",
            "uom": {"code": "pcs"},
            "tax-lines": [{"type": "TaxLine", "amount": "48.45", "rate": "19", "tax-code": {"code": "I19"}}],
            "account": {
                "code": "140000-DEP10-P01", "segment-1": "140000", "segment-2": "DEP10", "segment-7": "P01",
                "account-type": {"name": "Main COA"},
            },
        })
    );
}

#[test]
fn the_date_is_the_tax_date_else_the_documents() {
    let world = World::new();
    let dated = |members| world.invoice(&with(&printers(), members));
    assert_eq!(dated(json!({"TaxDate": null})).unwrap().date, date(2026, 11, 2));
    fails(dated(json!({"TaxDate": null, "DocDate": ""})), "BC-0305", &["400812", "TaxDate"]);
}

#[test]
fn the_number_follows_its_template_within_coupas_limit() {
    let world = World::with("[numbers]\ninvoice = \"{NumAtCard}\"");
    assert_eq!(world.invoice(&printers()).unwrap().number, "A-77");
    let long = with(&printers(), json!({"NumAtCard": "9".repeat(41)}));
    fails(world.invoice(&long), "BC-0301", &[&"9".repeat(41), "41", "40"]);
    let fits = with(&printers(), json!({"NumAtCard": "Ä".repeat(40)}));
    assert!(world.invoice(&fits).is_ok());
    fails(world.invoice(&with(&printers(), json!({"NumAtCard": " "}))), "BC-0305", &["NumAtCard"]);
    fails(World::new().invoice(&with(&printers(), json!({"DocNum": null}))), "BC-0305", &["DocNum"]);
    let number = invoice_number(&world.context(), ObjectKind::CreditNote, &read(&printers()));
    assert_eq!(number.unwrap(), "CN-400812");
}

#[test]
fn a_note_carries_a_mark_only_whole() {
    let mark = "SAP SBODEMOUS/invoice/23";
    for (note, carries) in [
        ("SAP SBODEMOUS/invoice/23", true),
        ("SAP SBODEMOUS/invoice/23, supplier's number 7", true),
        ("checked by Ada. SAP SBODEMOUS/invoice/23\n", true),
        ("SAP SBODEMOUS/invoice/230", false),
        ("SAP SBODEMOUS/invoice/230 SAP SBODEMOUS/invoice/23", true),
        ("xSAP SBODEMOUS/invoice/23", false),
        ("", false),
    ] {
        assert_eq!(carries_mark(note, mark), carries, "{note}");
    }
    let image = World::new().invoice(&with(&printers(), json!({"NumAtCard": ""}))).unwrap();
    assert_eq!(image.header["internal-note"], "SAP SBODEMOUS/invoice/812");
}

#[test]
fn a_line_points_at_its_order_line_directly_or_through_the_goods_receipt() {
    let receipt = with(
        &with_lines(&[
            json!({"BaseType": 21, "BaseEntry": 1, "BaseLine": 1}),
            json!({"BaseType": 22, "BaseEntry": 700, "BaseLine": 4}),
        ]),
        json!({"DocEntry": 55}),
    );
    let bases = Bases { receipts: BTreeMap::from([(55, read(&receipt))]), ..Bases::default() };
    let document = with(
        &with_lines(&[
            json!({"BaseType": 22, "BaseEntry": 699, "BaseLine": 2}),
            json!({"BaseType": 20, "BaseEntry": 55, "BaseLine": 1}),
            json!({"BaseType": 20, "BaseEntry": 55, "BaseLine": 0}),
            json!({"BaseType": 20, "BaseEntry": 56, "BaseLine": 0}),
            json!({"BaseType": 22, "BaseEntry": null, "BaseLine": null}),
            json!({"BaseType": 18, "BaseEntry": 55, "BaseLine": 1}),
        ]),
        json!({"DocTotal": 1820.7, "VatSum": 290.7}),
    );
    let image = invoice(&World::new().context(), ObjectKind::Invoice, &read(&document), &bases).unwrap();
    let draws_on: Vec<_> = image.lines.iter().map(|line| line.draws_on).collect();
    let line = |order, line| Some(OrderLineRef { order, line });
    assert_eq!(draws_on, [line(699, 2), line(700, 4), None, None, None, None]);
    let named = base_documents(&read(&document));
    assert_eq!(Vec::from_iter(named.orders), [699]);
    assert_eq!(Vec::from_iter(named.receipts), [55, 56]);
    assert_eq!(Vec::from_iter(named.invoices), [55]);
}

#[test]
fn a_cancellation_document_names_what_it_cancels() {
    let lines = [json!({"BaseType": 18, "BaseEntry": 7}), json!({"BaseType": 18, "BaseEntry": 7})];
    let document = with(&with_lines(&lines), json!({"CancelStatus": "csCancellation"}));
    assert_eq!(Vec::from_iter(cancelled_document(&read(&document))), [7]);
    assert!(cancelled_document(&read(&with_lines(&lines))).is_empty());
}

#[test]
fn cancelled_and_closed_follow_sap() {
    let image = |members| {
        let document = with(&with_lines(&[json!({}), json!({})]), json!({"DocTotal": 606.9, "VatSum": 96.9}));
        World::new().invoice(&with(&document, members)).unwrap()
    };
    assert!(image(json!({"Cancelled": "tYES"})).cancelled);
    assert!(image(json!({"CancelStatus": "csCancellation"})).cancelled);
    assert!(image(json!({"DocumentStatus": "bost_Close"})).closed);
    assert!(!image(json!({})).closed);
}

#[test]
fn additional_expenses_are_charges_with_their_tax() {
    let expenses = json!([
        {"LineNum": 0, "ExpenseCode": 3, "LineTotal": 10.0, "TaxSum": 1.9, "VatGroup": "I19", "TaxPercent": 19.0},
        {"LineNum": 1, "ExpenseCode": 4, "LineTotal": 0.0},
        {"LineNum": 2, "ExpenseCode": 5, "Remarks": "Insurance", "LineTotal": 2.0},
    ]);
    let members = json!({"DocTotal": 317.35, "VatSum": 50.35, "DocumentAdditionalExpenses": expenses});
    let image = World::new().invoice(&with(&printers(), members)).unwrap();
    let tax = json!([{"type": "TaxLine", "amount": "1.9", "rate": "19", "tax-code": {"code": "I19"}}]);
    let expected = json!([
        {
            "type": "InvoiceMiscCharge", "line-num": 1, "description": "Additional expense 3", "total": "10",
            "currency": {"code": "EUR"}, "tax-lines": tax,
        },
        {
            "type": "InvoiceMiscCharge", "line-num": 2, "description": "Insurance", "total": "2",
            "currency": {"code": "EUR"},
        },
    ]);
    assert_eq!(Value::Array(image.charges.iter().cloned().map(Value::Object).collect()), expected);
    assert_eq!(coupas_total(&image.lines, &image.charges), number("317.35"));
}

#[test]
fn the_tax_on_expenses_is_no_tax_of_the_lines() {
    let expenses = json!([{"LineNum": 0, "ExpenseCode": 3, "LineTotal": 10.0, "TaxSum": 1.9, "VatGroup": "I19", "TaxPercent": 19.0}]);
    let members = json!({"DocTotal": 311.55, "VatSum": 46.55, "DocumentAdditionalExpenses": expenses});
    // Of the line's two taxes the lower one is what the header leaves for it.
    let line = with_line(json!({"TaxTotal": 48.45, "NetTaxAmount": 44.65}));
    let image = World::new().invoice(&with(&line, members)).unwrap();
    assert_eq!(image.lines[0].body["tax-lines"][0]["amount"], "44.65");
    assert_eq!(coupas_total(&image.lines, &image.charges), number("311.55"));
}

#[test]
fn the_tax_code_is_either_of_saps_two_and_is_mapped() {
    let world = World::with("[tax_codes]\nI19 = \"VAT19\"");
    let code = |line| {
        let image = world.invoice(&with_line(line)).unwrap();
        image.lines[0].body["tax-lines"][0]["tax-code"].clone()
    };
    assert_eq!(code(json!({})), json!({"code": "VAT19"}));
    assert_eq!(code(json!({"TaxCode": "NY", "VatGroup": null})), json!({"code": "NY"}));
    assert_eq!(code(json!({"TaxCode": "NY"})), json!({"code": "NY"}));
    assert_eq!(code(json!({"VatGroup": ""})), json!(null));
    let strict = World::with("[tax_codes]\non_missing = \"fail\"");
    fails(strict.invoice(&printers()), "BC-0302", &["line 1", "I19", "[tax_codes]"]);
    let untaxed =
        with(&with_line(json!({"TaxTotal": 0, "VatGroup": ""})), json!({"DocTotal": 255, "VatSum": 0}));
    assert!(!world.invoice(&untaxed).unwrap().lines[0].body.contains_key("tax-lines"));
}

#[test]
fn a_description_may_be_longer_than_on_an_order() {
    let image = World::new().invoice(&with_line(json!({"ItemDescription": "é".repeat(1600)}))).unwrap();
    assert_eq!(text(&image.lines[0].body["description"]).chars().count(), 1550);
}

#[test]
fn reverse_charge_is_a_tax_that_nobody_pays() {
    let line = json!({"TaxTotal": 48.45, "NetTaxAmount": 0.0, "VatGroup": "IEU"});
    let image =
        World::new().invoice(&with(&with_line(line), json!({"DocTotal": 255.0, "VatSum": 0.0}))).unwrap();
    assert_eq!(image.lines.len(), 1);
    assert_eq!(image.lines[0].body["tax-lines"][0]["amount"], "0");
}

/// Somebody who compares the two systems line by line finds SAP's own figure.
#[test]
fn of_two_taxes_that_are_equally_far_off_the_usual_one_goes_over() {
    let header = json!({"DocTotal": 303.46, "VatSum": 48.46});
    let line = with_line(json!({"TaxTotal": 48.45, "NetTaxAmount": 48.47}));
    let image = World::new().invoice(&with(&line, header)).unwrap();
    assert_eq!(image.lines[0].body["tax-lines"][0]["amount"], "48.45");
    assert_eq!(coupas_total(&image.lines, &image.charges), number("303.46"));
}

#[test]
fn custom_fields_are_the_objects_own() {
    let world = World::with("[custom_fields]\nComments = \"a\"\n[custom_fields.invoices]\nNumAtCard = \"b\"");
    let fields = |kind| {
        let bases = bases_of(&[printers()]);
        let document = with_line(json!({"BaseType": 18, "BaseEntry": 812}));
        invoice(&world.context(), kind, &read(&document), &bases).unwrap().header["custom-fields"].clone()
    };
    assert_eq!(fields(ObjectKind::Invoice), json!({"a": null, "b": "A-77"}));
    assert_eq!(fields(ObjectKind::CreditNote), json!({"a": null}));
}
