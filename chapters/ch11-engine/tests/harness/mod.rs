//! A daemon of an ordinary user's, and HTTP with it.

#![allow(dead_code, unused_imports, reason = "each test file uses a part")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod answer;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use support::{Need, Ordinary, eventually, needs};

pub(crate) use answer::{Answer, read_head, unframe};

/// How long anything may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A daemon on folders of its own; it goes with all its containers.
pub(crate) struct Daemon {
    pub(crate) user: Ordinary,
    options: Vec<String>,
    child: Option<Child>,
}

impl Daemon {
    /// Starts one; `None` (said aloud) where an ordinary user cannot.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(options: &[&str]) -> Option<Self> {
        if !needs(&[Need::User, Need::UserNamespace, Need::Overlay]) {
            return None;
        }
        let options = options.iter().map(|word| (*word).to_owned()).collect();
        let mut daemon = Self {
            user: Ordinary::new(),
            options,
            child: None,
        };
        daemon.again();
        Some(daemon)
    }

    /// Starts it, after its end, on the same folders.
    pub(crate) fn again(&mut self) {
        self.child = Some(self.spawn());
        eventually("the daemon listens", LIMIT, || {
            UnixStream::connect(self.socket()).ok()
        });
        // It answers when it has taken up what it found.
        assert_eq!(self.ask("GET", "/_ping", "").status, 200);
    }

    /// Another process on the same folders.
    pub(crate) fn spawn(&self) -> Child {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        self.command().stderr(log).spawn().expect("start ch11")
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = self.user.command(env!("CARGO_BIN_EXE_ch11"));
        let home = self.user.home();
        command
            .arg("daemon")
            .args(["--data-root".as_ref(), home.join("d").as_os_str()])
            .args(["--exec-root".as_ref(), home.join("r").as_os_str()])
            .args(&self.options)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.user.home().join(path)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("r/skiff.sock")
    }

    fn log(&self) -> PathBuf {
        self.path("log")
    }

    pub(crate) fn log_text(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// Ends it by a signal, and waits until it is gone.
    pub(crate) fn end(&mut self, signal: Signal) -> Option<i32> {
        let mut child = self.child.take().expect("the daemon runs");
        kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
        child.wait().unwrap().code()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("the daemon runs");
        eventually("the daemon ends", LIMIT, || child.try_wait().unwrap()).code()
    }

    /// Sends a request, and reads the whole answer.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let kind = if body.is_empty() {
            ""
        } else {
            "application/json"
        };
        self.ask_as(method, path, kind, body)
    }

    pub(crate) fn ask_as(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &str,
    ) -> Answer {
        let mut stream = self.open(method, path, &[("Content-Type", kind)], body);
        let mut text = Vec::new();
        stream.read_to_end(&mut text).expect("an answer");
        Answer::parse(&text)
    }

    /// Sends a request, and gives its connection.
    pub(crate) fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> UnixStream {
        let mut stream = UnixStream::connect(self.socket()).expect("the daemon listens");
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: skiff\r\n");
        let upgrades = headers.iter().any(|(name, _)| *name == "Upgrade");
        if !upgrades {
            text += "Connection: close\r\n";
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    /// Opens a connection that becomes a stream; its head is read.
    pub(crate) fn hijack(&self, path: &str, body: &str) -> UnixStream {
        let headers = [
            ("Connection", "Upgrade"),
            ("Upgrade", "tcp"),
            ("Content-Type", "application/json"),
        ];
        let mut stream = self.open("POST", path, &headers, body);
        let head = read_head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 101 UPGRADED\r\n"), "{head}");
        stream
    }

    /// Makes a container of the toolbox that runs a shell script.
    pub(crate) fn create(&self, name: &str, script: &str, host: &str) -> String {
        let body = format!(
            r#"{{"Image":"toolbox","Cmd":["sh","-c",{}],"HostConfig":{{{host}}}}}"#,
            Value::from(script)
        );
        let created = self.ask(
            "POST",
            &format!("/v1.51/containers/create?name={name}"),
            &body,
        );
        assert_eq!(created.status, 201, "{}", created.text());
        created.json()["Id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn post(&self, path: &str) -> Answer {
        self.ask("POST", path, "")
    }

    pub(crate) fn run(&self, name: &str, script: &str, host: &str) -> String {
        let id = self.create(name, script, host);
        let started = self.post(&format!("/containers/{name}/start"));
        assert_eq!(started.status, 204, "{}", started.text());
        id
    }

    pub(crate) fn inspect(&self, name: &str) -> Value {
        let found = self.ask("GET", &format!("/containers/{name}/json"), "");
        assert_eq!(found.status, 200, "{}", found.text());
        found.json()
    }

    /// Waits for a container's end; its code.
    pub(crate) fn wait_for(&self, name: &str) -> i64 {
        let waited = self.post(&format!("/containers/{name}/wait"));
        assert_eq!(waited.status, 200, "{}", waited.text());
        waited.json()["StatusCode"].as_i64().unwrap()
    }

    /// What a container wrote to standard output, without the frames.
    pub(crate) fn output(&self, name: &str) -> String {
        let logs = self.ask("GET", &format!("/containers/{name}/logs?stdout=1"), "");
        unframe(&logs.body)
    }

    /// The pids of shims and first processes.
    pub(crate) fn family(&self) -> Vec<(i32, i32)> {
        let entries = fs::read_dir(self.path("r/shims"))
            .into_iter()
            .flatten()
            .flatten();
        let read = |entry: fs::DirEntry| {
            let text = fs::read(entry.path().join("pid")).ok()?;
            let who: Value = serde_json::from_slice(&text).ok()?;
            let number = |key: &str| i32::try_from(who[key].as_i64()?).ok();
            Some((number("shim_pid")?, number("pid")?))
        };
        entries.filter_map(read).collect()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log_text());
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        for (shim, pid) in self.family() {
            for process in [shim, pid] {
                let _ = kill(Pid::from_raw(process), Signal::SIGKILL);
            }
        }
    }
}
