//! The thread that owns the connection, and group commit.
//!
//! What costs is the wait for the disk at the end of a transaction. So requests share transactions, and those that
//! nothing is lost by doing again don't wait for the disk at all.

use crate::StoreError;
use rusqlite::Connection;
use std::{
    fmt,
    sync::mpsc::{Receiver, Sender, channel},
    thread::{Builder, JoinHandle},
    time::Duration,
};
use tokio::sync::oneshot;

/// So many requests share a transaction at most: an answer should not wait for ever on those behind it.
const MAX_REQUESTS_IN_TRANSACTION: usize = 512;

/// Before it waits for the disk, a transaction waits so long for one request more: workers tend to come together, and
/// the disk takes many times longer.
const LINGER: Duration = Duration::from_micros(150);

/// What a request needs, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Changes nothing.
    Read,
    /// Is done when it is answered, whatever becomes of the process; a power cut may undo it, which does no more harm
    /// than a message that is delivered twice.
    Write,
    /// Is on the disk when it is answered.
    Durable,
}

/// Tells the asker, once it is known whether the transaction was committed.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Does the work, or learns why it can't be done.
type Work = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Answer + Send>;

struct Request {
    kind: Kind,
    work: Work,
}

/// The way to the thread.
pub(super) struct Worker {
    requests: Option<Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

impl Worker {
    pub(super) fn start(connection: Connection) -> std::io::Result<Self> {
        let (requests, inbox) = channel();
        let thread = Builder::new().name("store".to_owned()).spawn(move || serve(&connection, &inbox))?;
        Ok(Self { requests: Some(requests), thread: Some(thread) })
    }

    /// Hands the work to the thread and waits for its answer. The work is done even if the asker goes away.
    pub(super) async fn run<T, W>(&self, kind: Kind, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            let result = connection.and_then(|connection| match kind {
                Kind::Read => work(connection),
                Kind::Write | Kind::Durable => within_savepoint(connection, work),
            });
            Box::new(move |committed| {
                // Whoever asked may be gone; then nobody wants the answer.
                drop(reply.send(committed.and(result)));
            })
        });
        let stopped = || StoreError::Unavailable("its thread has stopped".to_owned());
        let requests = self.requests.as_ref().ok_or_else(stopped)?;
        requests.send(Request { kind, work }).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Drop for Worker {
    /// Waits for the thread, so that the file is closed in good order. A process killed instead loses nothing that was
    /// answered.
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the store had panicked");
        }
    }
}

/// One request's failure must not undo the others in its transaction.
fn within_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    // A full disk makes SQLite roll back the whole transaction by itself. Whatever came after would be written
    // on its own, with nobody to answer for it.
    if connection.is_autocommit() {
        return Err(StoreError::Unavailable("the transaction was rolled back".to_owned()));
    }
    connection.prepare_cached("SAVEPOINT request")?.execute([])?;
    let result = work(connection);
    if result.is_err() && !connection.is_autocommit() {
        connection.prepare_cached("ROLLBACK TO request")?.execute([])?;
    }
    if !connection.is_autocommit() {
        connection.prepare_cached("RELEASE request")?.execute([])?;
    }
    result
}

fn serve(connection: &Connection, inbox: &Receiver<Request>) {
    let mut left_over = None;
    while let Some(request) = left_over.take().or_else(|| inbox.recv().ok()) {
        match request.kind {
            Kind::Read => (request.work)(Ok(connection))(Ok(())),
            Kind::Write | Kind::Durable => left_over = transaction(connection, request, inbox),
        }
    }
}

/// Runs the request and those that wait behind it, commits once, then answers. Gives back a request that asks for
/// more than this transaction can give.
fn transaction(connection: &Connection, first: Request, inbox: &Receiver<Request>) -> Option<Request> {
    let kind = first.kind;
    if let Err(error) = begin(connection, kind) {
        (first.work)(Err(error.clone()))(Err(error));
        return None;
    }
    let mut left_over = None;
    let mut answers = vec![(first.work)(Ok(connection))];
    while answers.len() < MAX_REQUESTS_IN_TRANSACTION {
        let next = match kind {
            Kind::Durable => inbox.try_recv().ok().or_else(|| inbox.recv_timeout(LINGER).ok()),
            Kind::Read | Kind::Write => inbox.try_recv().ok(),
        };
        match next {
            Some(next) if next.kind <= kind => answers.push((next.work)(Ok(connection))),
            next => {
                left_over = next;
                break;
            }
        }
    }
    let committed = commit(connection);
    for answer in answers {
        answer(committed.clone());
    }
    left_over
}

