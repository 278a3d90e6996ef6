//! Coupa's values from their literal text: numbers in quotes or without, missing or null members, lists that are
//! objects. What a reply holds beyond the attributes asked for is skipped, whatever it is.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;
use std::{fmt, marker::PhantomData};

/// A decimal from its literal text, never through a float. Coupa keeps up to 20 decimal places: digits beyond the
/// 28 or so that we can keep are rounded, which no amount in money notices.
pub(crate) fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let text = <&RawValue>::deserialize(deserializer)?.get().trim_matches('"').trim();
    if text.is_empty() || text == "null" {
        return Ok(None);
    }
    let parsed = if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { text.parse() };
    parsed.map(Some).map_err(|_| D::Error::custom(format!("`{text}` is no number that can be kept")))
}

/// A whole number, in quotes or without.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let number = decimal(deserializer)?.map(|number| number.normalize());
    match number {
        None => Ok(None),
        Some(number) => {
            let whole = u64::try_from(number);
            whole.map(Some).map_err(|_| D::Error::custom(format!("`{number}` is no whole number")))
        }
    }
}

/// An id, which every object must have.
pub(crate) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<model::CoupaId, D::Error> {
    integer(deserializer)?.map(model::CoupaId).ok_or_else(|| D::Error::custom("an id is null"))
}

/// An id, where there is one.
pub(crate) fn id_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<model::CoupaId>, D::Error> {
    Ok(integer(deserializer)?.map(model::CoupaId))
}

/// A calendar date: the date part as Coupa wrote it, never shifted.
pub(crate) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = text(deserializer)?;
    Ok(text.and_then(|text| Date::strptime("%Y-%m-%d", text.get(..10)?).ok()))
}

/// Text, or a scalar in its place.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Text)
}

/// A flag, as JSON's own or in words.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match text(deserializer)?.as_deref() {
        Some("true" | "1") => Some(true),
        Some("false" | "0") => Some(false),
        _ => None,
    })
}

/// An object; nothing where there is null or something else in its place.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(Object(PhantomData))
}

/// A list of objects; also one wrapped in an object, as in `{"payment": […]}`.
pub(crate) fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(List(PhantomData))
}

struct Text;

impl<'de> Visitor<'de> for Text {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }
    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(text))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Some(flag.to_string()))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        skip_map(map).map(|()| None)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        skip_seq(seq).map(|()| None)
    }
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        skip_seq(seq).map(|()| None)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// One element that may be wrapped or null.
struct Element<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

/// Many elements, or one.
struct Elements<T>(Vec<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Elements<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMany(PhantomData)).map(Self)
    }
}

struct List<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        elements(seq)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while map.next_key::<IgnoredAny>()?.is_some() {
            all.extend(map.next_value::<Elements<T>>()?.0);
        }
        Ok(all)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

struct OneOrMany<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for OneOrMany<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of objects")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        elements(seq)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

fn elements<'de, T: DeserializeOwned, A: SeqAccess<'de>>(mut seq: A) -> Result<Vec<T>, A::Error> {
    let mut all = Vec::new();
    while let Some(Element(element)) = seq.next_element::<Element<T>>()? {
        all.extend(element);
    }
    Ok(all)
}

