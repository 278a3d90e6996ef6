//! The access token: fetched once, renewed early, waited for, replaced, and never asked for in a loop.

use crate::support::{Bench, TOKEN, no_reply, status};
use coupa::{Error, ScopeCheck, Supplier};
use futures::future::join_all;
use model::{Clock, Code, CoupaId};
use std::time::Duration;

const SUPPLIER: &str = r#"{"id":512}"#;

fn read(bench: &Bench) -> Result<Supplier, Error> {
    bench.clock.run(bench.client.get(&bench.call(), CoupaId(512)))
}

fn pass(bench: &Bench, hours: u64) {
    bench.clock.run(bench.clock.sleep(Duration::from_secs(hours * 3_600)));
}

#[test]
fn one_token_serves_everybody_who_comes_at_once() {
    let bench = Bench::new(vec![status(200, SUPPLIER); 30]);
    let call = bench.call();
    let reads = (0..30).map(|_| bench.client.get::<Supplier>(&call, CoupaId(512)));
    assert!(bench.clock.run(join_all(reads)).iter().all(Result::is_ok));
    assert_eq!((bench.script.tokens(), bench.made()), (1, 30));
}

#[test]
fn the_token_request_is_a_form_with_everything_in_it() {
    let bench = Bench::new([status(200, SUPPLIER)]);
    read(&bench).unwrap();
    let seen = bench.script.seen.lock().unwrap();
    assert_eq!(seen[0].uri().to_string(), "https://acme.coupahost.com/oauth2/token");
    assert_eq!(seen[0].headers()["content-type"], "application/x-www-form-urlencoded");
    let form = String::from_utf8(seen[0].body().to_vec()).unwrap();
    assert!(form.starts_with("grant_type=client_credentials&client_id=coupa-client&client_secret=coupa-secret&scope=core.common.read%20core.accounting.read%20"), "{form}");
}

#[test]
fn a_token_is_renewed_after_twenty_hours_or_five_sixths_of_its_life() {
    let bench = Bench::new(vec![status(200, SUPPLIER); 3]);
    read(&bench).unwrap();
    pass(&bench, 19);
    read(&bench).unwrap();
    assert_eq!(bench.script.tokens(), 1);
    pass(&bench, 1);
    read(&bench).unwrap();
    assert_eq!(bench.script.tokens(), 2);

    // One that lives for two days is not trusted for longer.
    let bench = Bench::new(vec![status(200, SUPPLIER); 2]);
    let long = TOKEN.replace("86399", "172800");
    bench.script.token.lock().unwrap().push_back(status(200, &long));
    read(&bench).unwrap();
    pass(&bench, 20);
    read(&bench).unwrap();
    assert_eq!(bench.script.tokens(), 2);

    let bench = Bench::new(vec![status(200, SUPPLIER); 2]);
    let short = TOKEN.replace("86399", "\"600\"");
    bench.script.token.lock().unwrap().push_back(status(200, &short));
    read(&bench).unwrap();
    bench.clock.run(bench.clock.sleep(Duration::from_secs(501)));
    read(&bench).unwrap();
    assert_eq!(bench.script.tokens(), 2);
}

#[test]
fn while_a_renewal_fails_the_old_token_does() {
    let bench = Bench::new(vec![status(200, SUPPLIER); 5]);
    read(&bench).unwrap();
    pass(&bench, 20);
    bench.script.token.lock().unwrap().extend(vec![status(503, ""); 4]);
    read(&bench).unwrap();
    assert_eq!(bench.script.tokens(), 5);
    // Not at once again.
    read(&bench).unwrap();
    assert_eq!(bench.script.tokens(), 5);
    bench.clock.run(bench.clock.sleep(Duration::from_secs(30)));
    read(&bench).unwrap();
    assert_eq!(bench.script.tokens(), 5);
    bench.clock.run(bench.clock.sleep(Duration::from_secs(31)));
    read(&bench).unwrap();
    assert_eq!(bench.script.tokens(), 6);
}

#[test]
fn a_fresh_token_that_is_not_live_yet_is_waited_for() {
    let bench = Bench::new([status(401, ""), status(401, "Unauthorized"), status(200, SUPPLIER)]);
    read(&bench).unwrap();
    assert_eq!(bench.script.tokens(), 1);
    assert!(bench.clock.elapsed() >= Duration::from_secs(10));
}

