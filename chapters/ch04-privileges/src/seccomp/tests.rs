//! What the compiler makes of the profiles that people use.

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "calls by their numbers")]
mod kernel;
mod meaning;

use super::*;
use crate::capability_set::CapSet;

const X86_64: u32 = 0xc000_003e;
const X86: u32 = 0x4000_0003;
const AARCH64: u32 = 0xc000_00b7;
const ALLOWED: u32 = libc::SECCOMP_RET_ALLOW;
const KILLED: u32 = libc::SECCOMP_RET_KILL_THREAD;

/// The answer to `call`. Panics where the kernel would refuse the program.
fn run(program: &[Instruction], call: Call) -> u32 {
    judge(program, &call).expect("a program that the kernel takes")
}

const fn refused(errno: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | errno.unsigned_abs()
}

fn number(name: &str) -> u32 {
    name.parse::<syscalls::x86_64::Sysno>()
        .unwrap()
        .id()
        .unsigned_abs()
}

fn answer(filter: &Filter, number: u32, args: &[u64]) -> u32 {
    let mut all = [0; 6];
    all[..args.len()].copy_from_slice(args);
    let program = compile(filter).unwrap();
    run(
        &program.instructions,
        Call {
            number,
            arch: X86_64,
            args: all,
        },
    )
}

fn default(capabilities: &[&str]) -> Filter {
    let machine = Machine {
        arch: "amd64",
        kernel: (6, 1),
        capabilities: CapSet::parse(capabilities).0,
    };
    let json = include_str!("../../data/seccomp.json");
    Profile::parse(json).unwrap().resolve(&machine)
}

