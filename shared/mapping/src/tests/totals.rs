//! The rule that nothing may break: Coupa adds up to SAP's total, to the cent, or the document fails.

use super::*;
use model::Code;
use proptest::prelude::*;
use sap::entities::{AdditionalExpense, DocumentLine};

const ALL_AS_LINES: &str =
    "[differences]\nwithholding = \"line\"\ndown_payment = \"line\"\n[credit_notes]\noriginal = \"self\"";
const ALL_AS_CHARGES: &str = "[differences]\ndiscount = \"charge\"\nrounding = \"charge\"\ntax_rounding = \"charge\"\n\
    withholding = \"charge\"\ndown_payment = \"charge\"\n[credit_notes]\noriginal = \"self\"";

/// Lines of our own making, by the end of their id.
fn made(image: &InvoiceImage) -> Vec<(&str, &str)> {
    let own = |id: &str| id.rsplit('/').next().is_some_and(|end| end.parse::<i64>().is_err());
    let made = image.lines.iter().filter(|line| own(&line.id.0));
    made.map(|line| (line.id.0.rsplit('/').next().unwrap(), text(&line.body["price"]))).collect()
}

#[test]
fn each_difference_becomes_a_line_a_charge_or_a_failure() {
    let cases: [(Value, &str, &str, &str); 5] = [
        (json!({"TotalDiscount": 5.1, "DocTotal": 298.35}), "discount", "Discount", "-5.1"),
        (json!({"RoundingDiffAmount": -0.45, "DocTotal": 303.0}), "rounding", "Rounding", "-0.45"),
        (json!({"VatSum": 48.47, "DocTotal": 303.47}), "tax_rounding", "Tax rounding", "0.02"),
        (json!({"WTAmount": 25.5, "DocTotal": 277.95}), "withholding", "Withholding tax", "-25.5"),
        (json!({"DownPaymentAmount": 100.0, "DocTotal": 203.45}), "down_payment", "Down payment", "-100"),
    ];
    for (members, name, title, amount) in cases {
        let document = with(&printers(), members);
        let total = number(&document["DocTotal"].to_string());
        let policy =
            |policy| World::with(&format!("[differences]\n{name} = \"{policy}\"")).invoice(&document);
        let line = policy("line").unwrap();
        assert_eq!(made(&line), [(name, amount)]);
        assert_eq!(line.lines[1].body["description"], title);
        assert_eq!(line.lines[1].body["account"], line.lines[0].body["account"]);
        assert_eq!(coupas_total(&line.lines, &line.charges), total);
        let charge = policy("charge").unwrap();
        assert_eq!(
            (&charge.charges[0]["total"], &charge.charges[0]["description"], &charge.charges[0]["line-num"]),
            (&json!(amount), &json!(title), &json!(1))
        );
        assert_eq!(coupas_total(&charge.lines, &charge.charges), total);
        fails(policy("fail"), "BC-0304", &["400812", name, amount, "[differences]"]);
        let by_default = World::new().invoice(&document);
        assert_eq!(by_default.is_ok(), !["withholding", "down_payment"].contains(&name), "{name}");
    }
}

#[test]
fn withholding_and_down_payments_count_only_where_the_total_shows_them() {
    let members = json!({"WTAmount": 25.5, "DownPaymentAmount": 100.0});
    let strict = World::new();
    assert!(made(&strict.invoice(&with(&printers(), members.clone())).unwrap()).is_empty());
    let world = World::with(ALL_AS_LINES);
    let of = |total: f64| {
        let image =
            world.invoice(&with(&with(&printers(), members.clone()), json!({"DocTotal": total}))).unwrap();
        made(&image).into_iter().map(|(name, amount)| format!("{name} {amount}")).collect::<Vec<_>>()
    };
    assert_eq!(of(277.95), ["withholding -25.5"]);
    assert_eq!(of(203.45), ["down_payment -100"]);
    assert_eq!(of(177.95), ["withholding -25.5", "down_payment -100"]);
}

#[test]
fn what_stays_unexplained_fails_with_the_amounts() {
    let document = with(&printers(), json!({"DocTotal": 300.0, "WTAmount": 1.0}));
    let words = ["400812", "300", "303.45", "-3.45", "withholding tax of 1"];
    fails(World::with(ALL_AS_LINES).invoice(&document), "BC-0304", &words);
}

#[test]
fn price_rounding_of_all_lines_is_one_line() {
    let line = json!({"Quantity": 3.0, "Price": 3.33, "LineTotal": 10.0, "TaxTotal": 1.9});
    let document = with(&with_lines(&[line.clone(), line]), json!({"DocTotal": 23.8, "VatSum": 3.8}));
    let image = World::new().invoice(&document).unwrap();
    assert_eq!(made(&image), [("rounding", "0.02")]);
    assert_eq!(image.header["supplier-total"], "23.8");
}

