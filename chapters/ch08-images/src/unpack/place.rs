//! Places in a layer's tree: a folder that the kernel resolved, and one name in it.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::{
    FchmodatFlags, Mode, SFlag, UtimensatFlags, fchmodat, fstatat, makedev, mkdirat,
    mknodat, utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchownat, linkat, symlinkat, unlinkat};
use overlay::{whiteout, xattr};

use crate::tarball::Member;

/// The tree of one layer.
pub(super) struct Tree {
    root: Rc<OwnedFd>,
    /// The folder that was asked for last: neighbours in an archive share it.
    last: Option<(PathBuf, Rc<OwnedFd>)>,
    /// The times of folders, set when nothing comes into them any more.
    times: BTreeMap<(PathBuf, OsString), (i64, u32)>,
}

/// A name in a folder, there or not.
pub(super) struct Place {
    parent: Rc<OwnedFd>,
    folder: PathBuf,
    name: OsString,
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
        let make = || mkdirat(&*place.parent, place.name(), Mode::S_IRWXU);
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
        match unlinkat(&*place.parent, place.name(), UnlinkatFlags::NoRemoveDir) {
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

/// What is at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Folder,
    Whiteout,
    Other,
}

impl Place {
    fn name(&self) -> &OsStr {
        &self.name
    }

    /// A path to it that goes through the folder's descriptor.
    fn path(&self) -> PathBuf {
        let folder = format!("/proc/self/fd/{}", self.parent.as_raw_fd());
        Path::new(&folder).join(&self.name)
    }

    fn kind(&self) -> Result<Option<Node>> {
        let flag = AtFlags::AT_SYMLINK_NOFOLLOW;
        let found = match fstatat(&*self.parent, self.name(), flag) {
            Err(Errno::ENOENT) => return Ok(None),
            answer => answer.context("look at what is there")?,
        };
        let kind = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT;
        Ok(Some(match kind {
            SFlag::S_IFDIR => Node::Folder,
            SFlag::S_IFCHR if found.st_rdev == 0 => Node::Whiteout,
            _ => Node::Other,
        }))
    }

    /// Whether another place is the same file already.
    pub(super) fn is_same(&self, other: &Self) -> Result<bool> {
        let flag = AtFlags::AT_SYMLINK_NOFOLLOW;
        let one = fstatat(&*self.parent, self.name(), flag).context("look at a file")?;
        Ok(fstatat(&*other.parent, other.name(), flag)
            .is_ok_and(|two| (one.st_dev, one.st_ino) == (two.st_dev, two.st_ino)))
    }

    pub(super) fn create(&self) -> nix::Result<File> {
        let flags = OFlag::O_CREAT
            | OFlag::O_EXCL
            | OFlag::O_WRONLY
            | OFlag::O_NOFOLLOW
            | OFlag::O_CLOEXEC;
        openat(
            &*self.parent,
            self.name(),
            flags,
            Mode::S_IRUSR | Mode::S_IWUSR,
        )
        .map(File::from)
    }

    pub(super) fn symlink(&self, to: &[u8]) -> nix::Result<()> {
        let to = OsString::from_vec(to.to_vec());
        symlinkat(to.as_os_str(), &*self.parent, self.name())
    }

    pub(super) fn hard_link(&self, to: &Self) -> nix::Result<()> {
        // Without a flag linkat(2) does not follow a link at the end.
        let flag = AtFlags::empty();
        linkat(&*to.parent, to.name(), &*self.parent, self.name(), flag)
    }

    pub(super) fn node(
        &self,
        kind: SFlag,
        (major, minor): (u32, u32),
    ) -> nix::Result<()> {
        let device = makedev(u64::from(major), u64::from(minor));
        mknodat(&*self.parent, self.name(), kind, Mode::empty(), device)
    }

    /// Gives it away; false when that owner does not exist in this user namespace,
    /// and it stays root's.
    pub(super) fn own(&self, uid: u32, gid: u32) -> Result<bool> {
        let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
        let flag = AtFlags::AT_SYMLINK_NOFOLLOW;
        match fchownat(&*self.parent, self.name(), uid, gid, flag) {
            Err(Errno::EINVAL | Errno::EPERM) => Ok(false),
            answer => answer.map(|()| true).context("set the owner"),
        }
    }

    /// Sets the mode. It is no link: whoever calls has just made it.
    pub(super) fn mode(&self, mode: u32) -> Result<()> {
        let mode = Mode::from_bits_truncate(mode);
        fchmodat(
            &*self.parent,
            self.name(),
            mode,
            FchmodatFlags::FollowSymlink,
        )
        .context("set the mode")
    }

    /// Sets the attributes that an image may bring along.
    pub(super) fn attributes(&self, attributes: &[(Vec<u8>, Vec<u8>)]) -> Result<()> {
        for (name, value) in attributes {
            let Ok(name) = CString::new(name.as_slice()) else {
                continue;
            };
            let allowed = name.as_bytes().starts_with(b"user.")
                || name.as_bytes() == b"security.capability";
            if !allowed || whiteout::is_reserved(&name) {
                continue;
            }
            match xattr::set(&self.path(), &name, value) {
                // The file system has none, or they are not ours to give.
                Err(Errno::EOPNOTSUPP | Errno::EPERM) => {}
                answer => {
                    answer.with_context(|| format!("set the attribute {name:?}"))?
                }
            }
        }
        Ok(())
    }

    /// Sets the time of change, and that of access to the same.
    pub(super) fn date(&self, (seconds, nanos): (i64, u32)) -> Result<()> {
        let time = TimeSpec::new(seconds, i64::from(nanos));
        let flag = UtimensatFlags::NoFollowSymlink;
        match utimensat(&*self.parent, self.name(), &time, &time, flag) {
            // Not every file system reaches as far as an archive.
            Err(Errno::EINVAL) => Ok(()),
            answer => answer.context("set the time"),
        }
    }
}
