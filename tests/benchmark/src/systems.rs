//! The two systems, in a process of their own: their memory and processor time must not count as the product's.

use crate::Args;
use model::Clock;
use serde_json::json;
use simulators::{
    clock::SystemClock,
    company::{self, Size},
    compare, coupa, sap, serve,
};
use std::{
    io::{BufRead, Write},
    sync::Arc,
    time::Duration,
};

/// Announces the addresses on stdout; answers each line on stdin with what was counted since the last.
pub(crate) fn serve(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let data = company::master_data();
    let sap = sap::Simulator::new(sap::Settings::default(), Arc::clone(&clock));
    sap.set_master_data(&data);
    company::generate(&sap, 7, Size::with_documents(args.documents))
        .map_err(|refusal| format!("{refusal:?}"))?;
    let settings = coupa::Settings {
        requests_per_second: args.rate.map(|_| 25),
        submitted_status: "approved",
        full_size_replies: args.full_size,
        ..coupa::Settings::default()
    };
    let coupa = coupa::Simulator::new(Arc::clone(&clock), &data, settings);
    let servers = runtime.block_on(async {
        Ok::<_, std::io::Error>([
            serve::serve(sap.clone(), Arc::clone(&clock)).await?,
            serve::serve(coupa.clone(), clock).await?,
        ])
    })?;
    let mut out = std::io::stdout().lock();
    let counts = sap.counts();
    writeln!(
        out,
        "{}",
        json!({"sap": servers[0].base_url(), "coupa": servers[1].base_url(), "counts": counts})
    )?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        line?;
        let differences = compare::differences(&sap, &coupa, jiff::civil::date(2026, 1, 1));
        let answer = json!({
            "sap_requests": sap.request_count(),
            "coupa_requests": coupa.api_requests(),
            "coupa_429": coupa.answered(429),
            "coupa_most_in_a_second": coupa.most_requests_within(Duration::from_secs(1)),
            "differences": differences.len(),
            "first_difference": differences.first(),
        });
        writeln!(out, "{answer}")?;
        out.flush()?;
        sap.clear_requests();
        coupa.forget_requests();
    }
    Ok(())
}
