use super::*;

fn credit_note() -> Value {
    with(
        &with_line(json!({"BaseType": 18, "BaseEntry": 2301, "BaseLine": 0})),
        json!({"DocEntry": 77, "DocNum": 500_077, "TaxDate": "2026-12-01"}),
    )
}

fn base_invoice() -> Value {
    with(&printers(), json!({"DocEntry": 2301, "DocNum": 300_001, "TaxDate": "2026-11-05"}))
}

#[test]
fn a_credit_note_is_a_negative_invoice_that_names_its_original() {
    let expenses = json!([{"ExpenseCode": 3, "LineTotal": 10.0, "TaxSum": 1.9, "VatGroup": "I19"}]);
    let amounts = json!({"DocTotal": 315.35, "VatSum": 50.35, "DocumentAdditionalExpenses": expenses});
    let document = with(&credit_note(), amounts);
    let image = World::new().credit_note(&document, &bases_of(&[base_invoice()])).unwrap();
    assert_eq!(image.number, "CN-500077");
    assert_eq!(image.mark, "SAP SBODEMOUS/credit_note/77");
    assert_eq!(image.total, number("-315.35"));
    assert_eq!(image.header["is-credit-note"], true);
    assert_eq!(image.header["original-invoice-number"], "300001");
    assert_eq!(image.header["original-invoice-date"], "2026-11-05");
    assert_eq!(image.header["supplier-total"], "-315.35");
    let line = &image.lines[0].body;
    assert_eq!((&line["quantity"], &line["price"]), (&json!("-10"), &json!("25.5")));
    assert_eq!(line["tax-lines"][0]["amount"], "-48.45");
    assert_eq!(line["tax-lines"][0]["rate"], "19");
    assert_eq!(image.charges[0]["total"], "-10");
    assert_eq!(image.charges[0]["tax-lines"][0]["amount"], "-1.9");
    assert_eq!(coupas_total(&image.lines, &image.charges), number("-315.35"));
}

#[test]
fn an_amount_line_has_a_negative_price() {
    let document = with(&credit_note(), json!({"DocType": "dDocument_Service"}));
    let image = World::new().credit_note(&document, &bases_of(&[base_invoice()])).unwrap();
    assert_eq!(image.lines[0].body["price"], "-255");
    assert_eq!(coupas_total(&image.lines, &image.charges), number("-303.45"));
}

#[test]
fn differences_are_negative_too() {
    let document = with(&credit_note(), json!({"DocTotal": 298.35, "TotalDiscount": 5.1}));
    let bases = bases_of(&[base_invoice()]);
    let image = World::new().credit_note(&document, &bases).unwrap();
    assert_eq!(image.lines[1].body["price"], "5.1");
    assert_eq!(image.total, number("-298.35"));
    let charged = World::with("[differences]\ndiscount = \"charge\"").credit_note(&document, &bases).unwrap();
    assert_eq!(charged.charges[0]["total"], "5.1");
}

#[test]
fn of_several_base_invoices_the_first_in_line_order_counts() {
    let base = |entry| json!({"BaseType": 18, "BaseEntry": entry, "BaseLine": 0});
    let lines = [with(&base(9), json!({"VisualOrder": 1})), with(&base(8), json!({"VisualOrder": 0}))];
    let document = with(&with_lines(&lines), json!({"DocTotal": 606.9, "VatSum": 96.9}));
    let invoice = |entry, number| with(&printers(), json!({"DocEntry": entry, "DocNum": number}));
    let bases = bases_of(&[invoice(8, 80), invoice(9, 90)]);
    let image = World::new().credit_note(&document, &bases).unwrap();
    assert_eq!(image.header["original-invoice-number"], "80");
}

#[test]
fn without_a_base_invoice_it_fails_or_names_itself() {
    let document = with(&credit_note(), json!({"DocumentLines": [printer_line()]}));
    let nothing = Bases::default();
    fails(World::new().credit_note(&document, &nothing), "BC-0308", &["500077", "[credit_notes]"]);
    let world = World::with("[credit_notes]\noriginal = \"self\"");
    let image = world.credit_note(&document, &nothing).unwrap();
    assert_eq!(image.header["original-invoice-number"], "CN-500077");
    assert_eq!(image.header["original-invoice-date"], "2026-12-01");
}

#[test]
fn an_invoice_is_no_credit_note() {
    let image = World::new().invoice(&printers()).unwrap();
    assert!(!image.header.contains_key("is-credit-note"));
    assert!(!image.header.contains_key("original-invoice-number"));
}
