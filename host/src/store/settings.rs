//! The settings by which a source or a sink says where its objects are.

/// Defines the settings of a source or sink of objects: its own, behind those of the store, and `location()`.
///
/// A macro, because serde's `flatten` would forget the place of a mistake and the names that are known.
macro_rules! store_settings {
    ($(#[$attribute:meta])* struct $name:ident { $($own:tt)* }) => {
        $(#[$attribute])*
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct $name {
            /// `s3://bucket/prefix`, `gs://..`, `az://..`, `file:///folder` or a folder; a sink makes it when it is missing.
            url: String,
            /// S3: the Region of the bucket. Default: the AWS chain's.
            region: Option<String>,
            /// S3: the role that reads or writes. Default: none.
            role_arn: Option<String>,
            /// Another address, such as a VPC endpoint or another maker's store; `http://` is allowed here.
            endpoint_url: Option<String>,
            $($own)*
        }

        impl $name {
            /// What the settings of the store name.
            fn location(&self) -> Result<$crate::store::Location, String> {
                let Self { region, role_arn, endpoint_url, .. } = self;
                let [region, role_arn, endpoint_url] = [region, role_arn, endpoint_url].map(Option::clone);
                $crate::store::Location::parse(&self.url, $crate::aws::Access { region, role_arn, endpoint_url })
            }
        }
    };
}

pub(crate) use store_settings;
