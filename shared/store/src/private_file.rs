//! Files that only their owner can read.
//!
//! On systems without Unix rights, they get the rights that their directory hands down.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
    process,
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

/// Writes a new private file; refuses one that is there already.
pub fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = create_new(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Replaces a file, or makes it, in one stroke: whoever reads it finds the old content or the new.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}.new", process::id()));
    let new = Path::new(&new);
    // Left by a crashed process that had our number.
    if let Err(error) = fs::remove_file(new)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let replaced = write_new(new, content).and_then(|()| fs::rename(new, path));
    if replaced.is_err() {
        drop(fs::remove_file(new));
    }
    replaced?;
    #[cfg(unix)]
    {
        // The new name is on the disk only once its directory is.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Whether anybody but its owner has any right to the file.
pub(crate) fn open_to_others(path: &Path) -> io::Result<bool> {
    let metadata = fs::metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        Ok(metadata.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        drop(metadata);
        Ok(false)
    }
}
