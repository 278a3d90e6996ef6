use super::*;
use async_trait::async_trait;
use futures::FutureExt as _;
use std::sync::Mutex;

fn now() -> Timestamp {
    "2026-11-20T08:00:00Z".parse().unwrap()
}

fn answered(status: u16, headers: &[(&str, &str)], body: &'static str) -> Seen {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    see(Ok(response.body(Bytes::from_static(body.as_bytes())).unwrap()), now())
}

/// The name of what was seen, and what a read and a write come to.
fn outcome(seen: impl Fn() -> Seen) -> (&'static str, Error, Error) {
    let name = match seen() {
        Seen::Success(_) => "success",
        Seen::NotSent(_) => "not sent",
        Seen::NoReply(_) => "no reply",
        Seen::TooLarge(_) => "too large",
        Seen::Slow(_) => "slow",
        Seen::Unauthorized(_) => "unauthorized",
        Seen::Failed { .. } => "failed",
        Seen::Strange(_) => "strange",
        Seen::Refused { .. } => "refused",
    };
    (name, seen().read_error("it"), seen().write_error("it"))
}

#[test]
fn what_may_have_been_executed_is_unknown_for_a_write_and_nothing_else_is() {
    for (status, expected, unknown) in [
        (200, "success", true),
        (204, "success", true),
        (302, "strange", true),
        (400, "refused", false),
        (401, "unauthorized", false),
        (403, "refused", false),
        (404, "refused", false),
        (408, "failed", true),
        (410, "refused", false),
        (422, "refused", false),
        (429, "slow", false),
        (500, "failed", true),
        (503, "failed", true),
    ] {
        let (name, read, write) = outcome(|| answered(status, &[], "{}"));
        assert_eq!(name, expected, "{status}");
        assert_eq!(!write.surely_not_done(), unknown, "{status}: {write}");
        assert!(read.surely_not_done(), "{status}: {read}");
        assert_eq!(read == write, !unknown, "{status}: {write}");
    }
    let lost = |error: TransportError| outcome(|| see(Err(error.clone()), now()));
    for (error, name, unknown) in [
        (TransportError::NotSent("no".to_owned()), "not sent", false),
        (TransportError::NoReply("no".to_owned()), "no reply", true),
        (TransportError::TooLarge(7), "too large", true),
    ] {
        let (seen, _, write) = lost(error);
        assert_eq!((seen, !write.surely_not_done()), (name, unknown));
    }
}

#[test]
fn refusals_differ_by_their_status() {
    let read = |status| answered(status, &[], "{}").read_error("GET /x");
    assert!(matches!(read(403), Error::ScopeMissing { .. }));
    assert!(matches!(read(404), Error::NotFound(_)));
    assert!(matches!(read(410), Error::NotFound(_)));
    assert!(matches!(read(422), Error::Invalid(_)));
}

#[test]
fn only_coupas_own_404_says_that_nothing_was_found() {
    assert!(says_nothing_found(&answered(404, &[], "{}")));
    for (status, body) in [(404, "<html><body>Not here</body></html>"), (400, "{}"), (410, "{}"), (200, "[]")]
    {
        assert!(!says_nothing_found(&answered(status, &[], body)), "{status} {body}");
    }
}

#[test]
fn retry_after_is_seconds_or_a_date_and_never_negative() {
    let date = ("date", "Fri, 20 Nov 2026 07:00:00 GMT");
    for (headers, expected) in [
        (&[("retry-after", "3")][..], Some(3_000)),
        (&[("retry-after", " 0.5 ")], Some(500)),
        (&[("retry-after", "1.0001")], Some(1_001)),
        (&[("retry-after", "-4")], Some(0)),
        (&[("retry-after", "soon")], None),
        (&[], None),
        (&[("retry-after", "Fri, 20 Nov 2026 08:00:07 GMT")], Some(7_000)),
        (&[("retry-after", "Fri, 20 Nov 2026 07:59:00 GMT")], Some(0)),
        (&[("retry-after", "Fri, 20 Nov 2026 07:00:09 GMT"), date], Some(9_000)),
    ] {
        let Seen::Slow(pause) = answered(429, headers, "") else { panic!("{headers:?}") };
        assert_eq!(pause, expected.map(Duration::from_millis), "{headers:?}");
    }
}

#[test]
fn a_call_sits_out_fifteen_seconds_and_no_more() {
    assert!(!too_long(None) && !too_long(Some(Duration::from_secs(15))));
    assert!(too_long(Some(Duration::from_millis(15_001))));
}

struct Fixed(u64);

impl Random for Fixed {
    fn next_u64(&self) -> u64 {
        self.0
    }
}

#[derive(Default)]
struct Slept(Mutex<Vec<u128>>);

#[async_trait]
impl Clock for Slept {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn sleep(&self, pause: Duration) {
        self.0.lock().unwrap().push(pause.as_millis());
    }
}

#[test]
fn waits_are_anything_up_to_a_bound_that_doubles_from_half_a_second_to_eight() {
    for (tried, bound) in
        [(0, 500), (1, 500), (2, 1_000), (3, 2_000), (4, 4_000), (5, 8_000), (6, 8_000), (99, 8_000)]
    {
        let clock = Slept::default();
        for drawn in [0, bound, bound + 1] {
            let random = Fixed(drawn);
            Backoff { clock: &clock, random: &random }.wait(tried).now_or_never().unwrap();
        }
        assert_eq!(*clock.0.lock().unwrap(), [0, u128::from(bound), 0], "{tried}");
    }
}
