//! `b1-coupa init`: the files to start from.

use super::{App, Exit};
use crate::{
    CliError, CliResult,
    config::template,
    output::{Look, Report},
};
use serde_json::{Value, json};
use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

/// What was written.
struct Written {
    config: PathBuf,
    mapping: PathBuf,
    mapping_was_there: bool,
}

pub(super) fn run(app: &App) -> CliResult<Exit> {
    let config = app.config_file.clone();
    let folder = config.parent().unwrap_or_else(|| Path::new(""));
    if !folder.as_os_str().is_empty() {
        fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    }
    let year = app.clock.now().to_zoned_datetime(app.zone.clone()).year();
    if !write_new(&config, &template(year))? {
        return Err(CliError::new(format!("{} is there already, and was left as it is", config.display()))
            .help("Edit it, or write another one with `b1-coupa init --config OTHER.toml`."));
    }
    let mapping = folder.join("mapping.toml");
    let mapping_was_there = !write_new(&mapping, mapping::EXAMPLE)?;
    app.show(&Written { config, mapping, mapping_was_there });
    Ok(Exit::Done)
}

/// Writes a file unless there is one. `false`: there is one.
fn write_new(path: &Path, text: &str) -> CliResult<bool> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).map_err(|error| cannot_write(path, &error))?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(cannot_write(path, &error)),
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> CliError {
    CliError::new(format!("{} can't be written: {error}", path.display())).help(
        "Check that the folder may be written to, or name another with `--config FOLDER/b1-coupa.toml`.",
    )
}

impl Report for Written {
    fn human(&self, look: &Look) -> String {
        let (config, mapping) = (self.config.display(), self.mapping.display());
        let option = if self.config == Path::new(crate::config::DEFAULT_FILE) {
            String::new()
        } else {
            format!(" --config {config}")
        };
        let mapping_line = if self.mapping_was_there {
            format!("Left {mapping} as it is.")
        } else {
            format!(
                "Wrote {mapping}: codes that differ between SAP and Coupa. The defaults in it are built in, too."
            )
        };
        format!(
            "{} {config}: how to reach both systems.\n{mapping_line}\n\n\
             Next:\n\
             1. Fill in {config}; to use {mapping}, set `file` under [mapping].\n\
             2. b1-coupa secrets set{option}    asks for SAP's password and Coupa's client secret\n\
             3. b1-coupa check{option}          says what is still missing\n\
             4. b1-coupa sync --once{option}    the first sync\n\
             5. b1-coupa run{option}            keeps both in step",
            look.good("Wrote"),
        )
    }

    fn json(&self) -> Value {
        json!({
            "config": self.config,
            "mapping": self.mapping,
            "mapping_was_there": self.mapping_was_there,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{commands::testing::app, config::Config};

    #[test]
    fn it_writes_both_files_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("etc/b1-coupa.toml");
        let app = app(&file);
        assert_eq!(run(&app), Ok(Exit::Done));
        assert_eq!(Config::load(&file).unwrap().sync.start_date.to_string(), "2026-01-01");
        assert_eq!(fs::read_to_string(folder.path().join("etc/mapping.toml")).unwrap(), mapping::EXAMPLE);

        fs::write(&file, "mine").unwrap();
        let error = run(&app).unwrap_err();
        assert!(error.human().contains("is there already"), "{}", error.human());
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    }

    #[test]
    fn a_mapping_file_that_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mapping.toml"), "mine").unwrap();
        assert_eq!(run(&app(&folder.path().join("b1-coupa.toml"))), Ok(Exit::Done));
        assert_eq!(fs::read_to_string(folder.path().join("mapping.toml")).unwrap(), "mine");
    }
}
