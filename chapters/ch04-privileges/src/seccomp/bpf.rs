//! Classic BPF, as seccomp speaks it (`linux/filter.h`, bpf(4) of the BSDs).
//!
//! One accumulator, forward jumps only, and a `struct seccomp_data` to read from. A
//! piece of code here is a list of instructions that can stand anywhere, as jumps are
//! relative; pieces are put together from the end backwards, so that a jump always
//! knows how far it goes. A conditional jump reaches 255 instructions; what is further
//! away is reached through an unconditional one, whose reach has no limit.

use anyhow::{Context, Result};

/// One instruction: `struct sock_filter`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What to do.
    pub code: u16,
    /// How many instructions to skip if the comparison holds.
    pub jump_true: u8,
    /// How many to skip if it does not.
    pub jump_false: u8,
    /// The number that the instruction is about.
    pub operand: u32,
}

/// `BPF_LD | BPF_W | BPF_ABS`: the accumulator becomes a word of the data.
pub(super) const LOAD: u16 = 0x20;
/// `BPF_ALU | BPF_AND | BPF_K`.
pub(super) const AND: u16 = 0x54;
/// `BPF_JMP | BPF_JA`: always.
pub(super) const JUMP: u16 = 0x05;
/// `BPF_JMP | BPF_JEQ | BPF_K`: =
pub(super) const IF_EQUAL: u16 = 0x15;
/// `BPF_JMP | BPF_JGT | BPF_K`: >
pub(super) const IF_GREATER: u16 = 0x25;
/// `BPF_JMP | BPF_JGE | BPF_K`: ≥
pub(super) const IF_AT_LEAST: u16 = 0x35;
/// `BPF_RET | BPF_K`.
pub(super) const RETURN: u16 = 0x06;

/// Where `struct seccomp_data` has the call's number, and its table.
pub(super) const NUMBER: u32 = 0;
pub(super) const ARCH: u32 = 4;
/// Where it has the arguments, eight bytes each.
pub(super) const ARGUMENTS: u32 = 16;

/// Code that ends in a return on every way, or falls out at its end.
pub(super) type Code = Vec<Instruction>;

/// An instruction that does not jump.
pub(super) fn plain(code: u16, operand: u32) -> Instruction {
    Instruction {
        code,
        jump_true: 0,
        jump_false: 0,
        operand,
    }
}

/// `return answer`.
pub(super) fn answer(value: u32) -> Code {
    vec![plain(RETURN, value)]
}

/// If the accumulator compares by `code` with `operand`, then `yes`, else `no`; both end
/// in returns on every way.
// ANCHOR: branch
pub(super) fn branch(code: u16, operand: u32, yes: Code, no: Code) -> Result<Code> {
    let over = no.len();
    let mut whole = match u8::try_from(over) {
        Ok(jump_true) => vec![Instruction {
            code,
            jump_true,
            jump_false: 0,
            operand,
        }],
        Err(_) => vec![
            Instruction {
                code,
                jump_true: 0,
                jump_false: 1,
                operand,
            },
            plain(JUMP, u32::try_from(over).context("measure a jump")?),
        ],
    };
    whole.extend(no);
    whole.extend(yes);
    Ok(whole)
}
// ANCHOR_END: branch

/// A jump that reaches no further than a conditional one can.
pub(super) fn jump(
    code: u16,
    operand: u32,
    yes: usize,
    no: usize,
) -> Result<Instruction> {
    let short =
        |distance| u8::try_from(distance).context("jump over too many conditions");
    Ok(Instruction {
        code,
        jump_true: short(yes)?,
        jump_false: short(no)?,
        operand,
    })
}
