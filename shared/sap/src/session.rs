//! The one session of a client: made once for everybody, renewed before SAP ends it, and never asked for again too soon
//! after a refusal.

use crate::Error;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
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

/// A session that SAP gave.
pub(crate) struct Session {
    pub(crate) cookie: HeaderValue,
    pub(crate) info: LoginInfo,
    since: Timestamp,
    /// In seconds of the clock. SAP counts from the last request that arrived.
    last_used: AtomicI64,
}

impl Session {
    pub(crate) fn new(cookie: HeaderValue, info: LoginInfo, since: Timestamp) -> Self {
        Self { cookie, info, since, last_used: AtomicI64::new(since.as_second()) }
    }

    /// A request goes out with it.
    pub(crate) fn used(&self, now: Timestamp) {
        self.last_used.fetch_max(now.as_second(), Ordering::Relaxed);
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        let timeout = i64::from(self.info.session_timeout_minutes) * 60;
        let margin = MARGIN_SECONDS.min(timeout / 2);
        now.as_second() - self.last_used.load(Ordering::Relaxed) < timeout - margin
    }
}

/// How a log-in ended without a session.
pub(crate) enum NoSession {
    /// SAP refused the user.
    Refused(String),
    /// Something else went wrong.
    Other(crate::reply::Fault),
}

/// Holds the session, and lets one worker at a time make a new one.
pub(crate) struct Sessions {
    /// Whoever holds it may log in; the others wait for what comes of it.
    gate: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    lost: AtomicU64,
}

#[derive(Default)]
struct State {
    session: Option<Arc<Session>>,
    refusal: Option<Refusal>,
}

impl Sessions {
    pub(crate) fn new(refusal: Option<Refusal>) -> Self {
        let state = State { session: None, refusal };
        Self { gate: tokio::sync::Mutex::new(()), state: Mutex::new(state), lost: AtomicU64::new(0) }
    }

    /// The session, made by `log_in` where there is none. `now` is asked again after every wait.
    pub(crate) async fn get<F, L>(
        &self,
        now: impl Fn() -> Timestamp + Send,
        log_in: F,
    ) -> Result<Arc<Session>, crate::reply::Fault>
    where
        F: FnOnce() -> L + Send,
        L: Future<Output = Result<Session, NoSession>> + Send,
    {
        if let Some(session) = self.fresh(now()) {
            return Ok(session);
        }
        let _gate = self.gate.lock().await;
        if let Some(session) = self.fresh(now()) {
            return Ok(session);
        }
        if let Some(error) = self.refused(now()) {
            return Err(crate::reply::Fault::Final(error));
        }
        match log_in().await {
            Ok(session) => {
                let session = Arc::new(session);
                *self.state() = State { session: Some(Arc::clone(&session)), refusal: None };
                Ok(session)
            }
            Err(NoSession::Refused(text)) => Err(crate::reply::Fault::Final(self.remember(text, now()))),
            Err(NoSession::Other(fault)) => Err(fault),
        }
    }

    /// SAP no longer knows `session`. Nothing happens where another worker has already replaced it.
    pub(crate) fn lost(&self, session: &Arc<Session>) {
        let mut state = self.state();
        if state.session.as_ref().is_some_and(|current| Arc::ptr_eq(current, session)) {
            state.session = None;
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes the session away, to give it back to SAP.
    pub(crate) fn take(&self) -> Option<Arc<Session>> {
        self.state().session.take()
    }

    pub(crate) fn lost_count(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn status(&self) -> SessionStatus {
        let state = self.state();
        let session = state.session.as_ref();
        SessionStatus {
            logged_in: session.map(|session| (session.since, session.info.clone())),
            last_used: session
                .and_then(|session| Timestamp::from_second(session.last_used.load(Ordering::Relaxed)).ok()),
            refusal: state.refusal.clone(),
        }
    }

    fn fresh(&self, now: Timestamp) -> Option<Arc<Session>> {
        self.state().session.as_ref().filter(|session| session.is_fresh(now)).cloned()
    }

    fn refused(&self, now: Timestamp) -> Option<Error> {
        let state = self.state();
        let refusal = state.refusal.as_ref().filter(|refusal| now < refusal.until)?;
        if model::planted::bug(model::planted::Bug::LoginStorm) {
            return None;
        }
        Some(Error::LoginRefused { until: refusal.until, text: refusal.text.clone() })
    }

    fn remember(&self, text: String, now: Timestamp) -> Error {
        let mut state = self.state();
        let times = state.refusal.as_ref().map_or(0, |refusal| refusal.times).saturating_add(1);
        let until = now.saturating_add(pause(times)).unwrap_or(Timestamp::MAX);
        tracing::error!(%until, times, "the Service Layer refused the log-in: {text}");
        state.refusal = Some(Refusal { until, times, text: text.clone() });
        Error::LoginRefused { until, text }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
    }
}
