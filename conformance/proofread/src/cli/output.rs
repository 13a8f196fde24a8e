//! Where text goes.

use std::{
    fs,
    io::{self, Write},
};

use anyhow::Context;

use crate::report::Output;

/// Writes styled text to standard output; the styles are dropped where it is no
/// terminal. Whoever closes the pipe has seen enough: that is no error.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a report to where it belongs.
pub(super) fn write(output: &Output, text: &str) -> anyhow::Result<()> {
    match output {
        Output::Stdout => Ok(print(text)?),
        Output::File(path) => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)
                    .with_context(|| format!("can't make the folder {}", folder.display()))?;
            }
            fs::write(path, text).with_context(|| format!("can't write {}", path.display()))
        }
    }
}

/// JSON as a text of lines.
pub(super) fn json(value: &impl serde::Serialize) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}
