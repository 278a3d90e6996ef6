//! One test for each status and each way a reply can go wrong.

use crate::support::{Answer, Bench, no_reply, not_sent, settings, status};
use coupa::{Action, Call, Error, Invoice, Order, Query, Supplier};
use model::{Clock, Code, CoupaId, ErrorClass, Lane, Sent};
use serde_json::{Value, json};
use std::{sync::atomic::AtomicU32, sync::atomic::Ordering::Relaxed, time::Duration};
use wire::TransportError;

const SUPPLIER: &str = r#"{"id":512,"number":"V1","name":"Acme"}"#;

fn body() -> Sent {
    let Value::Object(body) = json!({"number": "V1", "name": "Acme"}) else { unreachable!() };
    body
}

fn read(bench: &Bench) -> Result<Supplier, Error> {
    bench.clock.run(bench.client.get(&bench.call(), CoupaId(512)))
}

fn write(bench: &Bench) -> Result<Supplier, Error> {
    bench.clock.run(bench.client.create(&bench.call(), &body()))
}

fn written(answer: Answer) -> Error {
    let bench = Bench::new([answer]);
    let error = write(&bench).unwrap_err();
    assert_eq!(bench.made(), 1, "a write whose outcome may be known is not repeated: {error}");
    error
}

#[test]
fn a_read_carries_both_content_headers_the_version_the_token_and_the_fields() {
    let bench = Bench::new([status(200, SUPPLIER)]);
    assert_eq!(read(&bench).unwrap().name.as_deref(), Some("Acme"));
    let seen = bench.script.seen.lock().unwrap();
    let request = &seen[1];
    let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        ["accept", "content-type", "x-coupa-api-version", "authorization"].map(header),
        ["application/json", "application/json", "44", "Bearer abc.def"]
    );
    assert_eq!(
        request.uri().to_string(),
        "https://acme.coupahost.com/api/suppliers/512?fields=%5B%22id%22%2C%22number%22%2C%22name%22%2C%22status%22%2C%22tax_id%22%2C%7B%22payment_term%22%3A%5B%22code%22%5D%7D%2C%7B%22primary_address%22%3A%5B%7B%22country%22%3A%5B%22code%22%5D%7D%5D%7D%5D"
    );
    assert!(bench.sent.lock().unwrap().is_empty(), "reads are not logged as sent");
}

#[test]
fn without_a_version_the_header_is_left_out() {
    let settings = coupa::Settings { api_version: String::new(), ..settings(20) };
    let bench = Bench::with(settings, [status(200, SUPPLIER)]);
    read(&bench).unwrap();
    let seen = bench.script.seen.lock().unwrap();
    assert!(seen.iter().all(|request| !request.headers().contains_key("x-coupa-api-version")));
}

