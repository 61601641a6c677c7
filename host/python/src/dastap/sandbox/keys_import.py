"""`keys.decrypt`: the one import.

The component is linked once for all instances, so the import finds the call that it belongs to by its thread.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Any, Iterator, Protocol, Union

from wasmtime.component import Linker, Variant

from ..keys import KeyRefused, KeyRequest, KeyUnavailable

KEYS = "dastap:decoder/keys@0.1.0"


class Call(Protocol):
    """A call that is running."""

    def key(self, request: KeyRequest) -> bytes:
        """The plaintext data key; raises `KeyRefused` or `KeyUnavailable`."""
        ...

    def interrupted(self, error: BaseException) -> None:
        """Something came up that is to be raised when the guest has returned."""
        ...


_thread = threading.local()


def link(linker: Linker) -> None:
    """Defines the import."""
    with linker.root() as root, root.add_instance(KEYS) as keys:
        keys.add_func("decrypt", _decrypt)


@contextmanager
def answered_by(call: Call) -> Iterator[None]:
    """Questions of this thread go to `call`."""
    _thread.call = call
    try:
        yield
    finally:
        del _thread.call


def _decrypt(_: object, asked: Any) -> Union[bytes, Variant]:
    """An answer whatever happens: wasmtime would keep an exception for whichever thread comes next."""
    call: Call = _thread.call
    try:
        return call.key(KeyRequest(asked.ciphertext, tuple(sorted(asked.context))))
    except KeyRefused as failure:
        return Variant("refused", _utf8(str(failure)))
    except KeyUnavailable as failure:
        return Variant("unavailable", _utf8(str(failure)))
    except BaseException as error:  # also an interrupt from the keyboard, while somebody waits for KMS
        call.interrupted(error)
        return Variant("unavailable", "interrupted")


def _utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
