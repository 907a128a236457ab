//! The tree of a layer as it grows: folders resolved by the kernel, things put in the way
//! of others, whiteouts.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::Mode;
use overlay::whiteout;

use super::place::{Node, Place};
use crate::tarball::Member;

/// The tree of one layer.
pub(super) struct Tree {
    root: Rc<OwnedFd>,
    /// The folder that was asked for last: neighbours in an archive share it.
    last: Option<(PathBuf, Rc<OwnedFd>)>,
    /// The times of folders, set when nothing comes into them any more.
    times: BTreeMap<(PathBuf, OsString), (i64, u32)>,
}

impl Tree {
    pub(super) fn open(root: &Path) -> Result<Self> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let root = openat(AT_FDCWD, root, flags, Mode::empty())
            .with_context(|| format!("open {}", root.display()))?;
        Ok(Self {
            root: Rc::new(root),
            last: None,
            times: BTreeMap::new(),
        })
    }

    /// The place of `name` in `folder`, which is made if it is missing: not every
    /// archive has entries for its folders.
    pub(super) fn place(&mut self, folder: &Path, name: &OsStr) -> Result<Place> {
        let parent = match self.folder(folder) {
            Err(Errno::ENOENT | Errno::ENOTDIR) => self.make_folders(folder),
            answer => answer.map_err(Into::into),
        };
        Ok(Place {
            parent: parent.with_context(|| format!("resolve {}", folder.display()))?,
            folder: folder.to_owned(),
            name: name.to_owned(),
        })
    }

    /// The place of something that must be there.
    pub(super) fn existing(&mut self, folder: &Path, name: &OsStr) -> Result<Place> {
        let place = Place {
            parent: self.folder(folder)?,
            folder: folder.to_owned(),
            name: name.to_owned(),
        };
        place.kind()?.context("there is no such entry")?;
        Ok(place)
    }

    // ANCHOR: resolve
    /// Resolves a folder as a process whose root is the layer would.
    fn resolve(&self, folder: &Path) -> nix::Result<Rc<OwnedFd>> {
        if folder.as_os_str().is_empty() {
            return Ok(Rc::clone(&self.root));
        }
        let how = OpenHow::new()
            .flags(OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        loop {
            match openat2(&*self.root, folder, how) {
                // Something was renamed meanwhile, anywhere on the machine.
                Err(Errno::EAGAIN) => {}
                answer => return answer.map(Rc::new),
            }
        }
    }
    // ANCHOR_END: resolve

    fn folder(&mut self, folder: &Path) -> nix::Result<Rc<OwnedFd>> {
        if let Some((last, fd)) = &self.last
            && last == folder
        {
            return Ok(Rc::clone(fd));
        }
        let fd = self.resolve(folder)?;
        self.last = Some((folder.to_owned(), Rc::clone(&fd)));
        Ok(fd)
    }

    fn make_folders(&mut self, folder: &Path) -> Result<Rc<OwnedFd>> {
        let mut above = PathBuf::new();
        for name in folder {
            let path = above.join(name);
            if self.resolve(&path).is_err() {
                let place = Place {
                    parent: self.resolve(&above)?,
                    folder: above,
                    name: name.to_owned(),
                };
                // A file, or a link to nowhere, is not replaced for the sake of what
                // should lie below it; a whiteout is.
                if place.kind()?.is_none_or(|kind| kind == Node::Whiteout) {
                    self.make_folder(&place)?;
                    place.mode(0o755)?;
                }
            }
            above = path;
        }
        Ok(self.folder(folder)?)
    }

    /// Makes something at a place with `act`, after removing what is in its way.
    pub(super) fn make<T>(
        &mut self,
        place: &Place,
        act: impl Fn() -> nix::Result<T>,
    ) -> Result<T> {
        match act() {
            Err(Errno::EEXIST) => {
                self.remove(place)?;
                act().context("make")
            }
            answer => answer.context("make"),
        }
    }

    /// Makes a folder, or keeps the one that is there.
    pub(super) fn make_folder(&mut self, place: &Place) -> Result<()> {
        let make = || place.mkdir();
        match place.kind()? {
            Some(Node::Folder) => return Ok(()),
            None => make().context("mkdir")?,
            Some(Node::Other) => self.make(place, make)?,
            Some(Node::Whiteout) => {
                // The folder that was below stays gone.
                self.make(place, make)?;
                whiteout::make_opaque(&place.path())?;
            }
        }
        Ok(())
    }

    fn remove(&mut self, place: &Place) -> Result<()> {
        match place.unlink() {
            Err(Errno::EISDIR | Errno::EPERM) => {
                // It may be the folder that is kept open, or one on the way to it.
                self.last = None;
                fs::remove_dir_all(place.path()).context("remove what is in the way")
            }
            answer => {
                // Or a link on the way to it.
                self.last = None;
                answer.context("remove what is in the way")
            }
        }
    }

    /// Takes away what the layers below have at a place.
    pub(super) fn white_out(&mut self, place: &Place) -> Result<()> {
        match place.kind()? {
            None => whiteout::make(&place.path()),
            // What this layer has stays, what is below it goes.
            Some(Node::Folder) => whiteout::make_opaque(&place.path()),
            Some(Node::Other | Node::Whiteout) => Ok(()),
        }
    }

    /// Takes away all that the layers below have in a folder.
    pub(super) fn empty(&mut self, folder: &Path) -> Result<()> {
        let fd = match self.folder(folder) {
            Err(Errno::ENOENT | Errno::ENOTDIR) => self.make_folders(folder)?,
            answer => answer.context("resolve the folder")?,
        };
        whiteout::make_opaque(Path::new(&format!("/proc/self/fd/{}/.", fd.as_raw_fd())))
    }

    /// Gives the root of the layer its attributes.
    pub(super) fn root_attributes(&mut self, member: &Member) -> Result<()> {
        let root = Place {
            parent: Rc::clone(&self.root),
            folder: PathBuf::new(),
            name: ".".into(),
        };
        root.own(member.uid, member.gid)?;
        root.mode(member.mode)?;
        root.attributes(&member.attributes)?;
        self.date_later(&root, member.modified);
        Ok(())
    }

    /// Remembers the time of a folder.
    pub(super) fn date_later(&mut self, place: &Place, modified: (i64, u32)) {
        let place = (place.folder.clone(), place.name.clone());
        self.times.insert(place, modified);
    }

    /// Sets the times of the folders.
    pub(super) fn finish(&mut self) -> Result<()> {
        for ((folder, name), modified) in std::mem::take(&mut self.times) {
            // It may have been replaced since, and then has a time of its own.
            if let Ok(place) = self.existing(&folder, &name)
                && place.kind()? == Some(Node::Folder)
            {
                place.date(modified)?;
            }
        }
        Ok(())
    }
}
