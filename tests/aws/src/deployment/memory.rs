//! How much memory the functions took: the emulator runs each as a process of this machine.

use std::{collections::BTreeMap, fs, path::Path};

/// The most that any process of a function took, in MB, by the function's name.
pub(crate) fn peaks(folder: &Path) -> BTreeMap<String, u64> {
    let mut peaks = BTreeMap::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let process = process.path();
        let of_ours = fs::read_link(process.join("exe")).is_ok_and(|program| program.starts_with(folder));
        if let (true, Some(name), Some(peak)) = (of_ours, name(&process), peak_kb(&process)) {
            let most: &mut u64 = peaks.entry(name).or_default();
            *most = (*most).max(peak.div_ceil(1000));
        }
    }
    peaks
}

fn name(process: &Path) -> Option<String> {
    let environment = fs::read(process.join("environ")).ok()?;
    let variables = environment.split(|byte| *byte == 0);
    let texts = variables.filter_map(|variable| std::str::from_utf8(variable).ok());
    texts.filter_map(|text| text.strip_prefix("AWS_LAMBDA_FUNCTION_NAME=")).map(str::to_owned).next()
}

fn peak_kb(process: &Path) -> Option<u64> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
