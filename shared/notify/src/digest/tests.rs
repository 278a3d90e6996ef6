use super::*;
use crate::{Drift, Failures, Outage, Standstill, TellError, tell, told};
use model::{Code, CompanyDb, DeadLetter, DocumentKey, ObjectKind};
use serde_json::{Value, json};
use store::{DeadLetterRow, EmbeddedStore, StateStore};

const AT_ONCE: Rhythm = Rhythm { pause: SignedDuration::from_hours(1), settle: SignedDuration::ZERO };

fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn after(minutes: i64) -> Timestamp {
    noon() + SignedDuration::from_mins(minutes)
}

/// Invoices, each failed at its moment.
fn failed(code: Code, moments: &[Timestamp]) -> Vec<DeadLetterRow> {
    let row = |(entry, at): (i64, &Timestamp)| DeadLetterRow {
        document: DocumentKey::entry(&CompanyDb("SBODEMOUS".to_owned()), ObjectKind::Invoice, entry),
        number: Some(format!("10{entry}")),
        letter: DeadLetter { code, message: format!("why {entry}"), at: *at },
    };
    (1..).zip(moments).map(row).collect()
}

fn findings(rows: impl IntoIterator<Item = Vec<DeadLetterRow>>) -> Findings {
    let failures = Failures::by_code(rows.into_iter().flatten().collect());
    Findings { company: "SBODEMOUS".to_owned(), failures, ..Findings::default() }
}

/// Invoices with a code that isn't mapped.
fn unmapped(moments: &[Timestamp]) -> Findings {
    findings([failed(Code::CodeNotMapped, moments)])
}

/// Tells what is due now, as if it had been taken. Each message is given by its subject.
fn hear(findings: &Findings, told: &mut Told, now: Timestamp, rhythm: Rhythm) -> Option<String> {
    let due = digest(findings, told, now, rhythm);
    *told = due.told;
    due.message.map(|message| message.subject)
}

#[test]
fn five_hundred_documents_with_one_cause_are_one_message() {
    let moments: Vec<_> = (0..500).map(|second| noon() + SignedDuration::from_secs(second / 10)).collect();
    let mut told = Told::default();
    let due = digest(&unmapped(&moments), &told, after(1), AT_ONCE);
    let message = due.message.unwrap();
    told = due.told;
    assert_eq!(message.subject, "b1-coupa SBODEMOUS: 500 documents failed (BC-0302)");
    for words in [
        "BC-0302  A code has no entry in the mapping: 500 documents, new, the last 2026-11-23 12:00 UTC",
        "What to do: Add the code to the named table in `mapping.toml`. (docs/errors/BC-0302.md)",
        "Which: invoice 10500, invoice 10499, invoice 10498, invoice 10497, invoice 10496, and 495 more",
        "dead-letters redrive",
    ] {
        assert!(message.text.contains(words), "{words}: {}", message.text);
    }
    assert_eq!((&message.json["dead_letters"], &message.json["new"]), (&json!(500), &json!(500)));
    let code = &message.json["codes"][0];
    assert_eq!(
        (&code["code"], &code["class"], &code["count"]),
        (&json!("BC-0302"), &json!("data"), &json!(500))
    );
    assert_eq!(code["examples"].as_array().unwrap().len(), 5);
    assert_eq!(code["examples"][0], json!({"object": "invoice", "number": "10500"}));
    for later in [1, 59, 61, 10_000] {
        assert_eq!(hear(&unmapped(&moments), &mut told, after(later), AT_ONCE), None, "{later}");
    }
}

#[test]
fn further_documents_of_a_known_cause_wait_for_the_pause_and_are_one_message() {
    let mut told = Told::default();
    hear(&unmapped(&[noon()]), &mut told, noon(), AT_ONCE).unwrap();
    let more = unmapped(&[noon(), after(5), after(20)]);
    assert_eq!(hear(&more, &mut told, after(20), AT_ONCE), None);
    assert_eq!(hear(&more, &mut told, after(59), AT_ONCE), None);
    let subject = hear(&more, &mut told, after(60), AT_ONCE).unwrap();
    assert!(subject.contains("2 documents failed"), "{subject}");
    assert_eq!(hear(&more, &mut told, after(200), AT_ONCE), None);
}

