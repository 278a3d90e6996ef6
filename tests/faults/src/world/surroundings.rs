//! What happens to the two systems and to the schedule: they go away and come back, sessions end, secrets and clocks change.

use super::{Event, World};
use crate::fault::Fault;
use std::sync::atomic::Ordering::Relaxed;

impl World {
    /// What comes and goes.
    pub(super) fn surroundings(&mut self, event: &Event) {
        let off = self.settling;
        match *event {
            Event::ScheduleStands(still) => {
                self.schedule_stands_still.store(still && !off, Relaxed);
                if still {
                    self.faults.met(Fault::Outage);
                    let pause = self.random.between(600, 10_800);
                    self.plan_in(pause, Event::ScheduleStands(false));
                }
            }
            Event::SapAway(away) => {
                self.network.sap_down.store(away && !off, Relaxed);
                if away {
                    self.faults.met(Fault::SapDown);
                    let pause = self.random.between(60, 2_400);
                    self.plan_in(pause, Event::SapAway(false));
                }
            }
            Event::CoupaAway(away) => {
                self.network.coupa_down.store(away && !off, Relaxed);
                if away {
                    self.faults.met(Fault::CoupaDown);
                    let pause = self.random.between(60, 2_400);
                    self.plan_in(pause, Event::CoupaAway(false));
                }
            }
            Event::LoginsRefused(refused) => {
                let password = if refused && !off { "another".to_owned() } else { self.secrets.0.clone() };
                self.sap.configure(|settings| settings.password = password);
                self.sap.unlock_user();
                if refused {
                    self.faults.met(Fault::LoginRefused);
                    self.sap.expire_sessions();
                    let pause = self.random.between(120, 2_400);
                    self.plan_in(pause, Event::LoginsRefused(false));
                }
            }
            Event::Rotate => self.rotate(),
            Event::EndSessions => {
                self.faults.met(Fault::SessionsEnded);
                if self.cloud.a_pass_is_under_way() {
                    self.faults.saw("session ended mid-page");
                }
                self.sap.expire_sessions();
            }
            Event::RevokeTokens => {
                self.faults.met(Fault::TokensRevoked);
                self.coupa.revoke_tokens();
            }
            Event::ClocksChange(offset) => {
                self.faults.met(Fault::DaylightSaving);
                self.sap.configure(|settings| settings.utc_offset_minutes = offset);
            }
            _ => {}
        }
    }

    /// New secrets in the vault and in both systems; workers are started anew, one after the other.
    fn rotate(&mut self) {
        self.faults.met(Fault::SecretsRotated);
        self.rotations += 1;
        self.secrets =
            (format!("correct horse {}", self.rotations), format!("coupa-secret-{}", self.rotations));
        let (password, secret) = self.secrets.clone();
        self.sap.configure(|settings| settings.password = password);
        self.coupa.configure(|settings| {
            for client in settings.clients.values_mut() {
                client.secret.clone_from(&secret);
            }
        });
        for slot in 0..self.slots.len() {
            let pause = self.random.between(1, 900);
            self.plan_in(pause, Event::Deadline(slot));
        }
    }
}
