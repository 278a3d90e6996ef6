//! The way to the two systems. What was sent arrives, whether its sender lives to hear the answer or not.

use crate::{
    exec::Time,
    fault::{Fault, Faults},
    trace::Trace,
    watch::Watch,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    channel::oneshot,
    future::{Either, select},
};
use http::{Method, header};
use jiff::SignedDuration;
use simulators::{
    coupa::{self, Effect},
    sap::{self, FaultKind},
    serve::{Delivery, Reply},
};
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use wire::{Limits, Request, Response, Transport, TransportError};

/// What all ways have in common.
pub struct Network {
    /// The world's.
    pub time: Arc<Time>,
    /// The world's.
    pub faults: Arc<Faults>,
    /// The world's.
    pub trace: Arc<Trace>,
    /// The world's.
    pub watch: Arc<Watch>,
    /// Nothing reaches SAP, or Coupa, for now.
    pub sap_down: AtomicBool,
    /// See above.
    pub coupa_down: AtomicBool,
    /// What Coupa refused for good was mended.
    pub mended: AtomicBool,
    /// Something shall change in SAP right after this request.
    pub shift: AtomicBool,
}

/// A worker's way to SAP.
pub struct ToSap {
    /// What it goes over.
    pub network: Arc<Network>,
    /// Who answers.
    pub sap: sap::Simulator,
    /// Whose way.
    pub worker: usize,
}

/// A worker's way to Coupa.
pub struct ToCoupa {
    /// What it goes over.
    pub network: Arc<Network>,
    /// Who answers.
    pub coupa: coupa::Simulator,
    /// Whose way.
    pub worker: usize,
    /// A request arrives at most so long after it was sent, or never.
    pub arrives_within: SignedDuration,
}

/// What the way does to one request, besides what the other end does to it.
struct Trip {
    /// Until it arrives.
    there: SignedDuration,
    /// The answer takes so much longer.
    slow: SignedDuration,
    /// The sender hears that the connection broke, after so long.
    breaks: Option<SignedDuration>,
}

fn ms(milliseconds: i64) -> SignedDuration {
    SignedDuration::from_millis(milliseconds)
}

impl Network {
    async fn not_sent(&self, time: &Arc<Time>) -> Result<Response, TransportError> {
        time.sleep(ms(self.trace.latency().between(1, 3_000))).await;
        Err(TransportError::NotSent("connection refused".to_owned()))
    }

    /// Carries the request there and the reply back, in virtual time.
    async fn carry(
        &self,
        trip: Trip,
        limits: Limits,
        arrive: impl FnOnce() -> Reply + Send + 'static,
    ) -> Result<Response, TransportError> {
        let time = Arc::clone(&self.time);
        let (answer, answered) = oneshot::channel();
        let back = ms(self.trace.latency().between(5, 120));
        let broken = trip.breaks.is_some();
        time.after(trip.there, {
            let time = Arc::clone(&time);
            move || {
                let Reply { response, delay, then } = arrive();
                if !broken {
                    let delay = SignedDuration::try_from(delay).unwrap_or_default();
                    time.after(delay + trip.slow + back, move || drop(answer.send((response, then))));
                }
            }
        });
        let timeout = SignedDuration::try_from(limits.timeout).unwrap_or(SignedDuration::MAX);
        let patience = trip.breaks.map_or(timeout, |after| after.min(timeout));
        let (response, then) = match select(pin!(answered), pin!(time.sleep(patience))).await {
            Either::Left((Ok(answer), _)) => answer,
            // Without an answer there is nothing but the end of patience.
            Either::Left((Err(_), sleep)) => {
                sleep.await;
                return Err(TransportError::NoReply("the connection broke".to_owned()));
            }
            Either::Right(_) => return Err(TransportError::NoReply("timed out".to_owned())),
        };
        match then {
            Delivery::DropConnection => Err(TransportError::NoReply("connection closed".to_owned())),
            Delivery::Truncate(kept) if kept < response.body().len() => {
                Err(TransportError::NoReply(format!("connection closed after {kept} bytes")))
            }
            _ if response.body().len() > limits.max_body_bytes => {
                Err(TransportError::TooLarge(limits.max_body_bytes))
            }
            _ => Ok(response),
        }
    }
}

