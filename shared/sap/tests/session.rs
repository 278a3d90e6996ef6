//! One session for everybody, renewed in time, and never asked for again too soon after a refusal.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use futures::future::join_all;
use jiff::SignedDuration;
use model::{Code, ObjectKind::PurchaseOrder};
use sap::{Error, ODataVersion, Settings, SettingsError};
use simulators::sap::{Fault, FaultKind};
use std::time::Duration;
use support::{Company, PASSWORD, Scripted, client, clock, company, company_with, refuse, reply, settings};

async fn read(company: &Company) -> Result<(), Error> {
    company.client.highest_entry(PurchaseOrder).await.map(drop)
}

#[tokio::test]
async fn one_login_serves_all_requests_and_says_what_sap_is() {
    for odata in [ODataVersion::V1, ODataVersion::V2] {
        let company = company(|settings, _| settings.odata = odata);
        let info = company.client.log_in().await.unwrap();
        assert_eq!((info.version.as_str(), info.session_timeout_minutes), ("1000321", 30));
        for _ in 0..5 {
            read(&company).await.unwrap();
        }
        assert_eq!(company.sim.logins(), 1);
        let stats = company.client.stats();
        assert_eq!((stats.requests, stats.logins, stats.retries), (6, 1, 0));
    }
}

#[tokio::test]
async fn a_session_is_renewed_before_sap_ends_it() {
    let company = company(|_, _| {});
    read(&company).await.unwrap();
    company.clock.advance(Duration::from_secs(28 * 60));
    read(&company).await.unwrap();
    company.clock.advance(Duration::from_secs(28 * 60));
    read(&company).await.unwrap();
    assert_eq!(company.sim.logins(), 1, "each request makes it last longer");
    company.clock.advance(Duration::from_secs(29 * 60 + 1));
    read(&company).await.unwrap();
    assert_eq!(company.sim.logins(), 2);
    assert!(company.sim.requests().iter().all(|request| request.status != 401), "without meeting a 401");
}

#[tokio::test]
async fn a_session_that_sap_ended_is_replaced_and_the_request_sent_once_more() {
    for odata in [ODataVersion::V1, ODataVersion::V2] {
        let company = company(|settings, _| settings.odata = odata);
        read(&company).await.unwrap();
        company.sim.expire_sessions();
        read(&company).await.unwrap();
        assert_eq!(company.sim.logins(), 2);
        assert_eq!(company.client.stats().sessions_lost, 1);
    }
}

#[tokio::test]
async fn many_workers_that_lose_the_session_log_in_once() {
    let company = company(|settings, _| settings.max_parallel_requests = 8);
    read(&company).await.unwrap();
    company.sim.expire_sessions();
    for result in join_all((0..8).map(|_| read(&company))).await {
        result.unwrap();
    }
    assert_eq!(company.sim.logins(), 2);
    let lost = company.sim.requests().iter().filter(|request| request.status == 401).count();
    assert!(lost > 1, "{lost}: several workers must have met the end of the session");
}

#[tokio::test]
async fn many_workers_that_start_together_log_in_once() {
    let company = company(|_, world| world.login_delay = Duration::from_secs(5));
    for result in join_all((0..8).map(|_| read(&company))).await {
        result.unwrap();
    }
    assert_eq!(company.sim.logins(), 1);
}

#[tokio::test]
async fn a_session_that_is_refused_right_after_login_is_not_asked_for_for_ever() {
    let gone = refuse(401, 301, "Invalid session or session already timeout.");
    let company = company(|_, _| {});
    company.sim.inject(gone.at("/PurchaseOrders").times(100));
    let error = read(&company).await.unwrap_err();
    assert!(matches!(error, Error::SessionLost(_)), "{error}");
    assert_eq!(company.sim.logins(), 2);
}

#[tokio::test]
async fn a_timeout_that_comes_as_5002_counts_and_other_5002_do_not() {
    let company = company(|_, _| {});
    let timed_out = refuse(400, -5002, "The session has timed out");
    company.sim.inject(timed_out.at("/PurchaseOrders"));
    read(&company).await.unwrap();
    assert_eq!(company.sim.logins(), 2);

    let business = refuse(400, -5002, "Invalid BP code [OPOR.CardCode] , 'V1'");
    company.sim.inject(business.at("/PurchaseOrders"));
    let error = read(&company).await.unwrap_err();
    assert!(matches!(&error, Error::Refused { status: 400, code, .. } if code == "-5002"), "{error}");
    assert_eq!(error.failure().code, Code::SapRefused);
    assert_eq!(company.sim.logins(), 2);
}

