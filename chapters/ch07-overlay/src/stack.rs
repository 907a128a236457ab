//! The union mount: lower layers, an upper folder for the changes, one view.
//!
//! overlayfs copies a file up into the upper folder when it is first opened for
//! writing, and hides a removed one behind a whiteout there; the lower layers are never
//! written to. Where the kernel refuses overlayfs (an upper folder that lies on
//! another overlay, a user namespace before Linux 5.11), the layers are copied instead:
//! slower and larger, the same view.

mod options;
mod refused;

use std::ffi::CString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::mount::MsFlags;
use serde::{Deserialize, Serialize};
use workbench::diagnosis::{self, diagnosed};
use workbench::steps::step;
use workbench::user::in_user_namespace;

use crate::copy;
use crate::fscontext::{self, FsContext};
use options::{one_text, value};
pub(crate) use refused::OVERLAY;

/// What is laid upon what.
// ANCHOR: Stack
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// The read-only layers, the topmost first; may be empty.
    pub lower: Vec<PathBuf>,
    /// Where the changes go: made if missing, with the mode and owner of the topmost
    /// layer's root.
    pub upper: PathBuf,
    /// overlayfs's workshop, on the same file system as `upper`; made if missing.
    pub work: PathBuf,
}
// ANCHOR_END: Stack

/// How a stack came to be shown.
#[derive(Debug)]
pub enum Union {
    /// By overlayfs.
    Overlay,
    /// By copying every layer into the upper folder.
    Copy {
        /// What the kernel said to overlayfs, with a hint; nothing when the copy was
        /// there already.
        refusal: Option<anyhow::Error>,
    },
}

/// Shows `stack` at the folder `target`, in the caller's mount namespace.
///
/// # Errors
/// A layer or the target is missing, or neither overlayfs nor a copy is possible.
// ANCHOR: mount
pub fn mount(stack: &Stack, target: &Path) -> Result<Union> {
    prepare(stack).map_err(|error| diagnosed(error, &OVERLAY, stack))?;
    if stack.lower.is_empty() {
        bind(&stack.upper, target)?;
        return Ok(Union::Overlay);
    }
    if copy::is_done(stack) {
        bind(&stack.upper, target)?;
        return Ok(Union::Copy { refusal: None });
    }
    let refusal = match overlay(stack, target) {
        Ok(()) => return Ok(Union::Overlay),
        Err(error) => diagnosed(error, &OVERLAY, stack),
    };
    if !refused(&refusal) {
        return Err(refusal);
    }
    step(
        7,
        format_args!("copy {} layers to {:?}", stack.lower.len(), stack.upper),
        "the kernel refuses overlayfs here: the layers are copied instead",
        || copy::fill(stack),
    )
    .map_err(|error| match diagnosis::hint(&refusal) {
        Some(hint) => diagnosis::with_hint(error, hint),
        None => error,
    })?;
    bind(&stack.upper, target)?;
    Ok(Union::Copy {
        refusal: Some(refusal),
    })
}
// ANCHOR_END: mount

/// Whether the kernel says that overlayfs cannot be used here at all.
fn refused(error: &anyhow::Error) -> bool {
    matches!(
        diagnosis::errno(error),
        Some(
            Errno::EINVAL
                | Errno::EPERM
                | Errno::ENODEV
                | Errno::ENOSYS
                | Errno::EOPNOTSUPP
        )
    )
}

fn overlay(stack: &Stack, target: &Path) -> Result<()> {
    match with_context(stack, target) {
        // Before Linux 6.7 overlayfs has no `lowerdir+`.
        Err(error) if refused(&error) => with_options(stack, target).map_err(|_| error),
        answer => answer,
    }
}