fn begin(connection: &Connection, kind: Kind) -> Result<(), StoreError> {
    // SQLite takes this setting between transactions alone.
    connection.execute_batch(match kind {
        Kind::Durable => "PRAGMA synchronous = FULL",
        Kind::Read | Kind::Write => "PRAGMA synchronous = NORMAL",
    })?;
    // The lock for writing comes first: a transaction that asks for it halfway can be refused for good.
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    Ok(())
}

fn commit(connection: &Connection) -> Result<(), StoreError> {
    if connection.is_autocommit() {
        return Err(StoreError::Unavailable("the transaction was rolled back".to_owned()));
    }
    let committed = connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
    if committed.is_err() && !connection.is_autocommit() {
        // Nothing more can be done where even this fails: the next BEGIN says so.
        drop(connection.execute_batch("ROLLBACK"));
    }
    Ok(committed.map(drop)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker() -> Worker {
        let connection = Connection::open_in_memory().unwrap();
        let tables = "PRAGMA foreign_keys = ON;
            CREATE TABLE parent (id INTEGER PRIMARY KEY);
            CREATE TABLE child (parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);";
        connection.execute_batch(tables).unwrap();
        Worker::start(connection).unwrap()
    }

    async fn children(worker: &Worker) -> i64 {
        let count = |connection: &Connection| {
            Ok(connection.query_row("SELECT count(*) FROM child", [], |row| row.get(0))?)
        };
        worker.run(Kind::Read, count).await.unwrap()
    }

    fn insert(parent: Option<i64>) -> impl FnOnce(&Connection) -> Result<(), StoreError> + Send + 'static {
        move |connection| {
            connection.execute("INSERT INTO child VALUES (?1)", [parent])?;
            Ok(())
        }
    }

    /// Keeps the thread busy until the sender sends, so that what is asked meanwhile comes in one transaction.
    fn busy() -> (Sender<()>, impl FnOnce(&Connection) -> Result<(), StoreError> + Send + 'static) {
        let (go_on, wait) = channel();
        let wait =
            move |_: &Connection| wait.recv().map_err(|error| StoreError::Unavailable(error.to_string()));
        (go_on, wait)
    }

    /// A missing parent is noticed by the commit alone, as a failing disk is.
    #[tokio::test]
    async fn a_commit_that_fails_is_told_to_all_that_shared_it() {
        let worker = worker();
        let (go_on, wait) = busy();
        let (_, good, orphan, other, _) = futures::join!(
            worker.run(Kind::Read, wait),
            worker.run(Kind::Durable, insert(None)),
            worker.run(Kind::Durable, insert(Some(1))),
            worker.run(Kind::Write, insert(None)),
            async { go_on.send(()) },
        );
        for answer in [good, orphan, other] {
            assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
        }
        assert_eq!(children(&worker).await, 0);
        worker.run(Kind::Durable, insert(None)).await.unwrap();
        assert_eq!(children(&worker).await, 1);
    }

    #[tokio::test]
    async fn a_request_that_fails_halfway_undoes_itself_alone() {
        let worker = worker();
        let (go_on, wait) = busy();
        let halfway = |connection: &Connection| -> Result<(), StoreError> {
            insert(None)(connection)?;
            Err(StoreError::Conflict("it".to_owned()))
        };
        let (_, before, failed, after, _) = futures::join!(
            worker.run(Kind::Read, wait),
            worker.run(Kind::Durable, insert(None)),
            worker.run(Kind::Durable, halfway),
            worker.run(Kind::Durable, insert(None)),
            async { go_on.send(()) },
        );
        assert_eq!((before, after), (Ok(()), Ok(())));
        assert_eq!(failed, Err(StoreError::Conflict("it".to_owned())));
        assert_eq!(children(&worker).await, 2);
    }

    /// SQLite may give up the transaction by itself; what follows must not be written on its own.
    #[tokio::test]
    async fn nothing_is_written_after_the_transaction_was_lost() {
        let worker = worker();
        let (go_on, wait) = busy();
        let lose = |connection: &Connection| -> Result<(), StoreError> {
            connection.execute_batch("ROLLBACK")?;
            Err(StoreError::Unavailable("disk full".to_owned()))
        };
        let (_, before, rolled_back, after, _) = futures::join!(
            worker.run(Kind::Read, wait),
            worker.run(Kind::Durable, insert(None)),
            worker.run(Kind::Durable, lose),
            worker.run(Kind::Durable, insert(None)),
            async { go_on.send(()) },
        );
        for answer in [before, rolled_back, after] {
            assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
        }
        assert_eq!(children(&worker).await, 0);
        worker.run(Kind::Write, insert(None)).await.unwrap();
    }
}
