//! `--init`: somebody to be PID 1 for a program that is not made for it.
//!
//! Our own runtime needs no file for that: the container's first process stays. Another
//! one runs what is in the container, so a program of ours is bound into it; the image
//! has no libraries for it, which is why it must be linked statically.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// Where docker puts its own.
const PLACE: &str = "/sbin/docker-init";

/// Puts an init before the program of `spec`, for our own runtime or for another.
///
/// # Errors
/// When the runtime is another and no static program of ours is there.
pub(super) fn add(spec: &mut Value, own_runtime: bool) -> Result<()> {
    if own_runtime {
        spec["annotations"][shim::INIT] = json!("true");
        return Ok(());
    }
    let program = static_program()?;
    let words = [json!(PLACE), json!("init"), json!("--")];
    if let Some(args) = spec["process"]["args"].as_array_mut() {
        args.splice(0..0, words);
    }
    if let Some(mounts) = spec["mounts"].as_array_mut() {
        mounts.push(json!({
            "destination": PLACE, "type": "bind", "source": program,
            "options": ["bind", "ro"],
        }));
    }
    Ok(())
}

fn static_program() -> Result<PathBuf> {
    let own = std::env::current_exe().context("find this program")?;
    let beside = own.with_file_name("skiff-runtime");
    if !is_static(&beside).unwrap_or(false) {
        bail!(
            "HostConfig.Init: with a runtime that is not skiff's, a statically linked \
             {} is needed (build it with RUSTFLAGS='-C target-feature=+crt-static' and \
             --target)",
            beside.display()
        );
    }
    Ok(beside)
}

/// Whether a program asks for no loader: elf(5), a program header of the type INTERP.
fn is_static(program: &Path) -> Result<bool> {
    let mut start = Vec::new();
    let file = File::open(program).context("open the program")?;
    file.take(4096)
        .read_to_end(&mut start)
        .context("read the program")?;
    Ok(interpreter(&start) == Some(false))
}

/// Whether there is such a header; `None` for what is no 64-bit program of this machine.
fn interpreter(start: &[u8]) -> Option<bool> {
    const INTERP: u32 = 3;
    let half =
        |at: usize| Some(u16::from_ne_bytes(start.get(at..at + 2)?.try_into().ok()?));
    if !start.starts_with(b"\x7fELF\x02") {
        return None;
    }
    let headers = u64::from_ne_bytes(start.get(32..40)?.try_into().ok()?);
    let (headers, size, count) = (usize::try_from(headers).ok()?, half(54)?, half(56)?);
    for number in 0..count {
        let at = headers.checked_add(usize::from(number) * usize::from(size))?;
        let kind = start.get(at..at.checked_add(4)?)?;
        if u32::from_ne_bytes(kind.try_into().ok()?) == INTERP {
            return Some(true);
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_asks_for_a_loader_is_told_apart() {
        // A test is linked as everything is: with a loader.
        let own = std::env::current_exe().unwrap();
        assert!(!is_static(&own).unwrap());
        let mut start = std::fs::read(&own).unwrap();
        start.truncate(4096);
        assert_eq!(interpreter(&start), Some(true));
        // The same without its program headers asks for none.
        start[56..58].fill(0);
        assert_eq!(interpreter(&start), Some(false));
        for cut in [0, 4, 40, 57] {
            assert_eq!(interpreter(&start[..cut]), None, "{cut}");
        }
        assert_eq!(interpreter(b"#!/bin/sh\n"), None);
    }

    #[test]
    fn our_own_runtime_is_asked_by_an_annotation() {
        let mut spec =
            json!({ "annotations": { "a": "b" }, "process": { "args": ["x"] } });
        add(&mut spec, true).unwrap();
        assert_eq!(
            spec["annotations"],
            json!({ "a": "b", "org.skiff.init": "true" })
        );
        assert_eq!(spec["process"]["args"], json!(["x"]));
    }
}
