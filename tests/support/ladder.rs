//! The escape ladder: one list of attacks, run against every chapter's program.
//!
//! A chapter's `tests/ladder.rs` says how its program runs something in a root; [`row`]
//! runs each attack in it and compares with `chapters/chNN-…/ladder.toml`, or writes that
//! with `SKIFF_BLESS=1`. The rows joined are the book's table ([`table`]).
//!
//! The attacker is the test's own program, copied into the root and told what to do by
//! its environment ([`attacker`]). All of it is an ordinary user's doing, each attack is
//! bounded and asks for little, and what it leaves is ended: an attack that gets through
//! shows that it did, and does nothing more.

mod attacks;
mod groups;
mod rows;
mod scene;

use std::env;
use std::path::Path;
use std::process::Command;

use crate::{Need, Ordinary, needs, run};

pub use attacks::ATTACKS;
use groups::Groups;
pub use rows::{Row, falls_back, rows, table};
pub(crate) use scene::Scene;

/// One attack.
#[derive(Debug)]
pub struct Attack {
    /// Its name, in rows.
    pub name: &'static str,
    /// What it wants, in the book.
    pub wants: &'static str,
    /// What the attacker does inside; an error is what stopped it.
    inside: fn(&Orders) -> Result<(), String>,
    /// Whether the harm is seen from outside, if the attacker believes in it.
    outside: fn(&Scene) -> bool,
}

/// What an attacker is told of the scene that it attacks.
#[derive(Debug)]
pub struct Orders {
    /// A file of the host.
    pub file: String,
    /// What stands in it; a word that nothing else has.
    pub word: String,
    /// A process of the host, of the same user.
    pub process: i32,
    /// An abstract socket of the host, on which somebody listens.
    pub socket: String,
}

/// What an attacker prints before its verdict.
const VERDICT: &str = "ladder: ";
/// The variable that makes an attacker of a test.
const ATTACK: &str = "SKIFF_ATTACK";

/// Runs all attacks against a chapter's program, and compares with the chapter's row.
///
/// `furnish` makes a root file system of the host's programs in an empty folder; `within`
/// gives the command that runs, as this user and in that root, what is appended to it.
/// The test that calls this has a neighbour, `attacker`, which calls [`attacker`].
///
/// # Panics
/// When another attack gets through, or is stopped, than the row says.
#[track_caller]
pub fn row(
    chapter: &str,
    furnish: impl Fn(&Path),
    within: impl Fn(&Ordinary, &Path) -> Command,
) {
    if needs(&[Need::User, Need::UserNamespace]) {
        let scene = Scene::set(&furnish);
        attack(chapter, scene, |scene| within(&scene.user, &scene.root()));
    }
}

/// The same for a program that sets limits: at most 100 processes and 32 MiB. `within`
/// gets the path of control groups as well, which are this user's to make others in.
///
/// # Panics
/// When another attack gets through, or is stopped, than the row says.
#[track_caller]
pub fn row_with_limits(
    chapter: &str,
    furnish: impl Fn(&Path),
    within: impl Fn(&Ordinary, &Path, &str) -> Command,
) {
    // Only root can hand groups over.
    let all = [Need::Root, Need::User, Need::UserNamespace, Need::CgroupV1];
    if needs(&all) {
        let scene = Scene::set(&furnish);
        let groups = Groups::handed_to(scene.user.ids());
        attack(chapter, scene, |scene| {
            within(&scene.user, &scene.root(), groups.path())
        });
    }
}

#[track_caller]
fn attack(chapter: &str, mut scene: Scene, within: impl Fn(&Scene) -> Command) {
    let mut seen = Row::of(chapter);
    for attack in &ATTACKS {
        scene.renew();
        let through = is_through(attack, &scene, within(&scene));
        seen.put(attack.name, through);
    }
    seen.check();
}

fn is_through(attack: &Attack, scene: &Scene, mut command: Command) -> bool {
    command.args(scene.attacker(attack.name));
    let out = run(command);
    let verdict = out
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix(VERDICT));
    let verdict = verdict.unwrap_or_else(|| panic!("{}: no verdict: {out}", attack.name));
    verdict == "through" && (attack.outside)(scene)
}

/// What the test `attacker` does: the attack that the environment names; without one it
/// holds that each attack can be told from the others.
///
/// # Panics
/// When two attacks have one name.
pub fn attacker() {
    let Ok(name) = env::var(ATTACK) else {
        for (n, one) in ATTACKS.iter().enumerate() {
            let same = ATTACKS[n + 1..].iter().any(|other| other.name == one.name);
            assert!(!same, "two attacks are called {}", one.name);
        }
        return;
    };
    let attack = ATTACKS.iter().find(|attack| attack.name == name);
    let attack = attack.expect("an attack of the list");
    let verdict = match (attack.inside)(&Orders::from_environment()) {
        Ok(()) => "through".to_owned(),
        Err(why) => format!("stopped: {why}"),
    };
    // The harness has begun a line; and it captures what is printed by the macros.
    let line = format!("\n{VERDICT}{verdict}\n");
    let _ = std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes());
}

impl Orders {
    fn from_environment() -> Self {
        let get = |name: &str| env::var(name).expect("an attacker is told all");
        Self {
            file: get("SKIFF_FILE"),
            word: get("SKIFF_WORD"),
            process: get("SKIFF_PROCESS").parse().expect("a number"),
            socket: get("SKIFF_SOCKET"),
        }
    }
}
