//! What the image says, laid under what was asked for.

use std::collections::BTreeMap;

use oci_spec::image::ImageConfiguration;

use super::Refusal;
use crate::api::{ContainerConfig, Words};

/// Fills what was not asked for from the image's config.
///
/// An entry point that was asked for drops the image's arguments; an empty one (`""`)
/// drops the image's entry point. Variables and labels of the request win by name.
///
/// # Errors
/// There is nothing to run.
pub fn with_image(
    mut asked: ContainerConfig,
    image: &ImageConfiguration,
) -> Result<ContainerConfig, Refusal> {
    let empty = oci_spec::image::Config::default();
    let of_image = image.config().as_ref().unwrap_or(&empty);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    if asked
        .entrypoint
        .as_ref()
        .is_none_or(|words| words.is_empty())
    {
        if asked.cmd.as_ref().is_none_or(|words| words.is_empty()) {
            asked.cmd = of_image.cmd().clone().map(Words);
        }
        if asked.entrypoint.is_none() {
            asked.entrypoint = of_image.entrypoint().clone().map(Words);
        }
    }
    if asked
        .entrypoint
        .as_ref()
        .is_some_and(|words| matches!(&words[..], [only] if only.is_empty()))
    {
        asked.entrypoint = None;
    }
    fill(&mut asked.user, text(of_image.user()));
    fill(&mut asked.working_dir, text(of_image.working_dir()));
    fill(&mut asked.stop_signal, text(of_image.stop_signal()));
    asked.env = merge_env(of_image.env().clone().unwrap_or_default(), &asked.env);
    let mut labels: BTreeMap<_, _> = of_image
        .labels()
        .clone()
        .unwrap_or_default()
        .into_iter()
        .collect();
    labels.append(&mut asked.labels);
    asked.labels = labels;
    for port in of_image.exposed_ports().iter().flatten() {
        asked
            .exposed_ports
            .entry(port.clone())
            .or_insert_with(|| serde_json::json!({}));
    }
    let count = |words: &Option<Words>| words.as_ref().map_or(0, |words| words.len());
    if count(&asked.entrypoint) + count(&asked.cmd) == 0 {
        return Err(Refusal::bad("no command specified"));
    }
    Ok(asked)
}

/// The variables of `under`, then those of `over`; one of the same name takes its place.
/// A name without a value (`A`) takes the variable away.
pub fn merge_env(under: Vec<String>, over: &[String]) -> Vec<String> {
    let name = |variable: &str| variable.split('=').next().unwrap_or_default().to_owned();
    let mut merged = under;
    for variable in over {
        let place = merged
            .iter()
            .position(|known| name(known) == name(variable));
        match (place, variable.contains('=')) {
            (Some(place), true) => {
                if let Some(known) = merged.get_mut(place) {
                    known.clone_from(variable);
                }
            }
            (Some(place), false) => drop(merged.remove(place)),
            (None, true) => merged.push(variable.clone()),
            (None, false) => {}
        }
    }
    merged
}

fn fill(asked: &mut String, of_image: String) {
    if asked.is_empty() {
        *asked = of_image;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(config: &str) -> ImageConfiguration {
        let text = format!(
            r#"{{"architecture":"amd64","os":"linux","config":{config},
                "rootfs":{{"type":"layers","diff_ids":[]}},"history":[]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn command(asked: &str, of_image: &str) -> Result<Vec<String>, Refusal> {
        let asked: ContainerConfig = serde_json::from_str(asked).unwrap();
        let merged = with_image(asked, &image(of_image))?;
        let words = |words: Option<Words>| words.map(|words| words.0).unwrap_or_default();
        Ok([words(merged.entrypoint), words(merged.cmd)].concat())
    }

    #[test]
    fn which_command_runs() {
        let both = r#"{"Entrypoint":["e"],"Cmd":["c"]}"#;
        for (asked, expected) in [
            ("{}", "e c"),
            (r#"{"Cmd":["x"]}"#, "e x"),
            (r#"{"Cmd":[]}"#, "e c"),
            (r#"{"Entrypoint":["y"]}"#, "y"),
            (r#"{"Entrypoint":["y"],"Cmd":["x"]}"#, "y x"),
            (r#"{"Entrypoint":[""],"Cmd":["x"]}"#, "x"),
            (r#"{"Entrypoint":[],"Cmd":["x"]}"#, "x"),
        ] {
            assert_eq!(command(asked, both).unwrap().join(" "), expected, "{asked}");
        }
        assert_eq!(
            command("{}", "{}").unwrap_err().message,
            "no command specified"
        );
        assert!(command(r#"{"Entrypoint":[""]}"#, both).is_err());
    }

    #[test]
    fn variables_and_labels_of_the_request_win() {
        let asked = ContainerConfig {
            env: ["B=2", "C", "D=4"].map(str::to_owned).to_vec(),
            labels: [("l".to_owned(), "mine".to_owned())].into(),
            cmd: Some(Words(vec!["x".into()])),
            ..ContainerConfig::default()
        };
        let image = image(
            r#"{"Env":["A=1","B=1","C=1"],"Labels":{"l":"its","m":"its"},"User":"u",
               "WorkingDir":"/w","StopSignal":"SIGINT"}"#,
        );
        let merged = with_image(asked, &image).unwrap();
        assert_eq!(merged.env, ["A=1", "B=2", "D=4"]);
        assert_eq!(merged.labels["l"], "mine");
        assert_eq!(merged.labels["m"], "its");
        assert_eq!(
            (merged.user.as_str(), merged.working_dir.as_str()),
            ("u", "/w")
        );
        assert_eq!(merged.stop_signal, "SIGINT");
    }
}
