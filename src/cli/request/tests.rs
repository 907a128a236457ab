//! Command lines to requests.

use super::*;
use crate::cli::{self, ContainerVerb, Verb};

fn asked(line: &str) -> Result<CreateRequest> {
    let words = line.split_whitespace().map(Into::into);
    let words = std::iter::once("skiff".into()).chain(words);
    let typed = cli::parse(words).map_err(|refused| anyhow::anyhow!("{refused:?}"))?;
    let (create_flags, detached) = match typed.verb {
        Verb::Container(ContainerVerb::Run(run)) => (run.create, run.detach),
        Verb::Container(ContainerVerb::Create(create)) => (*create, true),
        other => bail!("{other:?} creates nothing"),
    };
    let streams = Streams {
        detached,
        size: Some((24, 80)),
    };
    create(&create_flags, streams)
}

#[test]
fn flags_after_the_image_belong_to_the_command() {
    let request = asked("run --rm toolbox ls -l -d --rm -- -x").unwrap();
    assert_eq!(request.config.image, "toolbox");
    let command = request.config.cmd.unwrap().0;
    assert_eq!(command, ["ls", "-l", "-d", "--rm", "--", "-x"]);
    assert!(request.host_config.auto_remove && request.config.attach_stdout);
    let request = asked("run toolbox -d").unwrap();
    assert_eq!(request.config.cmd.unwrap().0, ["-d"]);
    assert!(request.config.attach_stdout);
}

#[test]
fn streams_follow_i_t_and_d() {
    let request = asked("run -it toolbox sh").unwrap();
    let config = &request.config;
    assert!(config.tty && config.open_stdin && config.stdin_once && config.attach_stdin);
    assert_eq!(request.host_config.console_size, [24, 80]);
    let config = asked("run -dit toolbox sh").unwrap().config;
    assert!(config.tty && config.open_stdin && !config.stdin_once);
    assert!(!config.attach_stdin && !config.attach_stdout && !config.attach_stderr);
}

#[test]
fn every_flag_arrives() {
    let request = asked(
        "run --name web -e A=1 --env B=2 -w /srv -u 1:2 -h box -v /a:/b:ro -v /anon \
         --mount type=bind,src=/x,dst=/y --tmpfs /t:size=1m --entrypoint sh \
         --network none -m 64m --cpus 1.5 --pids-limit 9 --cap-add NET_ADMIN \
         --cap-drop ALL --privileged --read-only -l k=v --label l --stop-signal INT \
         --stop-timeout -1 --security-opt no-new-privileges --runtime crun toolbox",
    )
    .unwrap();
    let (config, host) = (request.config, request.host_config);
    assert_eq!(config.env, ["A=1", "B=2"]);
    assert_eq!(
        (config.working_dir.as_str(), config.user.as_str()),
        ("/srv", "1:2")
    );
    assert_eq!(config.hostname, "box");
    assert_eq!(
        config.volumes.unwrap().keys().collect::<Vec<_>>(),
        ["/anon"]
    );
    assert_eq!(config.entrypoint.unwrap().0, ["sh"]);
    assert_eq!(config.cmd, None);
    assert_eq!(config.labels["k"], "v");
    assert_eq!(config.labels["l"], "");
    assert_eq!(
        (config.stop_signal.as_str(), config.stop_timeout),
        ("INT", Some(-1))
    );
    assert_eq!(host.binds.unwrap(), ["/a:/b:ro"]);
    assert_eq!(host.mounts[0].source, "/x");
    assert_eq!(host.tmpfs["/t"], "size=1m");
    assert_eq!(host.network_mode, "none");
    assert_eq!((host.memory, host.nano_cpus), (64 << 20, 1_500_000_000));
    assert_eq!(host.pids_limit, Some(9));
    assert_eq!(
        (host.cap_add, host.cap_drop),
        (vec!["NET_ADMIN".into()], vec!["ALL".into()])
    );
    assert!(host.privileged && host.readonly_rootfs);
    assert_eq!(host.security_opt, ["no-new-privileges"]);
    assert_eq!(host.runtime, "crun");
}

#[test]
fn what_is_not_there_is_refused() {
    let told = |line: &str| format!("{:#}", asked(line).unwrap_err());
    assert!(told("run --security-opt frob toolbox").contains("invalid --security-opt"));
    assert!(told("run --security-opt seccomp=/nope toolbox").contains("seccomp profile"));
    assert!(told("run --env-file /nope toolbox").contains("open /nope"));
}
