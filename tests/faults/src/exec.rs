//! One thread and a virtual clock. Tasks belong to processes, and a process can be frozen, or killed at an await point
//! without any of its `Drop`s running. What is on its way over a network belongs to nobody: it arrives all the same.

use crate::random::Random;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::Clock;
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

type Action = Box<dyn FnOnce() + Send>;
type Key = (Timestamp, u64);

enum Timer {
    Wake(Waker),
    Do(Action),
}

struct Timers {
    now: Timestamp,
    sequence: u64,
    by_time: BTreeMap<Key, Timer>,
}

/// The one true time of a world, and what is to happen when.
pub struct Time(Mutex<Timers>);

impl Time {
    /// A world that begins at `now`.
    pub fn new(now: Timestamp) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Timers { now, sequence: 0, by_time: BTreeMap::new() })))
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.0.lock().unwrap().now
    }

    /// Moves the clock by hand; never back.
    pub fn set(&self, now: Timestamp) {
        let mut timers = self.0.lock().unwrap();
        timers.now = timers.now.max(now);
    }

    /// Does `action` at that time, whoever is alive then.
    pub fn at(&self, when: Timestamp, action: impl FnOnce() + Send + 'static) {
        self.enter(when, Timer::Do(Box::new(action)));
    }

    /// The same, so much later than now.
    pub fn after(&self, pause: SignedDuration, action: impl FnOnce() + Send + 'static) {
        self.at(self.now() + pause, action);
    }

    /// Comes back then.
    pub fn until(self: &Arc<Self>, when: Timestamp) -> Sleep {
        Sleep { time: Arc::clone(self), when, entered: None }
    }

    /// Comes back after `pause`.
    pub fn sleep(self: &Arc<Self>, pause: SignedDuration) -> Sleep {
        self.until(self.now() + pause)
    }

    /// When something is to happen next.
    pub fn next(&self) -> Option<Timestamp> {
        self.0.lock().unwrap().by_time.first_key_value().map(|((when, _), _)| *when)
    }

    /// Lets the next thing happen.
    pub fn step(&self) {
        let timer = {
            let mut timers = self.0.lock().unwrap();
            let Some(((when, _), timer)) = timers.by_time.pop_first() else { return };
            timers.now = timers.now.max(when);
            timer
        };
        match timer {
            Timer::Wake(waker) => waker.wake(),
            Timer::Do(action) => action(),
        }
    }

    fn enter(&self, when: Timestamp, timer: Timer) -> Key {
        let mut timers = self.0.lock().unwrap();
        timers.sequence += 1;
        let key = (when, timers.sequence);
        timers.by_time.insert(key, timer);
        key
    }

    fn leave(&self, key: Key) {
        self.0.lock().unwrap().by_time.remove(&key);
    }
}

/// A pause in virtual time.
pub struct Sleep {
    time: Arc<Time>,
    when: Timestamp,
    /// Where it stands among the timers, and whom it wakes.
    entered: Option<(Key, Waker)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.time.now() >= self.when {
            return Poll::Ready(());
        }
        // Most are asked again by the same task, and stand where they stood.
        if let Some((_, waker)) = &self.entered
            && waker.will_wake(context.waker())
        {
            return Poll::Pending;
        }
        self.leave();
        let waker = context.waker().clone();
        self.entered = Some((self.time.enter(self.when, Timer::Wake(waker.clone())), waker));
        Poll::Pending
    }
}

impl Sleep {
    fn leave(&mut self) {
        if let Some((key, _)) = self.entered.take() {
            self.time.leave(key);
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The time as one machine tells it.
pub struct SkewedClock {
    time: Arc<Time>,
    skew: SignedDuration,
}

impl SkewedClock {
    /// A clock that goes wrong by `skew`.
    pub fn new(time: Arc<Time>, skew: SignedDuration) -> Self {
        Self { time, skew }
    }
}

#[async_trait]
impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        self.time.now() + self.skew
    }

    async fn sleep(&self, pause: Duration) {
        self.time.sleep(SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX)).await;
    }
}

type Ready = Arc<Mutex<Vec<u64>>>;

struct TaskWaker {
    id: u64,
    queued: AtomicBool,
    ready: Ready,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, SeqCst) {
            self.ready.lock().unwrap().push(self.id);
        }
    }
}

