"""Where the component is, and how it becomes machine code.

Compiling takes seconds, so its result is kept: by wasmtime in the user's cache folder, or in an image file that
`python -m dastap precompile` made when a function or a container was packed.
"""

from __future__ import annotations

import functools
import logging
import os
import platform
import sys
from pathlib import Path
from typing import Optional

from wasmtime import Config, Engine, WasmtimeError
from wasmtime.component import Component, ExportIndex, Linker

from ..errors import SandboxError
from . import keys_import
from .ticker import Ticker

COMPONENT = "DASTAP_COMPONENT"
"""The environment variable that names another component file."""
IMAGE = "DASTAP_IMAGE"
"""The environment variable that names an image file. It is machine code: trust it as you trust this package."""
STACK = 512 * 1024
"""Bytes of stack that the guest may use. It does not recurse."""
DECODER = "dastap:decoder/decoder@0.1.0"
INSPECTOR = "dastap:decoder/inspector@0.1.0"

LOG = logging.getLogger("dastap.sandbox")


class Sandbox:
    """The compiled component with its import linked, ready to be instantiated from any thread."""

    def __init__(self, path: Path) -> None:
        self.engine = Engine(_caching_config())
        self.component = _load(self.engine, path)
        self.linker = Linker(self.engine)
        keys_import.link(self.linker)
        self.ticker = Ticker(self.engine)
        decoder = self._export(DECODER)
        self.open = self._export("[static]transform.open", decoder)
        self.decode = self._export("[method]transform.decode", decoder)
        self.decode_merged = self._export("[method]transform.decode-merged", decoder)
        self.explain = self._export("[method]transform.explain", decoder)
        self.counts = self._export("[method]transform.counts", decoder)
        self.inspect = self._export("inspect", self._export(INSPECTOR))

    def _export(self, name: str, instance: Optional[ExportIndex] = None) -> ExportIndex:
        index = self.component.get_export_index(name, instance)
        if index is None:
            raise SandboxError(f"expected a component that exports {name}: use the one of this package's version")
        return index


@functools.lru_cache(maxsize=None)
def sandbox(path: Path) -> Sandbox:
    """The sandbox of this file; there is one for the whole process."""
    return Sandbox(path)


def component_file() -> Path:
    """The component: beside this package's modules, or where `DASTAP_COMPONENT` says."""
    named = os.environ.get(COMPONENT)
    path = Path(named) if named else Path(__file__).parent.parent / "dastap.wasm"
    if not path.is_file():
        raise SandboxError(
            f"expected the component at {path}: install the package from a wheel, run `make python` in a source tree, "
            f"or set {COMPONENT}"
        )
    return path.resolve()


def precompile(target: Path) -> None:
    """Writes the image of the component, for machines like this one: on x86-64, for all since 2013 that have AVX2."""
    config = _config()
    if platform.machine() in ("x86_64", "AMD64") and sys.platform == "linux":
        # Cranelift's preset named after x86-64-v3 leaves AVX out, so `haswell` it is.
        config.target = "x86_64-unknown-linux-gnu"
        config.cranelift_flag_enable("haswell")
    component = Component.from_file(Engine(config), component_file())
    target.write_bytes(component.serialize())


def _config() -> Config:
    """Every setting of the engine. An image loads only into an engine with the same ones."""
    config = Config()
    # The deadline of a call, see `instance.py`.
    config.epoch_interruption = True
    config.max_wasm_stack = STACK
    config.wasm_memory64 = False
    config.wasm_multi_memory = False
    return config


def _caching_config() -> Config:
    """What is compiled is kept in the user's cache folder, if there is one."""
    config = _config()
    try:
        config.cache = True
    except WasmtimeError as error:
        LOG.info("what is compiled now cannot be kept (%s): `python -m dastap precompile` helps", error)
        return _config()
    return config


def _load(engine: Engine, path: Path) -> Component:
    image = os.environ.get(IMAGE) or str(path.with_suffix(".cwasm"))
    if os.path.exists(image) or IMAGE in os.environ:
        try:
            return Component.deserialize_file(engine, image)
        except WasmtimeError as error:
            LOG.warning("%s cannot be used (%s): compiling, which takes seconds; make it again", image, error)
    try:
        return Component.from_file(engine, path)
    except (OSError, WasmtimeError) as error:
        raise SandboxError(f"the component {path} cannot be loaded: {error}") from None
