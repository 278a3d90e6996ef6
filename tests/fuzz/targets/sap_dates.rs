//! SAP's dates and times, as texts and as numbers. What can be read is, once printed in any of SAP's shapes, read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::Stamp;
use sap::entities::Document;
use serde_json::{Value, json};

fn read(date: &Value, time: &Value) -> Option<Stamp> {
    let row = json!({ "DocEntry": 1, "DocDate": date, "UpdateDate": date, "UpdateTime": time }).to_string();
    let document: Document = serde_json::from_str(&row).ok()?;
    assert_eq!(document.doc_date, document.stamp().map(|stamp| stamp.date));
    document.stamp()
}

fuzz_target!(|input: &str| {
    let (date, time) = input.split_once('\n').unwrap_or((input, ""));
    let (text, time) = (json!(date), json!(time));
    let number = date.parse().map_or(Value::Null, |number: u64| number.into());
    let some_day = json!("2026-07-03");
    // Each on its own too: one that can't be read hides the other.
    for (date, time) in [(&text, &time), (&number, &time), (&text, &Value::Null), (&some_day, &time)] {
        let Some(stamp) = read(date, time) else { continue };
        let (day, moment) = (stamp.date, stamp.time);
        assert!((0..=9999).contains(&day.year()), "{date} is {day}");
        let days = [day.to_string(), format!("{day}T00:00:00Z"), day.strftime("%Y%m%d").to_string()];
        let moments = [moment.to_string(), format!("{day}T{moment}Z"), format!("{moment}.000")];
        for (day, moment) in days.into_iter().zip(moments) {
            assert_eq!(read(&json!(day), &json!(moment)), Some(stamp), "{date} {time}");
        }
    }
});
