"""Why a call gave no answer. The instance is gone with it."""

from __future__ import annotations

import enum
import re
from typing import Optional, Tuple

from wasmtime import WasmtimeError

from ..verdict import Failure


class Kind(enum.Enum):
    """The reason word of stage `guest`."""

    TRAPPED = "trapped"
    """The guest trapped: a bug of ours."""
    TIMED_OUT = "timed-out"
    """Its computing time was spent."""
    OUT_OF_MEMORY = "out-of-memory"
    """It wanted more memory than the limit, or its answer was larger than wasmtime hands over."""


Mark = Tuple[int, ...]
"""The innermost functions of a backtrace. Where a guest stops because memory was refused, they are always the same."""


class Fault(Exception):
    """A call without an answer."""

    def __init__(self, kind: Kind, detail: str, mark: Optional[Mark] = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.mark = mark
        """Set where the guest gave up by itself: by a panic, or for want of memory."""

    @classmethod
    def of(cls, error: WasmtimeError) -> "Fault":
        """wasmtime tells kinds by text alone here."""
        text = str(error)
        detail = text.strip().rsplit("\n", 1)[-1].strip()
        if "wasm trap: interrupt" in text:
            return cls(Kind.TIMED_OUT, "its computing time was spent")
        if "fuel allocated for hostcalls" in text:
            return cls(Kind.OUT_OF_MEMORY, "its answer is larger than wasmtime hands over, 128 MiB")
        if "`unreachable`" in text:
            functions = re.findall(r"<wasm function (\d+)>", text)
            return cls(Kind.TRAPPED, detail, tuple(map(int, functions[:2])))
        return cls(Kind.TRAPPED, detail)

    def failure(self) -> Failure:
        """The same as a verdict."""
        return Failure("guest", self.kind.value, self.detail, False)
