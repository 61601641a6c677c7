"""A data key in memory."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Bytes that are never printed or pickled, and are wiped when the last reference goes.

    Python cannot wipe what it copied: the `bytes` of `expose`, and of the HTTP client before, are freed, not wiped.
    """

    __slots__ = ("_bytes",)

    def __init__(self, data: bytes) -> None:
        self._bytes = bytearray(data)

    def expose(self) -> bytes:
        """A copy of the key. Keep it no longer than the call that needs it."""
        return bytes(self._bytes)

    def __del__(self) -> None:
        self._bytes[:] = bytes(len(self._bytes))

    def __repr__(self) -> str:
        return f"Secret({len(self._bytes)} bytes)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a data key cannot be pickled")
