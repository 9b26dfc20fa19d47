//! The files that ship beside the binary say what the binary does.

use api::config::Written;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(shipped(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The sample with every option that is commented out made real: what is left of its `#` looks like TOML.
fn with_all_options(sample: &str) -> String {
    let option = |line: &str| {
        let key = line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
        line.starts_with('[') || key
    };
    let active = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if option(rest) => rest.to_owned(),
        _ => line.to_owned(),
    };
    sample.lines().map(active).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_sample_configuration_is_the_defaults() {
    let sample: Written = toml::from_str(&text("config/sperwer.toml")).expect("it is a configuration");
    assert_eq!(sample, Written::default());
}

#[test]
fn every_option_that_is_commented_out_exists() {
    let all: Written =
        toml::from_str(&with_all_options(&text("config/sperwer.toml"))).expect("all options exist");
    assert_eq!(all.ingest.syslog.len(), 3);
    assert_eq!(all.ingest.file.len(), 1);
    assert!(all.web.tls.is_some() && all.ingest.http.is_some() && all.cases.policy.is_some());
    assert!(all.billing.prices.is_some() && all.parse.catalogue.is_some());
}

/// Whatever the program can be told stands in the sample: each key of the defaults, and of the options without one.
#[test]
fn no_option_is_missing() {
    let sample: toml::Table = with_all_options(&text("config/sperwer.toml")).parse().expect("it is TOML");
    let all: Written = sample.clone().try_into().expect("all options exist");
    let known = toml::Table::try_from(&all).expect("a configuration can be written");
    for (section, value) in &known {
        let written = sample.get(section).unwrap_or_else(|| panic!("{section} is missing"));
        let (Some(value), Some(written)) = (value.as_table(), written.as_table()) else { continue };
        for key in value.keys() {
            assert!(written.contains_key(key), "{section}.{key} is missing");
        }
    }
}

#[test]
fn the_unit_is_valid_and_hardened() {
    let unit = shipped("systemd/sperwer.service");
    let Ok(verify) = Command::new("systemd-analyze").arg("verify").arg(&unit).output() else {
        println!("skipped: there is no systemd-analyze here");
        return;
    };
    let complaints = String::from_utf8_lossy(&verify.stderr).into_owned();
    let real: Vec<&str> = complaints.lines().filter(|line| line.contains("sperwer.service")).collect();
    // The binary is not installed where the tests run.
    assert!(real.iter().all(|line| line.contains("is not executable")), "{real:?}");
    let security = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=25"])
        .arg(&unit)
        .output()
        .expect("it ran a moment ago");
    let said = String::from_utf8_lossy(&security.stdout).into_owned();
    let supported = !String::from_utf8_lossy(&security.stderr).contains("unrecognized option");
    assert!(
        !supported || security.status.success(),
        "exposure above 2.5: {}",
        said.lines().last().unwrap_or("")
    );
}

#[test]
fn the_unit_starts_what_the_command_line_has() {
    let unit = text("systemd/sperwer.service");
    let start =
        |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)).expect("the unit has the line");
    assert_eq!(start("ExecStart="), "/usr/bin/sperwer serve --config /etc/sperwer/sperwer.toml");
    assert_eq!(start("ExecStartPre="), "/usr/bin/sperwer config check /etc/sperwer/sperwer.toml");
}

#[test]
fn the_container_holds_the_binary_only_and_is_not_root() {
    let file = text("container/Containerfile");
    let instructions: Vec<&str> =
        file.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase())).collect();
    let of = |word: &str| -> Vec<&str> {
        instructions.iter().filter_map(|line| line.strip_prefix(word)).map(str::trim).collect()
    };
    assert_eq!(of("COPY "), ["--chmod=0755 sperwer /usr/bin/sperwer"]);
    assert_eq!(of("ADD "), Vec::<&str>::new());
    let user = of("USER ");
    assert!(
        user.len() == 1 && user[0].split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)),
        "{user:?}"
    );
    assert_eq!(of("HEALTHCHECK ").len(), 1);
    assert!(file.contains("/readyz"), "the health check asks whether it is ready");
}

/// A user that exists only while the service runs owns no file and is in no group of one.
#[test]
fn the_installation_steps_leave_the_configuration_readable_by_the_unit() {
    assert!(text("systemd/sperwer.service").lines().any(|line| line == "DynamicUser=yes"));
    let steps = text("../docs/deploy.md");
    let install =
        steps.lines().find(|line| line.contains("deploy/config/sperwer.toml")).expect("a step installs it");
    assert!(install.contains("-m 0644"), "{install}");
    assert!(steps.contains("LoadCredential="), "keys are handed over by systemd");
}
