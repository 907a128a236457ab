//! One condition on an argument, as jumps.
//!
//! The machine has words of 32 bits, an argument has two. The upper word decides, unless
//! it is equal; then the lower one does. Each piece of code here falls through into what
//! follows it if the condition holds, and jumps over that if not.
//!
//! The distances: `over` is the length of what follows; a number before it, or alone, is
//! what stands between within the piece.

use anyhow::Result;

use super::bpf::{
    AND, ARGUMENTS, Code, IF_AT_LEAST, IF_EQUAL, IF_GREATER, LOAD, jump, plain,
};
use super::{Argument, Comparison};

/// If the argument is as `test` says, then `then`; otherwise falls out at the end.
// ANCHOR: when
pub(super) fn when(test: &Argument, then: Code) -> Result<Code> {
    let over = then.len();
    let mut code = match test.op {
        Comparison::Equal => equal(test, over)?,
        Comparison::NotEqual => not_equal(test, over)?,
        Comparison::MaskedEqual => masked_equal(test, over)?,
        Comparison::Greater => above(test, IF_GREATER, over)?,
        Comparison::GreaterOrEqual => above(test, IF_AT_LEAST, over)?,
        Comparison::Less => below(test, IF_AT_LEAST, over)?,
        Comparison::LessOrEqual => below(test, IF_GREATER, over)?,
    };
    code.extend(then);
    Ok(code)
}
// ANCHOR_END: when

// ANCHOR: equal
fn equal(test: &Argument, over: usize) -> Result<Code> {
    let (high, low) = halves(test.value);
    let mut code = load_high(test);
    code.push(jump(IF_EQUAL, high, 0, 2 + over)?);
    code.extend(load_low(test));
    code.push(jump(IF_EQUAL, low, 0, over)?);
    Ok(code)
}
// ANCHOR_END: equal

fn not_equal(test: &Argument, over: usize) -> Result<Code> {
    let (high, low) = halves(test.value);
    let mut code = load_high(test);
    code.push(jump(IF_EQUAL, high, 0, 2)?);
    code.extend(load_low(test));
    code.push(jump(IF_EQUAL, low, over, 0)?);
    Ok(code)
}

fn masked_equal(test: &Argument, over: usize) -> Result<Code> {
    let (mask_high, mask_low) = halves(test.value);
    let (high, low) = halves(test.value_two);
    let mut code = load_high(test);
    code.push(plain(AND, mask_high));
    code.push(jump(IF_EQUAL, high, 0, 3 + over)?);
    code.extend(load_low(test));
    code.push(plain(AND, mask_low));
    code.push(jump(IF_EQUAL, low, 0, over)?);
    Ok(code)
}

/// Above the value; `last` says of the lower word whether equal will do.
fn above(test: &Argument, last: u16, over: usize) -> Result<Code> {
    let (high, low) = halves(test.value);
    let mut code = load_high(test);
    code.push(jump(IF_GREATER, high, 3, 0)?);
    code.push(jump(IF_EQUAL, high, 0, 2 + over)?);
    code.extend(load_low(test));
    code.push(jump(last, low, 0, over)?);
    Ok(code)
}

/// Below the value; `last` says of the lower word what is too much.
fn below(test: &Argument, last: u16, over: usize) -> Result<Code> {
    let (high, low) = halves(test.value);
    let mut code = load_high(test);
    code.push(jump(IF_AT_LEAST, high, 0, 3)?);
    code.push(jump(IF_EQUAL, high, 0, 2 + over)?);
    code.extend(load_low(test));
    code.push(jump(last, low, over, 0)?);
    Ok(code)
}

/// Where the upper word of an argument stands, counted from its first byte.
const HIGH: u32 = if cfg!(target_endian = "little") { 4 } else { 0 };

fn load_high(test: &Argument) -> Code {
    vec![plain(LOAD, ARGUMENTS + 8 * test.index + HIGH)]
}

fn load_low(test: &Argument) -> Code {
    vec![plain(LOAD, ARGUMENTS + 8 * test.index + 4 - HIGH)]
}

fn halves(value: u64) -> (u32, u32) {
    let word = |bits: u64| u32::try_from(bits & 0xffff_ffff).unwrap_or(u32::MAX);
    (word(value >> 32), word(value))
}
