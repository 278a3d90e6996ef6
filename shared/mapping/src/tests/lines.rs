//! Which rows become lines, and what each is called.

use super::*;

#[test]
fn a_text_row_is_left_out_only_where_it_books_nothing() {
    let text = json!({"LineType": "dlt_Text", "ItemCode": "", "Quantity": 0, "LineTotal": 0, "TaxTotal": 0});
    let lines = |members| {
        let document = with_lines(&[json!({}), with(&text, members)]);
        World::new().order(&document).unwrap().lines.len()
    };
    assert_eq!(lines(json!({})), 1);
    for members in [
        json!({"LineType": "dlt_Regular"}),
        json!({"LineType": "R"}),
        json!({"LineType": ""}),
        json!({"ItemCode": "A00002"}),
        json!({"LineTotal": 5.0}),
        json!({"RowTotalFC": 5.0}),
        json!({"Quantity": 5.0}),
        json!({"TaxTotal": 5.0}),
    ] {
        assert!(lines(members.clone()) > 1, "{members}");
    }
    let none = World::new().order(&with(&printers(), json!({"DocumentLines": []})));
    fails(none, "BC-0305", &["DocumentLines"]);
}

#[test]
fn every_line_has_a_description_within_coupas_limit() {
    let long = "ß".repeat(300);
    let cases = [
        (json!({"ItemDescription": long}), "ß".repeat(255)),
        (json!({"ItemDescription": " "}), "A00001".to_owned()),
        (json!({"ItemDescription": null, "ItemCode": null}), "Line 1".to_owned()),
    ];
    for (line, description) in cases {
        let image = World::new().order(&with_line(line)).unwrap();
        assert_eq!(image.lines[0].body["description"], description);
    }
}

#[test]
fn the_unit_is_the_listed_one_else_the_typed_one_else_none() {
    let world = World::with("[units]\nStk = \"EA\"");
    let cases = [
        (json!({"UoMCode": "box", "MeasureUnit": "pcs"}), Some("box")),
        (json!({"UoMCode": "Manual", "MeasureUnit": "Stk"}), Some("EA")),
        (json!({"UoMCode": "", "MeasureUnit": "pcs"}), Some("pcs")),
        (json!({"UoMCode": null, "MeasureUnit": ""}), None),
    ];
    for (line, unit) in cases {
        let image = world.order(&with_line(line)).unwrap();
        assert_eq!(image.lines[0].body.get("uom").map(|uom| text(&uom["code"])), unit);
    }
    let strict = World::with("[units]\non_missing = \"fail\"");
    fails(strict.order(&printers()), "BC-0302", &["400812", "line 1", "pcs", "[units]"]);
}

#[test]
fn part_numbers_are_the_suppliers_first() {
    let image = World::new().order(&with_line(json!({"SupplierCatNum": "X-1"}))).unwrap();
    assert_eq!(image.lines[0].body["source-part-num"], "X-1");
    assert_eq!(image.lines[0].body["supp-aux-part-num"], "A00001");
    let image = World::new().order(&with_line(json!({"SupplierCatNum": "X-1", "ItemCode": ""}))).unwrap();
    assert_eq!(image.lines[0].body["source-part-num"], "X-1");
    assert_eq!(image.lines[0].body.get("supp-aux-part-num"), None);
}
