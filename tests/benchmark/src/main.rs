//! Measures the product between two simulators in a process of their own, and prints ratios and counts.
//!
//! ```text
//! cargo build --release && cargo run --release -p benchmark -- --documents 10000
//! cargo run --release -p benchmark -- --documents 400 --rate 20
//! ```
//!
//! Without `--rate` neither side limits the calls: what is left is the product's own speed.

mod measure;
mod systems;

use clap::Parser;

/// Measures how fast and how thriftily documents go from SAP to Coupa.
#[derive(Debug, Parser)]
struct Args {
    /// Orders, invoices, credit notes and payments in all; suppliers come on top.
    #[arg(long, default_value_t = 10_000)]
    documents: usize,
    /// Coupa's budget in requests a second. Coupa itself then refuses what exceeds 25 a second.
    #[arg(long)]
    rate: Option<u32>,
    /// Answers of full size: a supplier of 18 kB, an invoice of up to 250 kB, unless only some fields are asked for.
    #[arg(long)]
    full_size: bool,
    /// Compare both sides at the end, and measure that too.
    #[arg(long)]
    reconcile: bool,
    /// Serve the two systems and nothing else: how the benchmark starts itself a second time.
    #[arg(long, hide = true)]
    serve: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    if args.serve { systems::serve(&args) } else { measure::run(&args) }
}
