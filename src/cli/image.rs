//! The verbs for images.

use clap::Args;

use super::values;

/// `skiff images [OPTIONS] [REPOSITORY[:TAG]]`
#[derive(Debug, Args)]
pub(crate) struct Images {
    /// Show all images (default hides intermediate and dangling images)
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Only show image IDs
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Show digests
    #[arg(long)]
    pub(crate) digests: bool,
    /// Don't truncate output
    #[arg(long)]
    pub(crate) no_trunc: bool,
    /// Filter output based on conditions provided
    #[arg(short, long, value_parser = values::filter, value_name = "KEY=VALUE")]
    pub(crate) filter: Vec<(String, String)>,
    /// Format output: table, table TEMPLATE, json, or a Go template
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// Only these
    #[arg(value_name = "REPOSITORY[:TAG]")]
    pub(crate) repository: Option<String>,
}

/// `skiff pull [OPTIONS] NAME[:TAG|@DIGEST]`
#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// Suppress verbose output
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Set platform if server is multi-platform capable
    #[arg(long)]
    pub(crate) platform: Option<String>,
    /// The image
    #[arg(value_name = "NAME[:TAG|@DIGEST]")]
    pub(crate) name: String,
}

/// `skiff rmi [OPTIONS] IMAGE [IMAGE...]`
#[derive(Debug, Args)]
pub(crate) struct RemoveImage {
    /// Force removal of the image
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Do not delete untagged parents
    #[arg(long)]
    pub(crate) no_prune: bool,
    /// Images, by name or id
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<String>,
}

/// `skiff tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]`
#[derive(Debug, Args)]
pub(crate) struct Tag {
    /// The image
    #[arg(value_name = "SOURCE_IMAGE[:TAG]")]
    pub(crate) source: String,
    /// Its new name
    #[arg(value_name = "TARGET_IMAGE[:TAG]")]
    pub(crate) target: String,
}
