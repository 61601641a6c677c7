//! Which database a stream belongs to, and the encryption context that follows from it.

use crate::error::{Failure, Reason, Stage};

/// A cluster (`cluster-...`, Aurora) or an instance (`db-...`, RDS), by its resource id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    id: String,
}

impl Resource {
    /// From a resource id, a stream's name (`aws-rds-das-<id>`) or its ARN. The answer for people says what was
    /// expected; the record itself is never asked.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let name = text.rsplit('/').next().unwrap_or(text);
        let id = name.strip_prefix(STREAM_PREFIX).unwrap_or(name);
        let is_id = id.len() <= ID_BYTES_MOST
            && ["cluster-", "db-"].iter().any(|prefix| id.len() > prefix.len() && id.starts_with(prefix))
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        match is_id {
            true => Ok(Resource { id: id.to_string() }),
            false => Err(format!(
                "expected a resource id (cluster-... or db-...), the name of a stream (aws-rds-das-...) or its ARN, \
                 found {:?}",
                text.chars().take(ID_BYTES_MOST).collect::<String>()
            )),
        }
    }

    pub(crate) fn parse_for_record(text: &str) -> Result<Self, Failure> {
        Resource::parse(text).map_err(|detail| Failure::new(Stage::Key, Reason::NoResource, detail))
    }

    /// The encryption context under which KMS encrypted the data key: the name follows the id's *prefix*.
    pub(crate) fn context(&self) -> Vec<(String, String)> {
        let name = if self.id.starts_with("cluster-") { "aws:rds:dbc-id" } else { "aws:rds:db-id" };
        vec![(name.to_string(), self.id.clone())]
    }
}

const STREAM_PREFIX: &str = "aws-rds-das-";

/// Resource ids have some 30 characters; AWS allows 255 for names of this kind.
const ID_BYTES_MOST: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_name_follows_the_prefix() {
        for (text, name, id) in [
            ("cluster-ABC", "aws:rds:dbc-id", "cluster-ABC"),
            ("db-ABC", "aws:rds:db-id", "db-ABC"),
            // The substring `db` says nothing.
            ("cluster-XdbX", "aws:rds:dbc-id", "cluster-XdbX"),
            ("aws-rds-das-db-ABC", "aws:rds:db-id", "db-ABC"),
            ("arn:aws:kinesis:eu-west-1:123456789012:stream/aws-rds-das-cluster-A", "aws:rds:dbc-id", "cluster-A"),
        ] {
            let expected = vec![(name.to_string(), id.to_string())];
            assert_eq!(Resource::parse(text).unwrap().context(), expected);
        }
        for text in
            ["", "cluster-", "db-", "my-cluster-A", "cluster-a b", "cluster-\u{e4}", &format!("db-{}", "x".repeat(300))]
        {
            assert!(Resource::parse(text).is_err(), "{text}");
        }
    }
}
