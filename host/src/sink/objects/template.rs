//! How objects are called: a template over the route, the stream's resource, the time and an id.

use std::hash::{BuildHasher, Hasher, RandomState};

use jiff::Timestamp;

/// A checked template that always has an id in it: no name is used twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Route,
    Resource,
    /// As `strftime` writes it, in UTC.
    Time(&'static str),
    Id,
}

const KNOWN: [(&str, Piece); 7] = [
    ("route", Piece::Route),
    ("resource", Piece::Resource),
    ("yyyy", Piece::Time("%Y")),
    ("mm", Piece::Time("%m")),
    ("dd", Piece::Time("%d")),
    ("hh", Piece::Time("%H")),
    ("id", Piece::Id),
];

const LONGEST: usize = 512;
/// S3 allows 1,024 bytes for a name, file systems 255 for each step of it.
const ROUTE_LONGEST: usize = 400;
const STEP_LONGEST: usize = 150;
/// What stands for the resource of a stream that nobody named.
const UNKNOWN: &str = "unknown";

impl Template {
    /// Reads a template. `{id}` is put in front of the file name's ending where it is missing; `extension` goes to the
    /// end unless it stands there.
    ///
    /// # Errors
    /// What was expected and found, without the setting's name.
    pub(super) fn parse(text: &str, extension: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(format!("expected 1 to {LONGEST} bytes, found {}", text.len()));
        }
        if let Some(step) = text.trim_end_matches('/').split('/').find(|step| step.is_empty() || step.starts_with('.'))
        {
            return Err(format!("expected a relative path of names that do not begin with a dot, found \"{step}\""));
        }
        pieces(text)?;
        let mut text = with_id(text);
        if !text.ends_with(extension) {
            text.push_str(extension);
        }
        pieces(&text).map(Template)
    }

    /// Whether lines of different streams go to different objects.
    pub(super) fn splits_resources(&self) -> bool {
        self.0.contains(&Piece::Resource)
    }

    /// A new name. `time`: when the first line came.
    pub(super) fn name(&self, route: &str, resource: Option<&str>, time: Timestamp) -> String {
        let mut name = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => name.push_str(text),
                Piece::Route => name.push_str(&bounded(route)),
                Piece::Resource => name.push_str(resource.unwrap_or(UNKNOWN)),
                Piece::Time(format) => name += &time.strftime(format).to_string(),
                Piece::Id => name += &unique(time),
            }
        }
        name
    }
}

fn with_id(text: &str) -> String {
    if text.contains("{id}") {
        return text.to_owned();
    }
    let (folder, file) = text.rsplit_once('/').map_or(("", text), |(folder, file)| (folder, file));
    let file = match (file, file.split_once('.')) {
        ("", _) => "{id}.ndjson".to_owned(),
        (_, Some((stem, ending))) => format!("{stem}-{{id}}.{ending}"),
        (_, None) => format!("{file}-{{id}}"),
    };
    if folder.is_empty() { file } else { format!("{folder}/{file}") }
}

fn pieces(mut rest: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, behind) = behind.split_once('}').ok_or("found `{` without `}`")?;
        pieces.push(literal(before)?);
        pieces.push(placeholder(name)?);
        rest = behind;
    }
    pieces.push(literal(rest)?);
    Ok(pieces)
}

fn literal(text: &str) -> Result<Piece, String> {
    match text.chars().find(|character| character.is_control() || "}\\#?*".contains(*character)) {
        Some(character) => Err(format!("{character:?} has no place in an object's name")),
        None => Ok(Piece::Text(text.to_owned())),
    }
}

fn placeholder(name: &str) -> Result<Piece, String> {
    let known = KNOWN.into_iter().find(|(known, _)| *known == name);
    known.map(|(_, piece)| piece).ok_or_else(|| {
        let names: Vec<String> = KNOWN.iter().map(|(known, _)| format!("{{{known}}}")).collect();
        format!(
            "unknown placeholder `{{{name}}}`; known are {}. A field of the event comes by way of the route: give a \
             rule `route: \"{{{name}}}\"`, and use {{route}} here",
            names.join(", ")
        )
    })
}

/// The route as far as a name has room for it.
fn bounded(route: &str) -> String {
    let steps = route.split('/').map(|step| &step[..step.floor_char_boundary(STEP_LONGEST)]);
    let mut route = steps.collect::<Vec<_>>().join("/");
    route.truncate(route.floor_char_boundary(ROUTE_LONGEST));
    route
}

/// In the order of time, and never the same again: the time in microseconds and 64 random bits.
fn unique(time: Timestamp) -> String {
    let chance = RandomState::new().build_hasher().finish();
    format!("{}-{chance:016x}", time.strftime("%Y%m%dT%H%M%S%.6fZ"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(template: &str, extension: &str) -> String {
        let time = "2026-08-21T14:32:11.5Z".parse().unwrap();
        let name = Template::parse(template, extension).unwrap().name("ddl/create", Some("db-X"), time);
        // The chance in it.
        let at = name.find("500000Z-").expect("an id") + 8;
        name[..at].to_owned() + &name[at + 16..]
    }

    #[test]
    fn a_name_says_route_resource_time_and_id() {
        let id = "20260821T143211.500000Z-";
        for (template, extension, expected) in [
            ("{route}/{yyyy}/{mm}/{dd}/{hh}/{id}.ndjson", ".gz", format!("ddl/create/2026/08/21/14/{id}.ndjson.gz")),
            ("das/{resource}/{id}.json.zst", ".zst", format!("das/db-X/{id}.json.zst")),
            ("{route}.ndjson", "", format!("ddl/create-{id}.ndjson")),
            ("events/{yyyy}", "", format!("events/2026-{id}")),
            ("events/", "", format!("events/{id}.ndjson")),
        ] {
            assert_eq!(name(template, extension), expected);
        }
    }

    #[test]
    fn a_name_is_never_the_same_again() {
        let template = Template::parse("{route}", "").unwrap();
        let now = Timestamp::now();
        let names: std::collections::HashSet<_> = (0..10_000).map(|_| template.name("x", None, now)).collect();
        assert_eq!(names.len(), 10_000);
    }

    #[test]
    fn a_long_route_is_cut_where_names_end() {
        let template = Template::parse("{route}/{id}", "").unwrap();
        let route = format!("{}/{}", "\u{e4}".repeat(200), "x/".repeat(400));
        let name = template.name(&route, None, Timestamp::now());
        assert!(name.len() < 500 && name.split('/').all(|step| step.len() <= STEP_LONGEST), "{name}");
    }

    #[test]
    fn what_cannot_be_a_name_is_told() {
        for (template, expected) in [
            ("{class}/{id}", "unknown placeholder `{class}`"),
            ("{class}/{id}", "give a rule `route: \"{class}\"`"),
            ("/x", "expected a relative path"),
            ("x/../y", "expected a relative path"),
            ("x/{route", "`{` without `}`"),
            ("x}", "'}' has no place"),
            ("x#1", "'#' has no place"),
            ("", "expected 1 to 512 bytes, found 0"),
        ] {
            let problem = Template::parse(template, "").unwrap_err();
            assert!(problem.contains(expected), "{template}: {problem}");
        }
    }
}
