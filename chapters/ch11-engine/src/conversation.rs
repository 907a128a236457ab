//! HTTP by hand, so that it can be seen: one request a connection (RFC 9112).

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A daemon that lives as long as the bench.
pub(crate) struct Daemon {
    child: Child,
    socket: PathBuf,
}

impl Daemon {
    /// Starts one on folders below `folder`, and waits until it listens.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        // Short: a socket's path has a limit.
        let (data, exec) = (folder.join("d"), folder.join("r"));
        let socket = exec.join("skiff.sock");
        let mut child = Command::new("/proc/self/exe")
            .arg("daemon")
            .args(["--data-root".as_ref(), data.as_os_str()])
            .args(["--exec-root".as_ref(), exec.as_os_str()])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("start the daemon")?;
        let log = child.stderr.take().context("read the daemon's log")?;
        let mut said = Vec::new();
        let mut lines = BufReader::new(log).lines();
        for line in &mut lines {
            let line = line.context("read the daemon's log")?;
            if line.contains("ready on") {
                // Somebody must go on reading, else the daemon stops at a full pipe.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(Self { child, socket });
            }
            said.push(line);
        }
        bail!("the daemon ended:\n{}", said.join("\n"))
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.socket.clone()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.child.id()).context("the daemon's pid")?;
        kill(Pid::from_raw(pid), Signal::SIGTERM).context("signal the daemon")?;
        let status = self.child.wait().context("wait for the daemon")?;
        if status.success() {
            return Ok(());
        }
        bail!("the daemon ended with {status}")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Where the bench failed half-way; else it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request, as it is sent.
pub(crate) struct Request {
    head: String,
    body: String,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str, body: Option<&str>) -> Self {
        let body = body.unwrap_or_default().to_owned();
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: skiff\r\nConnection: close\r\n");
        if !body.is_empty() {
            let length = body.len();
            head += "Content-Type: application/json\r\n";
            head += &format!("Content-Length: {length}\r\n");
        }
        Self { head, body }
    }

    /// Shows it, without what every request has.
    pub(crate) fn print(&self) {
        let line = self.head.lines().next().unwrap_or_default();
        println!("> {line}");
        if !self.body.is_empty() {
            println!("> {}", self.body);
        }
    }

    /// Sends it, and reads the answer to its end.
    pub(crate) fn send(&self, socket: &Path, explain: bool) -> Result<Response> {
        let mut stream = UnixStream::connect(socket)
            .with_context(|| format!("connect to {}", socket.display()))?;
        let explain = if explain {
            "Skiff-Explain: bench\r\n"
        } else {
            ""
        };
        let text = format!("{}{explain}\r\n{}", self.head, self.body);
        stream
            .write_all(text.as_bytes())
            .context("send a request")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).context("read the answer")?;
        Response::parse(&answer)
    }
}

/// An answer, as it came.
pub(crate) struct Response {
    status: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Response {
    fn parse(bytes: &[u8]) -> Result<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.context("the answer has no end of its head")?;
        let (head, body) = bytes.split_at(end);
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines().map(str::to_owned);
        let status = lines.next().unwrap_or_default();
        let headers: Vec<String> = lines.collect();
        let mut body = body.get(4..).unwrap_or_default().to_vec();
        if headers
            .iter()
            .any(|line| line.eq_ignore_ascii_case("transfer-encoding: chunked"))
        {
            body = unchunk(&body)?;
        }
        Ok(Self {
            status,
            headers,
            body,
        })
    }

    /// The body as text.
    pub(crate) fn body(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Shows it: its status, what kind it is, and its body.
    pub(crate) fn print(&self) {
        println!("< {}", self.status);
        for line in &self.headers {
            if line.to_ascii_lowercase().starts_with("content-type") {
                println!("< {line}");
            }
        }
        for line in self.body().lines() {
            println!("< {}", without_controls(line));
        }
        println!();
    }

    /// Fails with the daemon's own words where it refused.
    pub(crate) fn check(&self) -> Result<()> {
        match self.status.split(' ').nth(1) {
            Some(code) if code < "400" => Ok(()),
            _ => bail!("{}", self.body().trim()),
        }
    }
}

/// Text with its control characters escaped: the 8-byte header of a frame is no text,
/// and what a container says must not rule the reader's terminal.
fn without_controls(line: &str) -> String {
    let shown = |c: char| match c.is_control() {
        true => c.escape_debug().to_string(),
        false => c.to_string(),
    };
    line.chars().map(shown).collect()
}

/// Takes a body out of its chunks: a length in hexadecimal digits, then so many bytes.
fn unchunk(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n");
        let (line, more) = rest.split_at(end.context("a chunk without a length")?);
        let line = String::from_utf8_lossy(line);
        let length =
            usize::from_str_radix(line.trim(), 16).context("a chunk's length")?;
        let more = more.get(2..).unwrap_or_default();
        if length == 0 {
            return Ok(body);
        }
        body.extend(more.get(..length).context("a chunk is cut short")?);
        rest = more.get(length + 2..).context("a chunk is cut short")?;
    }
}
