//! Mistakes that people make, each as a change to the book's program, and the checks
//! that must find it.

/// A mistake.
pub(crate) struct Mistake {
    /// The stage whose program is changed.
    pub(crate) stage: u8,
    /// What stands there once.
    pub(crate) right: &'static str,
    /// What somebody wrote in its place.
    pub(crate) wrong: &'static str,
    /// The titles of the checks that fail for it, each by itself.
    pub(crate) fails: &'static [&'static str],
}

const CHROOT: &str =
    "    chroot(root).with_context(|| format!(\"change the root to {root}\"))?;\n";
const EXEC: &str = "    let error = Command::new(program).args(args).exec();\n";

/// chroot(2) without chdir(2).
pub(crate) const STAYS_OUTSIDE: Mistake = Mistake {
    stage: 1,
    right: "    set_current_dir(\"/\").context(\"go to the new root\")\n",
    wrong: "    Ok(())\n",
    fails: &["the working folder is the new root"],
};

/// A program that is waited for, with nobody asking how it ended.
pub(crate) const LOSES_THE_CODE: Mistake = Mistake {
    stage: 1,
    right: EXEC,
    wrong: "    let error = match Command::new(program).args(args).status() {\n        \
            Ok(_) => return Ok(ExitCode::SUCCESS),\n        \
            Err(error) => error,\n    };\n",
    fails: &["the exit code passes through"],
};

/// Output without end.
pub(crate) const NEVER_STOPS_TALKING: Mistake = Mistake {
    stage: 1,
    right: EXEC,
    wrong: "    use std::io::Write;\n    \
            while args.len() < 9 {\n        \
            let _ = writeln!(std::io::stdout(), \"round we go\");\n    }\n    \
            let error = Command::new(program).args(args).exec();\n",
    fails: &["/ is the new root"],
};

/// chroot(2) as before, with a /proc.
pub(crate) const STAYS_BELOW_THE_HOST: Mistake = Mistake {
    stage: 3,
    right: "    pivot_root(\".\", \".\").context(\"exchange the roots\")?;\n    \
            umount2(\".\", MntFlags::MNT_DETACH).context(\"take the old root away\")?;\n",
    wrong: "    let _ = (pivot_root::<str, str>, umount2::<str>, MntFlags::MNT_DETACH);\n    \
            std::os::unix::fs::chroot(\".\")?;\n",
    fails: &["there is nothing above its root"],
};

/// A root of whom every set-user-ID program can make more.
pub(crate) const TRUSTS_ALL_PROGRAMS: Mistake = Mistake {
    stage: 4,
    right: "    set_no_new_privs().context(\"set no_new_privs\")?;\n",
    wrong: "    let _ = set_no_new_privs;\n",
    fails: &["no program can give it more"],
};

/// A path of the bundle, taken from where somebody stands.
pub(crate) const NEXT_TO_THE_READER: Mistake = Mistake {
    stage: 9,
    right: "    let root = folder.join(root.context(\"config.json: there is no root.path\")?);\n",
    wrong: "    let root = root.context(\"config.json: there is no root.path\")?;\n",
    fails: &["root.path is beside the file, or absolute"],
};

