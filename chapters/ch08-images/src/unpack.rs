//! Unpacking: a layer's archive becomes a tree in overlayfs's form.
//!
//! Archives are hostile. Every name is taken apart first ([`name`]), its folder is
//! resolved by the kernel below the layer's own root (openat2(2), `RESOLVE_IN_ROOT`),
//! and only the last part of it is acted upon, never through a link. Each layer is
//! unpacked alone: no link of another layer is there to be followed.

mod name;
mod place;
mod tree;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use nix::sys::stat::SFlag;

use crate::tarball::{Kind, Member, Tarball};
use name::Name;
use place::Place;
use tree::Tree;

/// What unpacking a layer came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unpacked {
    /// The bytes of its files, holes not counted.
    pub(crate) size: u64,
}

/// Unpacks the archive `source` into the empty folder `root`, writing at most `quota`
/// bytes, and returns the stream after the archive's end.
///
/// # Errors
/// The archive is damaged or tries to leave `root`: the entry is named. What was
/// written stays in `root`, for the caller to remove.
pub(crate) fn unpack<R: Read>(
    source: R,
    root: &Path,
    quota: u64,
) -> Result<(Unpacked, R)> {
    let mut unpacker = Unpacker {
        tree: Tree::open(root)?,
        quota,
        unpacked: Unpacked::default(),
        buffer: vec![0; 128 << 10],
    };
    let mut archive = Tarball::new(source);
    while let Some(member) = archive.next()? {
        unpacker.member(&member, &mut archive).with_context(|| {
            format!("entry {:?}", String::from_utf8_lossy(&member.path))
        })?;
    }
    unpacker.tree.finish()?;
    Ok((unpacker.unpacked, archive.into_rest()))
}

struct Unpacker {
    tree: Tree,
    quota: u64,
    unpacked: Unpacked,
    buffer: Vec<u8>,
}

impl Unpacker {
    fn member<R: Read>(&mut self, member: &Member, data: &mut Tarball<R>) -> Result<()> {
        match name::of_entry(&member.path)? {
            Name::Ignored => Ok(()),
            Name::Root if member.kind == Kind::Dir => self.tree.root_attributes(member),
            Name::Root => bail!("the root is not a folder"),
            Name::Opaque { folder } => self.tree.empty(&folder),
            Name::Whiteout { folder, name } => {
                let place = self.tree.place(&folder, &name)?;
                self.tree.white_out(&place)
            }
            Name::Entry { folder, name } => {
                let place = self.tree.place(&folder, &name)?;
                self.entry(member, &place, data)
            }
        }
    }

    // ANCHOR: entry
    fn entry<R: Read>(
        &mut self,
        member: &Member,
        place: &Place,
        data: &mut Tarball<R>,
    ) -> Result<()> {
        match member.kind {
            Kind::File => {
                let file = self.tree.make(place, || place.create())?;
                self.contents(member, file, data)?;
            }
            Kind::Dir => self.tree.make_folder(place)?,
            Kind::SymLink => self.tree.make(place, || place.symlink(&member.link))?,
            Kind::HardLink => return self.hard_link(member, place),
            Kind::Fifo => {
                self.tree
                    .make(place, || place.node(SFlag::S_IFIFO, (0, 0)))?;
            }
            Kind::CharDevice | Kind::BlockDevice => {
                if !self.device(member, place)? {
                    return Ok(());
                }
            }
        }
        // chown(2) clears setuid and file capabilities, so it goes first.
        let owned = place.own(member.uid, member.gid)?;
        if member.kind != Kind::SymLink {
            // A setuid program must not become that of another user.
            place.mode(if owned {
                member.mode
            } else {
                member.mode & 0o1777
            })?;
        }
        place.attributes(&member.attributes)?;
        match member.kind {
            // What is yet to come into a folder changes its time.
            Kind::Dir => self.tree.date_later(place, member.modified),
            _ => place.date(member.modified)?,
        }
        Ok(())
    }
    // ANCHOR_END: entry

    /// Makes a device, unless nobody may make one here: /dev is made anew in every
    /// container.
    fn device(&mut self, member: &Member, place: &Place) -> Result<bool> {
        let flag = match member.kind {
            Kind::CharDevice => SFlag::S_IFCHR,
            _ => SFlag::S_IFBLK,
        };
        ensure!(
            flag != SFlag::S_IFCHR || member.device != (0, 0),
            "a device 0:0 would be overlayfs's own whiteout"
        );
        match self.tree.make(place, || place.node(flag, member.device)) {
            Err(error)
                if error.downcast_ref() == Some(&Errno::EPERM)
                    && workbench::user::in_user_namespace() =>
            {
                Ok(false)
            }
            answer => answer.map(|()| true),
        }
    }

    /// Links to a file that came earlier; it has its attributes already.
    fn hard_link(&mut self, member: &Member, place: &Place) -> Result<()> {
        let shown = String::from_utf8_lossy(&member.link);
        let target = match name::of_entry(&member.link) {
            Ok(Name::Entry { folder, name }) => {
                let target = self.tree.existing(&folder, &name);
                target.with_context(|| format!("invalid hardlink target {shown:?}"))?
            }
            _ => bail!("invalid hardlink target {shown:?}"),
        };
        if target.is_same(place)? {
            return Ok(());
        }
        self.tree.make(place, || place.hard_link(&target))
    }

    fn contents<R: Read>(
        &mut self,
        member: &Member,
        mut file: File,
        data: &mut Tarball<R>,
    ) -> Result<()> {
        let Some(pieces) = &member.pieces else {
            return self.copy(data, member.size, &mut file);
        };
        for piece in pieces {
            file.seek(SeekFrom::Start(piece.offset)).context("seek")?;
            self.copy(data, piece.length, &mut file)?;
        }
        file.set_len(member.size)
            .with_context(|| format!("make a sparse file of {} bytes", member.size))
    }

    fn copy(&mut self, data: &mut impl Read, length: u64, to: &mut File) -> Result<()> {
        self.unpacked.size = self.unpacked.size.saturating_add(length);
        ensure!(
            self.unpacked.size <= self.quota,
            "the layer unpacks to more than the {} bytes that are free",
            self.quota
        );
        let mut left = length;
        while left > 0 {
            let most = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(self.buffer.len());
            match data.read(&mut self.buffer[..most]) {
                Ok(0) => bail!("unexpected end of the archive"),
                Ok(read) => {
                    to.write_all(&self.buffer[..read]).context("write")?;
                    left -= read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("read the archive"),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
