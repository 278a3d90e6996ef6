//! Files that only their owner can read.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

/// Makes a new file that only its owner can read and write; refuses one that is there already.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
