//! System call tables: the same name has another number on each architecture.
//!
//! A process on one machine may use several tables (a 32-bit program on x86-64), so a
//! filter that looks at numbers alone is not one: the kernel hands the table's
//! identity, an `AUDIT_ARCH_*` of `linux/audit.h`, beside the number.

use syscalls::{aarch64, arm, riscv64, x86, x86_64};

/// One table.
#[derive(Clone, Copy)]
pub(super) struct Arch {
    /// Its name in the OCI specification.
    pub(super) name: &'static str,
    /// `AUDIT_ARCH_*`.
    pub(super) audit: u32,
    /// The first number of the table: x32 shares its identity with x86-64 and sets a
    /// bit in every number instead.
    pub(super) first: u32,
    numbers: fn() -> Numbers,
}

/// Names and numbers of a table.
type Numbers = Vec<(&'static str, u32)>;

impl Arch {
    /// Every name that the table has, with its number, in the order of these.
    pub(super) fn numbers(&self) -> Numbers {
        (self.numbers)()
    }
}

/// `__X32_SYSCALL_BIT`.
const X32_BIT: u32 = 0x4000_0000;

const fn table(name: &'static str, audit: u32, numbers: fn() -> Numbers) -> Arch {
    Arch {
        name,
        audit,
        first: 0,
        numbers,
    }
}

/// The tables that the compiler knows.
const KNOWN: [Arch; 6] = [
    table("SCMP_ARCH_X86_64", 0xc000_003e, || {
        numbers(x86_64::Sysno::iter().map(|call| (call.name(), call.id())))
    }),
    table("SCMP_ARCH_X86", 0x4000_0003, || {
        numbers(x86::Sysno::iter().map(|call| (call.name(), call.id())))
    }),
    Arch {
        first: X32_BIT,
        ..table("SCMP_ARCH_X32", 0xc000_003e, x32)
    },
    table("SCMP_ARCH_AARCH64", 0xc000_00b7, || {
        numbers(aarch64::Sysno::iter().map(|call| (call.name(), call.id())))
    }),
    table("SCMP_ARCH_ARM", 0x4000_0028, || {
        numbers(arm::Sysno::iter().map(|call| (call.name(), call.id())))
    }),
    table("SCMP_ARCH_RISCV64", 0xc000_00f3, || {
        numbers(riscv64::Sysno::iter().map(|call| (call.name(), call.id())))
    }),
];

/// The table of this name, if the compiler knows it.
pub(super) fn named(name: &str) -> Option<Arch> {
    KNOWN.iter().find(|arch| arch.name == name).copied()
}

/// The names of the tables that the compiler knows.
pub fn architectures() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|arch| arch.name)
}

/// The name of this machine's own table.
pub(super) const NATIVE: &str = match std::env::consts::ARCH.as_bytes() {
    b"x86_64" => "SCMP_ARCH_X86_64",
    b"x86" => "SCMP_ARCH_X86",
    b"aarch64" => "SCMP_ARCH_AARCH64",
    b"arm" => "SCMP_ARCH_ARM",
    b"riscv64" => "SCMP_ARCH_RISCV64",
    _ => "",
};

fn numbers(calls: impl Iterator<Item = (&'static str, i32)>) -> Numbers {
    calls
        .filter_map(|(name, id)| Some((name, u32::try_from(id).ok()?)))
        .collect()
}

/// Calls whose arguments have another layout under x32: they have numbers from 512 on
/// (`arch/x86/entry/syscalls/syscall_64.tbl`).
const X32_OWN: [&str; 36] = [
    "rt_sigaction",
    "rt_sigreturn",
    "ioctl",
    "readv",
    "writev",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "execve",
    "ptrace",
    "rt_sigpending",
    "rt_sigtimedwait",
    "rt_sigqueueinfo",
    "sigaltstack",
    "timer_create",
    "mq_notify",
    "kexec_load",
    "waitid",
    "set_robust_list",
    "get_robust_list",
    "vmsplice",
    "move_pages",
    "preadv",
    "pwritev",
    "rt_tgsigqueueinfo",
    "recvmmsg",
    "sendmmsg",
    "process_vm_readv",
    "process_vm_writev",
    "setsockopt",
    "getsockopt",
    "io_setup",
    "io_submit",
    "execveat",
    "preadv2",
    "pwritev2",
];

/// The numbers of x86-64 with the bit set, save for the calls of [`X32_OWN`].
fn x32() -> Numbers {
    let mut table = numbers(x86_64::Sysno::iter().map(|call| (call.name(), call.id())));
    table.retain(|(name, _)| !X32_OWN.contains(name));
    table.extend(X32_OWN.into_iter().zip(512..));
    for (_, number) in &mut table {
        *number |= X32_BIT;
    }
    table
}
