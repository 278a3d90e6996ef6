//! Both systems as one process, for tests that put a network between them and the product.
//!
//! Prints the address of each on a line of its own, then does what it reads from stdin, one word a line, and answers each
//! with one line: `fill N` (a company with about N documents), `invoice` (one more; its
//! `DocEntry`), `slow N` (SAP's next reply to a read takes so many seconds), `requests` (that SAP has seen),
//! `differences` (between what Coupa holds and what SAP implies, as their number), `quit`.

use http::Method;
use jiff::civil::date;
use model::Clock;
use simulators::{
    clock::SystemClock,
    company::{self, Size},
    compare::differences,
    coupa, samples, sap, serve,
};
use std::{
    io::{self, BufRead as _, Write as _},
    sync::Arc,
    time::Duration,
};

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> io::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let data = company::master_data();
    let sap = sap::Simulator::new(sap::Settings::default(), Arc::clone(&clock));
    sap.set_master_data(&data);
    let settings = coupa::Settings {
        requests_per_second: None,
        submitted_status: "approved",
        ..coupa::Settings::default()
    };
    let coupa = coupa::Simulator::new(Arc::clone(&clock), &data, settings);
    let servers =
        [serve::serve(sap.clone(), Arc::clone(&clock)).await?, serve::serve(coupa.clone(), clock).await?];
    for server in &servers {
        say(&server.base_url())?;
    }
    let commands = tokio::task::spawn_blocking(move || obey(&sap, &coupa));
    commands.await?
}

fn obey(sap: &sap::Simulator, coupa: &coupa::Simulator) -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = match line.split_once(' ').unwrap_or((line.as_str(), "")) {
            ("fill", count) => {
                let count = count.parse().map_err(io::Error::other)?;
                told(company::generate(sap, 7, Size::with_documents(count)))
            }
            ("invoice", _) => match invoice(sap) {
                Ok(entry) => format!("ok {entry}"),
                Err(refusal) => format!("{refusal:?}"),
            },
            ("slow", seconds) => {
                let seconds = seconds.parse().map_err(io::Error::other)?;
                sap.inject(
                    sap::Fault::new(sap::FaultKind::Delay(Duration::from_secs(seconds))).on(Method::GET),
                );
                "ok".to_owned()
            }
            ("requests", _) => sap.request_count().to_string(),
            ("differences", _) => {
                let found = differences(sap, coupa, date(2026, 1, 1));
                format!("{} {found:?}", found.len())
            }
            ("quit", _) => return Ok(()),
            (other, _) => format!("unknown word {other}"),
        };
        say(&answer)?;
    }
    Ok(())
}

fn invoice(sap: &sap::Simulator) -> Result<i64, sap::Refusal> {
    if sap.supplier("V-TUNNEL").is_none() {
        sap.add_supplier(samples::supplier("V-TUNNEL"))?;
    }
    sap.add_invoice(samples::document("V-TUNNEL", vec![samples::line("A1", 1, "12.50")]))
}

fn told<T>(result: Result<T, sap::Refusal>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(refusal) => format!("{refusal:?}"),
    }
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
