use super::*;
use pipeline::reconcile::{Bucket, DifferenceKind, FieldDifference};
use rust_decimal::Decimal;

fn key() -> Key {
    Key::read(&Key::text([7; 32])).unwrap()
}

fn certificate() -> Certificate {
    let bucket = |count, cents| Bucket {
        currency: Some("EUR".to_owned()),
        status: "posted".to_owned(),
        count,
        sum: Decimal::new(cents, 2),
    };
    let balance = ObjectBalance { sap: vec![bucket(2, 12_990)], coupa: vec![bucket(1, 11_000)], not_ours: 3 };
    let difference = Difference {
        object: "invoices".to_owned(),
        supplier: "V10000".to_owned(),
        number: "<100237> & co".to_owned(),
        kind: DifferenceKind::Different,
        fields: vec!["total-with-taxes".to_owned()],
        values: vec![FieldDifference {
            field: "total-with-taxes".to_owned(),
            sap: "119.76".to_owned(),
            coupa: "</script>".to_owned(),
        }],
        document: "SBODEMOUS/invoice/2301".parse().unwrap(),
        coupa_ids: vec![],
    };
    let balance = Balance {
        objects: BTreeMap::from([("invoices".to_owned(), balance)]),
        differences: vec![difference],
        ..Balance::default()
    };
    let about = About {
        made_at: "2026-11-26T02:00:00Z".parse().unwrap(),
        company: "SBODEMOUS".to_owned(),
        service_layer: "https://sap.example:50000".to_owned(),
        coupa: "https://acme.coupahost.com".to_owned(),
        start_date: "2026-01-01".parse().unwrap(),
        days: None,
    };
    Certificate::new(balance, about)
}

#[test]
fn both_files_read_back_and_are_good() {
    let signed = certificate().sign(&key()).unwrap();
    for text in [signed.json().unwrap(), signed.html().unwrap()] {
        let (read, public) = Signed::read(&text).unwrap().verify().unwrap();
        assert_eq!((read, public), (certificate(), key().public()));
    }
}

#[test]
fn it_is_kept_as_two_files_named_after_its_moment() {
    let files = certificate().files(&key()).unwrap();
    assert_eq!(files.json.name, "balance-2026-11-26T020000Z.json");
    assert_eq!(files.page.name, "balance-2026-11-26T020000Z.html");
    for file in [&files.json, &files.page] {
        assert_eq!(Signed::read(&file.text).unwrap().verify().unwrap().0, certificate());
    }
    let record = certificate().record("certificates/balance-2026-11-26T020000Z.json");
    assert_eq!((&record["in_balance"], &record["differences"]), (&false.into(), &1.into()));
    assert_eq!(record["at"], "2026-11-26T02:00:00Z");
}

#[test]
fn an_altered_byte_is_noticed_in_either_file() {
    let signed = certificate().sign(&key()).unwrap();
    let json = signed.json().unwrap().replace("129.90", "129.91");
    assert!(matches!(Signed::read(&json).unwrap().verify(), Err(CertificateError::NotSigned)));

    let page = signed.html().unwrap();
    let altered = page.replacen("129.90", "129.91", 1);
    assert_ne!(altered, page);
    assert!(matches!(Signed::read(&altered), Err(CertificateError::PageAltered)));
    let altered = page.replace("129.90\"", "129.91\"");
    assert_ne!(altered, page);
    assert!(Signed::read(&altered).and_then(|signed| signed.verify()).is_err());
    assert!(Signed::read("{}").is_err());
}

#[test]
fn signed_anew_by_another_it_is_another_s() {
    let other = Key::read(&Key::text([8; 32])).unwrap();
    let (_, public) = certificate().sign(&other).unwrap().verify().unwrap();
    assert_ne!(public, key().public());
}

#[test]
fn the_page_escapes_what_others_wrote() {
    let page = certificate().sign(&key()).unwrap().html().unwrap();
    assert!(page.contains("&lt;100237&gt; &amp; co"));
    assert_eq!(page.matches("</script>").count(), 1);
}

#[test]
fn a_key_tells_nothing_of_itself() {
    let text = format!("{:?}", key());
    assert_eq!(text, format!("Key({})", key().public()));
    assert!(!text.contains("BwcHBwcH"));
    assert_eq!(Key::read(&SecretString::from("short")).unwrap_err(), KeyError);
}

use secrecy::SecretString;
