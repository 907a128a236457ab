//! The kernel against our machine: a filter runs in a child, over a table
//! of calls.

use std::process::Command;

use nix::errno::Errno;
use proptest::test_runner::{Config, TestRunner};

use super::meaning::{NUMBERS, rules_of};
use super::{ALLOWED, X86_64, number, run};
use crate::no_new_privileges;
use crate::seccomp::bpf::Instruction;
use crate::seccomp::*;

/// Calls that take no argument, so that the kernel looks at none, and change nothing.
const NAMES: [&str; 6] = [
    "getuid", "geteuid", "getgid", "getegid", "getppid", "getpgrp",
];

/// What each call of the table has as its six arguments.
fn table() -> impl Iterator<Item = (&'static str, [u64; 6])> {
    let args = NUMBERS.iter().flat_map(|low| {
        [0u64, 1, 0xffff_ffff].map(|high| {
            let value = high << 32 | low;
            [value, *low, high, value.rotate_left(8), !value, 7]
        })
    });
    args.flat_map(|args| NAMES.map(|name| (name, args)))
}

/// The filter that the child installs, and the file for its answers.
const PROGRAM: &str = "SKIFF_TEST_PROGRAM";
const ANSWERS: &str = "SKIFF_TEST_ANSWERS";

/// Run by the test below in a process of its own: installs the filter that it is given,
/// makes the calls, and writes each answer down.
#[test]
fn child() {
    let Ok(text) = std::env::var(PROGRAM) else {
        return;
    };
    let instructions = text.split(';').map(read).collect();
    no_new_privileges().unwrap();
    install(&Program {
        instructions,
        flags: 0,
    })
    .unwrap();
    let answers: Vec<String> = table()
        .map(|(name, args)| call(number(name), args).to_string())
        .collect();
    std::fs::write(std::env::var(ANSWERS).unwrap(), answers.join(" ")).unwrap();
}

/// The errno of a call, 0 for none.
fn call(number: u32, [a, b, c, d, e, f]: [u64; 6]) -> i32 {
    // SAFETY: none of these calls takes an argument (getuid(2), getppid(2), getpgrp(2)):
    // the kernel reads no memory for them, whatever the numbers are.
    let answer = unsafe { libc::syscall(i64::from(number), a, b, c, d, e, f) };
    if answer == -1 { Errno::last_raw() } else { 0 }
}

fn read(text: &str) -> Instruction {
    let numbers: Vec<u32> = text.split(',').map(|word| word.parse().unwrap()).collect();
    let small = |at: usize| u8::try_from(numbers[at]).unwrap();
    Instruction {
        code: u16::try_from(numbers[0]).unwrap(),
        jump_true: small(1),
        jump_false: small(2),
        operand: numbers[3],
    }
}

fn written(program: &Program) -> String {
    let one = |i: &Instruction| {
        format!("{},{},{},{}", i.code, i.jump_true, i.jump_false, i.operand)
    };
    program
        .instructions
        .iter()
        .map(one)
        .collect::<Vec<_>>()
        .join(";")
}

/// What the kernel answered in a child that installed `program`.
fn seen(program: &Program) -> Vec<i32> {
    let answers = tempfile::NamedTempFile::new().unwrap();
    let out = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "seccomp::tests::kernel::child"])
        .env(PROGRAM, written(program))
        .env(ANSWERS, answers.path())
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    let text = std::fs::read_to_string(answers.path()).unwrap();
    text.split(' ').map(|word| word.parse().unwrap()).collect()
}

#[test]
fn the_kernel_decides_as_the_machine_does() {
    let config = Config {
        cases: 16,
        failure_persistence: None,
        ..Config::default()
    };
    let actions = [Action::Allow, Action::Errno, Action::Log];
    let rules = proptest::collection::vec(rules_of(&NAMES, &actions), 1..10);
    TestRunner::new(config)
        .run(&rules, |syscalls| {
            let program = compile(&Filter {
                default_action: Action::Allow,
                default_errno_ret: None,
                architectures: vec![],
                flags: None,
                syscalls,
            })
            .unwrap();
            let meant = table().map(|(name, args)| {
                let call = Call {
                    number: number(name),
                    arch: X86_64,
                    args,
                };
                match run(&program.instructions, call) {
                    ALLOWED | libc::SECCOMP_RET_LOG => 0,
                    refused => (refused & libc::SECCOMP_RET_DATA).cast_signed(),
                }
            });
            assert_eq!(seen(&program), meant.collect::<Vec<_>>());
            Ok(())
        })
        .unwrap();
}
