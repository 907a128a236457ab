//! Links the programs that stand at every container's cradle without a dynamic loader.
//!
//! `skiff-runtime` and `skiff-shim` are started for each container, and the runtime once
//! more for each `exec`. To map and bind libc, libm and libgcc takes the loader half a
//! millisecond at each start, which is more than most system calls of a start together.
//! Where this machine has the C library as an archive (Debian: libc6-dev), a release
//! build links it in, at a fixed address: else each start would write a hundred
//! kilobytes of addresses into tables, and a copy of such a process (fork(2)) would have
//! more to copy. Stack, heap and mappings stay at random places. On x86-64 such a runtime
//! also begins before the C library does: see its `begin.rs`. Elsewhere, for another
//! target, in debug builds and where `SKIFF_STATIC=0` is set, the linker does as it
//! always does.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fs};

/// Who is linked so.
const PROGRAMS: [&str; 2] = ["skiff-runtime", "skiff-shim"];

/// What rustc asks the linker for on Linux with the GNU C library, in its order.
const ASKED: [&str; 7] = ["gcc_s", "util", "rt", "pthread", "m", "dl", "c"];

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-env-changed=SKIFF_STATIC");
    println!("cargo::rustc-check-cfg=cfg(begins_early)");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|it| it == value);
    let own = env::var("HOST").is_ok_and(|host| is("TARGET", &host));
    let wanted = is("PROFILE", "release") && !is("SKIFF_STATIC", "0");
    if !(own && wanted && is("CARGO_CFG_TARGET_ENV", "gnu")) {
        return;
    }
    let Some(folder) = archives() else { return };
    let search = format!("-L{}", folder.display());
    let words = ["-no-pie", "-static", &search];
    if !links(&words) {
        return;
    }
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        println!("cargo::rustc-cfg=begins_early");
        println!("cargo::rustc-link-arg-bin=skiff-runtime=-Wl,--entry=skiff_begin");
    }
    for program in PROGRAMS {
        for word in words {
            println!("cargo::rustc-link-arg-bin={program}={word}");
        }
    }
}

/// A folder in which the linker finds each library that rustc asks for as an archive,
/// before it looks anywhere else; `None` when this machine cannot link so.
fn archives() -> Option<PathBuf> {
    let found = |name: &str| {
        let answer = Command::new("cc")
            .arg(format!("-print-file-name={name}"))
            .output();
        let path = PathBuf::from(String::from_utf8(answer.ok()?.stdout).ok()?.trim());
        // What it does not know it says back as it was.
        path.is_absolute().then_some(path)
    };
    found("crt1.o")?;
    let [libc, libm, unwinder, helpers] =
        ["libc.a", "libm.a", "libgcc_eh.a", "libgcc.a"].map(found);
    let [libc, libm, unwinder, helpers] =
        [libc?, libm?, unwinder?, helpers?].map(|path| path.display().to_string());
    let folder = PathBuf::from(env::var_os("OUT_DIR")?);
    for name in ASKED {
        // To the linker a text in an archive's place is a script (ld(1), "Implicit
        // Linker Scripts"). What glibc 2.34 took into libc.a has nothing of its own.
        let script = match name {
            "c" => format!("GROUP ( {libc} {unwinder} {helpers} )\n"),
            "gcc_s" => format!("GROUP ( {unwinder} {helpers} )\n"),
            "m" => format!("GROUP ( {libm} )\n"),
            _ => "/* in libc.a */\n".to_owned(),
        };
        fs::write(folder.join(format!("lib{name}.a")), script).ok()?;
    }
    Some(folder)
}

/// Whether a program can be linked and started so: asked by doing it.
fn links(words: &[&str]) -> bool {
    const TRIAL: &str = "int main(void) { return 0; }\n";
    let folder = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let (source, program) = (folder.join("trial.c"), folder.join("trial"));
    let mut linker = Command::new("cc");
    linker.arg(&source).arg("-o").arg(&program).args(words);
    let worked = |mut command: Command| {
        command
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|it| it.success())
    };
    fs::write(&source, TRIAL).is_ok() && worked(linker) && worked(Command::new(&program))
}
