//! A session, the form in which all workers share it, and the pause after a refused log-in.

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use model::{RenewedCell, SharedSecret, SharedSecretError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::Relaxed},
};

/// The pause after a first refusal. Each further one doubles it.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(2);
/// So long before its end an idle session is given up.
const MARGIN_SECONDS: i64 = 60;

/// What Login answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginInfo {
    /// Such as `1000110`: 10.00.110.
    pub version: String,
    /// An idle session ends after so long.
    pub session_timeout_minutes: u32,
}

/// A refused log-in, remembered so that no other is tried too soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// No log-in before this.
    pub until: Timestamp,
    /// Refusals in a row.
    pub times: u32,
    /// What SAP said.
    pub text: String,
}

/// How the session stands, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionStatus {
    /// Since when, and what Login answered.
    pub logged_in: Option<(Timestamp, LoginInfo)>,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
    /// Why no log-in is tried.
    pub refusal: Option<Refusal>,
}

impl SessionStatus {
    /// As the workers that share this cell have left word of it.
    pub async fn shared(cell: Arc<dyn SharedSecret>) -> Result<Self, SharedSecretError> {
        let (held, _) = RenewedCell::<Kept, Refusal>::new(cell).load().await?;
        let kept = held.current;
        Ok(Self {
            last_used: kept.as_ref().map(|kept| kept.last_used_at),
            logged_in: kept.map(|kept| {
                let info = LoginInfo { version: kept.version, session_timeout_minutes: kept.timeout_minutes };
                (kept.logged_in_at, info)
            }),
            refusal: held.refusal,
        })
    }
}

/// A session that SAP gave.
pub(crate) struct Session {
    pub(crate) cookie: HeaderValue,
    pub(crate) info: LoginInfo,
    pub(crate) since: Timestamp,
    /// In seconds of the clock. SAP counts from the last request that arrived.
    last_used: AtomicI64,
    /// What the other workers know of `last_used`.
    told: AtomicI64,
}

/// A session as it stands in the shared cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    #[serde(with = "model::secret_text")]
    cookie: SecretString,
    version: String,
    timeout_minutes: u32,
    logged_in_at: Timestamp,
    /// Up to a third of the timeout earlier than it truly was.
    last_used_at: Timestamp,
}

impl Session {
    pub(crate) fn new(cookie: HeaderValue, info: LoginInfo, since: Timestamp) -> Self {
        let second = since.as_second();
        Self { cookie, info, since, last_used: AtomicI64::new(second), told: AtomicI64::new(second) }
    }

    /// A request goes out with it.
    pub(crate) fn used(&self, now: Timestamp) {
        self.last_used.fetch_max(now.as_second(), Relaxed);
    }

    pub(crate) fn last_used(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.last_used.load(Relaxed)).ok()
    }

    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        let timeout = i64::from(self.info.session_timeout_minutes) * 60;
        let margin = MARGIN_SECONDS.min(timeout / 2);
        now.as_second() - self.last_used.load(Relaxed) < timeout - margin
    }

    /// Whether the others should hear that it is in use. Once it has said so, it says no for a third of the timeout: a
    /// document that nothing happens to must not cost a write.
    pub(crate) fn to_tell(&self, now: Timestamp) -> bool {
        let told = self.told.load(Relaxed);
        let third = i64::from(self.info.session_timeout_minutes) * 20;
        now.as_second() - told >= third
            && self.told.compare_exchange(told, now.as_second(), Relaxed, Relaxed).is_ok()
    }

    pub(crate) fn kept(&self, last_used_at: Timestamp) -> Option<Kept> {
        Some(Kept {
            cookie: SecretString::from(self.cookie.to_str().ok()?),
            version: self.info.version.clone(),
            timeout_minutes: self.info.session_timeout_minutes,
            logged_in_at: self.since,
            last_used_at,
        })
    }
}

impl Kept {
    /// The session, as another worker can use it.
    pub(crate) fn session(&self) -> Option<Session> {
        let mut cookie = HeaderValue::from_str(self.cookie.expose_secret()).ok()?;
        cookie.set_sensitive(true);
        let info = LoginInfo { version: self.version.clone(), session_timeout_minutes: self.timeout_minutes };
        let session = Session::new(cookie, info, self.logged_in_at);
        session.used(self.last_used_at);
        session.told.fetch_max(self.last_used_at.as_second(), Relaxed);
        Some(session)
    }

