//! What `--security-opt`, `--cap-add` and `--cap-drop` may say.

use serde_json::Value;

use super::Refusal;

/// What `--security-opt` may say.
#[derive(Debug, Clone, PartialEq)]
pub enum SecurityOption {
    /// No system call filter.
    SeccompUnconfined,
    /// A filter of the user's own.
    Seccomp(Box<Value>),
    /// exec(2) adds no privilege.
    NoNewPrivileges(bool),
    /// For a security module that is not used here.
    Nothing,
}

impl SecurityOption {
    /// Reads one option.
    ///
    /// # Errors
    /// Docker's sentence.
    pub fn parse(option: &str) -> Result<Self, Refusal> {
        let invalid = || Refusal::bad(format!("invalid --security-opt: {option:?}"));
        let cut = option.split_once('=').or_else(|| option.split_once(':'));
        match cut.unwrap_or((option, "")) {
            ("no-new-privileges", "" | "true") => Ok(Self::NoNewPrivileges(true)),
            ("no-new-privileges", "false") => Ok(Self::NoNewPrivileges(false)),
            ("seccomp", "unconfined") => Ok(Self::SeccompUnconfined),
            ("seccomp", "builtin")
            | ("apparmor", "unconfined")
            | ("label", "disable") => Ok(Self::Nothing),
            ("seccomp", profile) => {
                let profile = serde_json::from_str(profile).map_err(|error| {
                    Refusal::bad(format!("Decoding seccomp profile failed: {error}"))
                })?;
                Ok(Self::Seccomp(Box::new(profile)))
            }
            ("apparmor" | "label", _) => Err(Refusal::unsupported(format!(
                "HostConfig.SecurityOpt {option:?} is not supported"
            ))),
            _ => Err(invalid()),
        }
    }
}

/// The name of a capability as the OCI has it: `CAP_SYS_ADMIN`, or `ALL`.
pub fn capability_name(text: &str) -> String {
    let upper = text.to_ascii_uppercase();
    match upper.as_str() {
        "ALL" => upper,
        _ if upper.starts_with("CAP_") => upper,
        _ => format!("CAP_{upper}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_options_are_read_with_either_sign() {
        use SecurityOption::{NoNewPrivileges, Nothing, Seccomp, SeccompUnconfined};
        let read = |text| SecurityOption::parse(text).unwrap();
        assert_eq!(read("seccomp=unconfined"), SeccompUnconfined);
        assert_eq!(read("seccomp:unconfined"), SeccompUnconfined);
        assert_eq!(read("no-new-privileges"), NoNewPrivileges(true));
        assert_eq!(read("no-new-privileges:true"), NoNewPrivileges(true));
        assert_eq!(read("no-new-privileges=false"), NoNewPrivileges(false));
        assert_eq!(read("apparmor=unconfined"), Nothing);
        assert!(matches!(
            read(r#"seccomp={"defaultAction":"x"}"#),
            Seccomp(_)
        ));
        assert!(SecurityOption::parse("apparmor=mine").is_err());
    }

    #[test]
    fn capability_names_are_made_whole() {
        let names = ["net_admin", "CAP_NET_ADMIN", "all"].map(capability_name);
        assert_eq!(names, ["CAP_NET_ADMIN", "CAP_NET_ADMIN", "ALL"]);
    }
}
