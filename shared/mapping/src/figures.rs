//! Money: decimal arithmetic that says when it can't be exact, and one way to write a number.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

/// As finely as SAP keeps a number. What stands behind is the noise of a float on the way here.
const PLACES: u32 = 6;

/// Above this, sums and products could lose their last places. SAP's own numbers end well below.
const LARGEST: i64 = 1_000_000_000_000_000;

/// A number as SAP keeps it, or nothing where it is too large to be reckoned with exactly.
pub(crate) fn exact(number: Decimal) -> Option<Decimal> {
    let number = rounded(number, PLACES);
    (number.abs() < Decimal::from(LARGEST)).then_some(number)
}

/// Whole cents, half away from zero, as Coupa rounds.
pub fn cents(amount: Decimal) -> Decimal {
    rounded(amount, 2)
}

fn rounded(number: Decimal, places: u32) -> Decimal {
    number.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// What Coupa makes of a quantity line.
pub(crate) fn line_total(price: Decimal, quantity: Decimal) -> Option<Decimal> {
    exact(cents(price.checked_mul(quantity)?))
}

/// The price of one, to the places that Coupa keeps.
pub(crate) fn per_unit(amount: Decimal, quantity: Decimal) -> Option<Decimal> {
    amount.checked_div(quantity).map(|price| rounded(price, PLACES))
}

/// The part of `amount` that `part` is of `whole`.
pub(crate) fn proportion(amount: Decimal, part: Decimal, whole: Decimal) -> Option<Decimal> {
    exact(amount.checked_mul(part)?.checked_div(whole)?)
}

/// The sum, or nothing where it is too large.
pub(crate) fn sum(amounts: impl IntoIterator<Item = Decimal>) -> Option<Decimal> {
    amounts.into_iter().try_fold(Decimal::ZERO, |sum, amount| exact(sum.checked_add(amount)?))
}

/// As Coupa takes it, and always the same way: no zeros at the end, no `-0`.
pub(crate) fn text(number: Decimal) -> String {
    number.normalize().to_string()
}

/// The same as a JSON value.
pub(crate) fn json(number: Decimal) -> Value {
    Value::String(text(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_number_is_written_one_way() {
        for (given, written) in
            [("1660.0", "1660"), ("-0.00", "0"), ("0.10", "0.1"), ("-12.50", "-12.5"), ("100", "100")]
        {
            assert_eq!(text(number(given)), written);
        }
        assert_eq!(text(-Decimal::ZERO), "0");
    }

    #[test]
    fn cents_are_rounded_half_away_from_zero() {
        assert_eq!(cents(number("0.125")), number("0.13"));
        assert_eq!(cents(number("-0.125")), number("-0.13"));
        assert_eq!(line_total(number("0.005"), number("1")), Some(number("0.01")));
    }

    #[test]
    fn what_is_too_large_is_nothing_rather_than_wrong() {
        assert_eq!(exact(Decimal::MAX), None);
        assert_eq!(line_total(number("900000000000000"), number("900000000000000")), None);
        assert_eq!(per_unit(Decimal::ONE, Decimal::ZERO), None);
        assert_eq!(sum([number("999999999999999"), number("1")]), None);
        assert_eq!(exact(number("303.45000000000005")), Some(number("303.45")));
    }
}
