//! The attacks.

use std::env::{self, set_current_dir};
use std::fs;
use std::io::{IoSliceMut, Read};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, chroot};
use std::os::unix::net::{SocketAddr, UnixStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;

use super::{Attack, Orders, VERDICT};

/// The list, in the order of the book's table.
pub const ATTACKS: [Attack; 12] = [
    Attack {
        name: "path",
        wants: "read a file of the host by its path",
        inside: |orders| holds(&orders.file, &orders.word),
        outside: |_| true,
    },
    Attack {
        name: "chroot",
        wants: "climb out by a second chroot",
        inside: climb_out,
        outside: |_| true,
    },
    Attack {
        name: "see",
        wants: "find a process of the host by its number",
        inside: |orders| told(kill(Pid::from_raw(orders.process), None)),
        outside: |_| true,
    },
    Attack {
        name: "kill",
        wants: "kill it",
        inside: |orders| told(kill(Pid::from_raw(orders.process), Signal::SIGKILL)),
        outside: |scene| scene.victim_has_died(),
    },
    Attack {
        name: "memory-of",
        wants: "read its memory, as a debugger does",
        inside: read_memory,
        outside: |_| true,
    },
    Attack {
        name: "stay",
        wants: "stay when the program has ended",
        inside: |orders| sleep(&orders.word).map(drop).map_err(|e| e.to_string()),
        outside: |scene| scene.somebody_stayed(),
    },
    Attack {
        name: "device",
        wants: "make a device file and open it",
        inside: |_| make_a_device(),
        outside: |_| true,
    },
    Attack {
        name: "socket",
        wants: "speak to a program of the host through an abstract socket",
        inside: speak,
        outside: |_| true,
    },
    Attack {
        name: "processes",
        wants: "run 200 processes at once",
        inside: |orders| many(&orders.word),
        outside: |_| true,
    },
    Attack {
        name: "memory",
        wants: "take 64 MiB of memory",
        inside: |_| take_memory(),
        outside: |_| true,
    },
    Attack {
        name: "setuid",
        wants: "leave a setuid program on the host's disk",
        inside: |_| leave_setuid(),
        outside: |scene| scene.mode_of("tmp-setuid") & 0o4000 != 0,
    },
    Attack {
        name: "image",
        wants: "change the files that the next one starts from",
        inside: |orders| written("left-behind", &orders.word),
        outside: |scene| scene.has("left-behind"),
    },
];

fn told<T>(answer: Result<T, Errno>) -> Result<(), String> {
    answer.map(drop).map_err(|errno| errno.to_string())
}

fn written(path: &str, text: &str) -> Result<(), String> {
    fs::write(format!("/{path}"), text).map_err(|error| error.to_string())
}

fn holds(path: &str, word: &str) -> Result<(), String> {
    match fs::read_to_string(path) {
        Ok(text) if text == word => Ok(()),
        Ok(_) => Err("another file is there".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn climb_out(orders: &Orders) -> Result<(), String> {
    let way = || {
        set_current_dir("/")?;
        fs::create_dir("hole")?;
        chroot("hole")?;
        for _ in 0..64 {
            set_current_dir("..")?;
        }
        chroot(".")
    };
    way().map_err(|error| error.to_string())?;
    holds(&orders.file, &orders.word)
}

/// The kernel asks who may before it looks at the address.
fn read_memory(orders: &Orders) -> Result<(), String> {
    let mut byte = [0_u8];
    let mut here = [IoSliceMut::new(&mut byte)];
    let there = [RemoteIoVec { base: 0, len: 1 }];
    match process_vm_readv(Pid::from_raw(orders.process), &mut here, &there) {
        Ok(_) | Err(Errno::EFAULT) => Ok(()),
        Err(errno) => Err(errno.to_string()),
    }
}

/// A process that is told from all others by its argument, and ends by itself.
fn sleep(word: &str) -> std::io::Result<std::process::Child> {
    let mut command = Command::new("sleep");
    command
        .args(["30", &format!("0.{word}")])
        .env_remove("LD_LIBRARY_PATH")
        // Not /dev/null: a root need not have one.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn()
}

fn make_a_device() -> Result<(), String> {
    let zero = makedev(1, 5);
    told(mknod("/zero", SFlag::S_IFCHR, Mode::S_IRUSR, zero))?;
    let mut byte = [1_u8];
    let mut file = fs::File::open("/zero").map_err(|error| error.to_string())?;
    file.read_exact(&mut byte)
        .map_err(|error| error.to_string())
}

fn speak(orders: &Orders) -> Result<(), String> {
    let address = SocketAddr::from_abstract_name(&orders.socket);
    let address = address.map_err(|error| error.to_string())?;
    let stream = UnixStream::connect_addr(&address);
    stream.map(drop).map_err(|error| error.to_string())
}

/// All are ended at once, however many they came to be.
fn many(word: &str) -> Result<(), String> {
    let mut all = Vec::new();
    let mut stopped = Ok(());
    for n in 0..200 {
        match sleep(word) {
            Ok(child) => all.push(child),
            Err(error) => {
                stopped = Err(format!("at {n}: {error}"));
                break;
            }
        }
    }
    for child in &mut all {
        let _ = child.kill();
        let _ = child.wait();
    }
    stopped
}

/// A child of the attacker's takes it: who takes too much may be killed, and could not
/// tell of it.
fn take_memory() -> Result<(), String> {
    const CHILD: &str = "SKIFF_TAKES";
    if env::var_os(CHILD).is_some() {
        return fill_memory();
    }
    let program = env::args_os().next().expect("a program has a name");
    let mut child = Command::new(program);
    child
        .args(["attacker", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let out = child.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&out.stdout);
    match out.status.signal() {
        Some(signal) => Err(format!("killed by signal {signal}")),
        None if said.contains(&format!("{VERDICT}through")) => Ok(()),
        None => Err(said.into_owned()),
    }
}

fn fill_memory() -> Result<(), String> {
    let mut bytes: Vec<u8> = Vec::new();
    let size = 64 << 20;
    bytes
        .try_reserve_exact(size)
        .map_err(|error| error.to_string())?;
    bytes.resize(size, 1);
    // What nobody looks at, a compiler may leave out.
    if std::hint::black_box(&bytes).iter().all(|byte| *byte == 1) {
        return Ok(());
    }
    Err("it is not what was written".into())
}

/// It is no program, and nobody runs it: that it may be there is the harm.
fn leave_setuid() -> Result<(), String> {
    let way = || {
        let mut how = fs::OpenOptions::new();
        let file = how
            .create_new(true)
            .write(true)
            .mode(0o700)
            .open("/tmp-setuid")?;
        file.set_permissions(fs::Permissions::from_mode(0o4755))
    };
    way().map_err(|error| error.to_string())
}
