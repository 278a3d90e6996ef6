use super::*;

fn object(value: &Value) -> Sent {
    value.as_object().unwrap().clone()
}

#[test]
fn an_image_lists_what_it_refers_to() {
    let image = World::new().invoice(&printers()).unwrap();
    let listed: Vec<(&str, &str, Option<usize>)> =
        image.references.iter().map(|found| (found.path, found.code.as_str(), found.position)).collect();
    let expected = [
        ("supplier.number", "V10000", None),
        ("currency.code", "EUR", None),
        ("payment-term.code", "Net 14", None),
        ("account-type.name", "Main COA", None),
        ("invoice-lines.uom.code", "pcs", Some(1)),
        ("invoice-lines.tax-lines.tax-code.code", "I19", Some(1)),
    ];
    assert_eq!(listed, expected);
}

#[test]
fn a_reference_that_the_reply_does_not_show_was_ignored() {
    let image = World::new().order(&printers()).unwrap();
    let reply = json!({
        "supplier": {"number": "V10000"}, "currency": {"code": "EUR"}, "payment-term": {"code": "NET 14"},
        "ship-to-address": {"location-code": "MAIN"},
        "order-lines": [
            {"external-reference-number": "SBODEMOUS/812/1", "uom": {"code": "box"}},
            {"external-reference-number": "SBODEMOUS/812/0", "uom": {"code": "pcs"}},
        ],
    });
    assert!(ignored_references(&image.references, &reply).is_empty());
    for (changed, told) in [
        (json!({"payment-term": null}), "payment-term.code \"Net 14\""),
        (json!({"payment-term": {"code": "Net 30"}}), "payment-term.code \"Net 14\""),
        (json!({"supplier": {"number": "v10000"}}), "supplier.number \"V10000\""),
        (json!({"order-lines": []}), "order-lines.uom.code \"pcs\" of line SBODEMOUS/812/0"),
        (
            json!({"order-lines": [{"external-reference-number": "SBODEMOUS/812/0", "uom": null}]}),
            "order-lines.uom.code \"pcs\" of line SBODEMOUS/812/0",
        ),
    ] {
        assert_eq!(ignored_references(&image.references, &with(&reply, changed)), [told]);
    }
    let mut absent = object(&reply);
    absent.remove("currency");
    let ignored = ignored_references(&image.references, &Value::Object(absent));
    assert_eq!(ignored, ["currency.code \"EUR\""]);
}

#[test]
fn lines_of_an_invoice_are_found_by_number_else_by_place() {
    let of = |position, path, code: &str| Reference {
        path,
        line: Some(model::LineId(format!("SBODEMOUS/812/{position}"))),
        position: Some(position),
        code: code.to_owned(),
    };
    let unit = "invoice-lines.uom.code";
    let references = [of(1, unit, "pcs"), of(2, unit, "box")];
    let (pcs, boxes) = (json!({"code": "pcs"}), json!({"code": "box"}));
    let numbered = json!({"invoice-lines": [{"line-num": 2, "uom": boxes}, {"line-num": "1", "uom": pcs}]});
    let unnumbered = json!({"invoice-lines": [{"uom": pcs}, {"uom": boxes}]});
    let swapped = json!({"invoice-lines": [{"uom": boxes}, {"uom": pcs}]});
    assert!(ignored_references(&references, &numbered).is_empty());
    assert!(ignored_references(&references, &unnumbered).is_empty());
    assert_eq!(ignored_references(&references, &swapped).len(), 2);

    let taxed = [of(1, "invoice-lines.tax-lines.tax-code.code", "I19")];
    let reply = |code| json!({"invoice-lines": [{"line-num": 1, "tax-lines": [{"tax-code": code}]}]});
    assert!(ignored_references(&taxed, &reply(json!({"code": "I19"}))).is_empty());
    assert_eq!(ignored_references(&taxed, &reply(json!(null))).len(), 1);
    let charge = [Reference { line: None, ..of(1, "invoice-charges.tax-lines.tax-code.code", "I7") }];
    let reply = json!({"invoice-charges": [{"tax-lines": [{"tax-code": {"code": "I19"}}]}]});
    let told = "invoice-charges.tax-lines.tax-code.code \"I7\" of charge 1";
    assert_eq!(ignored_references(&charge, &reply), [told]);
}

#[test]
fn the_difference_is_what_changed_and_what_is_gone() {
    let last = object(&json!({"name": "Acme", "tax-id": "DE1", "status": "active", "gone-before": null}));
    let now = object(&json!({"name": "Acme", "status": "inactive", "payment-term": {"code": "Net 14"}}));
    let expected = json!({"status": "inactive", "payment-term": {"code": "Net 14"}, "tax-id": null});
    assert_eq!(Value::Object(difference(&last, &now)), expected);
    assert!(difference(&now, &now).is_empty());
}
