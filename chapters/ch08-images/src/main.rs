//! The bench of chapter 8: an image, from its name to a tree.

#![expect(clippy::print_stdout, reason = "a program prints")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use images::{Error, Image, Progress, PullOptions, Store};
use workbench::bench::{self, Explain};

/// Chapter 8, images: names, digests, manifests, layers.
///
/// Without a verb it packs the host's own programs as an image, and shows its parts.
#[derive(Parser)]
#[command(name = "ch08")]
struct Cli {
    /// Show each system call: as a tree, as JSON lines (=json), as a figure (=svg:FILE).
    #[arg(long, global = true, num_args = 0..=1, require_equals = true,
          default_missing_value = "tree")]
    explain: Option<Explain>,
    /// Keep the images in this folder; without it they are gone afterwards.
    #[arg(long, global = true)]
    root: Option<PathBuf>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Fetch an image from its registry, unpack it, and show its parts.
    Pull {
        /// Its name: `busybox`, `localhost:5000/x:tag`, `name@sha256:…`.
        name: String,
        /// For which machine, as `linux/arm64`.
        #[arg(long)]
        platform: Option<images::Platform>,
    },
    /// Show the parts of an image that is there.
    Show {
        /// Its name, or the beginning of its id.
        name: String,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch08", cli.explain.clone(), || run(cli))
}

fn run(cli: Cli) -> Result<ExitCode> {
    let scratch = bench::scratch()?;
    let root = cli.root.unwrap_or_else(|| scratch.path().to_owned());
    let store = Store::open(&root)?;
    let image = match cli.verb {
        None => store.toolbox()?,
        Some(Verb::Show { name }) => {
            let image = store.resolve(&name)?;
            image.ok_or(Error::NoSuchImage(name))?
        }
        Some(Verb::Pull { name, platform }) => {
            // Owners can be given to files only by root, borrowed or not.
            workbench::user::borrow_root()?;
            let options = PullOptions {
                platform,
                ..PullOptions::default()
            };
            store.pull(&name, &options, &mut tell)?
        }
    };
    show(&store, &image)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what docker would, but not each step of a download.
fn tell(progress: Progress) {
    if let Progress::Layer { current: 1.., .. } = progress {
        return;
    }
    match progress.line() {
        (Some(id), text) => println!("{id}: {text}"),
        (None, text) => println!("{text}"),
    }
}

fn show(store: &Store, image: &Image) -> Result<()> {
    let manifest = String::from_utf8(store.manifest_json(image)?)?;
    let manifest: serde_json::Value =
        serde_json::from_str(&manifest).context("read the manifest")?;
    println!("name      {}", image.names.join(", "));
    println!("manifest  {}", image.manifest);
    println!("{manifest:#}");
    println!("config    {}  (the image's id)", image.id);
    for ((layer, diff_id), chain) in image
        .parts
        .layers
        .iter()
        .zip(&image.diff_ids)
        .zip(&image.chain)
    {
        println!("layer     {}  {} bytes", layer.digest, layer.size);
        println!("  diff id   {diff_id}");
        println!("  chain id  {chain}");
    }
    Ok(())
}
