//! Opening the file: rights, settings, schema.

use super::schema::{APPLICATION_ID, MIGRATIONS};
use crate::private_file;
use rusqlite::{Connection, Error, ErrorCode, TransactionBehavior};
use std::{path::Path, thread, time::Duration};

/// Waiting for another process that writes: so long between two looks, and so many looks.
const BUSY_PAUSE: Duration = Duration::from_millis(2);
const BUSY_LOOKS: i32 = 15_000;

/// The settings that each connection needs. How hard it waits for the disk is set with each transaction.
const SETTINGS: &str = "
PRAGMA journal_mode = WAL;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -8000;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA journal_size_limit = 67108864;
PRAGMA foreign_keys = ON;
";

/// Why the file can't be used as a store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It can't be made, read or written.
    #[error("the store {file} can't be opened: {reason}")]
    Io {
        /// Which file.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// Something else is in it.
    #[error("{file} is no database of b1-coupa: give another path, or move the file away")]
    NotOurs {
        /// Which file.
        file: String,
    },
    /// A later b1-coupa has worked on it.
    #[error(
        "the store {file} has schema {found}, and this b1-coupa knows {known} at most: use a newer b1-coupa"
    )]
    Newer {
        /// Which file.
        file: String,
        /// The file's schema.
        found: usize,
        /// The newest that this program knows.
        known: usize,
    },
}

pub(super) fn file(path: &Path) -> Result<Connection, OpenError> {
    let name = path.display().to_string();
    // SQLite gives its companion files the rights of the main one, so it is enough to make that one private.
    match private_file::create_new(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(OpenError::Io { file: name, reason: error.to_string() });
        }
        Ok(_) | Err(_) => {}
    }
    let connection = Connection::open(path).map_err(|error| explain(&name, &error))?;
    prepare(connection, &name)
}

pub(super) fn memory() -> Result<Connection, OpenError> {
    let connection = Connection::open_in_memory().map_err(|error| explain("memory", &error))?;
    prepare(connection, "memory")
}

fn prepare(mut connection: Connection, name: &str) -> Result<Connection, OpenError> {
    let failed = |error| explain(name, &error);
    // Else each of our looks would wait as long as the library thinks good.
    connection.busy_timeout(Duration::ZERO).map_err(failed)?;
    // Before anything is written: the settings alone would change another program's file.
    if !patiently(|| is_ours_or_empty(&connection)).map_err(failed)? {
        return Err(OpenError::NotOurs { file: name.to_owned() });
    }
    patiently(|| connection.execute_batch(SETTINGS)).map_err(failed)?;
    connection
        .busy_handler(Some(|looks| {
            thread::sleep(BUSY_PAUSE);
            looks < BUSY_LOOKS
        }))
        .map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(128);
    migrate(&mut connection, name)?;
    Ok(connection)
}

/// Looks again while another process has the file for itself. SQLite's own handler is no help here: it is not asked
/// when a new file is switched to the write-ahead log.
fn patiently<T>(work: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 0..BUSY_LOOKS {
        let done = work();
        match &done {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            Ok(_) | Err(_) => return done,
        }
        thread::sleep(BUSY_PAUSE);
    }
    work()
}

fn is_ours_or_empty(connection: &Connection) -> Result<bool, Error> {
    // One statement sees one moment: another process may be making the tables just now.
    let (tables, application_id): (i64, i32) = connection.query_row(
        "SELECT (SELECT count(*) FROM sqlite_schema), application_id FROM pragma_application_id",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(tables == 0 || application_id == APPLICATION_ID)
}

fn migrate(connection: &mut Connection, name: &str) -> Result<(), OpenError> {
    let failed = |error: Error| explain(name, &error);
    // Under the lock for writing, so that of two processes that start at once one finds the other's work done.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let pragma = |pragma| transaction.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let found = usize::try_from(pragma("user_version").map_err(failed)?).unwrap_or(usize::MAX);
    let Some(missing) = MIGRATIONS.get(found..) else {
        return Err(OpenError::Newer { file: name.to_owned(), found, known: MIGRATIONS.len() });
    };
    if missing.is_empty() {
        return Ok(());
    }
    for step in missing {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len()).map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn explain(file: &str, error: &Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotOurs { file: file.to_owned() },
        _ => OpenError::Io { file: file.to_owned(), reason: error.to_string() },
    }
}
