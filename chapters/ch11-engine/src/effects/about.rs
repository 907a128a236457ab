//! What the engine tells about itself.

use jiff::Timestamp;

use super::Engine;
use crate::api::system;
use crate::api::system::{Info, Plugins, RuntimeInfo, Swarm};
use crate::core::{Refusal, Status};

impl Engine {
    /// `GET /info`.
    ///
    /// # Errors
    /// The images cannot be counted.
    pub fn info(&self) -> Result<Info, Refusal> {
        let machine = &self.machine;
        let (running, paused, stopped) = self.count();
        let local = || vec!["local".to_owned()];
        let networks = ["bridge", "host", "null"].map(str::to_owned).to_vec();
        let skiff = RuntimeInfo {
            path: "skiff-runtime".into(),
        };
        let limits = machine.is_root;
        Ok(Info {
            containers: running + paused + stopped,
            containers_running: running,
            containers_paused: paused,
            containers_stopped: stopped,
            images: i64::try_from(self.store.list()?.len()).unwrap_or(0),
            driver: "overlay2".into(),
            plugins: Plugins {
                volume: local(),
                network: networks,
                authorization: None,
                log: vec!["json-file".into()],
            },
            memory_limit: limits,
            swap_limit: limits && machine.limits_swap,
            cpu_cfs_period: limits,
            cpu_cfs_quota: limits,
            cpu_shares: limits,
            cpu_set: limits,
            pids_limit: limits,
            ipv4_forwarding: true,
            system_time: Timestamp::now().to_string(),
            logging_driver: "json-file".into(),
            cgroup_driver: if limits { "cgroupfs" } else { "none" }.into(),
            cgroup_version: cgroup_version().into(),
            kernel_version: machine.kernel.clone(),
            operating_system: machine.system.clone(),
            os_type: "linux".into(),
            architecture: machine.hardware.clone(),
            index_server_address: "https://index.docker.io/v1/".into(),
            registry_config: serde_json::json!({ "IndexConfigs": {} }),
            n_cpu: i64::try_from(machine.cpus).unwrap_or(1),
            mem_total: machine.memory,
            docker_root_dir: self.roots.data.display().to_string(),
            name: machine.name.clone(),
            server_version: env!("CARGO_PKG_VERSION").into(),
            runtimes: [("skiff".to_owned(), skiff)].into(),
            default_runtime: "skiff".into(),
            swarm: Swarm {
                local_node_state: "inactive".into(),
                ..Swarm::default()
            },
            // Shims are their containers' parents: the daemon may come and go.
            live_restore_enabled: true,
            security_options: self.security_options(),
            warnings: self.warnings(),
            ..Info::default()
        })
    }

    /// `GET /version`.
    pub fn version(&self) -> system::Version {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let details = [
            ("ApiVersion", crate::api::VERSION),
            ("MinAPIVersion", crate::api::MIN_VERSION),
            ("Arch", arch),
            ("Os", "linux"),
            ("KernelVersion", &self.machine.kernel),
        ];
        system::Version {
            platform: system::Platform {
                name: "skiff".into(),
            },
            components: vec![system::Component {
                name: "Engine".into(),
                version: version.clone(),
                details: details
                    .map(|(key, value)| (key.into(), value.into()))
                    .into(),
            }],
            version,
            api_version: crate::api::VERSION.into(),
            min_api_version: crate::api::MIN_VERSION.into(),
            os: "linux".into(),
            arch: arch.into(),
            kernel_version: self.machine.kernel.clone(),
            ..system::Version::default()
        }
    }

    fn security_options(&self) -> Vec<String> {
        let mut options = vec!["name=seccomp,profile=builtin".to_owned()];
        if !self.machine.is_root {
            options.push("name=rootless".into());
        }
        options.push("name=cgroupns".into());
        options
    }

    /// What this daemon cannot do, one line each.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.machine.is_root {
            warnings.push(
                "WARNING: containers of an ordinary user have a private network with a \
                 loopback interface only, and no limits"
                    .to_owned(),
            );
        }
        warnings
    }

    /// Running, paused, and all others.
    fn count(&self) -> (i64, i64, i64) {
        let core = self.core();
        let (mut running, mut paused, mut stopped) = (0, 0, 0);
        for container in core.containers() {
            match container.state.status {
                Status::Running => running += 1,
                Status::Paused => paused += 1,
                _ => stopped += 1,
            }
        }
        (running, paused, stopped)
    }
}

fn cgroup_version() -> &'static str {
    match cgroups::layout() {
        cgroups::Layout::Unified => "2",
        _ => "1",
    }
}
