//! The questions that people bring, and the page "You asked", which says where each is
//! answered: a row a question, with a link to a marked answer and something to type.

use std::path::Path;

use crate::page::{Page, anchor_of};

/// What stands in the row of a question whose chapter has not been written.
const NOT_YET: &str = "not yet answered";

/// How many questions are not answered yet. This number may only become smaller.
pub(crate) const OPEN: usize = 5;

/// The questions, by the headings of the page.
pub(crate) const QUESTIONS: &[(&str, &[&str])] = &[
    (
        "Isolation",
        &[
            "Is a container a thing that Linux knows?",
            "How is an image's filesystem more than a chroot?",
            "What does a VM have that a container has not (kernel, boot time, megabytes)?",
            "If an image has no kernel, what is left of \"an OS\"?",
            "Can a Windows image run here?",
            "What does seccomp allow: only read, write, exit, sigreturn (strict mode), or \
             what you list (filter mode)?",
            "How do processes in different containers talk?",
        ],
    ),
    (
        "Parts",
        &[
            "What are libcontainer, runc, containerd, dockerd, and which talks to which?",
            "Why did Docker leave LXC?",
            "One program or many in a container?",
            "Why was the one big daemon split?",
            "What does \"OCI-compliant\" oblige one to (image, runtime, distribution)?",
            "Why does Kubernetes talk past dockerd?",
        ],
    ),
    (
        "Running",
        &[
            "What happens on `docker run`, step by step?",
            "And on `docker exec`?",
            "Why does the shim exist, who is whose parent when the runtime has exited, \
             how does a container survive a daemon upgrade?",
            "Is it HTTP on the unix socket, and what changes over TCP and TLS?",
            "What is lost when a container is removed?",
            "What are ENTRYPOINT and CMD when both are given?",
        ],
    ),
    (
        "Images",
        &[
            "What is in a manifest, in a manifest list, and who picks the platform?",
            "Why do an image's ID, its digest, a layer's digest, a diffID and a chain ID \
             all differ, and why does compression force two hashes?",
            "Is `latest` the latest?",
            "What does `<missing>` in history mean?",
            "What is a dangling image?",
            "How does the layer cache decide: by comparing commands only?",
            "After a failing build step, what can be started to look around?",
            "Which union or snapshot drivers are there (overlay2, aufs, devicemapper, \
             btrfs, zfs, vfs) and what does copy-on-write cost?",
            "How are names without a registry, with an account, with a host resolved?",
        ],
    ),
    (
        "State",
        &[
            "Volume, bind mount or tmpfs? What is copied into a new volume, what does a \
             bind hide?",
            "Where on disk is it all?",
            "Why not put secrets in the environment?",
            "How does `mysql` become an address (127.0.0.11)?",
            "Can a running container be frozen, saved and moved (checkpoint)?",
            "What do compose and an orchestrator (services, replicas, load balancing) add?",
        ],
    ),
];

/// What is wrong with the page `table`, as far as `questions` go; and how many rows say
/// that their answer is still to come.
pub(crate) fn answers(
    pages: &[Page],
    table: &Path,
    questions: &[(&str, &[&str])],
) -> (Vec<String>, usize) {
    let Some(page) = pages.iter().find(|page| page.path == table) else {
        return (vec![format!("there is no {}", table.display())], 0);
    };
    let (mut wrong, mut open, mut group) = (Vec::new(), 0, "");
    let mut left: Vec<(&str, &str)> = questions
        .iter()
        .flat_map(|(group, asked)| asked.iter().map(move |question| (*group, *question)))
        .collect();
    for (n, line) in page.prose() {
        if let Some(title) = line.strip_prefix("## ") {
            group = title.trim();
        }
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [question, answer, command] = cells[..] else {
            continue;
        };
        if question == "You asked" || question.starts_with("--") {
            continue;
        }
        let place = left.iter().position(|asked| *asked == (group, question));
        let complaint = match place.map(|place| left.remove(place)) {
            None => Some("is no question of this group, or stands twice".to_owned()),
            Some(_) if answer.starts_with(NOT_YET) => {
                open += 1;
                let when = answer.contains(": chapter ");
                (!when).then(|| "does not say which chapter will answer it".into())
            }
            Some(_) if !command.contains('`') => Some("has nothing to type".into()),
            Some(_) => unanswered(pages, answer),
        };
        wrong.extend(complaint.map(|c| format!("{}:{n}: {c}", table.display())));
    }
    let forgotten = left
        .iter()
        .map(|(_, asked)| format!("nobody answers: {asked}"));
    wrong.extend(forgotten);
    (wrong, open)
}

/// Why the cell `answer` leads to no answer, if so.
fn unanswered(pages: &[Page], answer: &str) -> Option<String> {
    let link = answer
        .split_once("](")
        .and_then(|(_, rest)| rest.split_once(')'));
    let Some((file, anchor)) = link.and_then(|(target, _)| target.split_once('#')) else {
        return Some(format!("{answer:?} is no link to a heading"));
    };
    let Some(page) = pages.iter().find(|page| page.path == Path::new(file)) else {
        return Some(format!("there is no page {file}"));
    };
    let mut lines = page.prose().map(|(_, line)| line);
    if !lines.any(|line| line.starts_with('#') && anchor_of(line) == anchor) {
        return Some(format!("{file} has no heading {anchor}"));
    }
    let said: usize = lines
        .take_while(|line| !line.starts_with('#'))
        .map(|line| line.split_whitespace().count())
        .sum();
    (said < 20).then(|| format!("{file}#{anchor} says {said} words"))
}