#[test]
fn a_new_cause_is_told_at_once_and_takes_along_what_waits() {
    let mut told = Told::default();
    hear(&unmapped(&[noon()]), &mut told, noon(), AT_ONCE).unwrap();
    let both =
        findings([failed(Code::CodeNotMapped, &[noon(), after(5)]), failed(Code::CoupaRefused, &[after(6)])]);
    let subject = hear(&both, &mut told, after(6), AT_ONCE).unwrap();
    assert_eq!(subject, "b1-coupa SBODEMOUS: 2 documents failed (BC-0205, BC-0302)");
    assert_eq!(hear(&both, &mut told, after(100), AT_ONCE), None);
    // A cause of which nothing is new is not told anew, and keeps the beginning of its pause.
    let third = findings([
        failed(Code::CodeNotMapped, &[noon(), after(5)]),
        failed(Code::CoupaRefused, &[after(6), after(90)]),
    ]);
    let due = digest(&third, &told, after(90), AT_ONCE).message.unwrap();
    assert_eq!(due.subject, "b1-coupa SBODEMOUS: 1 document failed (BC-0205)");
    assert!(due.text.contains("BC-0302") && due.text.contains("none of them new"), "{}", due.text);
    assert!(due.text.contains("2 documents, 1 of them new"), "{}", due.text);
    hear(&third, &mut told, after(90), AT_ONCE);
    let fourth = findings([
        failed(Code::CodeNotMapped, &[noon(), after(5), after(91)]),
        failed(Code::CoupaRefused, &[after(6), after(90)]),
    ]);
    assert!(hear(&fourth, &mut told, after(91), AT_ONCE).unwrap().contains("1 document failed (BC-0302)"));
}

#[test]
fn what_was_mended_and_fails_again_is_news_again_but_not_before_the_pause() {
    let mut told = Told::default();
    let many = [noon(), noon(), noon()];
    hear(&unmapped(&many), &mut told, noon(), AT_ONCE).unwrap();
    assert_eq!(hear(&findings([]), &mut told, after(10), AT_ONCE), None);
    assert_eq!(hear(&unmapped(&[after(11)]), &mut told, after(11), AT_ONCE), None);
    assert!(hear(&unmapped(&[after(11)]), &mut told, after(60), AT_ONCE).is_some());
    // Once the pause is over nothing is left to be remembered.
    hear(&findings([]), &mut told, after(300), AT_ONCE);
    assert_eq!(told, Told::default());
    // One that was written down late, with a moment from before the last message, is not lost.
    hear(&unmapped(&[after(301)]), &mut told, after(301), AT_ONCE).unwrap();
    assert!(hear(&unmapped(&[after(300), after(301)]), &mut told, after(400), AT_ONCE).is_some());
}

#[test]
fn a_clock_that_was_set_back_silences_nobody_for_long() {
    let mut told = Told::default();
    hear(&unmapped(&[after(10_000)]), &mut told, after(10_000), AT_ONCE).unwrap();
    assert!(hear(&unmapped(&[after(10), after(10_000)]), &mut told, after(61), AT_ONCE).is_some());
}

#[test]
fn what_still_comes_in_is_waited_for_but_not_for_ever() {
    let rhythm = Rhythm { settle: SignedDuration::from_mins(1), ..AT_ONCE };
    let mut told = Told::default();
    let mut moments = vec![noon()];
    assert_eq!(hear(&unmapped(&moments), &mut told, noon(), rhythm), None);
    moments.push(after(1));
    assert_eq!(hear(&unmapped(&moments), &mut told, after(1), rhythm), None);
    let subject = hear(&unmapped(&moments), &mut told, after(2), rhythm).unwrap();
    assert!(subject.contains("2 documents"), "{subject}");
    let mut told = Told::default();
    let moments: Vec<_> = (0..=10).map(after).collect();
    assert_eq!(hear(&unmapped(&moments[..10]), &mut told, after(9), rhythm), None);
    assert!(hear(&unmapped(&moments), &mut told, after(10), rhythm).is_some());
}

