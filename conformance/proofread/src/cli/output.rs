//! Writes text to standard output and to files.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use anyhow::Context;

use crate::report::Output;

/// Writes styled text to standard output, without the styles if that is no terminal. A
/// closed pipe, as in `proofread cases | head`, is no error.
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

/// Writes a report to standard output or to its file, whose folder is created.
pub(super) fn write(output: &Output, text: &str) -> anyhow::Result<()> {
    match output {
        Output::Stdout => Ok(print(text)?),
        Output::File(path) => {
            create_folder_of(path)?;
            fs::write(path, text).with_context(|| format!("can't write {}", path.display()))
        }
    }
}

/// Opens a report that is written bit by bit.
pub(super) fn open(output: &Output) -> anyhow::Result<Box<dyn Write>> {
    match output {
        Output::Stdout => Ok(Box::new(io::stdout())),
        Output::File(path) => {
            create_folder_of(path)?;
            let file = fs::File::create(path);
            let file = file.with_context(|| format!("can't write {}", path.display()))?;
            Ok(Box::new(file))
        }
    }
}

fn create_folder_of(path: &Path) -> anyhow::Result<()> {
    path.parent().map_or(Ok(()), |folder| {
        fs::create_dir_all(folder)
            .with_context(|| format!("can't create the folder {}", folder.display()))
    })
}

/// Indented JSON that ends with a line break.
pub(super) fn json(value: &impl serde::Serialize) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}
