//! Exec: one more process in a running container.
#![expect(
    missing_docs,
    reason = "field for field the Engine API's, which describes them"
)]

tolerant! {
    /// `POST /containers/{id}/exec`.
    pub struct ExecConfig {
        pub user: String,
        pub privileged: bool,
        pub tty: bool,
        pub console_size: Vec<u32>,
        pub attach_stdin: bool,
        pub attach_stdout: bool,
        pub attach_stderr: bool,
        pub detach_keys: String,
        pub env: Vec<String>,
        pub working_dir: String,
        pub cmd: Vec<String>,
    }

    /// Its answer.
    pub struct ExecCreated {
        pub id: String,
    }

    /// `POST /exec/{id}/start`.
    pub struct ExecStart {
        pub detach: bool,
        pub tty: bool,
        pub console_size: Vec<u32>,
    }

    /// `GET /exec/{id}/json`.
    pub struct ExecInspect {
        #[serde(rename = "ID")]
        pub id: String,
        pub running: bool,
        pub exit_code: Option<i32>,
        #[serde(rename = "ContainerID")]
        pub container_id: String,
        pub process_config: ProcessConfig,
        pub open_stdin: bool,
        pub open_stdout: bool,
        pub open_stderr: bool,
        pub can_remove: bool,
        pub pid: i32,
        pub detach_keys: String,
    }

    /// Its keys are in small letters, unlike all others'.
    pub struct ProcessConfig {
        #[serde(rename = "tty")]
        pub tty: bool,
        #[serde(rename = "entrypoint")]
        pub entrypoint: String,
        #[serde(rename = "arguments")]
        pub arguments: Vec<String>,
        #[serde(rename = "privileged")]
        pub privileged: bool,
        #[serde(rename = "user", skip_serializing_if = "String::is_empty")]
        pub user: String,
    }
}
