//! The CloudFormation templates of `pipelines/lambda`, as cfn-lint judges them, and their configurations, as dastap does.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dastap_tests::lambda::Function;
use dastap_tests::peer::python;

const NAMES: [&str; 2] = ["trigger", "transformation"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipelines/lambda").join(name)
}

fn lint(template: &Path) -> Output {
    let program = "import sys; from cfnlint.runner import main; sys.exit(main())";
    Command::new(python()).args(["-c", program]).arg(template).output().expect("cfn-lint runs")
}

#[test]
fn the_templates_are_valid() {
    for name in NAMES {
        let output = lint(&folder(name).join("template.yaml"));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {said}{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_mistake_in_a_template_is_found() {
    let template = std::fs::read_to_string(folder("trigger").join("template.yaml")).expect("a template");
    let wrong = template.replace("FunctionResponseTypes: [ReportBatchItemFailures]", "FunctionResponseTypes: [Report]");
    assert_ne!(wrong, template);
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().expect("a file");
    std::fs::write(&file, wrong).expect("the folder is writable");
    let output = lint(file.path());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && said.contains("'Report' is not one of"), "{said}");
}

#[test]
fn a_function_asks_for_no_more_than_it_needs() {
    for name in NAMES {
        let template = std::fs::read_to_string(folder(name).join("template.yaml")).expect("a template");
        assert!(!template.contains("Resource: \"*\"") && !template.contains("Resource: '*'"), "{name}");
        assert!(!template.contains(":*\n") && !template.contains("ManagedPolicy"), "{name}: no wildcard action");
        for pair in ["kms:EncryptionContext:aws:rds:dbc-id", "kms:EncryptionContext:aws:rds:db-id"] {
            assert!(template.contains(pair), "{name}: {pair}");
        }
    }
}

#[test]
fn the_configurations_start() {
    for name in NAMES {
        let config = std::fs::read_to_string(folder(name).join("dastap.yaml")).expect("a configuration");
        let function = Function::start(&config);
        // It asks for work once everything is open.
        function.wait_until_ready();
    }
}
