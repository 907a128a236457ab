//! The kernel's classic BPF machine, as far as seccomp goes: to see what a filter will
//! say of a call before the kernel says it.

use super::arch;
use super::bpf::{
    AND, ARCH, IF_AT_LEAST, IF_EQUAL, IF_GREATER, Instruction, JUMP, LOAD, NUMBER, RETURN,
};

/// A system call, as the kernel lays it before a filter: `struct seccomp_data` of
/// `linux/seccomp.h`, less the address that it came from.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Its number.
    pub number: u32,
    /// Which table the number is of: an `AUDIT_ARCH_*`.
    pub arch: u32,
    /// Its arguments, as numbers: what a pointer points to is not here.
    pub args: [u64; 6],
}

impl Call {
    /// A call of this machine's own table; missing arguments are 0, a seventh is lost.
    #[must_use]
    pub fn named(name: &str, args: &[u64]) -> Option<Self> {
        let table = arch::named(arch::NATIVE)?;
        let mut all = [0; 6];
        for (place, value) in all.iter_mut().zip(args) {
            *place = *value;
        }
        Some(Self {
            number: table.numbers().iter().find(|(known, _)| *known == name)?.1,
            arch: table.audit,
            args: all,
        })
    }

    /// The word at this offset, if there is one.
    fn word(&self, offset: u32) -> Option<u32> {
        match offset {
            NUMBER => Some(self.number),
            ARCH => Some(self.arch),
            _ => {
                let place = offset.checked_sub(super::bpf::ARGUMENTS)?;
                let argument = self.args.get(place as usize / 8)?;
                let upper = place.is_multiple_of(8) != cfg!(target_endian = "little");
                u32::try_from(argument >> if upper { 32 } else { 0 } & 0xffff_ffff).ok()
            }
        }
    }
}

/// The instructions that are executed for `call`, by their places; the last one returns.
/// `None` for a program that the kernel would not take: it jumps out of itself, or has
/// an instruction or an offset that is none.
// ANCHOR: walk
#[must_use]
pub fn walk(program: &[Instruction], call: &Call) -> Option<Vec<usize>> {
    let (mut at, mut accumulator, mut way) = (0, 0, Vec::new());
    loop {
        let one = program.get(at)?;
        way.push(at);
        at += 1;
        let holds = match one.code {
            LOAD => {
                accumulator = call.word(one.operand)?;
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
            RETURN => return Some(way),
            IF_EQUAL => accumulator == one.operand,
            IF_GREATER => accumulator > one.operand,
            IF_AT_LEAST => accumulator >= one.operand,
            _ => return None,
        };
        at += usize::from(if holds { one.jump_true } else { one.jump_false });
    }
}
// ANCHOR_END: walk

/// What a filter returns for `call`: a `SECCOMP_RET_*` with its data.
#[must_use]
pub fn judge(program: &[Instruction], call: &Call) -> Option<u32> {
    let last = *walk(program, call)?.last()?;
    Some(program.get(last)?.operand)
}