#[async_trait]
impl Transport for ToSap {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let network = &self.network;
        let faults = &network.faults;
        if network.sap_down.load(Relaxed) {
            return network.not_sent(&network.time).await;
        }
        let login = request.uri().path().ends_with("/Login");
        network.watch.to_sap(self.worker, login, network.time.now());
        let logs_out = request.uri().path().ends_with("/Logout");
        network.watch.seen().writes_to_sap +=
            u64::from(request.method() != Method::GET && !login && !logs_out);
        let fault = self.fault(login);
        let random = faults.random(Fault::SapSlow);
        let slow = if faults.hits(Fault::SapSlow) { ms(random.between(2_000, 90_000)) } else { ms(0) };
        let trip = Trip { there: ms(network.trace.latency().between(5, 120)), slow, breaks: None };
        let (sap, shared, worker) = (self.sap.clone(), Arc::clone(network), self.worker);
        let lists = request.uri().query().is_some_and(|query| query.contains("orderby"));
        network
            .carry(trip, limits, move || {
                if let Some(fault) = fault {
                    sap.inject(fault);
                }
                let reply = sap.handle(&request);
                let status = reply.response.status().as_u16();
                shared.trace.note(&shared.time, worker, request.uri().path(), status.into());
                if login {
                    shared.see_login(worker);
                }
                if lists && shared.faults.strikes(Fault::PageShifts) {
                    shared.shift.store(true, Relaxed);
                }
                reply
            })
            .await
            .inspect(|response| network.watch.from_sap(self.worker, login, response, network.time.now()))
    }
}

impl ToSap {
    fn fault(&self, login: bool) -> Option<sap::Fault> {
        let new = |kind| Some(sap::Fault::new(kind));
        let faults = &self.network.faults;
        if !login && faults.hits(Fault::SessionExpired) {
            return new(FaultKind::ExpireSessions);
        }
        if faults.hits(Fault::SapLost) {
            let random = faults.random(Fault::SapLost);
            return new(match random.below(3) {
                0 => FaultKind::DropBeforeWork,
                1 => FaultKind::DropAfterWork,
                _ => FaultKind::Truncate(random.below(2_000)),
            });
        }
        if faults.hits(Fault::SapGateway) {
            return Some(sap::Fault::bad_gateway());
        }
        if !login && faults.hits(Fault::SapOdd) {
            return match faults.random(Fault::SapOdd).below(3) {
                0 => Some(sap::Fault::switch_company()),
                1 => new(FaultKind::Garble),
                _ => Some(sap::Fault::empty_error()),
            };
        }
        None
    }
}

impl Network {
    fn see_login(&self, worker: usize) {
        self.watch.seen().logins.entry(worker).or_default().push((self.time.now(), false));
    }
}

#[async_trait]
impl Transport for ToCoupa {
    async fn send(&self, mut request: Request, limits: Limits) -> Result<Response, TransportError> {
        let network = &self.network;
        let faults = &network.faults;
        if network.coupa_down.load(Relaxed) || faults.hits(Fault::CoupaNotReached) {
            return network.not_sent(&network.time).await;
        }
        let writes = request.method() != Method::GET;
        let token = request.uri().path().starts_with("/oauth2/");
        let mut trip = Trip {
            there: ms(network.trace.latency().between(5, 100)),
            slow: if faults.hits(Fault::CoupaSlow) {
                ms(faults.random(Fault::CoupaSlow).between(1_000, 45_000))
            } else {
                ms(0)
            },
            breaks: None,
        };
        let late = writes && !token && faults.hits(Fault::CoupaLate);
        if late {
            let random = faults.random(Fault::CoupaLate);
            let most = i64::try_from(self.arrives_within.as_millis()).unwrap_or(0) - 1;
            trip.there = ms(random.between(most / 3, most));
            trip.breaks = Some(ms(random.between(10, 40_000)));
        }
        let poisoned = writes && !network.mended.load(Relaxed) && holds(request.body(), POISON);
        let effect = match (poisoned, late) {
            (true, _) => refusal("invoice_lines", "is not acceptable"),
            (_, true) => None,
            _ => self.effect(writes, token),
        };
        if writes && !token && faults.strikes(Fault::CoupaIgnores) && forget_the_terms(&mut request) {
            faults.met(Fault::CoupaIgnores);
        }
        let (coupa, shared, worker) = (self.coupa.clone(), Arc::clone(network), self.worker);
        network
            .carry(trip, limits, move || {
                let now = shared.time.now();
                shared.watch.coupa(
                    &request,
                    now,
                    late,
                    shared.faults.times(Fault::StoreThrottled) + shared.faults.times(Fault::StoreReplyLost)
                        == 0,
                    worker,
                );
                if token {
                    shared.watch.seen().tokens.entry(worker).or_default().push(now);
                }
                let line = writes.then(|| format!("{} {}", request.method(), request.uri().path()));
                if let Some(effect) = &effect {
                    coupa.plan(coupa::Fault::next(effect.clone()));
                }
                let path = request.uri().path().to_owned();
                let reply = simulators::serve::Handler::handle(&coupa, request);
                let status = reply.response.status().as_u16();
                shared.trace.note(&shared.time, worker, &path, status.into());
                if let Some(line) = line {
                    shared.trace.tell(&shared.time, || {
                        let late = if late { ", late" } else { "" };
                        format!("worker {worker}: {line} → {status}{late} {effect:?}")
                    });
                }
                reply
            })
            .await
            .inspect(|response| network.hear(self.worker, response))
    }
}

