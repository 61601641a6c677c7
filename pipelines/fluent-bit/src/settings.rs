//! The filter's options.

/// The options, as they stand in Fluent Bit's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `Key`: the field that holds the encrypted record, as text. Default: `log`, where most inputs put it.
    pub(crate) key: String,
    /// `Resource_Id`: the stream's `cluster-...` or `db-...` id, its name or ARN. Default: `resources` of the
    /// configuration.
    pub(crate) resource: Option<String>,
    /// `Config`: the path of a dastap configuration. Default: AWS KMS, and all default settings.
    pub(crate) config: Option<String>,
}

/// Asks for each option.
pub(crate) fn read(option: impl Fn(&str) -> Option<String>) -> Settings {
    let option = |name: &str| option(name).filter(|value| !value.is_empty());
    Settings {
        key: option("key").unwrap_or_else(|| "log".to_owned()),
        resource: option("resource_id"),
        config: option("config"),
    }
}