#[test]
fn a_foreign_invoice_takes_the_foreign_amounts() {
    let line = json!({
        "Currency": "USD", "Price": 27.9, "LineTotal": 255.0, "RowTotalFC": 279.0, "NetTaxAmountFC": 53.01,
    });
    let expenses = json!([{"LineTotal": 10.0, "LineTotalFC": 11.0, "TaxSum": 1.9, "TaxSumFC": 2.09}]);
    let header = json!({
        "DocCurrency": "USD", "DocTotal": 311.0, "DocTotalFc": 341.5, "VatSum": 50.35, "VatSumFc": 55.1,
        "TotalDiscount": 3.7, "TotalDiscountFC": 4.0, "RoundingDiffAmount": 0.3, "RoundingDiffAmountFC": 0.4,
        "DocumentAdditionalExpenses": expenses,
    });
    let document = with(&with_line(line), header);
    let image = World::new().invoice(&document).unwrap();
    assert_eq!(image.total, number("341.5"));
    assert_eq!(image.lines[0].body["tax-lines"][0]["amount"], "53.01");
    assert_eq!(image.charges[0]["total"], "11");
    assert_eq!(made(&image), [("discount", "-4"), ("rounding", "0.4")]);

    let withheld = json!({"WTAmountFC": 10.0, "DownPaymentAmountFC": 20.0, "DocTotalFc": 311.5});
    let image = World::with(ALL_AS_LINES).invoice(&with(&document, withheld)).unwrap();
    assert_eq!(made(&image)[2..], [("withholding", "-10"), ("down_payment", "-20")]);
}

#[test]
fn foreign_tax_that_only_the_header_has_is_worked_out_by_rate_or_in_proportion() {
    let line = |members| {
        let foreign = json!({"Currency": "USD", "Price": 27.9, "RowTotalFC": 279.0, "NetTaxAmountFC": 0.0});
        with(&foreign, members)
    };
    for members in
        [json!({"TaxTotal": 0}), json!({"TaxPercentagePerRow": null}), json!({"TaxPercentagePerRow": 0})]
    {
        let header = json!({"DocCurrency": "USD", "DocTotalFc": 332.02, "VatSumFc": 53.02});
        let image = World::new().invoice(&with(&with_line(line(members)), header)).unwrap();
        assert_eq!(image.lines[0].body["tax-lines"][0]["amount"], "53.01");
        assert_eq!(made(&image), [("tax_rounding", "0.01")]);
    }
}

#[test]
fn what_is_too_large_to_reckon_with_is_named() {
    let cases = [
        (with(&printers(), json!({"DocTotal": "7e27"})), "DocTotal"),
        (with_line(json!({"Quantity": "7e27"})), "line 1: Quantity"),
        (with_line(json!({"LineTotal": "7e27"})), "line 1: LineTotal"),
        (with_line(json!({"TaxTotal": "7e27"})), "line 1"),
        (with_line(json!({"Price": "9e14", "Quantity": "9e14"})), "line 1: Price times Quantity"),
    ];
    for (document, place) in cases {
        fails(World::new().invoice(&document), "BC-0107", &["400812", place]);
    }
}

prop_compose! {
    /// An amount as SAP has it; where it may be wild, sometimes any number that can be read at all.
    fn a_number(wild: bool)(
        parts in any::<(u32, u32, u32, bool)>(), scale in 0_u32..=28, plain in -10_000_000_i64..10_000_000, pick in 0..8,
    ) -> Decimal {
        match pick {
            0 if wild => Decimal::from_parts(parts.0, parts.1, parts.2, parts.3, scale),
            0 | 1 => Decimal::ZERO,
            _ => Decimal::new(plain, 2),
        }
    }
}

prop_compose! {
    fn a_line(wild: bool)(figures in prop::collection::vec(a_number(wild), 7), mixed in any::<bool>()) -> DocumentLine {
        let foreign = |figure| if mixed { figure } else { Decimal::ZERO };
        DocumentLine {
            item_code: "A".to_owned(),
            quantity: figures[0],
            price: figures[1],
            line_total: figures[2],
            tax_total: figures[3],
            row_total_fc: foreign(figures[4]),
            net_tax_amount_fc: foreign(figures[5]),
            net_tax_amount: Some(figures[6]),
            tax_percentage_per_row: mixed.then_some(figures[6]),
            ..DocumentLine::default()
        }
    }
}

