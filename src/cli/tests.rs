//! Command lines that docker takes, and those that it refuses with which words.

use super::*;

fn words(line: &str) -> Result<Cli, Refused> {
    let rest = line.split_whitespace().map(Into::into);
    parse(std::iter::once("skiff".into()).chain(rest))
}

fn run(line: &str) -> Run {
    match words(line) {
        Ok(Cli {
            verb: Verb::Container(ContainerVerb::Run(run)),
            ..
        }) => *run,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn switches_have_values() {
    assert!(run("run --rm x").create.rm);
    assert!(run("run --rm=true x").create.rm);
    assert!(!run("run --rm=false x").create.rm);
    assert!(run("run x").sig_proxy && !run("run --sig-proxy=false x").sig_proxy);
    let both = run("run -itd x y");
    assert!(both.create.interactive && both.create.tty && both.detach);
    assert_eq!(both.create.image_and_command, ["x", "y"]);
    assert_eq!(run("run -eA=1 -e=B=2 x").create.process.env, ["A=1", "B=2"]);
    assert_eq!(
        run("run -h box x").create.place.hostname.as_deref(),
        Some("box")
    );
}

#[test]
fn explain_stands_before_or_after_the_verb() {
    let explain = |line| words(line).unwrap().explain;
    assert_eq!(explain("run x"), None);
    assert_eq!(explain("--explain run x"), Some(Explain::Tree));
    assert_eq!(explain("run --explain x y"), Some(Explain::Tree));
    assert_eq!(explain("run --explain=json x"), Some(Explain::Json));
    assert_eq!(explain("run x --explain"), None);
}

#[test]
fn verbs_stand_alone_or_in_their_group() {
    for line in [
        "ps -a",
        "container ls -a",
        "container list",
        "container ps",
        "images",
        "image ls",
        "image rm x",
        "rmi x",
        "container run -d x",
        "system info",
        "daemon stop",
        "daemon --data-root /a --exec-root /b --idle-exit 10m",
        "container inspect x",
        "stop -t -1 x",
        "kill -s 9 x",
        "logs -n 5 x",
        "top x -ef",
        "exec -it x sh -c y",
        "-H tcp://h:1 ps",
        "shim --config x",
        "ps -n -1",
    ] {
        assert!(words(line).is_ok(), "{line}: {:?}", words(line));
    }
}

#[test]
fn what_is_wrong_is_said_in_dockers_words() {
    for (line, status, expected) in [
        ("run --bad x", 125, "unknown flag: --bad"),
        ("run -z x", 125, "unknown shorthand flag: 'z' in -z"),
        ("ps --bad", 125, "unknown flag: --bad"),
        ("frob", 1, "unknown command: skiff frob"),
        ("ps extra", 1, "'skiff ps' takes no argument \"extra\""),
        (
            "run -m zz x",
            125,
            "invalid argument \"zz\" for \"--memory\" flag: invalid size: 'zz'",
        ),
        (
            "run -e =x y",
            125,
            "invalid argument \"=x\" for \"--env\" flag: invalid environment variable: =x",
        ),
        (
            "run --pull some x",
            125,
            "invalid argument \"some\" for \"--pull\" flag: must be one of always, missing, never",
        ),
        ("run --name", 125, "flag needs an argument: --name"),
    ] {
        match words(line) {
            Err(Refused::Wrong {
                what, status: with, ..
            }) => {
                assert_eq!((what.as_str(), with), (expected, status), "{line}");
            }
            other => panic!("{line}: {other:?}"),
        }
    }
    for (line, expected) in [
        ("run", "'skiff run' requires at least 1 argument"),
        ("rm -f", "'skiff rm' requires at least 1 argument"),
        ("exec", "'skiff exec' requires at least 2 arguments"),
        ("exec x", "'skiff exec' requires at least 2 arguments"),
        ("rename a", "'skiff rename' requires 2 arguments"),
        ("logs", "'skiff logs' requires 1 argument"),
    ] {
        match words(line) {
            Err(Refused::Wrong {
                what,
                status: 1,
                hint,
            }) => {
                assert_eq!(what, expected);
                let verb = line.split(' ').next().unwrap();
                assert_eq!(
                    hint,
                    format!("run 'skiff {verb} --help' for more information")
                );
            }
            other => panic!("{line}: {other:?}"),
        }
    }
}

#[test]
fn help_is_of_the_verb_and_shows_switches_without_values() {
    let Err(Refused::Shown(text)) = words("container exec --help") else {
        panic!("no help");
    };
    assert!(
        text.contains("Usage: skiff exec [OPTIONS] CONTAINER COMMAND [ARG...]"),
        "{text}"
    );
    assert!(text.contains("  -d, --detach  "), "{text}");
    let Err(Refused::Shown(text)) = words("image") else {
        panic!("no help");
    };
    assert!(
        text.contains("Usage: skiff image") && text.contains("\n  rm "),
        "{text}"
    );
}

#[test]
fn help_is_shown_and_h_is_not_help() {
    for line in ["--help", "run --help", "", "container --help", "container"] {
        assert!(matches!(words(line), Err(Refused::Shown(_))), "{line}");
    }
    assert!(matches!(
        words("ps -h"),
        Err(Refused::Wrong { status: 125, .. })
    ));
}
