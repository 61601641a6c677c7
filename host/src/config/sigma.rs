//! Rule files. The sandbox has no files, so where a configuration names a path, the Sigma rules in it take its place.

use std::path::{Path, PathBuf};

use dastap_guest::{Settings, Transform};
use serde_json::{Map, Value, json};

/// Reads the files that `rules` of a transform section names; relative paths start at `base`.
///
/// # Errors
/// What cannot be read, by name.
pub(crate) fn load_files(transform: &mut Map<String, Value>, base: &Path) -> Result<(), String> {
    let Some(Value::Array(rules)) = transform.get_mut("rules") else { return Ok(()) };
    for (index, rule) in rules.iter_mut().enumerate() {
        let Some(sigma) = rule.get_mut("sigma") else { continue };
        let paths = match sigma {
            Value::String(path) => vec![base.join(path)],
            Value::Array(paths) if paths.iter().any(Value::is_string) => {
                paths.iter().filter_map(Value::as_str).map(|path| base.join(path)).collect()
            }
            _ => continue,
        };
        let mut documents = Vec::new();
        for path in paths {
            documents.extend(load(&path).map_err(|problem| format!("transform.rules[{index}].sigma: {problem}"))?);
        }
        *sigma = Value::Array(documents);
    }
    Ok(())
}

/// The Sigma rules of a file, or of all `.yml`, `.yaml` and `.json` files in a folder and below it, by name.
///
/// # Errors
/// As [`load_files`].
pub(crate) fn load(path: &Path) -> Result<Vec<Value>, String> {
    let mut files = Vec::new();
    match path.is_dir() {
        true => find(path, &mut files, DEEPEST).map_err(|error| format!("cannot read {}: {error}", path.display()))?,
        false => files.push(path.to_owned()),
    }
    if files.is_empty() {
        return Err(format!("expected Sigma rules (.yml, .yaml, .json) in {}, found none", path.display()));
    }
    files.sort();
    let mut documents = Vec::new();
    for file in files {
        let named = |problem: String| format!("{}: {problem}", file.display());
        let found = read(&file).map_err(named)?;
        // Each alone first: in a set nobody would know its file.
        found.iter().try_for_each(check).map_err(named)?;
        documents.extend(found);
    }
    Ok(documents)
}

/// Folders inside each other, at most: one that contains itself must not be followed for ever.
const DEEPEST: u32 = 16;
/// Bytes of a rule file, at most; the largest of SigmaHQ's has some 60 KiB.
const FILE_BYTES_MOST: u64 = 4 << 20;

fn find(folder: &Path, files: &mut Vec<PathBuf>, depth: u32) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_rule = path.extension().is_some_and(|extension| ["yml", "yaml", "json"].iter().any(|e| extension == *e));
        if path.is_dir() && depth > 0 {
            find(&path, files, depth - 1)?;
        } else if is_rule && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Errors start with the title of the rule.
fn check(document: &Value) -> Result<(), String> {
    let section = json!({ "rules": [{ "sigma": [document] }] });
    let opened = Settings::from_value(section).and_then(Transform::open).map(drop);
    opened.map_err(|error| error.strip_prefix("transform.rules[0].sigma[0]").unwrap_or(&error).trim_start().to_owned())
}

fn read(file: &Path) -> Result<Vec<Value>, String> {
    let size = std::fs::metadata(file).map_err(|error| format!("cannot read the file: {error}"))?.len();
    if size > FILE_BYTES_MOST {
        return Err(format!("expected rules of at most {FILE_BYTES_MOST} bytes, found {size}"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read the file: {error}"))?;
    let options = serde_saphyr::options! { with_snippet: false };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(&text, options)
        .map_err(|error| format!("expected YAML or JSON: {error}"))?;
    let documents: Vec<Value> = documents.into_iter().filter(|document| !document.is_null()).collect();
    match documents.is_empty() {
        true => Err("expected a Sigma rule, found nothing".to_owned()),
        false => Ok(documents),
    }
}