#[tokio::test]
async fn a_wrong_password_costs_exactly_one_login_however_many_ask() {
    let company = company_with("wrong", |_, _| {});
    let results = join_all((0..8).map(|_| read(&company))).await;
    for result in results {
        let error = result.unwrap_err();
        assert!(matches!(&error, Error::LoginRefused { text, .. } if text.contains("100000027")), "{error}");
        assert_eq!(error.failure().code, Code::SapLoginRefused);
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
    assert_eq!((company.sim.refused_logins(), company.sim.request_count()), (1, 1));

    company.clock.advance(Duration::from_secs(9 * 60));
    read(&company).await.unwrap_err();
    assert_eq!(company.sim.request_count(), 1, "the pause lasts ten minutes");
    company.clock.advance(Duration::from_secs(61));
    assert_eq!(company.client.refused_until(), None);
    read(&company).await.unwrap_err();
    assert_eq!(company.sim.request_count(), 2);
    let pause = company.client.refused_until().unwrap().duration_since(model::Clock::now(&company.clock));
    assert_eq!(pause, SignedDuration::from_mins(20), "the second pause is twice as long");
}

#[tokio::test]
async fn a_locked_user_is_left_alone_and_a_login_that_succeeds_forgets() {
    let company = company(|_, world| world.lock_after = 0);
    let error = read(&company).await.unwrap_err();
    assert!(matches!(&error, Error::LoginRefused { text, .. } if text.contains("100000055")), "{error}");
    read(&company).await.unwrap_err();
    assert_eq!(company.sim.refused_logins(), 1);
    company.sim.configure(|world| world.lock_after = 5);
    company.clock.advance(Duration::from_secs(601));
    read(&company).await.unwrap();
    assert_eq!((company.sim.logins(), company.client.refusal()), (1, None));

    company.sim.expire_sessions();
    company.sim.inject(refuse(401, 100_000_027, "Fail to get DB Credentials from SLD").at("/Login"));
    read(&company).await.unwrap_err();
    let pause = company.client.refused_until().unwrap().duration_since(model::Clock::now(&company.clock));
    assert_eq!(pause, SignedDuration::from_mins(10), "the next refusal is a first one again");
}

#[tokio::test]
async fn a_log_in_that_is_refused_in_whatever_words_is_not_repeated() {
    for (status, code) in [(401, 100_000_027), (401, 100_000_055), (401, -304), (403, -1), (400, -1)] {
        let company = company(|_, _| {});
        // Only the first one is refused: whoever asks again gets in.
        company.sim.inject(refuse(status, code, "no").at("/Login"));
        for _ in 0..3 {
            let error = read(&company).await.unwrap_err();
            assert!(matches!(error, Error::LoginRefused { .. }), "{status}/{code}: {error}");
        }
        assert_eq!(company.sim.request_count(), 1, "{status}/{code}");
    }
}

#[tokio::test]
async fn a_refusal_is_kept_across_processes() {
    let first = company_with("wrong", |_, _| {});
    read(&first).await.unwrap_err();
    let refusal = first.client.refusal().unwrap();

    let scripted = Scripted::of([]);
    let second = client(settings(), scripted, &first.clock, PASSWORD).with_refusal(refusal.clone());
    let error = second.highest_entry(PurchaseOrder).await.unwrap_err();
    assert_eq!(error, Error::LoginRefused { until: refusal.until, text: refusal.text });
    assert_eq!(second.stats().requests, 0);
}

#[tokio::test]
async fn trouble_with_login_that_passes_is_no_refusal() {
    for fault in [Fault::bad_gateway(), Fault::switch_company(), Fault::new(FaultKind::DropBeforeWork)] {
        let company = company(|_, _| {});
        company.sim.inject(fault.at("/Login"));
        read(&company).await.unwrap();
        assert_eq!((company.sim.logins(), company.client.refusal()), (1, None));
    }
}

#[tokio::test]
async fn logging_out_gives_the_session_back_and_does_not_log_in() {
    let company = company(|_, _| {});
    company.client.log_out().await.unwrap();
    assert_eq!(company.sim.request_count(), 0);
    company.client.log_in().await.unwrap();
    company.client.log_out().await.unwrap();
    assert_eq!((company.sim.live_sessions(), company.sim.logins()), (0, 1));
    assert_eq!(company.client.session().logged_in, None);
}

#[tokio::test]
async fn both_cookies_go_back_and_nothing_else_is_said() {
    let scripted = Scripted::of([reply(200, r#"{"value":[]}"#)]);
    let client = client(settings(), scripted.clone(), &clock(), PASSWORD);
    client.highest_entry(PurchaseOrder).await.unwrap();
    let asked = scripted.asked.lock().unwrap();
    assert_eq!(asked[0].headers()["cookie"], "B1SESSION=a-b");
    assert_eq!(asked[0].headers()["prefer"], "odata.maxpagesize=1");
    assert!(asked[0].headers().get("expect").is_none());
}

#[test]
fn settings_that_cannot_work_are_refused_at_start() {
    let error = |settings: Settings| {
        let password = std::sync::Arc::new(secrecy::SecretString::from(PASSWORD));
        let (scripted, clock) = (Scripted::of([]), clock());
        sap::Client::new(
            settings,
            scripted,
            std::sync::Arc::new(clock),
            std::sync::Arc::new(support::Fixed),
            password,
            std::sync::Arc::new(model::LocalSecret::default()),
        )
        .err()
        .unwrap()
    };
    let plain = Settings { service_layer_url: "http://sap.example:50001".to_owned(), ..settings() };
    assert!(matches!(error(plain), SettingsError::Url(_)));
    assert_eq!(error(Settings { page_size: 0, ..settings() }), SettingsError::Zero("page_size"));
    let member = Settings { extra_document_members: vec!["U_A&$expand=x".to_owned()], ..settings() };
    assert!(matches!(error(member), SettingsError::Member(_)));
}
