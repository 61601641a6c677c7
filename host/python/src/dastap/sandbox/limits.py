"""What a call may cost: memory and time."""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping, NamedTuple, Optional

MIB = 1 << 20

BASE_MEMORY = 16 * MIB
"""Memory of the guest that does not grow with a record: code, data, stack, inflate state, small buffers."""
RULES_MEMORY = 80 * MIB
"""Memory of rules, at most: a hundred regular expressions of 512 KiB and their caches of 256 KiB."""
BATCH_MEMORY = 80 * MIB
"""Memory of a call for several records, where that is less. Larger batches are decoded in parts."""
AROUND_LINES = 44 * MIB
"""Lines are longer than what they are made of, those of small documents many times."""
TABLE_ELEMENTS = 10_000
"""The guest's table of functions has a few hundred."""

UNITS = {"": 1, "b": 1, "kib": 1 << 10, "mib": MIB, "gib": 1 << 30, "kb": 10**3, "mb": 10**6, "gb": 10**9}


class Limits(NamedTuple):
    """The limits of every call of a decoder."""

    memory: int
    """Bytes of linear memory for a record alone."""
    fixed: int
    """How many of them do not depend on records."""
    time: float
    """Seconds of computing, waiting for keys not counted."""

    def memory_for(self, records: int) -> int:
        """Bytes of linear memory for a call with so many records."""
        return min(self.memory, self.fixed + BATCH_MEMORY) if records > 1 else self.memory


def limits_for(config: Mapping[str, Any], time: float, memory: Optional[int]) -> Limits:
    """From the `transform` section. At the same time there are the record, its decoded message (three quarters of it)
    and the decrypted one; then the document and its lines, of which the guest itself refuses to make more than fit,
    and what the document's buffer has to spare. Wrong settings count as unset; the guest refuses them."""
    limits = config.get("limits")
    limits = limits if isinstance(limits, Mapping) else {}
    fixed = BASE_MEMORY + (RULES_MEMORY if config.get("rules") else 0)
    record, plaintext = size(limits, "record", 10 * MIB), size(limits, "plaintext", 64 * MIB)
    needed = fixed + 3 * record + plaintext // 4 + 2 * plaintext + AROUND_LINES
    return Limits(needed if memory is None else memory, fixed, time)


def size(limits: Mapping[str, Any], name: str, default: int) -> int:
    """Bytes: `1048576` or `"1MiB"`."""
    value = limits.get(name, default)
    if isinstance(value, str):
        match = re.fullmatch(r"([0-9]+)\s*([a-zA-Z]*)\s*", value)
        factor = UNITS.get(match[2].lower()) if match else None
        return int(match[1]) * factor if match and factor else default
    return value if isinstance(value, int) else default


def store_limits(memory: int) -> Dict[str, int]:
    """What `Store.set_limits` takes."""
    return {"memory_size": memory, "table_elements": TABLE_ELEMENTS, "instances": 8, "tables": 8, "memories": 1}
