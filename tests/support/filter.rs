//! A seccomp filter that refuses one call, as a container's often does.

use std::process::Command;

use crate::Ordinary;

/// What installs the filter, and then becomes the program (seccomp(2)). It is Python,
/// as a test may not do such a thing to itself.
const INSTALL: &str = r#"
import ctypes, os, struct, sys
call, errno = int(sys.argv[1]), int(sys.argv[2])
LOAD, EQUAL, RETURN, ALLOW, ERRNO = 0x20, 0x15, 0x06, 0x7fff0000, 0x50000
code = [(LOAD, 0, 0, 0), (EQUAL, 0, 1, call), (RETURN, 0, 0, ERRNO | errno), (RETURN, 0, 0, ALLOW)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
program = struct.pack("HxxxxxxP", 4, ctypes.addressof(code))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
assert libc.prctl(22, 2, program) == 0  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
os.execv(sys.argv[3], sys.argv[3:])
"#;

/// `program` as `user`, behind a filter that answers `errno` to the call of this number.
/// Needs `tool:python3`.
#[must_use]
pub fn filtered(user: &Ordinary, program: &str, (call, errno): (i64, i32)) -> Command {
    let within_reach = user.command(program).get_program().to_owned();
    let mut command = user.command("python3");
    command.args(["-c", INSTALL, &call.to_string(), &errno.to_string()]);
    command.arg(within_reach);
    command
}