// ANCHOR: with_context
/// Configures overlayfs option by option, and attaches it.
fn with_context(stack: &Stack, target: &Path) -> Result<()> {
    let context = step(
        7,
        format_args!("fsopen(\"overlay\", FSOPEN_CLOEXEC)"),
        "a file system that is not mounted yet, to be configured",
        || FsContext::open(c"overlay"),
    )
    .context("fsopen overlay")?;
    let mut kept = Vec::new();
    for layer in &stack.lower {
        let why = "one read-only layer more, below those before it";
        set(&context, "lowerdir+", &value(layer, &mut kept)?, why)?;
    }
    let why = "what the container changes is written here";
    set(&context, "upperdir", &value(&stack.upper, &mut kept)?, why)?;
    let why = "copies are made here and renamed into place";
    set(&context, "workdir", &value(&stack.work, &mut kept)?, why)?;
    let why = "an image must not redirect a folder to another place";
    set(&context, "redirect_dir", "nofollow", why)?;
    if in_user_namespace() {
        step(
            7,
            format_args!("fsconfig(FSCONFIG_SET_FLAG, \"userxattr\")"),
            "trusted.* attributes are out of reach in a user namespace",
            || context.set_flag(c"userxattr"),
        )
        .context("set userxattr of overlay")?;
    }
    let mount = step(
        7,
        format_args!("fsconfig(FSCONFIG_CMD_CREATE); fsmount(FSMOUNT_CLOEXEC)"),
        "the union exists, attached nowhere",
        || context.create().and_then(|()| context.mount()),
    )
    .with_context(|| format!("mount overlay: {}", context.messages()))?;
    step(
        7,
        format_args!("move_mount(overlay, {target:?}, MOVE_MOUNT_F_EMPTY_PATH)"),
        "the union becomes visible at one place",
        || fscontext::attach(&mount, target),
    )
    .with_context(|| format!("mount overlay on {}", target.display()))
}
// ANCHOR_END: with_context

fn set(context: &FsContext, key: &str, value: &str, why: &str) -> Result<()> {
    let c_key = CString::new(key)?;
    let c_value = CString::new(value)?;
    step(
        7,
        format_args!("fsconfig(FSCONFIG_SET_STRING, {key:?}, {value:?})"),
        why,
        || context.set(&c_key, &c_value),
    )
    .with_context(|| format!("set {key}={value} of overlay: {}", context.messages()))
}

/// The same with mount(2): all options in one text.
fn with_options(stack: &Stack, target: &Path) -> Result<()> {
    let mut kept = Vec::new();
    let options = one_text(stack, &mut kept)?;
    step(
        7,
        format_args!("mount(\"overlay\", {target:?}, \"overlay\", 0, {options:?})"),
        "a kernel before 6.7 takes the whole stack as one text",
        || {
            let kind = Some("overlay");
            nix::mount::mount(kind, target, kind, MsFlags::empty(), Some(&*options))
        },
    )
    .with_context(|| format!("mount overlay on {}", target.display()))
}

/// Makes the upper folder and the workshop where they are missing.
fn prepare(stack: &Stack) -> Result<()> {
    let make = |folder: &Path| {
        fs::create_dir_all(folder)
            .with_context(|| format!("make the folder {}", folder.display()))
    };
    make(&stack.work)?;
    if stack.upper.is_dir() {
        return Ok(());
    }
    make(&stack.upper)?;
    // The upper folder's own mode and owner are those of the container's `/`.
    let like = stack.lower.first().map(fs::metadata).transpose();
    let like = like.context("look at the topmost layer")?;
    let (mode, uid, gid) =
        like.map_or((0o755, 0, 0), |like| (like.mode(), like.uid(), like.gid()));
    // Only root may give it away; for anybody else it is theirs already.
    let _ = std::os::unix::fs::chown(&stack.upper, Some(uid), Some(gid));
    fs::set_permissions(&stack.upper, fs::Permissions::from_mode(mode & 0o7777))
        .with_context(|| format!("set the mode of {}", stack.upper.display()))
}

fn bind(folder: &Path, target: &Path) -> Result<()> {
    step(
        7,
        format_args!("mount({folder:?}, {target:?}, MS_BIND)"),
        "without layers to lay upon each other, the folder itself is the root",
        || nix::mount::mount(Some(folder), target, NONE, MsFlags::MS_BIND, NONE),
    )
    .with_context(|| format!("bind {} on {}", folder.display(), target.display()))
}

const NONE: Option<&str> = None;
