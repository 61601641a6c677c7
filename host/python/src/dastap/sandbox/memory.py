"""How the guest looks when it was refused memory.

wasmtime's C API does not say that a store's limit was the cause of a trap. But the functions in which the guest then
gives up are always the same ones, so they are learnt, when a first trap has to be judged, from a good record that is
given too little memory.
"""

from __future__ import annotations

from typing import FrozenSet, List, Optional

from ..errors import SandboxError
from ..keys import KeyCache
from .border import Option
from .component import Sandbox
from .fault import Fault, Mark
from .instance import Instance
from .limits import BASE_MEMORY, MIB, Limits

EVENTS = 20_000
RECORD = (
    b'{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{"databaseActivityEventList":['
    + b",".join([b'{"type":"record"}'] * EVENTS)
    + b"]}}"
)


def marks(sandbox: Sandbox, keys: KeyCache) -> FrozenSet[Mark]:
    """The marks of a guest that ran out of memory: while it took the batch in, and while it decoded."""
    found = set()
    for batch in ([RECORD], [RECORD] * 32):
        for limit in range(MIB, BASE_MEMORY, MIB):
            fault = _starve(sandbox, keys, batch, limit)
            if fault is not None and fault.mark is not None:
                found.add(fault.mark)
    return frozenset(found)


def _starve(sandbox: Sandbox, keys: KeyCache, batch: List[bytes], limit: int) -> Optional[Fault]:
    try:
        instance = Instance(sandbox, "{}", keys, Limits(BASE_MEMORY, BASE_MEMORY, 10.0))
    except SandboxError:
        return None
    instance.limits = Limits(limit, limit, 10.0)
    try:
        instance.decode_merged(batch, Option(None))
    except Fault as fault:
        return fault
    finally:
        instance.close()
    return None
