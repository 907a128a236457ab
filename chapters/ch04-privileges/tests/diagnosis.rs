//! Each way in which a change of user is refused, provoked; the program must name it.

use support::{Need, Ordinary, needs, run};

const CH04: &str = env!("CARGO_BIN_EXE_ch04");

#[test]
fn an_id_without_a_line_in_the_map_is_named() {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return;
    }
    let user = Ordinary::new();
    let mut command = user.command(CH04);
    // No line of /etc/subuid lends so many.
    command.args(["run", "-u", "0:2147483647", "true"]);
    let hint = "this user namespace has no gid 2147483647, its map is 0 ";
    run(command).hinted("become group 2147483647: EINVAL", hint);
    let mut command = user.command(CH04);
    command.args(["run", "-u", "2147483647:0", "true"]);
    let hint = "this user namespace has no uid 2147483647, its map is 0 ";
    run(command).hinted("become user 2147483647: EINVAL", hint);
}
