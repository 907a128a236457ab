//! Those who call a runtime: docker, podman and containerd, with ours in runc's place.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use support::{Output, Registry, busybox};

use super::*;

/// An engine of somebody else's that runs in a world and calls our runtime.
struct Caller {
    world: World,
    /// Its program.
    tool: &'static str,
    /// What a command line of it begins with.
    client: Vec<String>,
    image: String,
    /// Until the end: a daemon that is dropped is killed.
    daemon: Option<Job>,
    // The registry ends after those who pull from it.
    _registry: Registry,
}

impl Caller {
    /// A world with a registry, if this machine has what the caller needs.
    fn of(tool: &'static str) -> Option<Self> {
        if !needs(&[
            Need::Root,
            Need::Overlay,
            Need::Registry,
            Need::Tool("busybox"),
            Need::Tool("runc"),
            Need::Tool(tool),
        ]) {
            return None;
        }
        let world = World::root(env!("CARGO_BIN_EXE_skiff-runtime"));
        let registry = Registry::start(&world);
        let image = registry.push(&world, &busybox(), "busybox:1");
        Some(Self {
            world,
            tool,
            client: Vec::new(),
            image,
            daemon: None,
            _registry: registry,
        })
    }

    fn runtime(&self) -> String {
        self.world.skiff_path().display().to_string()
    }

