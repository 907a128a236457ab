//! Folders as options of overlayfs: each a value of its own, or all in one text.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

use anyhow::{Context, Result};
use workbench::user::in_user_namespace;

use super::Stack;
use crate::fscontext::LONGEST_VALUE;

/// The longest option text that mount(2) takes: a page, with its NUL.
const LONGEST_OPTIONS: usize = 4095;

/// A folder as an option's value: its path, or the short name of a descriptor when the
/// path is too long. `kept` holds the descriptors until the mount is made.
pub(super) fn value(folder: &Path, kept: &mut Vec<File>) -> Result<String> {
    match folder.to_str() {
        Some(path) if path.len() <= LONGEST_VALUE => Ok(path.to_owned()),
        _ => short(folder, kept),
    }
}

fn short(folder: &Path, kept: &mut Vec<File>) -> Result<String> {
    let file =
        File::open(folder).with_context(|| format!("open {}", folder.display()))?;
    let name = format!("/proc/self/fd/{}", file.as_raw_fd());
    kept.push(file);
    Ok(name)
}

/// All options in one text, which must fit into a page: if need be with the short names
/// of descriptors, which `kept` holds until the mount is made.
pub(super) fn one_text(stack: &Stack, kept: &mut Vec<File>) -> Result<String> {
    let options = option_text(stack, |folder| Ok(escaped(folder)))?;
    if options.len() <= LONGEST_OPTIONS {
        return Ok(options);
    }
    option_text(stack, |folder| short(folder, kept))
}

fn option_text(
    stack: &Stack,
    mut name: impl FnMut(&Path) -> Result<String>,
) -> Result<String> {
    let lower = stack.lower.iter().map(|layer| name(layer));
    let lower = lower.collect::<Result<Vec<_>>>()?.join(":");
    let (upper, work) = (name(&stack.upper)?, name(&stack.work)?);
    let user = if in_user_namespace() {
        ",userxattr"
    } else {
        ""
    };
    Ok(format!(
        "lowerdir={lower},upperdir={upper},workdir={work},redirect_dir=nofollow{user}"
    ))
}

/// A path in an option text: overlayfs takes `:` and `,` literally after a backslash.
fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for character in path.to_string_lossy().chars() {
        if matches!(character, ':' | ',' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn stack(lower: &[&str]) -> Stack {
        Stack {
            lower: lower.iter().map(PathBuf::from).collect(),
            upper: "/u".into(),
            work: "/w".into(),
        }
    }

    #[test]
    fn the_topmost_layer_comes_first_and_separators_are_escaped() {
        let text = option_text(&stack(&["/top:1", "/a,b\\c"]), |path| Ok(escaped(path)))
            .unwrap();
        let expected =
            r"lowerdir=/top\:1:/a\,b\\c,upperdir=/u,workdir=/w,redirect_dir=nofollow";
        assert_eq!(text.trim_end_matches(",userxattr"), expected);
    }

    #[test]
    fn a_long_path_becomes_a_descriptor() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("x".repeat(200)).join("y".repeat(200));
        fs::create_dir_all(&long).unwrap();
        let mut kept = Vec::new();
        let name = value(&long, &mut kept).unwrap();
        assert!(name.starts_with("/proc/self/fd/"));
        assert_eq!(
            fs::canonicalize(name).unwrap(),
            fs::canonicalize(long).unwrap()
        );
        assert_eq!(value(Path::new("/short"), &mut kept).unwrap(), "/short");
    }
}