#[test]
fn the_default_profile_has_the_facts_it_claims() {
    let json: serde_json::Value =
        serde_json::from_str(include_str!("../../data/seccomp.json")).unwrap();
    let groups = json["syscalls"].as_array().unwrap();
    let names: std::collections::BTreeSet<&str> = groups
        .iter()
        .flat_map(|group| group["names"].as_array().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    assert_eq!((groups.len(), names.len()), (33, 426));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn the_default_profile_decides_as_docker_documents() {
    let usual = default(&[]);
    assert_eq!(answer(&usual, number("read"), &[]), ALLOWED);
    assert_eq!(answer(&usual, number("mount"), &[]), refused(libc::EPERM));
    assert_eq!(answer(&usual, number("keyctl"), &[]), refused(libc::EPERM));
    assert_eq!(answer(&usual, number("clone3"), &[]), refused(libc::ENOSYS));
    let thread = u64::from(libc::CLONE_VM.unsigned_abs());
    assert_eq!(answer(&usual, number("clone"), &[thread]), ALLOWED);
    let namespace = u64::from(libc::CLONE_NEWUSER.unsigned_abs());
    assert_eq!(
        answer(&usual, number("clone"), &[namespace]),
        refused(libc::EPERM)
    );
    for (family, expected) in [
        (2, ALLOWED),
        (38, refused(1)),
        (40, refused(1)),
        (41, ALLOWED),
    ] {
        assert_eq!(
            answer(&usual, number("socket"), &[family]),
            expected,
            "AF {family}"
        );
    }
    assert_eq!(answer(&usual, number("personality"), &[0x8]), ALLOWED);
    assert_eq!(
        answer(&usual, number("personality"), &[1 << 32 | 0x8]),
        refused(1)
    );

    let mighty = default(&["SYS_ADMIN", "SYS_PTRACE"]);
    assert_eq!(answer(&mighty, number("mount"), &[]), ALLOWED);
    assert_eq!(answer(&mighty, number("clone3"), &[]), ALLOWED);
    assert_eq!(answer(&mighty, number("clone"), &[namespace]), ALLOWED);
    assert_eq!(answer(&mighty, number("kcmp"), &[]), ALLOWED);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn each_table_has_its_own_numbers_and_the_others_are_killed() {
    let program = compile(&default(&[])).unwrap();
    let ask = |arch, number| {
        run(
            &program.instructions,
            Call {
                number,
                arch,
                args: [0; 6],
            },
        )
    };
    let x86 = |name: &str| {
        name.parse::<syscalls::x86::Sysno>()
            .unwrap()
            .id()
            .unsigned_abs()
    };
    assert_eq!(ask(X86, x86("socketcall")), ALLOWED);
    assert_eq!(ask(X86, x86("mount")), refused(libc::EPERM));
    assert_eq!(ask(X86_64, 0x4000_0000 | number("getpid")), ALLOWED, "x32");
    assert_eq!(ask(X86_64, 0x4000_0000 | 520), ALLOWED, "x32's own execve");
    assert_eq!(
        ask(X86_64, 0x4000_0000 | number("mount")),
        refused(libc::EPERM)
    );
    assert_eq!(
        ask(AARCH64, 63),
        KILLED,
        "not a table of this machine's family"
    );

    let alone = Filter {
        architectures: vec![],
        ..default(&[])
    };
    let program = compile(&alone).unwrap();
    let ask = |arch, number| {
        run(
            &program.instructions,
            Call {
                number,
                arch,
                args: [0; 6],
            },
        )
    };
    assert_eq!(ask(X86_64, 0x4000_0000 | number("getpid")), KILLED);
    assert_eq!(ask(X86, x86("read")), KILLED);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn calls_newer_than_the_profile_are_not_there() {
    let filter = Filter {
        syscalls: vec![Rule {
            names: vec!["read".into(), "openat2".into()],
            action: Action::Allow,
            errno_ret: None,
            args: vec![],
        }],
        ..default(&[])
    };
    assert_eq!(
        answer(&filter, number("openat2") - 1, &[]),
        refused(libc::EPERM)
    );
    assert_eq!(
        answer(&filter, number("openat2") + 1, &[]),
        refused(libc::ENOSYS)
    );
    assert_eq!(answer(&filter, 100_000, &[]), refused(libc::ENOSYS));
    let open = Filter {
        default_action: Action::Log,
        ..filter
    };
    assert_eq!(answer(&open, 100_000, &[]), libc::SECCOMP_RET_LOG);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn the_default_program_is_short_and_every_way_through_it_is_shorter() {
    let program = compile(&default(&[])).unwrap().instructions;
    assert!(program.len() < 900, "{} instructions", program.len());
    let mut longest = vec![0; program.len()];
    for (at, one) in program.iter().enumerate().rev() {
        longest[at] = 1 + match one.code {
            bpf::RETURN => 0,
            bpf::JUMP => longest[at + 1 + one.operand as usize],
            bpf::LOAD | bpf::AND => longest[at + 1],
            _ => {
                let way = |distance: u8| longest[at + 1 + usize::from(distance)];
                way(one.jump_true).max(way(one.jump_false))
            }
        };
    }
    assert!(longest[0] < 50, "{} steps", longest[0]);
}

#[test]
fn what_the_kernel_or_the_listener_could_not_bear_is_refused() {
    let rule = |action, name: &str, index| Rule {
        names: vec![name.to_owned()],
        action,
        errno_ret: None,
        args: vec![Argument {
            index,
            value: 0,
            value_two: 0,
            op: Comparison::Equal,
        }],
    };
    let with = |rule| Filter {
        syscalls: vec![rule],
        ..default(&[])
    };
    assert!(compile(&with(rule(Action::Allow, "read", 6))).is_err());
    assert!(compile(&with(rule(Action::Notify, "write", 0))).is_err());
    assert!(
        compile(&Filter {
            default_action: Action::Notify,
            ..default(&[])
        })
        .is_err()
    );
    assert!(
        compile(&Filter {
            flags: Some(vec!["FAST".into()]),
            ..default(&[])
        })
        .is_err()
    );
    let listening = compile(&with(rule(Action::Notify, "openat", 0))).unwrap();
    assert_ne!(listening.flags & libc::SECCOMP_FILTER_FLAG_NEW_LISTENER, 0);
}

#[test]
fn go_writes_null_for_nothing() {
    let json = r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": null,
        "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO", "args": null}]}"#;
    let filter: Filter = serde_json::from_str(json).unwrap();
    assert_eq!(answer(&filter, number("read"), &[]), refused(libc::EPERM));
}