#[test]
fn drift_and_a_standstill_are_told_once_each() {
    let drift = Drift { compared_at: noon(), differences: 3, certificate: "certificates/b.json".to_owned() };
    let refused = "Invalid login\ncredential".to_owned();
    let standstill = Standstill { code: Code::SapLoginRefused, since: None, text: refused };
    let all = Findings { drift: Some(drift), standstill: Some(standstill), ..findings([]) };
    let mut told = Told::default();
    let due = digest(&all, &told, noon(), AT_ONCE);
    let message = due.message.unwrap();
    let subject =
        "b1-coupa SBODEMOUS: The Service Layer refused the log-in; 3 differences between SAP and Coupa";
    assert_eq!(message.subject, subject);
    assert!(
        message.text.contains("certificates/b.json") && message.text.contains("Invalid login credential")
    );
    assert_eq!(
        (&message.json["drift"]["differences"], &message.json["standstill"]["code"]),
        (&json!(3), &json!("BC-0102"))
    );
    told = due.told;
    assert_eq!(hear(&all, &mut told, after(300), AT_ONCE), None);
    // The next night's differences are news, the log-in that is still refused is not.
    let next = Drift { compared_at: after(1_440), ..all.drift.clone().unwrap() };
    let subject = hear(&Findings { drift: Some(next), ..all.clone() }, &mut told, after(1_440), AT_ONCE);
    assert_eq!(subject.unwrap(), "b1-coupa SBODEMOUS: 3 differences between SAP and Coupa");
    // Let in and refused again is another standstill, however soon.
    assert_eq!(hear(&findings([]), &mut told, after(3_000), AT_ONCE), None);
    assert!(hear(&all, &mut told, after(3_001), AT_ONCE).unwrap().contains("refused the log-in"));
    assert_eq!(hear(&findings([]), &mut told, after(3_002), AT_ONCE), None);
    assert_eq!(hear(&all, &mut told, after(3_003), AT_ONCE), None);
    assert!(hear(&all, &mut told, after(3_061), AT_ONCE).unwrap().contains("refused the log-in"));
}

#[test]
fn an_outage_is_told_once_however_long_it_lasts_and_so_is_its_end() {
    let away = |since: i64, last: i64| {
        let outage = Outage { code: Code::CoupaUnreachable, since: after(since), last: after(last) };
        Findings { outage: Some(outage), ..findings([]) }
    };
    let rhythm = Rhythm { settle: SignedDuration::from_mins(1), ..AT_ONCE };
    let mut told = Told::default();
    assert_eq!(hear(&away(0, 14), &mut told, after(14), rhythm), None, "short ones are nobody's business");
    let due = digest(&away(0, 15), &told, after(15), rhythm);
    told = due.told;
    let message = due.message.unwrap();
    assert_eq!(message.subject, "b1-coupa SBODEMOUS: Coupa did not answer, or answered with its own failure");
    assert!(message.text.contains("Since: 2026-11-23 12:00 UTC"), "{}", message.text);
    assert_eq!((&message.json["outage"]["code"], &message.json["over"]), (&json!("BC-0201"), &json!([])));
    for minute in [16, 80, 600, 3_000] {
        assert_eq!(hear(&away(0, minute), &mut told, after(minute), rhythm), None, "{minute}");
    }
    let due = digest(&findings([]), &told, after(3_001), rhythm);
    told = due.told;
    let message = due.message.unwrap();
    assert_eq!(message.subject, "b1-coupa SBODEMOUS: Coupa answers again");
    assert_eq!((&message.json["outage"], &message.json["over"]), (&Value::Null, &json!(["outage"])));
    assert_eq!(message.causes, ["outage"]);
    assert_eq!(hear(&findings([]), &mut told, after(3_002), rhythm), None);
    assert!(hear(&away(4_000, 4_020), &mut told, after(4_020), rhythm).is_some(), "another one");
    // The end of one that nobody was told of is no news either, nor is a short one after it the end.
    assert_eq!(hear(&away(4_000, 4_020), &mut told, after(4_021), rhythm), None);
    assert_eq!(hear(&away(4_022, 4_022), &mut told, after(4_022), rhythm), None);
    assert!(hear(&findings([]), &mut told, after(4_023), rhythm).unwrap().contains("answers again"));
    let mut untold = Told::default();
    hear(&away(0, 10), &mut untold, after(10), rhythm);
    assert_eq!(hear(&findings([]), &mut untold, after(11), rhythm), None);
}

#[tokio::test]
async fn the_record_outlives_a_restart_and_each_channel_has_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b1-coupa.db");
    let found = unmapped(&[noon()]);
    let open = || EmbeddedStore::open(&file).unwrap();
    let take = async |channel: &'static str, taken: bool| {
        let send = async |_: &Message| if taken { Ok(()) } else { Err("it is down") };
        tell(&open(), channel, &found, noon(), AT_ONCE, send).await
    };
    assert_eq!(take("webhook", true).await, Ok(true));
    assert_eq!(take("email", false).await, Err(TellError::NotTaken("it is down")));
    // The one that failed is tried again, the other is not told twice.
    assert_eq!(take("webhook", true).await, Ok(false));
    assert_eq!(take("email", true).await, Ok(true));
    assert_eq!(take("email", true).await, Ok(false));
    assert_eq!(told(&open(), "email").await.unwrap().last_at(), Some(noon()));

    // What can't be read counts as nothing.
    open().save_record("notified/email", Some(&json!(7))).await.unwrap();
    assert_eq!(take("email", true).await, Ok(true));
}