fn skip_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{Invoice, Order, Supplier};
    use rust_decimal::Decimal;

    #[test]
    fn an_order_reads_from_hyphens_or_underscores_and_from_text_or_numbers() {
        let hyphens = r#"{"id":2400,"po-number":"SAP-1","type":"ExternalOrderHeader","status":"draft","version":1,
            "order-lines":[{"id":1325,"line-num":"1","total":"99.80","price":"49.90","quantity":"2.0","uom":{"id":1,"code":"EA"}}]}"#;
        let underscores = r#"{"id":"2400","po_number":"SAP-1","type":"ExternalOrderHeader","status":"draft","version":"1",
            "order_lines":[{"id":1325,"line_num":1,"total":99.80,"price":4.990e1,"quantity":2.0,"uom":{"code":"EA"}}]}"#;
        let one: Order = serde_json::from_str(hyphens).unwrap();
        let other: Order = serde_json::from_str(underscores).unwrap();
        assert_eq!(one, other);
        assert_eq!(one.order_lines[0].total, Some(Decimal::new(9980, 2)));
    }

    #[test]
    fn missing_null_and_unknown_members_are_fine() {
        let text = r#"{"id":1,"number":null,"payment-term":null,"primary-address":{"id":5,"country":{"code":"GB"}},"on-hold":false,"savings-pct":null,"x":[[{}]]}"#;
        let supplier: Supplier = serde_json::from_str(text).unwrap();
        assert_eq!((supplier.number, supplier.payment_term), (None, None));
        let strange = r#"{"id":1,"number":17,"name":{"a":1},"status":["x"],"payment-term":"Net 30"}"#;
        let supplier: Supplier = serde_json::from_str(strange).unwrap();
        assert_eq!(supplier.number.as_deref(), Some("17"));
        assert_eq!((supplier.name, supplier.payment_term), (None, None));
        for missing in [
            r#"{"id":1}"#,
            r#"{"id":1,"po-number":null,"invoice-number":null,"status":null,"version":null,"gross-total":null,"paid":null,
                "invoice-date":null,"supplier":null,"order-lines":null,"invoice-lines":null,"payments":null}"#,
        ] {
            let (order, invoice) =
                (serde_json::from_str::<Order>(missing), serde_json::from_str::<Invoice>(missing));
            let (order, invoice) = (order.unwrap(), invoice.unwrap());
            assert_eq!((order.po_number, order.version, order.order_lines.len()), (None, None, 0));
            assert_eq!((invoice.gross_total, invoice.paid, invoice.invoice_lines.len()), (None, None, 0));
        }
        assert!(serde_json::from_str::<Supplier>(r#"{"id":null}"#).is_err());
        assert!(serde_json::from_str::<Supplier>(r#"{"number":"1"}"#).is_err());
    }

    #[test]
    fn payments_read_from_a_list_or_a_wrapped_one() {
        let payment = r#"{"id":31,"amount-paid":"-119.76","notes":"SAP payment 1 entry 2","payment-date":"2026-11-20T00:00:00-08:00"}"#;
        for payments in [
            format!("[{payment}]"),
            format!(r#"{{"payment":{payment}}}"#),
            format!(r#"{{"payment":[null,{payment}]}}"#),
        ] {
            let text = format!(
                r#"{{"id":1,"paid":"true","invoice-date":"2026-11-02T00:00:00-08:00","payments":{payments}}}"#
            );
            let invoice: Invoice = serde_json::from_str(&text).unwrap();
            assert_eq!(invoice.payments.len(), 1, "{payments}");
            assert_eq!(invoice.payments[0].amount_paid, Some(Decimal::new(-11_976, 2)));
            assert_eq!(invoice.payments[0].payment_date, Some(jiff::civil::date(2026, 11, 20)));
            assert_eq!(
                (invoice.paid, invoice.invoice_date),
                (Some(true), Some(jiff::civil::date(2026, 11, 2)))
            );
        }
        // Wherever the instance stands, the day is the one that it writes.
        for zone in ["+13:00", "-11:00", "Z"] {
            let text = format!(r#"{{"id":1,"invoice-date":"2026-11-02T00:00:00{zone}"}}"#);
            let invoice: Invoice = serde_json::from_str(&text).unwrap();
            assert_eq!(invoice.invoice_date, Some(jiff::civil::date(2026, 11, 2)), "{zone}");
        }
        for nothing in ["null", "{}", "[]", "\"\""] {
            let text = format!(r#"{{"id":1,"payments":{nothing}}}"#);
            assert_eq!(serde_json::from_str::<Invoice>(&text).unwrap().payments, [], "{nothing}");
        }
    }

    #[test]
    fn twenty_decimal_places_are_fine_and_what_is_no_number_is_refused() {
        for (total, expected) in [
            ("\"49.90000000000000000000\"", "49.9"),
            ("\"123456789012.33333333333333333333\"", "123456789012.33333333333333333"),
            ("\" 7 \"", "7"),
            ("-0.00", "0"),
        ] {
            let text = format!(r#"{{"id":1,"gross-total":{total}}}"#);
            let invoice: Invoice = serde_json::from_str(&text).unwrap();
            assert_eq!(
                invoice.gross_total.map(|total| total.normalize().to_string()).as_deref(),
                Some(expected)
            );
        }
        for total in ["1e400", "\"12,50\"", "\"abc\"", "999999999999999999999999999999999"] {
            let text = format!(r#"{{"id":1,"gross-total":{total}}}"#);
            assert!(serde_json::from_str::<Invoice>(&text).is_err(), "{total}");
        }
    }
}
