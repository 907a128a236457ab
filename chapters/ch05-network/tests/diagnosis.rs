//! What the kernel refuses of rules, provoked; the error must name the cause.

use nix::unistd::geteuid;
use support::{Need, Ordinary, needs, run};
use workbench::diagnosis::hint;

/// Somebody who is not root, in the machine's own network namespace. Root runs this
/// test once more as such a user.
#[test]
fn rules_of_somebody_who_may_not_are_refused() {
    if !needs(&[Need::User]) {
        return;
    }
    if geteuid().is_root() {
        let user = Ordinary::new();
        let mut command = user.command(std::env::current_exe().unwrap());
        command.args(["--exact", "rules_of_somebody_who_may_not_are_refused"]);
        assert!(run(command).ok().contains("1 passed"));
        return;
    }
    let error = network::remove_nat_in("skiff-test").unwrap_err();
    let told = format!("{error:#}");
    assert!(
        told.starts_with("remove table ip skiff-test: EPERM"),
        "{told}"
    );
    let said = hint(&error).unwrap_or_default();
    assert!(said.starts_with("rules need CAP_NET_ADMIN"), "{said}");
}
