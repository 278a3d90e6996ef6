use super::{App, Exit};
use crate::{CliError, CliResult};
use clap_complete::Shell;

pub(super) fn completions(app: &App, shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::definition(), "b1-coupa", &mut script);
    app.output.raw(&script);
    Exit::Done
}

pub(super) fn man(app: &App) -> CliResult<Exit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(crate::definition())
        .render(&mut page)
        .map_err(|error| CliError::new(format!("the manual page can't be written: {error}")))?;
    app.output.raw(&page);
    Ok(Exit::Done)
}
