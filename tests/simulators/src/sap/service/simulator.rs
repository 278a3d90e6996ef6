use super::answer::Format;
use super::faults::{FaultKind, Faults};
use super::route::{route, split};
use super::session::Sessions;
use crate::escapes::decode;
use crate::sap::settings::Settings;
use crate::sap::world::World;
use crate::serve::{Delivery, Handler, Reply};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{Span, Timestamp};
use model::Clock;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many requests the log remembers.
const LOG_LENGTH: usize = 100_000;

/// A Service Layer with one company behind it. Clones are handles on the same one.
#[derive(Clone)]
pub struct Simulator {
    state: Arc<Mutex<State>>,
}

/// A request that has been answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRequest {
    /// When it arrived.
    pub at: Timestamp,
    /// GET, POST …
    pub method: http::Method,
    /// As sent.
    pub path_and_query: String,
    /// What it was answered with, whether that arrived or not.
    pub status: u16,
}

type Hook = Box<dyn FnOnce(&Simulator) + Send>;

pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) sessions: Sessions,
    pub(crate) faults: Faults,
    pub(crate) log: VecDeque<LoggedRequest>,
    pub(crate) requests: u64,
    pub(crate) in_flight: usize,
    pub(crate) most_in_flight: usize,
    /// What to run after how many more requests.
    pub(crate) hooks: Vec<(u64, Hook)>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Company time, when it isn't the clock's.
    pub(crate) pretended: Option<DateTime>,
}

impl State {
    /// Sets the company's time by the clock, unless another is pretended.
    pub(crate) fn tick(&mut self) {
        self.world.now = match self.pretended {
            Some(pretended) => pretended,
            None => company_time(self.clock.now(), &self.world.settings),
        };
    }
}

fn company_time(now: Timestamp, settings: &Settings) -> DateTime {
    let offset = Span::new().minutes(settings.utc_offset_minutes);
    let local = Offset::UTC.to_datetime(now).saturating_add(offset);
    // Service Layer counts whole seconds, and none before it is over.
    local.with().subsec_nanosecond(0).build().unwrap_or(local)
}

impl Simulator {
    /// A company without suppliers and documents.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        let now = company_time(clock.now(), &settings);
        let state = State {
            world: World::new(settings, now),
            sessions: Sessions::default(),
            faults: Faults::default(),
            log: VecDeque::new(),
            requests: 0,
            in_flight: 0,
            most_in_flight: 0,
            hooks: Vec::new(),
            clock,
            pretended: None,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what `request` asks, and says what becomes of the reply.
    pub fn handle(&self, request: &Request<Bytes>) -> Reply {
        let mut due = Vec::new();
        let reply = {
            let mut state = self.lock();
            state.tick();
            state.requests += 1;
            let reply = state.answer(request);
            let entry = LoggedRequest {
                at: state.clock.now(),
                method: request.method().clone(),
                path_and_query: request
                    .uri()
                    .path_and_query()
                    .map_or_else(String::new, |path| path.as_str().to_owned()),
                status: reply.response.status().as_u16(),
            };
            state.log.push_back(entry);
            if state.log.len() > LOG_LENGTH {
                state.log.pop_front();
            }
            for (left, hook) in std::mem::take(&mut state.hooks) {
                match left.checked_sub(1) {
                    None | Some(0) => due.push(hook),
                    Some(left) => state.hooks.push((left, hook)),
                }
            }
            reply
        };
        // Hooks use this very handle, so the lock must be free.
        for hook in due {
            hook(self);
        }
        reply
    }
}

impl Handler for Simulator {
    fn handle(&self, request: Request<Bytes>) -> Reply {
        Self::handle(self, &request)
    }

    fn begin(&self) {
        let mut state = self.lock();
        state.in_flight += 1;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
    }

    fn end(&self) {
        let mut state = self.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
    }
}

impl State {
    fn answer(&mut self, request: &Request<Bytes>) -> Reply {
        let path = request.uri().path();
        let Some((version, path)) = split(path) else { return Reply::now(self.outside(path)) };
        let now = self.clock.now();
        let settings = Arc::clone(&self.world.settings);
        let format = Format { version, settings: &settings };
        let struck = self.faults.strike(request.method(), &decode(path), now);
        let mut instead = None;
        for fault in &struck {
            match fault {
                FaultKind::ExpireSessions => self.sessions.expire_all(),
                FaultKind::Answer { status, content_type, body } => {
                    instead = Some(as_given(*status, content_type, body));
                }
                FaultKind::Refuse(refusal) => instead = Some(format.refusal(refusal)),
                FaultKind::DropBeforeWork => instead = Some(Response::new(Bytes::new())),
                _ => {}
            }
        }
        let (world, sessions) = (&mut self.world, &mut self.sessions);
        let response = instead.unwrap_or_else(|| {
            route(world, sessions, &format, path, request, now, self.requests)
                .unwrap_or_else(|refusal| format.refusal(&refusal))
        });
        let delay = if path == "/Login" { settings.login_delay } else { settings.delay };
        after_work(Reply { response, delay, then: Delivery::Deliver }, &struck)
    }

    /// The load balancer answers pings; all else is Apache's.
    fn outside(&self, path: &str) -> Response<Bytes> {
        if path.starts_with("/ping") {
            let seconds = self.clock.now().as_second();
            let body = format!(
                "{{\"message\":\"pong\",\"sender\":\"load balancer\",\"timestamp\":\"{seconds}.000\"}}"
            );
            return as_given(200, "application/json", &body);
        }
        as_given(404, "text/html; charset=iso-8859-1", "<html><body><h1>Not Found</h1></body></html>\n")
    }
}

fn after_work(mut reply: Reply, struck: &[FaultKind]) -> Reply {
    for fault in struck {
        match fault {
            FaultKind::Delay(delay) => reply.delay = reply.delay.max(*delay),
            FaultKind::DropAfterWork | FaultKind::DropBeforeWork => reply.then = Delivery::DropConnection,
            FaultKind::Truncate(kept) => reply.then = Delivery::Truncate(*kept),
            FaultKind::Garble => {
                let body = reply.response.body();
                // Half of it, as if the rest had been lost before the length was known.
                let half = body.slice(..body.len() / 2);
                *reply.response.body_mut() = half;
            }
            _ => {}
        }
    }
    reply
}

fn as_given(status: u16, content_type: &str, body: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !content_type.is_empty() {
        super::answer::set_header(&mut response, "content-type", content_type);
    }
    response
}
