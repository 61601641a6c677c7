//! Object stores by their URL: a local folder, Amazon S3, Google Cloud Storage, Azure Blob Storage.
//!
//! S3 is asked with the credentials that every AWS tool finds (profiles, SSO, assumed roles); the other two find theirs
//! in their own environment variables (`GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_NAME`, ..). Each may have
//! another address than its maker's: `endpoint-url`.

mod credentials;
mod settings;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, RetryConfig};

use crate::aws::Access;
use credentials::Credentials;
pub(crate) use settings::store_settings;

/// A URL taken apart, and as whom it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    url: String,
    place: Place,
    access: Access,
}

/// What a URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket or container, and the common beginning of the names in it.
    Bucket(Provider, String, Path),
}

/// Who keeps a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    S3,
    Google,
    Azure,
}

/// An opened store. Its names begin at `prefix`.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// Uploads in parts; none for a local folder.
    pub(crate) parts: Option<Arc<dyn MultipartStore>>,
    pub(crate) prefix: Path,
}

const SCHEMES: [(&str, Provider); 3] =
    [("s3://", Provider::S3), ("gs://", Provider::Google), ("az://", Provider::Azure)];

/// TCP and TLS together.
const CONNECT: Duration = Duration::from_secs(5);
/// No byte for so long means that the other side is gone. There is no limit for a whole object: it may be large.
const SILENCE: Duration = Duration::from_secs(60);

impl Location {
    /// Takes a URL or a plain path apart.
    ///
    /// # Errors
    /// What is wrong, as `setting: expected .., found ..`.
    pub(crate) fn parse(url: &str, access: Access) -> Result<Self, String> {
        let place = place(url)?;
        let is_s3 = matches!(place, Place::Bucket(Provider::S3, ..));
        let is_bucket = matches!(place, Place::Bucket(..));
        for (name, setting, has_it, expected) in [
            ("region", &access.region, is_s3, "s3://.."),
            ("role-arn", &access.role_arn, is_s3, "s3://.."),
            ("endpoint-url", &access.endpoint_url, is_bucket, "s3://.., gs://.. or az://.."),
        ] {
            if setting.is_some() && !has_it {
                return Err(format!("{name}: expected it only with a url of {expected}, found it with \"{url}\""));
            }
        }
        if let Some(endpoint) = &access.endpoint_url
            && !["https://", "http://"].iter().any(|scheme| endpoint.starts_with(scheme))
        {
            return Err(format!("endpoint-url: expected https://.. or http://.., found \"{endpoint}\""));
        }
        Ok(Location { url: url.to_owned(), place, access })
    }

    /// What the URL names.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// As whom it is asked.
    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    /// For people: the URL, and as whom.
    pub(crate) fn in_words(&self) -> String {
        format!("{}{}", self.url, self.access.in_words())
    }

    /// Connects: looks for a Region and for settings in the environment. Asks the store nothing.
    ///
    /// # Errors
    /// A sentence for people.
    pub(crate) async fn open(&self) -> Result<Store, String> {
        let text = |error: object_store::Error| format!("cannot open {}: {error}", self.url);
        let (provider, bucket, prefix) = match &self.place {
            Place::Folder(folder) => {
                let store = LocalFileSystem::new_with_prefix(folder).map_err(text)?;
                return Ok(Store { objects: Arc::new(store), parts: None, prefix: Path::default() });
            }
            Place::Bucket(provider, bucket, prefix) => (provider, bucket, prefix.clone()),
        };
        let opened = match provider {
            Provider::S3 => self.s3(bucket, prefix).await,
            Provider::Google => self.google(bucket, prefix),
            Provider::Azure => self.azure(bucket, prefix),
        };
        opened.map_err(|problem| format!("cannot open {}: {problem}", self.url))
    }

    async fn s3(&self, bucket: &str, prefix: Path) -> Result<Store, String> {
        let config: SdkConfig = self.access.sdk_config().await?;
        let region = config.region().map(|region| region.to_string()).unwrap_or_default();
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(region)
            .with_credentials(Arc::new(Credentials::of(&config)?))
            .with_client_options(self.client())
            .with_retry(retry());
        if let Some(endpoint) = &self.access.endpoint_url {
            builder = builder.with_endpoint(endpoint);
        }
        builder.build().map(|store| Store::remote(store, prefix)).map_err(|error| error.to_string())
    }

    fn google(&self, bucket: &str, prefix: Path) -> Result<Store, String> {
        let mut builder = GoogleCloudStorageBuilder::from_env()
            .with_bucket_name(bucket)
            .with_client_options(self.client())
            .with_retry(retry());
        if let Some(endpoint) = &self.access.endpoint_url {
            builder = builder.with_base_url(endpoint);
        }
        builder.build().map(|store| Store::remote(store, prefix)).map_err(|error| error.to_string())
    }

