//! A DynamoDB of one's own, in this process and in memory.

use store::{aws::Aws, contract::emulator::at};
use tokio::net::TcpListener;

/// Starts one. It is gone with the runtime of the test.
///
/// # Panics
///
/// Where it can't start: these are tests.
pub async fn dynamo() -> Aws {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let database = dynoxide::Database::memory().expect("a database in memory");
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    at(&format!("http://{address}")).await
}
