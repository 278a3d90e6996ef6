//! Runs the product as a child and asks the kernel what it used.

use crate::Args;
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::Value;
use std::{
    error::Error,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The systems' process.
struct Systems {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Systems {
    fn start(args: &Args) -> Outcome<(Self, Value)> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--serve").arg("--documents").arg(args.documents.to_string());
        if let Some(rate) = args.rate {
            command.arg("--rate").arg(rate.to_string());
        }
        if args.full_size {
            command.arg("--full-size");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let questions = child.stdin.take().ok_or("no stdin")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let mut systems = Self { child, questions, answers };
        let addresses = systems.read()?;
        Ok((systems, addresses))
    }

    fn read(&mut self) -> Outcome<Value> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    fn counts(&mut self) -> Outcome<Value> {
        writeln!(self.questions, "counts")?;
        self.questions.flush()?;
        self.read()
    }
}

impl Drop for Systems {
    fn drop(&mut self) {
        // It ends with this process anyway; there is nobody to tell if it was quicker.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What one run of the product cost.
struct Used {
    table: Value,
    wall_ms: u64,
    cpu_ms: u64,
    peak_kb: i64,
}

/// Prints what it takes to bring the whole company over, and then to find that nothing has changed.
pub(crate) fn run(args: &Args) -> Outcome<()> {
    let (mut systems, addresses) = Systems::start(args)?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("b1-coupa.toml");
    std::fs::write(&config, config_text(args, &addresses))?;
    say(&format!("SAP holds: {}", addresses["counts"]));
    for name in ["first sync", "second sync, nothing changed"] {
        let used = product(&config)?;
        let counts = systems.counts()?;
        print(name, args, &used, &counts);
    }
    if args.reconcile {
        let used = reconciled(&config)?;
        print_reconciled(&used, &systems.counts()?);
    }
    Ok(())
}

/// Compares both sides. Its peak of memory is its own: the kernel's figure for children is that of the largest so far.
fn reconciled(config: &std::path::Path) -> Outcome<Used> {
    let binary: PathBuf = std::env::current_exe()?.with_file_name("b1-coupa");
    let before = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let started = now();
    let mut child = Command::new(&binary)
        .args(["reconcile", "--json", "--config"])
        .arg(config)
        .env("B1_COUPA_SAP_PASSWORD", "correct horse")
        .env("B1_COUPA_COUPA_CLIENT_SECRET", "coupa-secret")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut peak_kb = 0;
    while child.try_wait()?.is_none() {
        peak_kb = peak_kb.max(peak_of(child.id()));
        std::thread::sleep(Duration::from_millis(5));
    }
    let wall_ms = now().saturating_sub(started);
    let output = child.wait_with_output()?;
    let after = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let table = serde_json::from_str(&stdout).map_err(|_| format!("the comparison failed: {stdout}"))?;
    let cpu = |usage: nix::sys::resource::Usage| millis(usage.user_time()) + millis(usage.system_time());
    Ok(Used { table, wall_ms, cpu_ms: cpu(after) - cpu(before), peak_kb })
}

/// The most memory that a process has had so far, in kB.
fn peak_of(process: u32) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse().ok()).unwrap_or(0)
}

fn print_reconciled(used: &Used, counts: &Value) {
    let objects = used.table["objects"].as_object().cloned().unwrap_or_default();
    let of = |side: &Value| -> u64 {
        let buckets = side.as_array().into_iter().flatten();
        buckets.filter_map(|bucket| bucket["count"].as_u64()).sum()
    };
    let documents: u64 = objects.values().map(|sides| of(&sides["sap"])).sum();
    let differences = used.table["differences"].as_array().map_or(0, Vec::len);
    let column = |name: &str| counts[name].as_u64().unwrap_or(0);
    let seconds = format!("{}.{:03}", used.wall_ms / 1000, used.wall_ms % 1000);
    say(&format!("\nreconcile: {documents} documents of SAP in {seconds} s, {differences} differences"));
    say(&format!("  documents/s                      {}", documents * 1000 / used.wall_ms.max(1)));
    say(&format!("  CPU seconds per 1,000 documents  {}", hundredths(used.cpu_ms * 100, documents)));
    say(&format!("  peak memory, MB                  {}", used.peak_kb / 1024));
    say(&format!(
        "  SAP calls per document           {}",
        hundredths(column("sap_requests") * 100, documents)
    ));
    say(&format!(
        "  Coupa calls per document         {}",
        hundredths(column("coupa_requests") * 100, documents)
    ));
}

fn product(config: &std::path::Path) -> Outcome<Used> {
    let binary: PathBuf = std::env::current_exe()?.with_file_name("b1-coupa");
    let before = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let started = now();
    let output = Command::new(&binary)
        .args(["sync", "--once", "--json", "--max-wait", "60s", "--config"])
        .arg(config)
        .env("B1_COUPA_SAP_PASSWORD", "correct horse")
        .env("B1_COUPA_COUPA_CLIENT_SECRET", "coupa-secret")
        .output()
        .map_err(|error| {
            format!("{} can't be run ({error}): `cargo build --release` first", binary.display())
        })?;
    let wall_ms = now().saturating_sub(started);
    let after = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let table = serde_json::from_str(&stdout)
        .map_err(|_| format!("the product failed: {}{stdout}", String::from_utf8_lossy(&output.stderr)))?;
    let cpu = |usage: nix::sys::resource::Usage| millis(usage.user_time()) + millis(usage.system_time());
    Ok(Used { table, wall_ms, cpu_ms: cpu(after) - cpu(before), peak_kb: after.max_rss() })
}

fn millis(time: nix::sys::time::TimeVal) -> u64 {
    u64::try_from(time.tv_sec() * 1000 + time.tv_usec() / 1000).unwrap_or(0)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

fn print(name: &str, args: &Args, used: &Used, counts: &Value) {
    let objects = used.table["objects"].as_object().cloned().unwrap_or_default();
    let column = |row: &Value, name: &str| row[name].as_u64().unwrap_or(0);
    let ended = |row: &Value| {
        ["created", "updated", "unchanged", "not_applicable", "not_applied", "failed"]
            .iter()
            .map(|name| column(row, name))
            .sum::<u64>()
    };
    let documents: u64 = objects.values().map(ended).sum();
    let (sap, coupa) = (column(counts, "sap_requests"), column(counts, "coupa_requests"));
    say(&format!("\n{name}: {documents} documents in {}.{:03} s", used.wall_ms / 1000, used.wall_ms % 1000));
    say(&format!("  documents/s                      {}", documents * 1000 / used.wall_ms.max(1)));
    say(&format!("  CPU seconds per 1,000 documents  {}", hundredths(used.cpu_ms * 100, documents)));
    say(&format!("  peak memory, MB (so far)         {}", used.peak_kb / 1024));
    say(&format!("  SAP calls per document           {}", hundredths(sap * 100, documents)));
    say(&format!("  Coupa calls per document         {}", hundredths(coupa * 100, documents)));
    for (object, row) in &objects {
        let (calls, done) = (column(row, "coupa_calls"), ended(row));
        say(&format!(
            "    {object:16} {done:>7} documents, {} Coupa calls each",
            hundredths(calls * 100, done)
        ));
    }
    if let Some(rate) = args.rate {
        let possible = u64::from(rate) * used.wall_ms / 1000;
        say(&format!("  share of the budget used         {} %", coupa * 100 / possible.max(1)));
        say(&format!("  429 answers                      {}", column(counts, "coupa_429")));
        say(&format!("  most calls within one second     {}", column(counts, "coupa_most_in_a_second")));
    }
    say(&format!(
        "  differences between SAP and Coupa {} {}",
        counts["differences"], counts["first_difference"]
    ));
    say(&format!("  failed {}, pending {}", used.table["failed"], used.table["pending"]));
}

/// `hundredths / of` with two places, without floating point.
fn hundredths(hundredths: u64, of: u64) -> String {
    let value = hundredths / of.max(1);
    format!("{}.{:02}", value / 100, value % 100)
}

#[expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]
fn say(text: &str) {
    println!("{text}");
}

fn config_text(args: &Args, addresses: &Value) -> String {
    let (sap, coupa) =
        (addresses["sap"].as_str().unwrap_or_default(), addresses["coupa"].as_str().unwrap_or_default());
    let rate = args.rate.unwrap_or(1_000_000);
    format!(
        "[sap]\nservice_layer_url = \"{sap}\"\ncompany_db = \"SBODEMO_ACME\"\nuser = \"coupa_sync\"\n\n\
         [coupa]\nurl = \"{coupa}\"\nclient_id = \"coupa-client\"\nrequests_per_second = {rate}\n\
         ship_to_user = \"buyer@acme.example\"\nship_to_address = \"MAIN\"\nchart_of_accounts = \"Main COA\"\n\
         reopen_reason = \"ERP_REOPENED\"\n\n[sync]\nstart_date = \"2026-01-01\"\n"
    )
}
