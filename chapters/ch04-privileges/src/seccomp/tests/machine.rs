//! The kernel's classic BPF machine, in twenty lines.

use crate::seccomp::Instruction;
use crate::seccomp::bpf::{AND, IF_AT_LEAST, IF_EQUAL, IF_GREATER, JUMP, LOAD, RETURN};

/// A system call, as the kernel lays it before a filter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) number: u32,
    pub(super) arch: u32,
    pub(super) args: [u64; 6],
}

impl Call {
    fn word(&self, offset: u32) -> u32 {
        match offset {
            0 => self.number,
            4 => self.arch,
            _ => {
                let argument = self.args[(offset as usize - 16) / 8];
                let shift = if offset.is_multiple_of(8) { 0 } else { 32 };
                u32::try_from(argument >> shift & 0xffff_ffff).unwrap()
            }
        }
    }
}

/// The kernel's classic BPF machine, as far as seccomp goes. Panics where the kernel
/// would refuse the program: a jump out of it, an unknown instruction.
pub(super) fn run(program: &[Instruction], call: Call) -> u32 {
    let (mut at, mut accumulator) = (0, 0);
    loop {
        let one = program[at];
        at += 1;
        let holds = match one.code {
            LOAD => {
                accumulator = call.word(one.operand);
                continue;
            }
            AND => {
                accumulator &= one.operand;
                continue;
            }
            JUMP => {
                at += one.operand as usize;
                continue;
            }
            RETURN => return one.operand,
            IF_EQUAL => accumulator == one.operand,
            IF_GREATER => accumulator > one.operand,
            IF_AT_LEAST => accumulator >= one.operand,
            other => panic!("the instruction {other:#x} is not known"),
        };
        at += usize::from(if holds { one.jump_true } else { one.jump_false });
    }
}
