//! The configurations that the README shows, so that they are tested as they stand there.

const README: &str = include_str!("../../README.md");

/// The YAML block that starts with the comment `# NAME`.
pub fn config(name: &str) -> &'static str {
    let blocks = README.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next());
    let found = blocks.into_iter().find(|block| block.starts_with(&format!("# {name}")));
    found.unwrap_or_else(|| panic!("the README shows no {name}"))
}
