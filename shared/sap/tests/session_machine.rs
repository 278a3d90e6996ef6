//! Whatever happens to session and password, in any order: SAP is asked to log in no more often than it must be, and as soon as it
//! can be, work goes on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use model::Clock as _;
use proptest::prelude::*;
use std::time::Duration;
use support::{
    PASSWORD,
    fleet::{Fleet, read},
};

const WORKERS: usize = 3;
/// A session that somebody used so lately is known to everybody, and serves everybody.
const SURELY_FRESH: SignedDuration = SignedDuration::from_mins(15);

#[derive(Clone, Debug)]
enum Command {
    /// These workers read, at once.
    Read([bool; WORKERS]),
    Pass(u64),
    /// SAP ends all sessions.
    End,
    /// SAP has another password, and the place that keeps it for the workers has it, too, or not yet.
    Rotate {
        told: bool,
    },
    /// The place has what SAP has.
    Tell,
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        6 => any::<[bool; WORKERS]>().prop_map(Command::Read),
        4 => (1..45_u64).prop_map(|minutes| Command::Pass(minutes * 60)),
        1 => (1..30_u64).prop_map(Command::Pass),
        2 => Just(Command::End),
        1 => any::<bool>().prop_map(|told| Command::Rotate { told }),
        1 => Just(Command::Tell),
    ]
}

/// What must be so, kept beside the real thing.
struct Machine {
    fleet: Fleet,
    sap_password: String,
    /// When a session that SAP has not ended was used last.
    used_at: Option<Timestamp>,
    rotations: usize,
}

impl Machine {
    fn new() -> Self {
        let fleet = Fleet::new(WORKERS);
        // That the user gets locked is tested elsewhere; here it would end every history.
        fleet.sim.configure(|settings| settings.lock_after = u32::MAX);
        Self { fleet, sap_password: PASSWORD.to_owned(), used_at: None, rotations: 0 }
    }

    fn counts(&self) -> (u64, u64) {
        (self.fleet.sim.logins(), self.fleet.sim.refused_logins())
    }

    async fn obey(&mut self, command: &Command) {
        // No two things happen at the same moment.
        self.fleet.pass(Duration::from_millis(1));
        match command {
            Command::Read(who) => self.read(*who).await,
            Command::Pass(seconds) => self.fleet.pass(Duration::from_secs(*seconds)),
            Command::End => {
                self.fleet.sim.expire_sessions();
                self.used_at = None;
            }
            Command::Rotate { told } => {
                self.rotations += 1;
                self.sap_password = format!("{PASSWORD} {}", self.rotations);
                let password = self.sap_password.clone();
                self.fleet.sim.configure(|settings| settings.password = password);
                if *told {
                    self.tell();
                }
            }
            Command::Tell => self.tell(),
        }
    }

    fn tell(&self) {
        self.fleet.password.lock().unwrap().clone_from(&self.sap_password);
    }

    async fn read(&mut self, who: [bool; WORKERS]) {
        let now = self.fleet.clock.now();
        let has_session = self.used_at.is_some_and(|used_at| now.duration_since(used_at) < SURELY_FRESH);
        let ended =
            self.used_at.is_none_or(|used_at| now.duration_since(used_at) > SignedDuration::from_mins(30));
        let refusals = self.fleet.workers.iter().filter_map(sap::Client::refused_until);
        let paused = refusals.max().is_some_and(|until| now < until);
        let knows_password = *self.fleet.password.lock().unwrap() == self.sap_password;
        let before = self.counts();
        let readers = self.fleet.workers.iter().zip(who).filter(|(_, reads)| *reads);
        let answers = join_all(readers.map(|(worker, _)| read(worker))).await;
        let (logins, refused) = (self.counts().0 - before.0, self.counts().1 - before.1);

        assert!(logins <= 1 && refused <= 2, "{logins} log-ins and {refused} refused");
        if has_session {
            assert_eq!((logins, refused), (0, 0), "there was a session");
        } else if paused {
            assert_eq!((logins, refused), (0, 0), "a log-in had been refused a moment ago");
        }
        if has_session || (knows_password && !paused) {
            assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        }
        if ended && !knows_password {
            assert!(answers.iter().all(Result::is_err), "nobody could log in");
        }
        assert!(self.fleet.sim.live_sessions() <= 2, "one, and one that is about to end");
        if answers.iter().any(Result::is_ok) {
            self.used_at = Some(self.fleet.clock.now());
        }
    }

    /// With the right password, and once no pause holds it up, everybody reads.
    async fn settle(&mut self) {
        self.tell();
        let pauses = self.fleet.workers.iter().filter_map(sap::Client::refused_until).max();
        if let Some(pause) =
            pauses.and_then(|until| Duration::try_from(until.duration_since(self.fleet.clock.now())).ok())
        {
            self.fleet.pass(pause);
        }
        self.read([true; WORKERS]).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn log_ins_are_rare_and_work_goes_on(commands in prop::collection::vec(command(), 1..60)) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let mut machine = Machine::new();
            for command in &commands {
                machine.obey(command).await;
            }
            machine.settle().await;
        });
    }
}
