//! A registry in a world: the reference one, on the world's loopback, without TLS.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::needs::registry_program;
use crate::{Job, Layout, World, eventually};

/// Port 5000 of the world's own loopback is free: nobody else lives there.
const PORT: u16 = 5000;

/// A registry that runs until this is dropped. Needs [`Registry`](crate::Need::Registry).
pub struct Registry {
    _job: Job,
    storage: PathBuf,
}

impl Registry {
    /// Starts an empty registry in `world` and waits until it listens.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    #[must_use]
    pub fn start(world: &World) -> Self {
        let storage = world.folder("registry");
        let config = world.home().join("registry.yml");
        let text = format!(
            "version: 0.1\n\
             log: {{level: error, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: 127.0.0.1:{PORT}}}\n",
            storage.display()
        );
        fs::write(&config, text).expect("the registry's configuration");
        let program = registry_program()
            .expect("a registry")
            .display()
            .to_string();
        let words = [
            &program,
            "serve",
            config.to_str().expect("paths of tests are text"),
        ];
        let job = Job::start(world.command(&words), Some(b""));
        let table = world.proc("net/tcp");
        let wanted = format!("0100007F:{PORT:04X} 00000000:0000 0A");
        eventually("the registry listens", Duration::from_secs(20), || {
            fs::read_to_string(&table)
                .ok()?
                .contains(&wanted)
                .then_some(())
        });
        Self { _job: job, storage }
    }

    /// The registry's address, as it stands in references.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{PORT}")
    }

    /// Pushes `image` under `name` (`busybox:1`); returns the reference to pull.
    ///
    /// # Panics
    /// If it cannot be pushed.
    #[track_caller]
    pub fn push(&self, world: &World, image: &Layout, name: &str) -> String {
        let dir = world
            .home()
            .join(format!("layout-{}", name.replace([':', '/'], "-")));
        image.write(&dir, "t");
        let from = format!("oci:{}:t", dir.display());
        let reference = format!("{}/{name}", self.address());
        let to = format!("docker://{reference}");
        let skopeo = ["skopeo", "--insecure-policy", "copy", "--quiet", "--all"];
        let tmp = world.home().to_str().expect("paths of tests are text");
        let words = [&skopeo[..], &["--dest-tls-verify=false", &from, &to]].concat();
        let mut command = world.command(&words);
        command.env("TMPDIR", tmp).env("XDG_RUNTIME_DIR", tmp);
        let _ = crate::run(command).expect(0);
        reference
    }

    /// Where the registry keeps the blob `digest`, for a test that makes it lie.
    #[must_use]
    pub fn blob(&self, digest: &str) -> PathBuf {
        let hex = digest.trim_start_matches("sha256:");
        let dir = Path::new("docker/registry/v2/blobs/sha256").join(&hex[..2]);
        self.storage.join(dir).join(hex).join("data")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Need, needs};

    #[test]
    fn what_is_pushed_is_there_to_pull() {
        if !needs(&[Need::Root, Need::Registry]) {
            return;
        }
        let world = World::root("/bin/true");
        let registry = Registry::start(&world);
        let image = Layout::new().file("hello", 0o644, "hi").among_platforms();
        let name = registry.push(&world, &image, "some/image:1");
        assert_eq!(name, "127.0.0.1:5000/some/image:1");
        let from = format!("docker://{name}");
        let skopeo = ["skopeo", "inspect", "--raw", "--tls-verify=false", &from];
        let text = world.run(&skopeo).ok();
        assert!(text.contains("s390x") && text.contains(MANIFESTS), "{text}");
    }

    const MANIFESTS: &str = "\"manifests\"";
}
