//! How somebody without a session comes to one: from another worker, by waiting for its log-in, or by logging in.

use crate::{Client, Error, login::NoSession, reply::Fault, session::Session, sessions::Look};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use std::{sync::Arc, time::Duration};

/// No longer than this is another worker's log-in waited for: whoever waits holds leases of documents.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// Between two looks whether the other worker is done, at first and at the most.
const FIRST_LOOK_MS: u64 = 100;
const LAST_LOOK_MS: u64 = 1_000;

impl Client {
    /// The session of all workers, made where there is none.
    pub(crate) async fn current_session(&self) -> Result<Arc<Session>, Fault> {
        let since = self.clock.now();
        if let Some(session) = self.sessions.fresh(since) {
            self.sessions.tell(&session, since).await;
            return Ok(session);
        }
        let _gate = self.sessions.gate.lock().await;
        if let Some(session) = self.sessions.fresh(self.clock.now()) {
            return Ok(session);
        }
        let mut pause_ms = FIRST_LOOK_MS;
        loop {
            let look = self.sessions.look(|| self.clock.now()).await;
            match look.map_err(|error| Fault::Final(error.into()))? {
                Look::Session(session) => {
                    self.sessions.tell(&session, self.clock.now()).await;
                    return Ok(session);
                }
                Look::Refused(error) => return Err(Fault::Final(error)),
                Look::Turn => return self.log_in_for_all().await,
                Look::Wait if self.clock.now().duration_since(since) >= PATIENCE => {
                    let text = "another worker has not come to an end with its log-in";
                    return Err(Fault::Final(Error::Unreachable(text.to_owned())));
                }
                Look::Wait => {
                    let jitter_ms = self.random.next_u64() % (pause_ms / 2);
                    self.clock.sleep(Duration::from_millis(pause_ms + jitter_ms)).await;
                    pause_ms = (pause_ms * 2).min(LAST_LOOK_MS);
                }
            }
        }
    }

    async fn log_in_for_all(&self) -> Result<Arc<Session>, Fault> {
        match self.try_passwords().await {
            Ok(session) => Ok(self.sessions.made(session).await),
            Err(NoSession::Refused(text)) => {
                Err(Fault::Final(self.sessions.refused(text, self.clock.now()).await))
            }
            Err(NoSession::Other(fault)) => {
                self.sessions.nothing_made().await;
                Err(fault)
            }
        }
    }

    /// One log-in; and a second one only if the password has been changed since it was read.
    async fn try_passwords(&self) -> Result<Session, NoSession> {
        let other = |error| NoSession::Other(Fault::Final(error));
        let password = self.password.get().await.map_err(|error| other(error.into()))?;
        let text = match self.new_session(&password).await {
            Err(NoSession::Refused(text)) => text,
            done => return done,
        };
        let again = match self.password.read_again().await {
            Ok(again) if again.expose_secret() != password.expose_secret() => again,
            Ok(_) => return Err(NoSession::Refused(text)),
            Err(error) => {
                tracing::warn!(%error, "the password could not be read again");
                return Err(NoSession::Refused(text));
            }
        };
        tracing::info!("the password has been changed: logging in with the new one");
        if !self.sessions.prolong(self.clock.now()).await.map_err(|error| other(error.into()))? {
            let late = "another worker has taken over the log-in".to_owned();
            return Err(other(Error::Unreachable(late)));
        }
        self.new_session(&again).await
    }
}
