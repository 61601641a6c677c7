//! `include/dastap.h` is what cbindgen makes of the declarations. `DASTAP_WRITE_HEADER=1 cargo test` writes it anew.

use std::path::Path;

#[test]
fn the_header_is_up_to_date() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(crate_folder.join("cbindgen.toml")).expect("a configuration");
    let sources = ["abi.rs", "lib.rs"].map(|file| crate_folder.join("src").join(file));
    let builder =
        sources.iter().fold(cbindgen::Builder::new().with_config(config), |builder, source| builder.with_src(source));
    let mut made = Vec::new();
    builder.generate().expect("declarations that C can have").write(&mut made);
    let made = String::from_utf8(made).expect("UTF-8");

    let header = crate_folder.join("include/dastap.h");
    if std::env::var_os("DASTAP_WRITE_HEADER").is_some() {
        std::fs::write(&header, &made).expect("the folder is writable");
    }
    let found = std::fs::read_to_string(&header).expect("the header");
    assert!(
        found == made,
        "{} is not what the declarations say; write it with DASTAP_WRITE_HEADER=1",
        header.display()
    );
}