    pub(crate) fn is(&self, cookie: &HeaderValue) -> bool {
        self.cookie.expose_secret().as_bytes() == cookie.as_bytes()
    }

    pub(crate) fn used(&mut self, now: Timestamp) {
        self.last_used_at = self.last_used_at.max(now);
    }
}

impl Refusal {
    /// What follows from one more refusal.
    pub(crate) fn after(earlier: Option<&Self>, text: String, now: Timestamp) -> Self {
        let times = earlier.map_or(0, |refusal| refusal.times).saturating_add(1);
        Self { until: now.saturating_add(pause(times)).unwrap_or(Timestamp::MAX), times, text }
    }
}

/// 10, 20, 40, 80 minutes, then two hours each.
fn pause(times: u32) -> SignedDuration {
    let factor = 1_i32 << times.saturating_sub(1).min(8);
    FIRST_PAUSE.checked_mul(factor).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_after_a_refusal_doubles_up_to_two_hours() {
        let minutes: Vec<_> = [1, 2, 3, 4, 5, 6, 60].map(|times| pause(times).as_mins()).into();
        assert_eq!(minutes, [10, 20, 40, 80, 120, 120, 120]);
    }

    #[test]
    fn an_idle_session_is_given_up_a_minute_before_its_end() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let session = |session_timeout_minutes| {
            let info = LoginInfo { version: String::new(), session_timeout_minutes };
            Session::new(HeaderValue::from_static("x"), info, at(0))
        };
        let half_hour = session(30);
        assert!(half_hour.is_fresh(at(29 * 60 - 1)));
        assert!(!half_hour.is_fresh(at(29 * 60)));
        half_hour.used(at(1_000));
        half_hour.used(at(900));
        assert!(half_hour.is_fresh(at(1_000 + 29 * 60 - 1)), "each request makes it last longer");
        assert!(session(1).is_fresh(at(29)), "a short one is used for half its time");
        assert!(!session(1).is_fresh(at(30)));
        assert_eq!(half_hour.last_used(), Some(at(1_000)));
    }

    #[test]
    fn each_refusal_in_a_row_counts_and_makes_the_next_pause_longer() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let first = Refusal::after(None, "no".to_owned(), now);
        let second = Refusal::after(Some(&first), "still no".to_owned(), first.until);
        assert_eq!((first.times, first.until.duration_since(now).as_mins()), (1, 10));
        assert_eq!((second.times, second.until.duration_since(first.until).as_mins()), (2, 20));
        assert_eq!((first.text.as_str(), second.text.as_str()), ("no", "still no"));
    }

    #[test]
    fn the_others_hear_of_its_use_once_in_a_third_of_the_timeout() {
        let at = |minute: i64| Timestamp::from_second(1_800_000_000 + minute * 60).unwrap();
        let info = LoginInfo { version: String::new(), session_timeout_minutes: 30 };
        let session = Session::new(HeaderValue::from_static("x"), info, at(0));
        let told: Vec<_> = (0..60).filter(|minute| session.to_tell(at(*minute))).collect();
        assert_eq!(told, [10, 20, 30, 40, 50]);
        let kept = session.kept(at(50)).unwrap();
        let adopted = kept.session().unwrap();
        assert!(adopted.is_fresh(at(78)) && !adopted.is_fresh(at(79)));
        assert!(!adopted.to_tell(at(59)) && adopted.to_tell(at(60)));
        let mut kept = kept;
        kept.used(at(55));
        kept.used(at(53));
        assert_eq!(
            kept.session().unwrap().last_used(),
            Some(at(55)),
            "word of an earlier use changes nothing"
        );
    }

    #[test]
    fn the_cookie_shows_nowhere() {
        let info = LoginInfo { version: String::new(), session_timeout_minutes: 30 };
        let session = Session::new(HeaderValue::from_static("B1SESSION=s3cret"), info, Timestamp::UNIX_EPOCH);
        let kept = session.kept(Timestamp::UNIX_EPOCH).unwrap();
        let adopted = kept.session().unwrap();
        assert!(kept.is(&adopted.cookie));
        assert!(!format!("{kept:?} {:?}", adopted.cookie).contains("s3cret"));
    }
}
