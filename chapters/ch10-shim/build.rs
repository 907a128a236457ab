//! Names this build by the sources of the shim, and of all that it is made of.
//!
//! `skiff-shim` and the daemon are two programs, and `cargo run` builds only one of
//! them: with this name the daemon can tell a shim that is older than itself.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let mut sources = Vec::new();
    // The chapters up to this one.
    for chapter in std::fs::read_dir("..")? {
        let chapter = chapter?;
        if chapter.file_name() <= *"ch10-shim" {
            let folder = chapter.path().join("src");
            println!("cargo::rerun-if-changed={}", folder.display());
            collect(&folder, &mut sources)?;
        }
    }
    sources.sort();
    let mut hasher = DefaultHasher::new();
    for source in sources {
        std::fs::read(source)?.hash(&mut hasher);
    }
    println!("cargo::rustc-env=SHIM_BUILD={:016x}", hasher.finish());
    Ok(())
}

fn collect(folder: &Path, sources: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, sources)?;
        } else {
            sources.push(path);
        }
    }
    Ok(())
}
