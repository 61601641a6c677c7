"""The package as such: types, language level, and machine code that was made before."""

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import dastap
import pytest
from conftest import ROOT

PACKAGE = ROOT / "host" / "python"


def run(*arguments, **variables):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], env={**os.environ, **variables}, capture_output=True, text=True
    )


def test_types_are_strict():
    checked = run("-m", "mypy", "--config-file", PACKAGE / "pyproject.toml", PACKAGE / "src" / "dastap")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert (Path(dastap.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize("file", sorted((PACKAGE / "src").rglob("*.py")), ids=lambda file: file.name)
def test_the_language_is_that_of_python_3_9(file):
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 9))
    assert ast.get_docstring(tree), "each file says what its job is"
    lazy = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    assert lazy or not any(isinstance(node, ast.FunctionDef) for node in tree.body), "annotations are not evaluated"


def test_the_wheel_holds_the_component_and_types(tmp_path):
    built = run("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", tmp_path, PACKAGE)
    assert built.returncode == 0, built.stderr
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"dastap/dastap.wasm", "dastap/py.typed", "dastap/keys/cache.py"} <= names
    assert not [name for name in names if name.endswith((".cwasm", ".pyc")) or "tests" in name]


def test_an_image_made_before_is_used_and_one_that_is_broken_is_not(tmp_path):
    image, cold = tmp_path / "dastap.cwasm", {"HOME": str(tmp_path / "nowhere"), "XDG_CACHE_HOME": str(tmp_path / "c")}
    made = run("-m", "dastap", "precompile", image)
    assert made.returncode == 0 and image.stat().st_size > 1_000_000, made.stderr
    program = (
        "import dastap, logging; logging.basicConfig(level=logging.INFO);"
        "dastap.Decoder(keys=dastap.Keyring.from_json('{\"keys\":[]}')); print('ready')"
    )
    used = run("-c", program, DASTAP_IMAGE=str(image), **cold)
    assert (used.stdout, used.stderr) == ("ready\n", "")
    image.write_bytes(b"no machine code")
    broken = run("-c", program, DASTAP_IMAGE=str(image))
    assert broken.stdout == "ready\n" and "compiling, which takes seconds; make it again" in broken.stderr


def test_the_command_says_what_it_expects(tmp_path):
    wrong = run("-m", "dastap", "compile")
    assert (wrong.returncode, wrong.stderr) == (2, "expected: python -m dastap precompile [FILE]\n")
    missing = run("-m", "dastap", "precompile", DASTAP_COMPONENT=str(tmp_path / "none.wasm"))
    assert missing.returncode == 1 and "expected the component at" in missing.stderr


def test_keys_from_kms_need_boto3_and_say_so(tmp_path):
    (tmp_path / "boto3.py").write_text("raise ImportError")
    without = run("-c", "import dastap; dastap.KmsKeys()", PYTHONPATH=str(tmp_path))
    assert "expected boto3, which KmsKeys needs: pip install 'dastap[kms]'" in without.stderr
