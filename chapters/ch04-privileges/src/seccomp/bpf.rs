//! Classic BPF, as seccomp speaks it (`linux/filter.h`, bpf(4) of the BSDs).
//!
//! One accumulator, forward jumps only, and a `struct seccomp_data` to read from. A
//! piece of code here is a list of instructions that can stand anywhere, as jumps are
//! relative; pieces are put together from the end backwards, so that a jump always
//! knows how far it goes. A conditional jump reaches 255 instructions; what is further
//! away is reached through an unconditional one, whose reach has no limit.

use anyhow::{Context, Result};

use super::{Argument, Comparison};

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

/// If the argument is as `test` says, then `then`; otherwise falls out at the end.
///
/// The machine has words of 32 bits, an argument has two. The upper word decides,
/// unless it is equal; then the lower one does.
// ANCHOR: when
pub(super) fn when(test: &Argument, then: Code) -> Result<Code> {
    let end = then.len();
    let (high, low) = halves(test.value);
    let (load_high, load_low) = {
        let at = ARGUMENTS + 8 * test.index;
        let (low, high) = if cfg!(target_endian = "little") {
            (at, at + 4)
        } else {
            (at + 4, at)
        };
        (plain(LOAD, high), plain(LOAD, low))
    };
    // Distances: `end` skips `then`; the number before it, what stands between.
    let mut code = match test.op {
        Comparison::Equal => vec![
            load_high,
            jump(IF_EQUAL, high, 0, 2 + end)?,
            load_low,
            jump(IF_EQUAL, low, 0, end)?,
        ],
        Comparison::NotEqual => vec![
            load_high,
            jump(IF_EQUAL, high, 0, 2)?,
            load_low,
            jump(IF_EQUAL, low, end, 0)?,
        ],
        Comparison::MaskedEqual => {
            let (value_high, value_low) = halves(test.value_two);
            vec![
                load_high,
                plain(AND, high),
                jump(IF_EQUAL, value_high, 0, 3 + end)?,
                load_low,
                plain(AND, low),
                jump(IF_EQUAL, value_low, 0, end)?,
            ]
        }
        Comparison::Greater | Comparison::GreaterOrEqual => vec![
            load_high,
            jump(IF_GREATER, high, 3, 0)?,
            jump(IF_EQUAL, high, 0, 2 + end)?,
            load_low,
            match test.op {
                Comparison::Greater => jump(IF_GREATER, low, 0, end)?,
                _ => jump(IF_AT_LEAST, low, 0, end)?,
            },
        ],
        Comparison::Less | Comparison::LessOrEqual => vec![
            load_high,
            jump(IF_AT_LEAST, high, 0, 3)?,
            jump(IF_EQUAL, high, 0, 2 + end)?,
            load_low,
            match test.op {
                Comparison::Less => jump(IF_AT_LEAST, low, end, 0)?,
                _ => jump(IF_GREATER, low, end, 0)?,
            },
        ],
    };
    code.extend(then);
    Ok(code)
}
// ANCHOR_END: when

fn jump(code: u16, operand: u32, yes: usize, no: usize) -> Result<Instruction> {
    let short =
        |distance| u8::try_from(distance).context("jump over too many conditions");
    Ok(Instruction {
        code,
        jump_true: short(yes)?,
        jump_false: short(no)?,
        operand,
    })
}

fn halves(value: u64) -> (u32, u32) {
    let word = |bits: u64| u32::try_from(bits & 0xffff_ffff).unwrap_or(u32::MAX);
    (word(value >> 32), word(value))
}
