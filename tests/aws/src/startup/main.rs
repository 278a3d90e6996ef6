//! Measures how the functions start, without AWS: from exec to the first request to the Runtime API, size of the package, memory
//! after one event. `tests/aws/startup` builds the programs and calls this.

mod events;
mod runtime_api;

use model::Clock;
use runtime_api::RuntimeApi;
use simulators::clock::SystemClock;
use std::{
    error::Error,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
};

const STARTS: usize = 20;
/// What is to be reached. A slow start fails nothing: on a busy machine it is the machine's.
const MOST_ZIP_BYTES: u64 = 8_000_000;
const MOST_MEMORY_KB: u64 = 40_000;
const MOST_START_MICROS: i128 = 50_000;

const CONFIG: &str = r#"[sap]
service_layer_url = "http://127.0.0.1:1"
company_db = "SBODEMO_ACME"
user = "coupa_sync"

[coupa]
url = "http://127.0.0.1:1"
client_id = "coupa-client"
ship_to_user = "buyer@acme.example"
ship_to_address = "01"
chart_of_accounts = "Main COA"

[sync]
start_date = "2026-01-01"
"#;

/// What was seen of one function.
struct Figures {
    name: &'static str,
    /// Sorted.
    start_micros: Vec<i128>,
    zip_bytes: u64,
    memory_kb: u64,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let programs = std::env::args().nth(1).ok_or("give the folder of the programs")?;
    let folder = tempfile::TempDir::new()?;
    let mut all_good = true;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{:<9} {:>14} {:>11} {:>9} {:>15}",
        "function", "start ms (p50)", "start (max)", "zip MB", "peak memory MB"
    )?;
    for (name, event) in events::ALL {
        let figures = measure(name, event, Path::new(&programs), folder.path())?;
        all_good &= figures.are_good();
        writeln!(out, "{}", figures.row())?;
    }
    writeln!(
        out,
        "{}",
        if all_good { "6 passed, 0 failed" } else { "over the limits: 8 MB zip, 40 MB memory" }
    )?;
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Figures {
    fn median(&self) -> i128 {
        self.start_micros.get(self.start_micros.len() / 2).copied().unwrap_or_default()
    }

    fn are_good(&self) -> bool {
        self.zip_bytes <= MOST_ZIP_BYTES && self.memory_kb <= MOST_MEMORY_KB
    }

    fn row(&self) -> String {
        let tenths = |value: i128, unit: i128| format!("{}.{}", value / unit, value % unit * 10 / unit);
        format!(
            "{:<9} {:>14} {:>11} {:>9} {:>15}",
            self.name,
            tenths(self.median(), 1000),
            tenths(self.start_micros.last().copied().unwrap_or_default(), 1000),
            tenths(i128::from(self.zip_bytes), 1_000_000),
            tenths(i128::from(self.memory_kb), 1000),
        ) + if self.median() > MOST_START_MICROS { "  slower than 50 ms" } else { "" }
    }
}

fn measure(
    name: &'static str,
    event: &str,
    programs: &Path,
    folder: &Path,
) -> Result<Figures, Box<dyn Error>> {
    let package = folder.join(name);
    fs::create_dir(&package)?;
    let bootstrap = package.join("bootstrap");
    fs::copy(programs.join(name), &bootstrap)?;
    // As the packages are made.
    if !Command::new("strip").arg("-s").arg(&bootstrap).status()?.success() {
        return Err("strip failed".into());
    }
    fs::write(package.join("b1-coupa.toml"), CONFIG)?;
    let zip_bytes = zip(&package)?;
    let mut start_micros = Vec::new();
    let mut memory_kb = 0;
    for start in 1..=STARTS {
        let api = RuntimeApi::listen()?;
        let begun = SystemClock.now();
        let mut function = Function::start(&bootstrap, &package, &api)?;
        let mut asked = api.first_request()?;
        start_micros.push(SystemClock.now().duration_since(begun).as_micros());
        if start == STARTS {
            asked.answer_with_event(event)?;
            asked.read_result_and_next()?;
            memory_kb = function.peak_kb()?;
        }
        function.stop();
    }
    start_micros.sort_unstable();
    Ok(Figures { name, start_micros, zip_bytes, memory_kb })
}

/// As `sam package` does it.
fn zip(package: &Path) -> Result<u64, Box<dyn Error>> {
    let file: PathBuf = package.with_extension("zip");
    let made = Command::new("python3").args(["-m", "zipfile", "-c"]).arg(&file).arg(package).status()?;
    if !made.success() {
        return Err("python3 could not make the zip file".into());
    }
    Ok(fs::metadata(&file)?.len())
}

/// One execution environment.
struct Function(Child);

impl Function {
    fn start(bootstrap: &Path, folder: &Path, api: &RuntimeApi) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(bootstrap);
        command.env_clear().envs(events::ENVIRONMENT).current_dir(folder);
        command.env("LAMBDA_TASK_ROOT", folder).env("AWS_LAMBDA_RUNTIME_API", api.address()?);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Self(child))
    }

    fn peak_kb(&self) -> Result<u64, Box<dyn Error>> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    fn stop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.stop();
    }
}
