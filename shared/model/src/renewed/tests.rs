use super::*;
use crate::LocalSecret;
use async_trait::async_trait;
use std::{
    pin::pin,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    task::{Context, Poll, Waker},
};

type Held = Renewed<String, String>;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn turn(by: &str, until: i64) -> Held {
    Renewed { turn: Some(Turn { by: by.to_owned(), until: at(until) }), ..Renewed::default() }
}

/// Nothing here waits.
fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn another_s_turn_counts_until_it_ends_and_not_if_no_clock_of_now_wrote_it() {
    let longest = SignedDuration::from_secs(30);
    let asked = |held: &Held, second| held.asked_by_another("me", at(second), longest);
    assert!(asked(&turn("another", 20), 0));
    assert!(asked(&turn("another", 20), 19));
    assert!(!asked(&turn("another", 20), 20), "it is over");
    assert!(!asked(&turn("me", 20), 0), "it is mine");
    assert!(!asked(&Held::default(), 0), "it is nobody's");
    assert!(asked(&turn("another", 60), 0), "clocks are apart");
    assert!(!asked(&turn("another", 61), 0), "a clock was set back");
}

#[test]
fn a_turn_is_ended_by_whose_it_is() {
    let mut held = turn("another", 20);
    held.end_turn("me");
    assert!(held.turn.is_some());
    held.end_turn("another");
    assert_eq!(held.turn, None);
}

#[test]
fn what_was_saved_is_there_and_what_can_t_be_read_is_nothing() {
    let secret = Arc::new(LocalSecret::default());
    let cell = RenewedCell::<String, String>::new(Arc::clone(&secret) as _);
    assert!(!cell.is_shared());
    let (held, revision) = done(cell.load()).unwrap();
    assert_eq!((held.current, held.refusal, held.turn, revision), (None, None, None, 0));
    let held = Held { current: Some("one".to_owned()), ..turn("me", 20) };
    assert!(done(cell.save(&held, 0)).unwrap());
    assert!(!done(cell.save(&held, 0)).unwrap(), "somebody was quicker");
    done(cell.change(|held| held.refusal = Some("no".to_owned()))).unwrap();
    let (held, revision) = done(cell.load()).unwrap();
    assert_eq!((held.current.as_deref(), held.refusal.as_deref(), revision), (Some("one"), Some("no"), 2));
    assert_eq!(held.turn.unwrap().by, "me");
    assert!(done(secret.save(&SecretString::from("{"), 2)).unwrap());
    let (held, revision) = done(cell.load()).unwrap();
    assert_eq!((held.current, revision), (None, 3));
}

/// Others are quicker so often.
struct Busy {
    secret: LocalSecret,
    quicker: AtomicU32,
}

#[async_trait]
impl SharedSecret for Busy {
    async fn load(&self) -> Result<(Option<SecretString>, u64), SharedSecretError> {
        self.secret.load().await
    }

    async fn save(&self, value: &SecretString, revision: u64) -> Result<bool, SharedSecretError> {
        if self.quicker.load(Relaxed) > 0 {
            self.quicker.fetch_sub(1, Relaxed);
            return Ok(false);
        }
        self.secret.save(value, revision).await
    }
}

#[test]
fn a_change_is_made_though_others_are_quicker_and_given_up_where_they_always_are() {
    for (quicker, made) in [(0, true), (5, true), (1_000, false)] {
        let busy = Arc::new(Busy { secret: LocalSecret::default(), quicker: quicker.into() });
        let cell = RenewedCell::<String, String>::new(busy);
        assert!(cell.is_shared());
        let changed = done(cell.change(|held| held.current = Some("new".to_owned())));
        assert_eq!(changed.is_ok(), made, "{quicker}");
        assert_eq!(done(cell.load()).unwrap().0.current.is_some(), made);
    }
}