#[test]
fn a_write_is_logged_as_it_was_sent() {
    let bench = Bench::new([status(201, SUPPLIER), status(200, r#"[{"id":7,"status":"soft_closed"}]"#)]);
    write(&bench).unwrap();
    let order: Order = bench.clock.run(bench.client.act(&bench.call(), CoupaId(7), &Action::Close)).unwrap();
    assert_eq!(order.status.as_deref(), Some("soft_closed"));
    assert_eq!(
        *bench.sent.lock().unwrap(),
        [
            json!({
                "method": "POST", "path": "/api/suppliers", "body": {"number": "V1", "name": "Acme"},
                "reply": {"status": 201, "body": {"id": 512, "number": "V1", "name": "Acme"}},
            }),
            json!({
                "method": "PUT", "path": "/api/purchase_orders/7/close", "body": null,
                "reply": {"status": 200, "body": [{"id": 7, "status": "soft_closed"}]},
            }),
        ]
    );
    let seen = bench.script.seen.lock().unwrap();
    let fields = |at: usize| seen[at].uri().query().unwrap().starts_with("fields=%5B%22id%22");
    assert!(fields(1) && fields(2), "a reply to a write needs no more than is read of it");
    assert_eq!(seen[1].body(), br#"{"name":"Acme","number":"V1"}"#.as_slice());
    assert!(seen[2].body().is_empty());
    drop(seen);
    let stats = bench.client.stats();
    assert_eq!((stats.posts, stats.puts, stats.gets, stats.tokens, bench.made()), (1, 1, 0, 1, 2));
}

#[test]
fn a_write_with_doubt_about_it_is_unknown_and_not_repeated() {
    for answer in [
        no_reply(),
        Err(TransportError::TooLarge(1_000_000)),
        status(500, ""),
        status(502, "<html><body>Bad Gateway</body></html>"),
        status(503, r#"{"errors":"busy"}"#),
        status(504, ""),
        status(408, ""),
        status(302, ""),
        status(200, ""),
        status(201, r#"{"id":512,"number":"V"#),
        status(201, "<html><body>Please log in</body></html>"),
        status(201, "{}"),
        status(201, "[]"),
        status(201, r#"{"id":"many"}"#),
        status(204, ""),
    ] {
        let error = written(answer.clone());
        assert!(matches!(error, Error::OutcomeUnknown { .. }), "{answer:?}: {error}");
        assert!(!error.surely_not_done());
        assert_eq!(error.failure().code, Code::CoupaOutcomeUnknown);
    }
}

#[test]
fn a_reply_about_another_document_is_unknown() {
    let bench = Bench::new([status(200, r#"{"id":8,"status":"voided"}"#)]);
    let reply: Result<Invoice, _> =
        bench.clock.run(bench.client.act(&bench.call(), CoupaId(7), &Action::Void));
    assert!(matches!(reply, Err(Error::OutcomeUnknown { .. })), "{reply:?}");
}

#[test]
fn a_refused_write_is_told_in_coupas_words() {
    let error = written(status(400, r#"{"errors":{"supplier":["Number has already been taken"]}}"#));
    assert!(error.taken() && !error.reference_unknown() && error.surely_not_done());
    assert_eq!(error.failure().code, Code::CoupaRefused);
    assert_eq!(error.failure().message, "supplier: Number has already been taken");

    let text = r#"Unable to find valid User record for ship_to_user with keys {"login"=>"x"}. Possible keys are ["id", "login"]."#;
    let error = written(status(400, &json!({"errors": {"order-header": [text]}}).to_string()));
    assert!(error.reference_unknown() && !error.taken());
    assert_eq!(error.failure().code, Code::CoupaReferenceUnknown);

    for refused in [400, 405, 409, 413, 415, 422] {
        let error =
            written(status(refused, "<errors><error>No.</error><error><![CDATA[Not so.]]></error></errors>"));
        assert_eq!(error.failure().message, "No.; Not so.", "{refused}");
        assert_eq!(error.failure().code.class(), ErrorClass::Data);
    }
    let error = written(status(400, ""));
    assert_eq!(error.failure().message, "Coupa refused the document without a word");
}

#[test]
fn other_refusals_have_errors_of_their_own() {
    let error = written(status(404, r#"{"errors":{"request":["The requested record was not found."]}}"#));
    assert_eq!(error, Error::NotFound("POST /api/suppliers".to_owned()));
    assert_eq!(error.failure().code, Code::CoupaGone);

    let error = written(status(403, r#"{"errors":{"request":["needs core.supplier.write"]}}"#));
    assert_eq!(error.to_string(), "Coupa forbids POST /api/suppliers: needs core.supplier.write");
    assert_eq!(error.failure().code, Code::CoupaScopeMissing);
}

#[test]
fn a_write_that_never_left_is_repeated_and_then_given_up() {
    let bench = Bench::new([not_sent(), not_sent(), status(201, SUPPLIER)]);
    assert!(write(&bench).is_ok());
    assert_eq!((bench.made(), bench.sent.lock().unwrap().len()), (1, 1));

    let bench = Bench::new([not_sent(), not_sent(), not_sent(), not_sent()]);
    let error = write(&bench).unwrap_err();
    assert!(matches!(error, Error::NotSent(_)));
    assert_eq!((bench.made(), error.failure().code), (0, Code::CoupaUnreachable));
    assert!(bench.clock.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_read_is_tried_again_whatever_went_wrong_on_the_way() {
    for answer in [
        no_reply(),
        not_sent(),
        status(500, ""),
        status(503, "<html></html>"),
        status(408, ""),
        status(200, "<html>log in</html>"),
        status(200, r#"{"id":5"#),
        status(302, ""),
    ] {
        let bench = Bench::new([answer.clone(), answer.clone(), status(200, SUPPLIER)]);
        assert!(read(&bench).is_ok(), "{answer:?}");
    }
}

#[test]
fn a_read_is_given_up_after_four_tries_in_words_that_fit() {
    for (answer, code) in [
        (no_reply(), Code::CoupaUnreachable),
        (status(500, "oops"), Code::CoupaUnreachable),
        (status(200, "<html>log in</html>"), Code::CoupaBadReply),
        (status(200, "{}"), Code::CoupaBadReply),
        (status(302, ""), Code::CoupaBadReply),
    ] {
        let bench = Bench::new(vec![answer.clone(); 4]);
        let error = read(&bench).unwrap_err();
        assert_eq!((error.failure().code, bench.made()), (code, 4), "{answer:?}");
        assert!(error.surely_not_done());
        assert_eq!(code.class(), ErrorClass::Transient);
    }
}

#[test]
fn a_read_that_is_refused_or_too_large_is_not_tried_again() {
    for (answer, expected, code) in [
        (status(404, ""), Error::NotFound("GET /api/suppliers/512".to_owned()), Code::CoupaGone),
        (Err(TransportError::TooLarge(1_000_000)), Error::TooLarge(1_000_000), Code::CoupaBodyTooLarge),
    ] {
        let bench = Bench::new([answer]);
        let error = read(&bench).unwrap_err();
        assert_eq!((error.failure().code, bench.made()), (code, 1));
        assert_eq!(error, expected);
    }
}

#[test]
fn an_index_without_results_is_empty_also_as_404_but_not_as_a_web_page() {
    for answer in [
        status(200, "[]"),
        status(404, "<errors><error>No results match your search criteria.</error></errors>"),
        status(404, r#"{"errors":["No results match your search criteria."]}"#),
        status(404, ""),
    ] {
        let bench = Bench::new([answer]);
        let found: Vec<Supplier> = bench.clock.run(bench.client.list(&bench.call(), &Query::new())).unwrap();
        assert_eq!(found, []);
    }
    let bench = Bench::new([status(404, "<html><body>404 nginx</body></html>")]);
    let found: Result<Vec<Supplier>, _> = bench.clock.run(bench.client.list(&bench.call(), &Query::new()));
    assert!(matches!(found, Err(Error::NotFound(_))), "{found:?}");
}

#[test]
fn a_429_is_repeated_also_for_a_write_and_slows_everybody() {
    let slow = Ok((429, [("retry-after", "3")].as_slice(), String::new()));
    let bench = Bench::new([slow, status(429, "Too many"), status(201, SUPPLIER)]);
    assert!(write(&bench).is_ok());
    assert!(bench.clock.elapsed() >= Duration::from_secs(4), "{:?}", bench.clock.elapsed());
    assert_eq!((bench.made(), bench.client.stats().slowed, bench.sent.lock().unwrap().len()), (3, 2, 1));
    let (state, rate) = bench.clock.run(bench.client.budget()).unwrap();
    assert_eq!(state.halvings, 2);
    assert_eq!(rate.requests_per_second().to_string(), "5");
    // It passes.
    bench.clock.run(bench.clock.sleep(Duration::from_secs(31)));
    let (_, rate) = bench.clock.run(bench.client.budget()).unwrap();
    assert_eq!(rate.requests_per_second().to_string(), "20");
}

#[test]
fn a_429_stops_also_those_who_had_their_slots_already() {
    // Wherever in a block of slots the 429 meets them.
    for before in 6..14 {
        let slow: Answer = Ok((429, &[("retry-after", "3")], String::new()));
        let mut answers = vec![status(200, SUPPLIER); 25];
        answers.insert(before, slow);
        let bench = Bench::new(answers);
        let call = bench.call();
        let reads = (0..25).map(|_| bench.client.get::<Supplier>(&call, CoupaId(512)));
        let all = Box::pin(futures::future::join_all(reads));
        let three_seconds = bench.clock.sleep(Duration::from_secs(3));
        let early = bench.clock.run(futures::future::select(all, three_seconds));
        let futures::future::Either::Right(((), all)) = early else { panic!("they went on") };
        assert_eq!(bench.made() as usize, before + 1);
        assert!(bench.clock.run(all).iter().all(Result::is_ok));
    }
}

#[test]
fn retry_after_may_be_a_date_measured_by_the_replys_own_clock() {
    let headers: &[(&str, &str)] =
        &[("date", "Wed, 21 Oct 2015 07:28:00 GMT"), ("retry-after", "Wed, 21 Oct 2015 07:28:06 GMT")];
    let bench = Bench::new([Ok((429, headers, String::new())), status(200, SUPPLIER)]);
    assert!(read(&bench).is_ok());
    let waited = bench.clock.elapsed();
    assert!(waited >= Duration::from_secs(6) && waited < Duration::from_millis(6_500), "{waited:?}");
}

#[test]
fn a_429_that_stays_or_lasts_long_is_left_to_the_caller() {
    let bench = Bench::new(vec![status(429, ""); 5]);
    let error = write(&bench).unwrap_err();
    assert_eq!((&error, bench.made()), (&Error::RateLimited { retry_after: None }, 5));
    assert_eq!((error.failure().code, error.surely_not_done()), (Code::CoupaRateLimited, true));

    let slow: Answer = Ok((429, &[("retry-after", "120")], String::new()));
    let bench = Bench::new([slow]);
    assert_eq!(
        write(&bench).unwrap_err(),
        Error::RateLimited { retry_after: Some(Duration::from_secs(120)) }
    );
    // The others learn of it without asking Coupa.
    let Error::RateLimited { retry_after: Some(rest) } = read(&bench).unwrap_err() else { panic!() };
    assert!(rest > Duration::from_secs(119) && rest <= Duration::from_secs(120));
    assert_eq!(bench.made(), 1);
}

#[test]
fn a_pause_that_the_ledger_did_not_take_holds_here_all_the_same() {
    let slow: Answer = Ok((429, &[("retry-after", "120")], String::new()));
    let bench = Bench::new([slow]);
    // The slot was drawn by then.
    let may_send = || {
        bench.ledger.broken.store(true, Relaxed);
        true
    };
    let call = Call { lane: Lane::Live, may_send: &may_send, made: &bench.made, sent: &bench.sent };
    assert!(bench.clock.run(bench.client.create::<Supplier>(&call, &body())).is_err());
    bench.ledger.broken.store(false, Relaxed);
    assert!(matches!(read(&bench), Err(Error::RateLimited { retry_after: Some(_) })));
    assert_eq!(bench.made(), 1);
}

#[test]
fn too_late_sends_nothing_and_is_asked_before_every_try() {
    let bench = Bench::new([not_sent(), not_sent()]);
    let asked = AtomicU32::new(0);
    let may_send = || asked.fetch_add(1, Relaxed) < 2;
    let call = Call { lane: Lane::Live, may_send: &may_send, made: &bench.made, sent: &bench.sent };
    let error = bench.clock.run(bench.client.create::<Supplier>(&call, &body())).unwrap_err();
    assert_eq!((error, asked.load(Relaxed), bench.made()), (Error::TooLate, 3, 0));
}

#[test]
fn a_ledger_that_fails_stops_the_call_before_it_is_sent() {
    let bench = Bench::new([]);
    bench.ledger.broken.store(true, Relaxed);
    let error = write(&bench).unwrap_err();
    assert_eq!((error.failure().code, bench.made()), (Code::StoreFailed, 0));
}

#[test]
fn urls_that_are_none_are_refused() {
    for url in
        ["", "acme.coupahost.com", "ftp://acme", "https://", "https://a/b", "https://u:p@a", "https://a?b=1"]
    {
        let settings = coupa::Settings { url: url.to_owned(), ..settings(20) };
        let refused = coupa::Client::new(
            settings,
            std::sync::Arc::new(crate::support::Script::default()),
            std::sync::Arc::new(crate::support::VirtualClock::default()),
            crate::support::Seed::new(1),
            std::sync::Arc::new(secrecy::SecretString::from("s")),
            std::sync::Arc::new(model::LocalSecret::default()),
            std::sync::Arc::<crate::support::MemoryLedger>::default(),
        );
        assert!(refused.is_err(), "{url}");
    }
}
