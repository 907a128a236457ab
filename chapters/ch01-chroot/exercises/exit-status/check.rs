//! Judges the unpacking of a wait status: every code, every signal.

/// What the reader writes.
pub(crate) type Attempt = fn(i32) -> Option<i32>;

const CORE_DUMPED: i32 = 0x80;
const STOPPED: i32 = 0x7f;
const CONTINUED: i32 = 0xffff;

pub(crate) fn check(exit_status: Attempt) -> Result<(), String> {
    let told = |packed: i32, expected: Option<i32>, why: &str| {
        let came = exit_status(packed);
        if came == expected {
            return Ok(());
        }
        Err(format!(
            "{why}\n  status:   {packed:#06x}\n  expected: {expected:?}\n  came:     {came:?}"
        ))
    };
    for code in 0..=255 {
        told(code << 8, Some(code), "the exit code is in the second byte")?;
    }
    for signal in 1..=64 {
        let why =
            "a process that a signal killed has the status 128 and the signal's number";
        told(signal, Some(128 + signal), why)?;
        let why = "the bit that says that a core was dumped is no part of the signal";
        told(signal | CORE_DUMPED, Some(128 + signal), why)?;
    }
    let why = "a process that was stopped has not ended";
    told(19 << 8 | STOPPED, None, why)?;
    told(
        CONTINUED,
        None,
        "a process that was continued has not ended",
    )
}
