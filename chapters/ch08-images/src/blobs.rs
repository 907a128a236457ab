//! The content store: files named by the digest of what is in them.
//!
//! A blob is written under a passing name, hashed on the way, and renamed only when its
//! digest is the expected one and its bytes are on the disk: what has its name can be
//! believed. The folder is that of an OCI image layout, `blobs/sha256/<hex>`.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use workbench::steps::step;

use crate::digest::{Digest, Hashing};
use crate::error::Error;

const INCOMING: &str = "incoming-";

/// The blobs in one data root.
#[derive(Debug)]
pub(crate) struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    /// Opens the store; what an earlier run left half-written is removed.
    pub(crate) fn open(data_root: &Path) -> Result<Self> {
        let folder = data_root.join("blobs/sha256");
        fs::create_dir_all(&folder)
            .with_context(|| format!("make the folder {}", folder.display()))?;
        for entry in fs::read_dir(&folder).context("read the folder of blobs")? {
            let entry = entry.context("read the folder of blobs")?;
            if entry.file_name().to_string_lossy().starts_with(INCOMING) {
                fs::remove_file(entry.path()).context("remove a half-written blob")?;
            }
        }
        Ok(Self { folder })
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.hex())
    }

    /// Whether the blob is here.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.path(digest).exists()
    }

    /// Opens a blob to be read as a stream.
    pub(crate) fn file(&self, digest: &Digest) -> Result<File> {
        File::open(self.path(digest)).with_context(|| format!("open the blob {digest}"))
    }

    /// A document, whole and verified again.
    pub(crate) fn read(&self, digest: &Digest, longest: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file(digest)?
            .take(longest + 1)
            .read_to_end(&mut bytes)
            .with_context(|| format!("read the blob {digest}"))?;
        ensure!(
            bytes.len() as u64 <= longest,
            "the blob {digest} is too large"
        );
        ensure!(
            Digest::of(&bytes) == *digest,
            "the blob {digest} is damaged"
        );
        Ok(bytes)
    }

    /// Starts to write a blob whose digest will be known at its end.
    pub(crate) fn create(&self) -> Result<Incoming> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{INCOMING}{}-{number}", std::process::id());
        let path = self.folder.join(name);
        let file = File::options()
            .write(true)
            .create_new(true)
            .open(&path)
            .with_context(|| format!("make the file {}", path.display()))?;
        Ok(Incoming {
            file: Some(Hashing::new(file)),
            path,
        })
    }

    /// Keeps a document.
    pub(crate) fn put(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        if !self.has(&digest) {
            let mut incoming = self.create()?;
            incoming.write_all(bytes).context("write a document")?;
            incoming.commit(self)?;
        }
        Ok(digest)
    }

    /// Removes a blob, if it is here.
    pub(crate) fn remove(&self, digest: &Digest) -> Result<()> {
        match fs::remove_file(self.path(digest)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("remove the blob {digest}"))
            }
            _ => Ok(()),
        }
    }

    /// Makes the names of the blobs durable (their bytes are).
    pub(crate) fn sync(&self) -> Result<()> {
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .context("sync the folder of blobs")
    }
}

/// A blob being written. Dropped without a commit, it is removed.
pub(crate) struct Incoming {
    file: Option<Hashing<File>>,
    path: PathBuf,
}

impl Incoming {
    /// Keeps what was written, whatever its digest; returns that and the length.
    pub(crate) fn commit(self, blobs: &Blobs) -> Result<(Digest, u64)> {
        self.finish(blobs, None)
    }

    /// Keeps what was written if its digest is `expected`.
    pub(crate) fn commit_as(
        self,
        blobs: &Blobs,
        expected: &Digest,
        what: &'static str,
    ) -> Result<()> {
        self.finish(blobs, Some((expected, what))).map(drop)
    }

    // ANCHOR: finish
    fn finish(
        mut self,
        blobs: &Blobs,
        expected: Option<(&Digest, &'static str)>,
    ) -> Result<(Digest, u64)> {
        let file = self.file.take().context("write a blob twice")?;
        let (file, digest, length) = file.finish();
        if let Some((expected, what)) = expected
            && digest != *expected
        {
            let digest = expected.clone();
            return Err(Error::Unverified { what, digest }.into());
        }
        let why = "a power failure must not leave a name without its bytes";
        step(8, format_args!("fdatasync({:?})", self.path), why, || {
            file.sync_data()
        })
        .context("sync a blob")?;
        let path = blobs.path(&digest);
        let why = "the digest is right: from now on the content has its name";
        step(
            8,
            format_args!("rename({:?}, {path:?})", self.path),
            why,
            || fs::rename(&self.path, &path),
        )
        .with_context(|| format!("put the blob {digest} in place"))?;
        Ok((digest, length))
    }
    // ANCHOR_END: finish
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // After a commit it has another name.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_appears_only_under_its_own_digest() {
        let root = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(root.path()).unwrap();
        let (right, wrong) = (Digest::of(b"abc"), Digest::of(b"abd"));
        for expected in [&wrong, &right] {
            let mut incoming = blobs.create().unwrap();
            incoming.write_all(b"abc").unwrap();
            let answer = incoming.commit_as(&blobs, expected, "filesystem layer");
            assert_eq!(answer.is_ok(), *expected == right);
        }
        assert!(!blobs.has(&wrong));
        assert_eq!(blobs.read(&right, 3).unwrap(), b"abc");
        assert!(blobs.read(&right, 2).is_err());
        assert_eq!(fs::read_dir(&blobs.folder).unwrap().count(), 1);
    }

    #[test]
    fn damage_is_seen_and_rubbish_removed() {
        let root = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(root.path()).unwrap();
        let digest = blobs.put(b"abc").unwrap();
        fs::write(blobs.path(&digest), b"").unwrap();
        assert!(blobs.read(&digest, 100).is_err());
        fs::write(blobs.folder.join("incoming-1-1"), b"x").unwrap();
        let blobs = Blobs::open(root.path()).unwrap();
        assert_eq!(fs::read_dir(&blobs.folder).unwrap().count(), 1);
        blobs.remove(&digest).unwrap();
        blobs.remove(&digest).unwrap();
        assert!(!blobs.has(&digest));
    }
}
