//! One layer: from a compressed stream to a verified tree in the snapshot store.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow};
use flate2::read::MultiGzDecoder;
use overlay::{About, Snapshots};

use crate::digest::{Digest, Hashing};
use crate::error::Error;
use crate::image::Image;
use crate::pipe::{self, pipe};
use crate::store::Store;
use crate::unpack;
use crate::zstd::Frames;

/// What is left to the rest of the machine when a layer fills the disk.
const RESERVE: u64 = 64 << 20;

/// Unpacks the layer `at` of an image from its blob.
pub(crate) fn unpack_blob(store: &Store, image: &Image, at: usize) -> Result<PathBuf> {
    let (blob, diff_id, chain) = (
        &image.parts.layers[at].digest,
        &image.diff_ids[at],
        &image.chain[at],
    );
    let _flight = store.flights.take(blob);
    // Whoever was at it before us may have made it.
    if store.layers.get(chain.hex()).is_none() {
        unpack(&store.layers, store.blobs.file(blob)?, diff_id, chain)?;
    }
    let layer = store.layers.get(chain.hex());
    Ok(layer.context("find the layer just unpacked")?.diff)
}

/// Unpacks a compressed layer under its chain id, if its content has the digest
/// `diff_id`: one thread inflates, this one hashes and writes.
pub(crate) fn unpack(
    layers: &Snapshots,
    source: impl Read + Send,
    diff_id: &Digest,
    chain: &Digest,
) -> Result<()> {
    let staging = layers.stage()?;
    let folder = staging.diff();
    let (writer, reader) = pipe();
    let (inflated, written) = thread::scope(|scope| {
        let inflating = scope.spawn(move || inflate(source, writer));
        let written = write(reader, &folder);
        (inflating.join(), written)
    });
    // A stream that cannot be inflated is the cause of what the unpacking says.
    inflated.map_err(|_| anyhow!("the inflating thread panicked"))??;
    let (about, digest) = written?;
    if digest != *diff_id {
        let (what, digest) = ("uncompressed layer", diff_id.clone());
        return Err(Error::Unverified { what, digest }.into());
    }
    layers.commit(staging, chain.hex(), about).map(drop)
}

/// Writes the tree of an archive, and tells the archive's digest.
fn write(archive: pipe::Reader, folder: &Path) -> Result<(About, Digest)> {
    let archive = Hashing::new(archive);
    let (unpacked, mut rest) = unpack::unpack(archive, folder, quota(folder)?)?;
    // The digest is that of the whole stream, what fills it up included.
    io::copy(&mut rest, &mut io::sink()).context("read the layer to its end")?;
    let (_, digest, _) = rest.finish();
    let size = unpacked.size;
    Ok((About { size }, digest))
}

/// Sends the layer's archive, whatever it is compressed with: its first bytes tell.
fn inflate(mut source: impl Read, writer: pipe::Writer) -> Result<()> {
    let mut magic = Vec::new();
    (&mut source)
        .take(4)
        .read_to_end(&mut magic)
        .context("read the layer")?;
    let whole = io::Cursor::new(magic.clone()).chain(source);
    match magic.as_slice() {
        [0x1f, 0x8b, ..] => writer.send_all(&mut MultiGzDecoder::new(whole)),
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
            writer.send_all(&mut Frames::new(whole))
        }
        _ => writer.send_all(&mut { whole }),
    }
    .context("inflate the layer")
}

fn quota(folder: &Path) -> Result<u64> {
    let folder = File::open(folder).context("open the staging folder")?;
    let free = nix::sys::statvfs::fstatvfs(&folder).context("ask for free space")?;
    let bytes = free.blocks_available().saturating_mul(free.fragment_size());
    Ok(bytes.saturating_sub(RESERVE))
}
