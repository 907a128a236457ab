//! Why a program cannot be run: execve(2) has three answers for a dozen causes.

use std::fs;
use std::io::ErrorKind;

use nix::errno::Errno;
use workbench::diagnosis::{Cause, Diagnosis, Proof};

use super::program::Program;

/// Why execve(2), or the search for the program before it, says no.
pub static EXECVE: Diagnosis<Program> = Diagnosis {
    chapter: 1,
    call: "execve",
    purpose: "become another program",
    causes: &[
        Cause {
            errno: Errno::ENOENT,
            meaning: "No folder of `PATH` has a program of this name.",
            probe: |program| !program.0.to_string_lossy().contains('/'),
            look: "echo $PATH; type PROGRAM",
            hint: "no folder of PATH has a program PROGRAM; install it in this root, or \
                   type its whole path",
            proof: Proof::Test("a_name_that_is_not_in_path"),
        },
        Cause {
            errno: Errno::ENOENT,
            meaning: "There is nothing at this path, in this root.",
            probe: |program| fs::metadata(&program.0).is_err(),
            look: "ls -l PROGRAM",
            hint: "there is nothing at PROGRAM in this root; look at what is there: \
                   ls -l PROGRAM",
            proof: Proof::Test("a_path_where_nothing_is"),
        },
        Cause {
            errno: Errno::ENOENT,
            meaning: "It is a script whose first line ends as lines do on Windows: the \
                      interpreter's name has a carriage return at its end.",
            probe: |program| program.interpreter().is_some_and(|it| it.ends_with('\r')),
            look: "head -1 PROGRAM | od -c",
            hint: "the first line of PROGRAM ends in a carriage return, which became part \
                   of its interpreter's name; sed -i 's/\\r$//' PROGRAM",
            proof: Proof::Test("a_script_from_windows"),
        },
        Cause {
            errno: Errno::ENOENT,
            meaning: "It is a script, and the interpreter that its `#!` line names is \
                      not there.",
            probe: |program| program.is_script() && !program.has_interpreter(),
            look: "head -1 PROGRAM",
            hint: "PROGRAM is there, but its first line asks for INTERPRETER, which is \
                   not; install that in this root, or change the line",
            proof: Proof::Test("a_script_without_its_interpreter"),
        },
        Cause {
            errno: Errno::ENOENT,
            meaning: "It is there, and the dynamic loader that it was linked for is not \
                      (`PT_INTERP`: glibc's on Debian, musl's on Alpine).",
            probe: |program| program.missing_loader().is_some(),
            look: "readelf -l PROGRAM | grep interpreter",
            hint: "PROGRAM is there, but it needs the loader LOADER, which this root has \
                   not: copy that in too, with the libraries, or take a program that is \
                   linked statically",
            proof: Proof::Test("a_program_without_its_loader"),
        },
        Cause {
            errno: Errno::EACCES,
            meaning: "It is a folder.",
            probe: |program| program.0.is_dir(),
            look: "ls -ld PROGRAM",
            hint: "PROGRAM is a folder; name a program in it: ls PROGRAM",
            proof: Proof::Test("a_folder"),
        },
        Cause {
            errno: Errno::EACCES,
            meaning: "A folder on the way to it may not be entered.",
            probe: |program| {
                let looked = fs::metadata(&program.0);
                looked.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
            },
            look: "namei -l PROGRAM",
            hint: "a folder on the way to PROGRAM may not be entered by you; \
                   namei -l PROGRAM shows which: chmod +x it, or be its owner",
            proof: Proof::Test("a_folder_on_the_way_that_is_closed"),
        },
        Cause {
            errno: Errno::EACCES,
            meaning: "It has no execute bit.",
            probe: |program| program.mode() & 0o111 == 0,
            look: "ls -l PROGRAM",
            hint: "PROGRAM has no execute bit; chmod +x PROGRAM",
            proof: Proof::Test("a_file_without_an_execute_bit"),
        },
        Cause {
            errno: Errno::EACCES,
            meaning: "The mount that it lies on is `noexec`.",
            probe: Program::is_mounted_noexec,
            look: "findmnt -o TARGET,OPTIONS -T PROGRAM",
            hint: "the mount that PROGRAM lies on is noexec; move it to another, or mount \
                   that one with exec",
            proof: Proof::Test("a_mount_without_exec"),
        },
        Cause {
            errno: Errno::ENOEXEC,
            meaning: "It was built for another kind of processor.",
            probe: |program| program.foreign_machine().is_some(),
            look: "file PROGRAM; uname -m",
            hint: "PROGRAM was built for MACHINE, and this is another machine; get the \
                   one for this (uname -m), or the image of this platform",
            proof: Proof::Test("a_program_for_another_processor"),
        },
        Cause {
            errno: Errno::ENOEXEC,
            meaning: "It is a text without a `#!` line. (A shell would guess.)",
            probe: Program::is_text,
            look: "head -1 PROGRAM",
            hint: "PROGRAM is a text whose first line does not begin with #!; write \
                   #!/bin/sh there, or run: sh PROGRAM",
            proof: Proof::Test("a_text_without_an_interpreter"),
        },
        Cause {
            errno: Errno::ENOEXEC,
            meaning: "It is neither a program nor a text: empty, cut off, or data.",
            probe: |_| true,
            look: "file PROGRAM; ls -l PROGRAM",
            hint: "PROGRAM is neither a program nor a script (file PROGRAM tells what it \
                   is): was it copied whole?",
            proof: Proof::Test("a_file_that_is_cut_off"),
        },
    ],
};