/// All of them.
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        stage: 1,
        right: CHROOT,
        wrong: "",
        fails: &["/ is the new root", "a program of the host is not there"],
    },
    STAYS_OUTSIDE,
    Mistake {
        stage: 1,
        right: "    fs::write(\"/proc/self/uid_map\", format!(\"0 {uid} 1\")).context(\"map the user id\")?;\n",
        wrong: "    let _ = uid;\n",
        fails: &["the program is root, without sudo"],
    },
    Mistake {
        stage: 1,
        right: "    fs::write(\"/proc/self/gid_map\", format!(\"0 {gid} 1\")).context(\"map the group id\")\n",
        wrong: "    let _ = gid;\n    Ok(())\n",
        fails: &["the group is root's too"],
    },
    Mistake {
        stage: 1,
        right: EXEC,
        wrong: "    let line = args.join(\" \");\n    \
                let args = line.split_whitespace();\n    \
                let error = Command::new(program).args(args).exec();\n",
        fails: &["arguments pass through as they are"],
    },
    LOSES_THE_CODE,
    Mistake {
        stage: 1,
        right: "ErrorKind::NotFound => ExitCode::from(127)",
        wrong: "ErrorKind::NotFound => ExitCode::FAILURE",
        fails: &["a program that is not there is code 127"],
    },
    Mistake {
        stage: 1,
        right: CHROOT,
        wrong: "    let _ = chroot(root);\n",
        fails: &["a root that is not there is named"],
    },
    NEVER_STOPS_TALKING,
    Mistake {
        stage: 2,
        right: "Some(name) => sethostname(name).with_context(|| format!(\"set the name {name}\"))",
        wrong: "Some(_) => sethostname(\"container\").context(\"set the name\")",
        fails: &["the container has the name that it is given"],
    },
    Mistake {
        stage: 2,
        right: "None => Ok(())",
        wrong: "None => sethostname(\"container\").context(\"set the name\")",
        fails: &["without a name it is called as the host, which has kept its name"],
    },
    Mistake {
        stage: 2,
        right: "        [\"--hostname\", name, rest @ ..] => (Some(*name), rest),\n",
        wrong: "        [\"--hostname\", name, rest @ ..] => (Some(*name), rest),\n        \
                [root, program, \"--hostname\", name] => (Some(*name), &[*root, *program][..]),\n",
        fails: &["after ROOT, --hostname is the program's"],
    },
    Mistake {
        stage: 2,
        right: "CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC",
        wrong: "CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWIPC",
        fails: &[
            "the program is PID 1, and its parent is out of sight",
            "processes of the host are out of reach",
            "its UTS, PID and IPC namespaces are its own",
            "a signal from inside does not end PID 1",
            "whom the program leaves behind ends with it",
        ],
    },
    Mistake {
        stage: 2,
        right: " | CloneFlags::CLONE_NEWIPC",
        wrong: "",
        fails: &["its UTS, PID and IPC namespaces are its own"],
    },
    STAYS_BELOW_THE_HOST,
    Mistake {
        stage: 3,
        right: "    mount(Some(\"proc\"), \"proc\", Some(\"proc\"), safe, NONE).context(\"mount /proc\")?;\n",
        wrong: "    let _ = safe;\n",
        fails: &["/proc shows its own processes"],
    },
    Mistake {
        stage: 3,
        right: "unshare(new | CloneFlags::CLONE_NEWNS)",
        wrong: "unshare(new)",
        fails: &["its mounts are its own, and so are the rest"],
    },
    Mistake {
        stage: 3,
        right: "    umount2(\".\", MntFlags::MNT_DETACH).context(\"take the old root away\")?;\n",
        wrong: "    let _ = (umount2::<str>, MntFlags::MNT_DETACH);\n",
        fails: &["nothing of the host is mounted in there"],
    },
    Mistake {
        stage: 3,
        right: "    mount(Some(root), root, NONE, bind, NONE)\n        \
                .with_context(|| format!(\"change the root to {root}\"))?;\n",
        wrong: "    let _ = bind;\n    \
                mount(Some(\"tmpfs\"), root, Some(\"tmpfs\"), MsFlags::empty(), NONE)?;\n",
        fails: &["what it writes is in ROOT"],
    },
    Mistake {
        stage: 4,
        right: "    give_up_rights()?;\n",
        wrong: "    let _ = give_up_rights;\n",
        fails: &["a filter stands before its calls", "unshare is refused"],
    },
    Mistake {
        stage: 4,
        right: "KEPT >> bit & 1 == 0",
        wrong: "KEPT >> bit & 1 == 1",
        fails: &["it has docker's fourteen capabilities, and can get no other"],
    },
    TRUSTS_ALL_PROGRAMS,
    Mistake {
        stage: 4,
        right: "equal(libc::SYS_unshare as u32, 0, 1)",
        wrong: "equal(libc::SYS_clone as u32, 0, 1)",
        fails: &["unshare is refused", "its programs can make processes"],
    },
    NEXT_TO_THE_READER,
    Mistake {
        stage: 9,
        right: "    inside.env_clear().envs(env);\n",
        wrong: "    inside.envs(env);\n",
        fails: &["it has the variables of process.env, and no others"],
    },
    Mistake {
        stage: 9,
        right: "    set_current_dir(cwd).with_context(|| format!(\"go to the working folder {cwd}\"))?;\n",
        wrong: "    let _ = cwd;\n",
        fails: &["it begins in process.cwd"],
    },
    Mistake {
        stage: 9,
        right: "    contain(config[\"hostname\"].as_str(), &mut inside)\n",
        wrong: "    contain(None, &mut inside)\n",
        fails: &["it has the name that the file gives it"],
    },
    Mistake {
        stage: 9,
        right: "    let args = list(&process[\"args\"]);\n",
        wrong: "    let line = list(&process[\"args\"]).join(\" \");\n    \
                let args = [\"sh\", \"-c\", &line];\n",
        fails: &[
            "process.args are handed on word by word",
            "a file without process.args is refused by that name",
        ],
    },
    Mistake {
        stage: 9,
        right: "    let status = inside.status().context(\"start this program again\")?;\n",
        wrong: "    let status = inside.status().context(\"start this program again\")?;\n    \
                if status.code().is_some_and(|code| code != 0) {\n        \
                bail!(\"the program failed\");\n    }\n",
        fails: &["a bundle ends as its program ends"],
    },
    Mistake {
        stage: 9,
        right: "    ensure!(ours, \"config.json: ociVersion is not 1.x\");\n",
        wrong: "    let _ = ours;\n",
        fails: &["a file of another version is refused"],
    },
    Mistake {
        stage: 9,
        right: "    let config: Value = serde_json::from_str(&text)\n        \
                .with_context(|| format!(\"read {}\", path.display()))?;\n",
        wrong: "    let config: Value = serde_json::from_str(&text).unwrap();\n",
        fails: &["a file that is cut off is named"],
    },
];