impl Network {
    /// A pause that Coupa asked for has reached the worker.
    fn hear(&self, worker: usize, response: &Response) {
        let header = response.headers().get(header::RETRY_AFTER);
        let seconds = header.and_then(|text| text.to_str().ok()?.parse().ok());
        if let Some(seconds) = seconds.filter(|_| response.status() == 429) {
            self.faults.saw("Coupa named a pause");
            let until = self.time.now() + SignedDuration::from_secs(seconds);
            self.watch.seen().pauses.insert(worker, (self.time.now(), until));
        }
    }
}

impl ToCoupa {
    fn effect(&self, writes: bool, token: bool) -> Option<Effect> {
        let faults = &self.network.faults;
        if faults.hits(Fault::CoupaSlowed) {
            let seconds = faults.random(Fault::CoupaSlowed).between(1, 40);
            return Some(Effect::TooManyRequests { retry_after_seconds: u32::try_from(seconds).ok() });
        }
        if faults.hits(Fault::CoupaSlowedUnsaid) {
            return Some(Effect::TooManyRequests { retry_after_seconds: None });
        }
        if faults.hits(Fault::CoupaFailsBefore) {
            return Some(match faults.random(Fault::CoupaFailsBefore).below(4) {
                0 => Effect::Html(502),
                1 => Effect::FailBefore(503),
                2 => Effect::DropBefore,
                _ => Effect::FailBefore(500),
            });
        }
        if faults.hits(Fault::CoupaFailsAfter) {
            return Some(Effect::FailAfter(if faults.random(Fault::CoupaFailsAfter).percent(50) {
                500
            } else {
                504
            }));
        }
        if faults.hits(Fault::CoupaReplyLost) {
            return Some(Effect::LoseReply);
        }
        if faults.hits(Fault::CoupaOdd) {
            let random = faults.random(Fault::CoupaOdd);
            return Some(if random.percent(50) {
                Effect::MalformedJson
            } else {
                Effect::Truncate(random.below(400))
            });
        }
        if !writes || token {
            return None;
        }
        if faults.hits(Fault::CoupaRefuses) {
            return refusal("custom_field", "is not included in the list");
        }
        if faults.hits(Fault::CoupaTaken) {
            return refusal("number", "has already been taken");
        }
        None
    }
}

/// What a document's text holds that Coupa refuses for good.
pub const POISON: &str = "poison";

fn holds(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|part| part == text.as_bytes())
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside those that may be none")]
fn refusal(object: &str, message: &str) -> Option<Effect> {
    Some(Effect::Refuse { object: object.to_owned(), message: message.to_owned() })
}

/// Lets Coupa not know the payment terms that are sent; whether there were any.
fn forget_the_terms(request: &mut Request) -> bool {
    let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(request.body()) else { return false };
    let Some(code) = body.get_mut("payment-term").and_then(|term| term.get_mut("code")) else { return false };
    *code = "UNKNOWN-TERM".into();
    *request.body_mut() = Bytes::from(body.to_string());
    true
}
