//! What the linker is told: the name that programs look for at run time changes with the ABI, as C libraries do it, and
//! the library stays loaded once it is, because the sandbox's clock is a thread of the process.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libdastap.so.1");
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
