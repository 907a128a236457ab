//! A program as text, one instruction a line, for those who want to read it.

use std::fmt::Write;

use super::bpf::{
    AND, ARCH, ARGUMENTS, IF_AT_LEAST, IF_EQUAL, IF_GREATER, JUMP, LOAD, NUMBER,
};
use super::machine::walk;
use super::{Call, Instruction};

/// Lists a program; jumps tell the number of the line that they lead to.
#[must_use]
pub fn listing(program: &[Instruction]) -> String {
    let mut text = String::new();
    for (at, one) in program.iter().enumerate() {
        let _ = writeln!(text, "{at:4}  {}", line(at, one));
    }
    text
}

/// Of a listing, the lines that are executed for `call`; nothing for a program that the
/// kernel would not take.
#[must_use]
pub fn walked(program: &[Instruction], call: &Call) -> String {
    let way = walk(program, call).unwrap_or_default();
    let all = listing(program);
    let lines: Vec<&str> = all.lines().collect();
    way.iter()
        .filter_map(|at| lines.get(*at))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn line(at: usize, one: &Instruction) -> String {
    let value = one.operand;
    let near = |distance: u8| at + 1 + usize::from(distance);
    let test = |sign: &str| {
        format!(
            "if {sign} {value:#x} goto {} else {}",
            near(one.jump_true),
            near(one.jump_false)
        )
    };
    match one.code {
        LOAD => format!("load {}", place(value)),
        AND => format!("and {value:#x}"),
        JUMP => format!("goto {}", at + 1 + value as usize),
        IF_EQUAL => test("="),
        IF_GREATER => test(">"),
        IF_AT_LEAST => test(">="),
        _ => format!("return {}", answer(value)),
    }
}

fn place(offset: u32) -> String {
    match offset {
        NUMBER => "the call's number".to_owned(),
        ARCH => "the call's table".to_owned(),
        _ => {
            let word = (offset - ARGUMENTS) / 4;
            let half = if word.is_multiple_of(2) == cfg!(target_endian = "little") {
                "lower"
            } else {
                "upper"
            };
            format!("argument {}, {half} half", word / 2)
        }
    }
}

fn answer(value: u32) -> String {
    let data = value & libc::SECCOMP_RET_DATA;
    match value & libc::SECCOMP_RET_ACTION_FULL {
        libc::SECCOMP_RET_ALLOW => "allow".to_owned(),
        libc::SECCOMP_RET_LOG => "allow and log".to_owned(),
        libc::SECCOMP_RET_ERRNO => {
            let errno = nix::errno::Errno::from_raw(data.cast_signed());
            format!("{errno:?}")
        }
        libc::SECCOMP_RET_TRAP => "SIGSYS".to_owned(),
        libc::SECCOMP_RET_TRACE => format!("ask the tracer ({data})"),
        libc::SECCOMP_RET_USER_NOTIF => "ask the listener".to_owned(),
        libc::SECCOMP_RET_KILL_PROCESS => "kill the process".to_owned(),
        _ => "kill the thread".to_owned(),
    }
}