type Body = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    process: usize,
    body: Body,
    waker: Arc<TaskWaker>,
}

#[derive(Default)]
struct Process {
    frozen: bool,
    /// Tasks that were woken while it was frozen.
    held_back: Vec<u64>,
    /// Dies at this many await points from now.
    dies_after: Option<u32>,
    tasks: usize,
}

/// Polls the tasks, one at a time, in an order drawn from the seed.
pub struct Executor {
    ready: Ready,
    tasks: BTreeMap<u64, Task>,
    processes: BTreeMap<usize, Process>,
    /// Dead, and never dropped while the world lasts: a kill runs no `Drop`.
    graveyard: Vec<Body>,
    random: Random,
    next_task: u64,
    /// How often anything was polled.
    pub polls: u64,
}

impl Executor {
    /// Nothing runs yet.
    pub fn new(random: Random) -> Self {
        Self {
            ready: Ready::default(),
            tasks: BTreeMap::new(),
            processes: BTreeMap::new(),
            graveyard: Vec::new(),
            random,
            next_task: 0,
            polls: 0,
        }
    }

    /// Lets `body` run as part of that process.
    pub fn spawn(&mut self, process: usize, body: impl Future<Output = ()> + 'static) {
        self.next_task += 1;
        let id = self.next_task;
        let waker = Arc::new(TaskWaker { id, queued: true.into(), ready: Arc::clone(&self.ready) });
        self.tasks.insert(id, Task { process, body: Box::pin(body), waker });
        self.processes.entry(process).or_default().tasks += 1;
        self.ready.lock().unwrap().push(id);
    }

    /// Whether anything of that process is left.
    pub fn lives(&self, process: usize) -> bool {
        self.processes.get(&process).is_some_and(|process| process.tasks > 0)
    }

    /// The process gets no time until it is thawed.
    pub fn freeze(&mut self, process: usize) {
        if let Some(process) = self.processes.get_mut(&process) {
            process.frozen = true;
        }
    }

    /// It goes on where it was.
    pub fn thaw(&mut self, process: usize) {
        if let Some(process) = self.processes.get_mut(&process) {
            process.frozen = false;
            self.ready.lock().unwrap().append(&mut process.held_back);
        }
    }

    /// Lets the process die at its `await_points`-th await point from now.
    pub fn kill_after(&mut self, process: usize, await_points: u32) {
        if let Some(process) = self.processes.get_mut(&process) {
            process.dies_after = Some(await_points);
        }
    }

    /// Whoever was to die and hasn't come to it lives on.
    pub fn spare(&mut self) {
        for process in self.processes.values_mut() {
            process.dies_after = None;
        }
    }

    /// Ends the process where it is.
    pub fn kill(&mut self, process: usize) {
        let tasks: Vec<u64> =
            self.tasks.iter().filter(|(_, task)| task.process == process).map(|(id, _)| *id).collect();
        for id in tasks {
            if let Some(task) = self.tasks.remove(&id) {
                self.graveyard.push(task.body);
            }
        }
        self.processes.remove(&process);
    }

    /// Polls what is ready until nothing is. Answers the processes that died or ended meanwhile.
    pub fn run_ready(&mut self) -> Vec<usize> {
        let mut over = Vec::new();
        loop {
            let id = {
                let mut ready = self.ready.lock().unwrap();
                if ready.is_empty() {
                    return over;
                }
                let at = if ready.len() == 1 { 0 } else { self.random.below(ready.len()) };
                ready.swap_remove(at)
            };
            if let Some(process) = self.poll(id) {
                over.push(process);
            }
        }
    }

    fn poll(&mut self, id: u64) -> Option<usize> {
        let task = self.tasks.get_mut(&id)?;
        let process = self.processes.get_mut(&task.process)?;
        if process.frozen {
            process.held_back.push(id);
            return None;
        }
        task.waker.queued.store(false, SeqCst);
        self.polls += 1;
        let waker = Waker::from(Arc::clone(&task.waker));
        let number = task.process;
        match task.body.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(()) => {
                self.tasks.remove(&id);
                process.tasks -= 1;
                (process.tasks == 0).then_some(number)
            }
            Poll::Pending => {
                let left = process.dies_after.as_mut()?;
                *left = left.saturating_sub(1);
                (*left == 0).then(|| {
                    self.kill(number);
                    number
                })
            }
        }
    }
}
