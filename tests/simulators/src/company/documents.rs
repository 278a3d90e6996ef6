use super::random::Random;
use super::suppliers::Supplier;
use super::words::{ITEMS, SERVICES};
use crate::sap::{DocumentSpec, ExpenseSpec, LineSpec};
use jiff::ToSpan as _;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// One to six lines of goods.
pub(super) fn items(
    random: &mut Random,
    supplier: &Supplier,
    date: Date,
    base: DocumentSpec,
) -> DocumentSpec {
    let count = random.between(1, 6);
    let lines = (0..count).map(|_| item(random, supplier, date)).collect();
    let discount_percent =
        if random.percent(12) { Decimal::from(random.between(1, 5)) } else { Decimal::ZERO };
    let expenses = if random.percent(15) {
        vec![ExpenseSpec {
            net: Decimal::new(random.between(900, 18_000), 2),
            vat_group: supplier.vat_group.to_owned(),
            ..ExpenseSpec::default()
        }]
    } else {
        Vec::new()
    };
    DocumentSpec { discount_percent, lines, expenses, ..addressed(random, supplier, base) }
}

/// One to three lines of services.
pub(super) fn services(
    random: &mut Random,
    supplier: &Supplier,
    date: Date,
    base: DocumentSpec,
) -> DocumentSpec {
    let count = random.between(1, 3);
    let lines = (0..count).filter_map(|_| {
        let (description, account, cents) = *random.pick(&SERVICES)?;
        Some(LineSpec {
            description: format!("{description} {:02}/{}", date.month(), date.year()),
            account_code: account.to_owned(),
            unit_price: Some(Decimal::new(cents * random.between(80, 120) / 100, 2)),
            costing_code: random.word(&["DEP10", "DEP20", "DEP30"]).to_owned(),
            ..LineSpec::default()
        })
    });
    let lines = lines.collect();
    DocumentSpec { lines, service: true, ..addressed(random, supplier, base) }
}

fn addressed(random: &mut Random, supplier: &Supplier, base: DocumentSpec) -> DocumentSpec {
    let rate = match supplier.currency {
        "USD" => Decimal::new(random.between(8_900, 9_400), 4),
        "GBP" => Decimal::new(random.between(11_500, 11_900), 4),
        "CHF" => Decimal::new(random.between(10_300, 10_700), 4),
        _ => Decimal::ONE,
    };
    let currency = supplier.currency.to_owned();
    DocumentSpec { supplier: supplier.code.clone(), currency, rate, ..base }
}

fn item(random: &mut Random, supplier: &Supplier, date: Date) -> LineSpec {
    let (code, name, unit, cents, reduced) = random.pick(&ITEMS).copied().unwrap_or(("", "", "", 100, false));
    let vat_group = if reduced && supplier.vat_group == "I19" { "I7" } else { supplier.vat_group };
    let quantity = match unit {
        // Weighed and measured goods come in fractions.
        "kg" | "m" => Decimal::new(random.between(5, 4_000), 1),
        _ => Decimal::from(random.between(1, 60)),
    };
    LineSpec {
        item_code: code.to_owned(),
        description: name.to_owned(),
        quantity: Some(quantity),
        unit_price: Some(Decimal::new(cents * random.between(90, 110) / 100, 2)),
        discount_percent: if random.percent(10) { Decimal::new(25, 1) } else { Decimal::ZERO },
        vat_group: vat_group.to_owned(),
        account_code: if random.percent(80) { "140000" } else { "620000" }.to_owned(),
        warehouse_code: random.word(&["01", "01", "02", "03"]).to_owned(),
        unit: unit.to_owned(),
        costing_code: random.word(&["DEP10", "DEP20", ""]).to_owned(),
        project_code: random.word(&["", "", "P01", "P02"]).to_owned(),
        ship_date: Some(date.saturating_add(random.between(7, 21).days())),
        supplier_item: format!("S-{}", random.between(1_000, 9_999)),
        ..LineSpec::default()
    }
}