prop_compose! {
    fn a_document(wild: bool)(
        lines in prop::collection::vec(a_line(wild), 0..4), header in prop::collection::vec(a_number(wild), 12),
        expense in prop::collection::vec(a_number(wild), 4), foreign in any::<bool>(), service in any::<bool>(),
    ) -> Document {
        let mut document: Document = read(&printers());
        for (number, line) in (1..).zip(lines) {
            document.document_lines.push(DocumentLine { line_num: number, ..line });
        }
        document.doc_total = header[0];
        document.vat_sum = header[1];
        document.total_discount = header[2];
        document.rounding_diff_amount = header[3];
        document.wt_amount = header[4];
        document.down_payment_amount = header[5];
        if foreign {
            document.doc_total_fc = header[6];
            document.vat_sum_fc = header[7];
            document.total_discount_fc = header[8];
            document.rounding_diff_amount_fc = header[9];
            document.wt_amount_fc = header[10];
            document.down_payment_amount_fc = header[11];
        }
        document.document_additional_expenses.push(AdditionalExpense {
            line_total: expense[0],
            tax_sum: expense[1],
            line_total_fc: expense[2],
            tax_sum_fc: expense[3],
            ..AdditionalExpense::default()
        });
        if service {
            "dDocument_Service".clone_into(&mut document.doc_type);
        }
        document
    }
}

fn any_document() -> impl Strategy<Value = Document> {
    any::<bool>().prop_flat_map(a_document)
}

/// Sets the total so that it is what SAP would make of the rest.
fn with_saps_total(mut document: Document, (withheld, paid_down): (bool, bool)) -> Document {
    let foreign = crate::sheet::is_foreign(&document);
    let pick = |local: Decimal, fc: Decimal| if foreign { fc } else { local };
    let lines = document.document_lines.iter().map(|line| pick(line.line_total, line.row_total_fc));
    let expenses = document.document_additional_expenses.iter();
    let expenses = expenses.map(|row| pick(row.line_total, row.line_total_fc));
    let mut total = lines.chain(expenses).sum::<Decimal>()
        + pick(document.vat_sum, document.vat_sum_fc)
        + pick(document.rounding_diff_amount, document.rounding_diff_amount_fc)
        - pick(document.total_discount, document.total_discount_fc);
    if withheld {
        total -= pick(document.wt_amount, document.wt_amount_fc);
    }
    if paid_down {
        total -= pick(document.down_payment_amount, document.down_payment_amount_fc);
    }
    *(if foreign { &mut document.doc_total_fc } else { &mut document.doc_total }) = total;
    document
}

fn check_total(document: &Document, file: &str, kind: ObjectKind) -> Result<bool, TestCaseError> {
    let world = World::with(file);
    match invoice(&world.context(), kind, document, &Bases::default()) {
        Ok(image) => {
            let total =
                if crate::sheet::is_foreign(document) { document.doc_total_fc } else { document.doc_total };
            // SAP keeps six places; anything behind is a float's noise.
            let total = total.round_dp_with_strategy(6, RoundingStrategy::MidpointAwayFromZero);
            let total = total.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
            let total = if kind == ObjectKind::CreditNote { -total } else { total };
            prop_assert_eq!(coupas_total(&image.lines, &image.charges), total);
            prop_assert_eq!(image.total, total);
            prop_assert_eq!(number(text(&image.header["supplier-total"])), total);
            Ok(true)
        }
        Err(failure) => {
            prop_assert!(matches!(failure.code, Code::TotalsDiffer | Code::SapFieldUnreadable), "{failure}");
            Ok(false)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn coupa_adds_up_to_saps_total_or_the_document_fails(
        document in any_document(), charges in any::<bool>(), credit in any::<bool>(),
    ) {
        let kind = if credit { ObjectKind::CreditNote } else { ObjectKind::Invoice };
        check_total(&document, if charges { ALL_AS_CHARGES } else { ALL_AS_LINES }, kind)?;
        check_total(&document, "[credit_notes]\noriginal = \"self\"", kind)?;
    }

    #[test]
    fn a_total_that_sap_could_have_made_goes_over(
        document in a_document(false), withheld in any::<(bool, bool)>(), charges in any::<bool>(), credit in any::<bool>(),
    ) {
        let kind = if credit { ObjectKind::CreditNote } else { ObjectKind::Invoice };
        let was_foreign = crate::sheet::is_foreign(&document);
        let document = with_saps_total(document, withheld);
        prop_assume!(crate::sheet::is_foreign(&document) == was_foreign);
        let file = if charges { ALL_AS_CHARGES } else { ALL_AS_LINES };
        let goes_over = check_total(&document, file, kind)?;
        prop_assert!(goes_over);
    }

    #[test]
    fn the_lines_of_an_order_come_to_saps_sum(document in any_document()) {
        let world = World::new();
        match order(&world.context(), &document) {
            Ok(image) => {
                let foreign = crate::sheet::is_foreign(&document);
                let amounts = document.document_lines.iter();
                let amounts = amounts.map(|line| if foreign { line.row_total_fc } else { line.line_total });
                let sum: Decimal = amounts
                    .map(|amount| amount.round_dp_with_strategy(6, RoundingStrategy::MidpointAwayFromZero))
                    .sum();
                let sum = sum.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
                prop_assert_eq!(coupas_total(&image.lines, &[]), sum);
            }
            Err(failure) => prop_assert_eq!(failure.code, Code::SapFieldUnreadable),
        }
    }
}