    fn azure(&self, container: &str, prefix: Path) -> Result<Store, String> {
        let mut builder = MicrosoftAzureBuilder::from_env()
            .with_container_name(container)
            .with_client_options(self.client())
            .with_retry(retry());
        if let Some(endpoint) = &self.access.endpoint_url {
            builder = builder.with_endpoint(endpoint.clone());
        }
        builder.build().map(|store| Store::remote(store, prefix)).map_err(|error| error.to_string())
    }

    /// What is written is said by the ending of its name. A packed object is not called `Content-Encoding: gzip`: then
    /// some programs would unpack it on the way, and its name would lie.
    fn client(&self) -> ClientOptions {
        ClientOptions::new()
            .with_allow_http(self.access.endpoint_url.as_ref().is_some_and(|url| url.starts_with("http://")))
            .with_timeout_disabled()
            .with_connect_timeout(CONNECT)
            .with_read_timeout(SILENCE)
            .with_content_type_for_suffix("gz", "application/gzip")
            .with_content_type_for_suffix("zst", "application/zstd")
            .with_default_content_type("application/x-ndjson")
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.objects, self.prefix)
    }
}

impl Store {
    /// One that speaks HTTP.
    pub(crate) fn remote(store: impl ObjectStore + MultipartStore, prefix: Path) -> Self {
        let store = Arc::new(store);
        Store { objects: Arc::clone(&store) as _, parts: Some(store), prefix }
    }

    /// The full name of what is called so below the prefix.
    pub(crate) fn name(&self, below: &str) -> Path {
        Path::from_iter(self.prefix.parts().chain(Path::from(below).parts()))
    }
}

fn place(url: &str) -> Result<Place, String> {
    let expected = "expected s3://.., gs://.., az://.., file:///.. or a folder";
    for (scheme, provider) in SCHEMES {
        let Some(rest) = url.strip_prefix(scheme) else { continue };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(format!("url: expected {scheme}<bucket>/<prefix>, found \"{url}\""));
        }
        let prefix = Path::parse(prefix).map_err(|error| format!("url: expected a plain prefix: {error}"))?;
        return Ok(Place::Bucket(provider, bucket.to_owned(), prefix));
    }
    match url.strip_prefix("file://") {
        Some(path) if path.starts_with('/') => Ok(Place::Folder(path.into())),
        None if !url.is_empty() && !url.contains("://") => Ok(Place::Folder(url.into())),
        _ => Err(format!("url: {expected}, found \"{url}\"")),
    }
}

/// Sources and sinks try again by themselves, and say so in logs and metrics.
fn retry() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str, access: Access) -> Result<Place, String> {
        Location::parse(url, access).map(|location| location.place)
    }

    #[test]
    fn a_url_names_a_folder_or_a_bucket() {
        let bucket = |provider, prefix: &str| Place::Bucket(provider, "b".into(), Path::from(prefix));
        for (url, expected) in [
            ("s3://b", bucket(Provider::S3, "")),
            ("s3://b/das/events/", bucket(Provider::S3, "das/events")),
            ("gs://b/das", bucket(Provider::Google, "das")),
            ("az://b/das", bucket(Provider::Azure, "das")),
            ("file:///var/das", Place::Folder("/var/das".into())),
            ("out/das", Place::Folder("out/das".into())),
            ("/var/das", Place::Folder("/var/das".into())),
        ] {
            assert_eq!(parse(url, Access::default()), Ok(expected), "{url}");
        }
    }

    #[test]
    fn a_url_that_names_nothing_is_told() {
        for (url, begin) in [
            ("", "url: expected s3://"),
            ("ftp://b", "url: expected s3://"),
            ("file://das", "url: expected s3://"),
            ("s3:///x", "url: expected s3://<bucket>/<prefix>, found \"s3:///x\""),
            ("s3://b/../x", "url: expected a plain prefix"),
        ] {
            let problem = parse(url, Access::default()).unwrap_err();
            assert!(problem.starts_with(begin), "{problem}");
        }
    }

    #[test]
    fn settings_of_a_bucket_are_for_buckets_only() {
        let region = Access { region: Some("eu-west-1".into()), ..Access::default() };
        assert!(parse("s3://b", region.clone()).is_ok());
        assert!(parse("gs://b", region).unwrap_err().starts_with("region: expected it only with a url of s3://"));
        let endpoint = |url: &str| Access { endpoint_url: Some(url.into()), ..Access::default() };
        for url in ["s3://b", "gs://b", "az://b"] {
            assert!(parse(url, endpoint("http://127.0.0.1:9000")).is_ok(), "{url}");
        }
        let folder = parse("b", endpoint("http://127.0.0.1:9000")).unwrap_err();
        assert!(folder.starts_with("endpoint-url: expected it only with a url of s3://.., gs://.."), "{folder}");
        assert!(parse("s3://b", endpoint("127.0.0.1")).unwrap_err().starts_with("endpoint-url: expected https://"));
    }
}
