//! Which build of skiff this is: a name for the executable that runs.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::LazyLock;

/// Differs when the executable does: its device, inode, size and time of change, of
/// the file that runs, even if another one has taken its place since.
///
/// Client and daemon compare it: readers edit code and type `cargo run` again.
pub static BUILD_ID: LazyLock<String> = LazyLock::new(|| {
    let Ok(found) = fs::metadata("/proc/self/exe") else {
        return "unknown".to_owned();
    };
    let parts = [
        found.dev(),
        found.ino(),
        found.size(),
        found.mtime().unsigned_abs(),
        found.mtime_nsec().unsigned_abs(),
    ];
    // FNV-1a: a name, not a proof.
    let hash = parts
        .iter()
        .flat_map(|part| part.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{hash:016x}")
});
