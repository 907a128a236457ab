//! What clone3(2) refuses of namespaces, provoked; the program must name the cause.

use std::process::Command;

use support::{Need, needs, run};

#[test]
fn a_root_without_its_capability_is_named() {
    if !needs(&[Need::Root, Need::Tool("setpriv")]) {
        return;
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-sys_admin", env!("CARGO_BIN_EXE_ch02")]);
    command.args(["run", "true"]);
    let words = "start a process with clone3(";
    run(command).hinted(words, "new namespaces need CAP_SYS_ADMIN");
}
