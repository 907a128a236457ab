//! What the machine is, as far as containers feel it.

use std::fs;

use anyhow::{Context, Result};
use nix::sys::utsname::uname;

/// Looked at once, when the daemon starts.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    /// How many CPUs.
    pub(super) cpus: usize,
    /// How many bytes of memory.
    pub(super) memory: i64,
    /// Whether the daemon's user namespace is the first one: it is really root.
    pub(super) is_root: bool,
    /// Whether links and rules of the host's network are ours to change.
    pub(super) owns_network: bool,
    /// Whether group 5, the terminals', exists in here.
    pub(super) has_tty_group: bool,
    /// Whether swap can be limited.
    pub(super) limits_swap: bool,
    /// The host's name.
    pub(super) name: String,
    /// The kernel's version.
    pub(super) kernel: String,
    /// The kernel's word for the machine, like `x86_64`.
    pub(super) hardware: String,
    /// What the system calls itself.
    pub(super) system: String,
}

impl Machine {
    pub(super) fn look() -> Result<Self> {
        let kernel = uname().context("ask the kernel who it is")?;
        let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
        let is_root = maps_all(&read("/proc/self/uid_map"));
        Ok(Self {
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            memory: total_memory(&read("/proc/meminfo")),
            is_root,
            owns_network: is_root,
            has_tty_group: maps_id(&read("/proc/self/gid_map"), 5),
            limits_swap: swap_files_exist(),
            name: text(kernel.nodename()),
            kernel: text(kernel.release()),
            hardware: text(kernel.machine()),
            system: pretty_name(&read("/etc/os-release")),
        })
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn swap_files_exist() -> bool {
    let v1 = "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes";
    let v2 = "/sys/fs/cgroup/cgroup.controllers";
    fs::exists(v1).unwrap_or(false) || read(v2).contains("memory")
}

/// Whether a map (user_namespaces(7)) maps every id to itself.
fn maps_all(map: &str) -> bool {
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

fn maps_id(map: &str, id: u64) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(|word| word.parse::<u64>());
        match (numbers.next(), numbers.nth(1)) {
            (Some(Ok(first)), Some(Ok(count))) => (first..first + count).contains(&id),
            _ => false,
        }
    })
}

fn total_memory(meminfo: &str) -> i64 {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    kilobytes
        .and_then(|number| number.parse::<i64>().ok())
        .unwrap_or(0)
        * 1024
}

fn pretty_name(os_release: &str) -> String {
    let name = os_release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.unwrap_or("Linux").trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_understood() {
        assert!(maps_all("         0          0 4294967295\n"));
        assert!(!maps_all("         0       1000          1\n"));
        assert!(maps_id("0 1000 1\n1 100000 65536\n", 5));
        assert!(!maps_id("0 1000 1\n", 5));
        assert!(!maps_id("", 0));
    }

    #[test]
    fn files_of_the_kernel_are_understood() {
        assert_eq!(total_memory("MemFree: 1 kB\nMemTotal:  2 kB\n"), 2048);
        assert_eq!(pretty_name("A=1\nPRETTY_NAME=\"Debian 12\"\n"), "Debian 12");
        assert_eq!(pretty_name(""), "Linux");
    }
}