#[test]
fn a_fresh_token_that_never_goes_live_is_given_up() {
    let bench = Bench::new(vec![status(401, r#"{"errors":{"request":["Unauthorized"]}}"#); 3]);
    let error = read(&bench).unwrap_err();
    assert_eq!(error, Error::Unauthorized("Unauthorized".to_owned()));
    assert_eq!((error.failure().code, bench.script.tokens()), (Code::CoupaTokenRefused, 1));
}

#[test]
fn an_old_token_that_is_refused_is_replaced_once() {
    let bench = Bench::new([status(200, SUPPLIER), status(401, ""), status(401, ""), status(200, SUPPLIER)]);
    read(&bench).unwrap();
    pass(&bench, 1);
    // The second 401 meets the new token before it is live.
    read(&bench).unwrap();
    assert_eq!((bench.script.tokens(), bench.made()), (2, 4));
}

#[test]
fn many_who_meet_a_401_at_once_fetch_one_new_token() {
    let bench = Bench::new([status(200, SUPPLIER)]);
    read(&bench).unwrap();
    pass(&bench, 1);
    bench.script.api.lock().unwrap().extend(vec![status(401, ""); 4]);
    bench.script.api.lock().unwrap().extend(vec![status(200, SUPPLIER); 4]);
    let call = bench.call();
    let reads = (0..4).map(|_| bench.client.get::<Supplier>(&call, CoupaId(512)));
    assert!(bench.clock.run(join_all(reads)).iter().all(Result::is_ok));
    assert_eq!(bench.script.tokens(), 2);
}

#[test]
fn a_refused_client_is_not_asked_for_again_for_ten_minutes() {
    let refusal = r#"{"error":"invalid_client","error_description":"client coupa-client with secret coupa-secret is unknown"}"#;
    for code in [400, 401] {
        let bench = Bench::new([status(200, SUPPLIER)]);
        bench.script.token.lock().unwrap().push_back(status(code, refusal));
        let error = read(&bench).unwrap_err();
        assert_eq!(error.failure().code, Code::CoupaTokenRefused);
        assert!(!error.to_string().contains("coupa-secret"), "{error}");
        for _ in 0..5 {
            assert_eq!(read(&bench).unwrap_err(), error);
        }
        assert_eq!(bench.script.tokens(), 1);
        bench.clock.run(bench.clock.sleep(Duration::from_secs(601)));
        read(&bench).unwrap();
    }
}

#[test]
fn a_secret_that_lies_across_the_cut_is_not_shown_in_part() {
    let refusal =
        format!(r#"{{"error":"invalid_client","error_description":"{}coupa-secret"}}"#, "x".repeat(994));
    let bench = Bench::new([status(200, SUPPLIER)]);
    bench.script.token.lock().unwrap().push_back(status(401, &refusal));
    let error = read(&bench).unwrap_err();
    assert!(!error.to_string().contains("coupa"), "{error}");
}

#[test]
fn where_a_scope_is_refused_the_scopes_that_were_granted_do() {
    let bench = Bench::new([status(200, SUPPLIER)]);
    let refused = || status(400, r#"{"error":"invalid_scope"}"#);
    bench.script.token.lock().unwrap().push_back(refused());
    read(&bench).unwrap();
    let forms: Vec<String> = {
        let seen = bench.script.seen.lock().unwrap();
        let tokens = seen.iter().filter(|request| request.uri().path().ends_with("/token"));
        tokens.map(|request| String::from_utf8_lossy(request.body()).into_owned()).collect()
    };
    assert_eq!(forms.iter().map(|form| form.contains("scope=")).collect::<Vec<_>>(), [true, false]);

    // Once, not for ever.
    let bench = Bench::new([]);
    bench.script.token.lock().unwrap().extend([refused(), refused()]);
    let error = read(&bench).unwrap_err();
    assert_eq!(error.failure().code, Code::CoupaScopeMissing);
    assert!(error.to_string().contains("core.invoice.delete"), "{error}");
    assert_eq!(bench.script.tokens(), 2);
}

#[test]
fn a_token_reply_that_can_not_be_read_is_asked_for_again_and_never_shown() {
    let bench = Bench::new([status(200, SUPPLIER)]);
    let cut = r#"{"access_token":"very-secret"#;
    bench.script.token.lock().unwrap().extend([no_reply(), status(500, ""), status(200, cut)]);
    read(&bench).unwrap();
    assert_eq!((bench.script.tokens(), bench.made(), bench.client.stats().tokens), (4, 1, 4));

    let bench = Bench::new([]);
    bench.script.token.lock().unwrap().extend(vec![status(200, cut); 4]);
    let error = read(&bench).unwrap_err();
    assert_eq!(error.failure().code, Code::CoupaBadReply);
    assert!(!error.to_string().contains("very-secret"), "{error}");
    // Whoever comes next gets the same answer at once.
    assert_eq!(read(&bench).unwrap_err(), error);
    assert_eq!(bench.script.tokens(), 4);
}

#[test]
fn scopes_are_tried_by_reading_or_looked_up() {
    let bench = Bench::new([status(200, r#"[{"id":1}]"#)]);
    let tried = |scope| bench.clock.run(bench.client.try_scope(&bench.call(), scope)).unwrap();
    assert_eq!(tried("core.supplier.read"), ScopeCheck::Tried);
    assert_eq!(tried("core.supplier.write"), ScopeCheck::Missing);
    assert_eq!(bench.script.asked(), ["GET /api/suppliers?limit=1&fields=%5B%22id%22%5D"]);
}

#[test]
fn a_token_that_worked_a_moment_ago_is_not_replaced() {
    let bench = Bench::new([status(200, SUPPLIER), status(401, "")]);
    read(&bench).unwrap();
    assert!(matches!(read(&bench), Err(Error::Unauthorized(_))));
    assert_eq!(bench.script.tokens(), 1);
}

#[test]
fn the_token_that_replaces_one_that_never_worked_is_waited_for_too() {
    let bench = Bench::new([
        status(401, ""),
        status(401, ""),
        status(401, ""),
        status(401, ""),
        status(200, SUPPLIER),
    ]);
    // This looks at the token and sends nothing with it.
    bench.clock.run(bench.client.try_scope(&bench.call(), "core.supplier.write")).unwrap();
    bench.clock.run(bench.clock.sleep(Duration::from_secs(52)));
    read(&bench).unwrap();
    assert_eq!((bench.script.tokens(), bench.made()), (2, 5));
}
