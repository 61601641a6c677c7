"""A batch in as large portions as the sandbox can take.

Mostly that is a fixed number of records. Where their answer does not fit into the sandbox's memory (a record of some
kilobytes can unpack to megabytes), a portion is halved until it does. Where the sandbox trapped or took too long, each
record is tried once more alone, in a fresh instance, and the one that does it again fails.
"""

from __future__ import annotations

import logging
from typing import Callable, Iterator, List, NamedTuple, Sequence, TypeVar, Union

from ..verdict import Failure
from .fault import Fault, Kind

RECORDS = 100
"""Records of a call at most. More would gain little, and their events, ten times as large, leave the cache."""
BYTES = 4 << 20
"""A call's records have so many bytes, or there is one."""

LOG = logging.getLogger("dastap.sandbox")

Answer = TypeVar("Answer")


class Portion(NamedTuple):
    """Some records of a batch."""

    first: int
    records: List[bytes]
    is_last_try: bool = False
    """Its single record was in a batch or alone when the sandbox failed."""




def decode(
    batch: Sequence[bytes], call: Callable[[List[bytes]], Answer]
) -> "Iterator[tuple[int, Union[Answer, Failure]]]":
    """The place of each portion's first record, with the answer, or the failure of its single record. In order."""
    rest = list(reversed(list(_cut(batch))))
    while rest:
        portion = rest.pop()
        try:
            yield portion.first, call(portion.records)
        except Fault as fault:
            if portion.is_last_try:
                LOG.warning("the sandbox gave no answer (%s): %s, 1 record", fault.kind.value, fault.detail)
                yield portion.first, fault.failure()
            else:
                rest.extend(reversed(_split(portion, fault)))


def _cut(batch: Sequence[bytes]) -> Iterator[Portion]:
    first, size = 0, 0
    for index, record in enumerate(batch):
        if index > first and (index - first >= RECORDS or size + len(record) > BYTES):
            yield Portion(first, list(batch[first:index]))
            first, size = index, 0
        size += len(record)
    if first < len(batch):
        yield Portion(first, list(batch[first:]))


def _split(portion: Portion, fault: Fault) -> List[Portion]:
    first, records, _ = portion
    if len(records) > 1 and fault.kind is Kind.OUT_OF_MEMORY:
        LOG.debug("the events of %d records are too large for one answer", len(records))
        middle = len(records) // 2
        return [Portion(first, records[:middle]), Portion(first + middle, records[middle:])]
    LOG.warning("the sandbox gave no answer (%s): %s, %d records", fault.kind.value, fault.detail, len(records))
    return [Portion(first + index, [record], True) for index, record in enumerate(records)]