    /// Starts a daemon and waits until it listens at `socket`. `None`, aloud, where it
    /// does not: there are machines on which it may not.
    fn start(&mut self, words: &[&str], socket: &str) -> Option<()> {
        self.daemon = Some(Job::start(self.world.command(words), Some(b"")));
        let path = self.world.outside(socket);
        let end = Instant::now() + Duration::from_secs(60);
        while UnixStream::connect(&path).is_err() {
            if Instant::now() > end {
                return skip(self.tool, &format!("{} that starts here", words[0]));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(())
    }

    /// The control: what this machine does not let `runc` do under the same caller, it
    /// need not let us do.
    fn works_with_runc(&self, out: &Output) -> Option<()> {
        if out.code == 0 {
            return Some(());
        }
        let needs = format!("a caller that can use runc: {}", out.stderr.trim());
        skip(self.tool, &needs)
    }

    fn say(&self, words: &[&str]) -> Output {
        let client = self.client.iter().map(String::as_str);
        self.world
            .run(&client.chain(words.iter().copied()).collect::<Vec<_>>())
    }

    /// `run` with `flags`, of the image, of `command`.
    fn run(&self, flags: &[&str], command: &[&str]) -> Output {
        let image = [self.image.as_str()];
        self.say(&[&["run"], flags, &image, command].concat())
    }
}

/// A caller that is required must work, and not only be there.
fn skip(tool: &str, needs: &str) -> Option<()> {
    let required = std::env::var("SKIFF_TEST_REQUIRE").unwrap_or_default();
    let name = format!("tool:{tool}");
    let is_required = required.split(',').any(|need| need == name);
    assert!(
        !is_required,
        "SKIFF_TEST_REQUIRE has {name}; missing is {needs}"
    );
    let text = format!("a runtime's caller ... skipped: needs {needs}\n");
    // Through the descriptor: the print macros are captured by the harness.
    let _ = std::io::stderr().write_all(text.as_bytes());
    None
}

/// What docker and podman have in common: their command line.
fn a_life_of_a_container(caller: &Caller, flags: &[&str]) {
    let once = |command: &[&str]| caller.run(&[&["--rm"], flags].concat(), command);
    assert_eq!(once(&["echo", "hello"]).ok(), "hello\n");
    let _ = once(&["sh", "-c", "exit 7"]).expect(7);
    let _ = once(&["no-such-program"]).expect(127);
    let _ = once(&["/etc"]).expect(126);
    let _ = caller
        .run(
            &[&["-d", "--name", "web"], flags].concat(),
            &["sleep", "600"],
        )
        .ok();
    let out = caller.say(&["exec", "web", "sh", "-c", "echo inside; exit 3"]);
    assert_eq!(out.expect(3).stdout, "inside\n");
    assert_eq!(
        caller
            .say(&["exec", "-t", "web", "sh", "-c", "test -t 0 && echo yes"])
            .ok(),
        "yes\r\n"
    );
    assert!(caller.say(&["top", "web"]).ok().contains("sleep 600"));
    let _ = caller.say(&["pause", "web"]).ok();
    let state = ["inspect", "-f", "{{.State.Status}}", "web"];
    assert_eq!(caller.say(&state).ok(), "paused\n");
    let _ = caller.say(&["unpause", "web"]).ok();
    // `sleep` as a first process has no handler for SIGTERM: after its time, SIGKILL.
    let _ = caller.say(&["stop", "-t", "1", "web"]).ok();
    let code = ["inspect", "-f", "{{.State.ExitCode}}", "web"];
    assert_eq!(caller.say(&code).ok(), "137\n");
    let _ = caller.say(&["rm", "web"]).ok();
}

#[test]
fn docker_runs_its_containers_with_it() {
    let _ = with_docker();
}

fn with_docker() -> Option<()> {
    let mut caller = Caller::of("dockerd")?;
    let add = format!("--add-runtime=skiff={}", caller.runtime());
    let parent = format!("--cgroup-parent=/{}", caller.world.cgroup_parent());
    let socket = "/run/docker.sock";
    let host = format!("unix://{socket}");
    let dockerd = ["dockerd", "--host", &host, &add, &parent];
    let alone = [
        "--bridge=none",
        "--iptables=false",
        "--default-runtime=skiff",
    ];
    caller.start(&[&dockerd[..], &alone].concat(), socket)?;
    caller.client = ["docker", "-H", &host].map(str::to_owned).into();

    let control = caller.run(&["--rm", "--network=none", "--runtime=runc"], &["true"]);
    caller.works_with_runc(&control)?;

    a_life_of_a_container(&caller, &["--network=none"]);
    let used = ["info", "-f", "{{.DefaultRuntime}}"];
    assert_eq!(caller.say(&used).ok(), "skiff\n");
    let limited = ["--rm", "--network=none", "-m", "64m", "--read-only"];
    let out = caller.run(&limited, &["sh", "-c", "touch /x || echo refused"]);
    assert_eq!(out.ok(), "refused\n");
    let _ = caller
        .run(&["-d", "--name=other", "--network=none"], &["sleep", "600"])
        .ok();
    let _ = caller
        .say(&["update", "--memory=32m", "--memory-swap=64m", "other"])
        .ok();
    let _ = caller.say(&["kill", "other"]).ok();
    Some(())
}

#[test]
fn podman_runs_its_containers_with_it() {
    let _ = with_podman();
}

fn with_podman() -> Option<()> {
    let mut caller = Caller::of("podman")?;
    let (image, runtime) = (caller.image.clone(), caller.runtime());
    let client = |runtime: &str| {
        ["podman", "--runtime", runtime, "--cgroup-manager=cgroupfs"]
            .map(str::to_owned)
            .into()
    };
    caller.client = client("runc");
    let pull = ["pull", "--quiet", "--tls-verify=false", &image];
    caller.works_with_runc(&caller.say(&pull))?;
    let parent = format!("--cgroup-parent=/{}", caller.world.cgroup_parent());
    // podman asks for more open files than a machine may let it have.
    let limits = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096"];
    let flags = [&["--network=none", &parent], &limits[..]].concat();
    let control = caller.run(&[&["--rm"], &flags[..]].concat(), &["true"]);
    caller.works_with_runc(&control)?;
    caller.client = client(&runtime);
    a_life_of_a_container(&caller, &flags);
    Some(())
}

#[test]
fn containerd_runs_its_containers_with_it() {
    let _ = with_containerd();
}

fn with_containerd() -> Option<()> {
    let mut caller = Caller::of("containerd")?;
    let socket = "/run/containerd.sock";
    caller.start(&["containerd", "--address", socket], socket)?;
    caller.client = ["ctr", "--address", socket].map(str::to_owned).into();
    let (image, runtime) = (caller.image.clone(), caller.runtime());
    let pull = ["image", "pull", "--plain-http", &image];
    caller.works_with_runc(&caller.say(&pull))?;
    let cgroup = |name: &str| format!("/{}/{name}", caller.world.cgroup_parent());
    let own = cgroup("control");
    let control = ["run", "--rm", "--cgroup", &own, &image, "control", "true"];
    caller.works_with_runc(&caller.say(&control))?;
    let run = |flags: &[&str], name: &str, command: &[&str]| {
        let cgroup = cgroup(name);
        let ours = ["run", "--runc-binary", &runtime, "--cgroup", &cgroup];
        caller.say(&[&ours[..], flags, &[&image, name], command].concat())
    };
    assert_eq!(run(&["--rm"], "a", &["echo", "hello"]).ok(), "hello\n");
    let _ = run(&["--rm"], "b", &["sh", "-c", "exit 7"]).expect(7);
    let _ = run(&["-d"], "c", &["sleep", "600"]).ok();
    let exec = [
        "task",
        "exec",
        "--exec-id",
        "e",
        "c",
        "sh",
        "-c",
        "echo in; exit 3",
    ];
    assert_eq!(caller.say(&exec).expect(3).stdout, "in\n");
    let _ = caller.say(&["task", "pause", "c"]).ok();
    assert!(caller.say(&["task", "ls"]).ok().contains("PAUSED"));
    let _ = caller.say(&["task", "resume", "c"]).ok();
    assert!(caller.say(&["task", "ps", "c"]).ok().lines().count() == 2);
    assert!(
        caller
            .say(&["task", "metrics", "c"])
            .ok()
            .contains("memory")
    );
    let _ = caller
        .say(&["task", "kill", "--signal", "SIGKILL", "c"])
        .ok();
    eventually("the task's end", TEN, || {
        caller
            .say(&["task", "ls"])
            .ok()
            .contains("STOPPED")
            .then_some(())
    });
    let deleted = caller.say(&["task", "delete", "c"]).expect(0);
    assert!(deleted.stderr.contains("exit code 137"), "{deleted}");
    let _ = caller.say(&["container", "delete", "c"]).ok();
    Some(())
}
