"""A Kinesis stream through boto3: every shard, in order, from where the last run stopped.

For one process that reads a whole stream. It follows resharding (a shard's children begin when it has been read to its
end), renews iterators that expired, and slows down where Kinesis throttles. Records that a producer library has
aggregated are not unpacked: activity streams have none.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Set, Tuple, Union

from .stream import resource_of

POLL = 1.0
"""Seconds between two looks at a shard that had nothing new. Kinesis allows five a second."""
PAUSE = 0.25
"""Seconds between two reads of a shard that has more."""
LONGEST = 10.0
"""The longest pause of a shard that is throttled."""
DISCOVERY = 60.0
"""Seconds after which the list of shards is read again even though none has ended."""

Start = Union[str, datetime]
"""`TRIM_HORIZON`, `LATEST`, or a time."""
Listed = Mapping[str, Mapping[str, Any]]
"""Shards by id, as ListShards describes them."""
LATEST = {"ShardIteratorType": "LATEST"}


@dataclass(frozen=True)
class Polled:
    """Records of one shard, in order; never empty."""

    shard: str
    records: Tuple[bytes, ...] = field(repr=False)
    sequence_number: str
    """The last record's. Keep it by shard when the batch is safely delivered: it is where `read` resumes."""
    resource_id: Optional[str]
    """Whose stream it is, where the stream's name tells it: the decoder's `resource_id`."""
    behind: float
    """Seconds between the end of the stream and these records."""


@dataclass
class _Shard:
    id: str
    parents: Tuple[str, ...]
    begin: Dict[str, Any]
    """The arguments of GetShardIterator that a first read takes."""
    iterator: Optional[str] = None
    last: Optional[str] = None
    due: float = 0.0
    throttled: int = 0
    is_at_end: bool = False
    """Its last read had nothing behind it."""


def read(
    client: Any,
    stream: str,
    *,
    start: Start = "LATEST",
    positions: Optional[Mapping[str, str]] = None,
    limit: int = 1000,
    until_end: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Polled]:
    """The records of a stream, for ever.

    `client`: a boto3 Kinesis client. `stream`: the stream's name or ARN. `positions`: the sequence numbers of an
    earlier run by shard, behind which it goes on, also in the shards that came of those meanwhile. `start`: where all
    others begin. `limit`: records of one read at most, to 10,000. `until_end`: stop when every shard has been read to
    its end.

    A batch is only asked for when the one before has been taken, so whoever is slow slows the reading. What boto3
    raises other than throttling and expired iterators is passed on.
    """
    reader = _Reader(client, stream, start, dict(positions or {}), limit)
    reader.discover(is_first=True)
    while True:
        shard = reader.next_due()
        if shard is None or (until_end and reader.is_at_end()):
            if until_end:
                return
            sleep(POLL)
            reader.discover()
            continue
        pause = shard.due - time.monotonic()
        if pause > 0:
            sleep(pause)
        polled = reader.poll(shard)
        if polled is not None:
            yield polled
        if time.monotonic() > reader.discover_at:
            reader.discover()


class _Reader:
    """The shards of one stream and how far each has been read."""

    def __init__(self, client: Any, stream: str, start: Start, positions: Dict[str, str], limit: int) -> None:
        self._client = client
        self._stream = {"StreamName": stream.rsplit("/", 1)[-1]}
        if stream.startswith("arn:"):
            # The name alone would mean the caller's own account.
            self._stream["StreamARN"] = stream
        self._resource = resource_of(stream)
        self._start = start
        self._positions = positions
        self._limit = limit
        self._shards: Dict[str, _Shard] = {}
        self._ended: Set[str] = set()
        self.discover_at = 0.0

    def discover(self, is_first: bool = False) -> None:
        """Reads the list of shards; those that are new begin at their first record."""
        self.discover_at = time.monotonic() + DISCOVERY
        listed = {shard["ShardId"]: shard for shard in self._list()}
        if is_first:
            # Children begin when their parents have ended: whoever has a position has no parent left to read.
            for shard_id in self._positions:
                for ancestor in _ancestors(listed, shard_id):
                    self._end(ancestor)
        for shard_id, shard in listed.items():
            if shard_id in self._shards or shard_id in self._ended:
                continue
            begin = self._begin(shard_id, is_new=not is_first or self._is_behind_a_position(listed, shard_id))
            is_closed = "EndingSequenceNumber" in shard["SequenceNumberRange"]
            if is_closed and begin == LATEST:
                # What closed shards hold is not the latest.
                self._end(shard_id)
            else:
                self._shards[shard_id] = _Shard(shard_id, _parents(listed, shard_id), begin)

    def next_due(self) -> Optional[_Shard]:
        """The shard whose turn it is: of those whose parents have ended, the one that has waited longest."""
        ready = [shard for shard in self._shards.values() if all(parent in self._ended for parent in shard.parents)]
        return min(ready, key=lambda shard: shard.due) if ready else None

    def is_at_end(self) -> bool:
        """Every shard has been read to where the stream ends."""
        return all(shard.is_at_end for shard in self._shards.values())

    def poll(self, shard: _Shard) -> Optional[Polled]:
        """One read; nothing where there was nothing, or Kinesis asked for patience."""
        try:
            answer = self._get(shard)
        except Exception as error:
            if not _is(error, "ProvisionedThroughputExceededException", "LimitExceededException"):
                raise
            shard.throttled += 1
            shard.due = time.monotonic() + min(PAUSE * 2**shard.throttled, LONGEST)
            return None
        shard.throttled = 0
        shard.iterator = answer.get("NextShardIterator")
        records: List[Any] = answer["Records"]
        behind = answer.get("MillisBehindLatest") or 0
        shard.is_at_end = behind == 0 and not records
        shard.due = time.monotonic() + (POLL if shard.is_at_end else PAUSE)
        if records:
            shard.last = records[-1]["SequenceNumber"]
        if shard.iterator is None:
            self._end(shard.id)
            self.discover()
        if not records or shard.last is None:
            return None
        data = tuple(record["Data"] for record in records)
        return Polled(shard.id, data, shard.last, self._resource, behind / 1000)

    def _get(self, shard: _Shard) -> Dict[str, Any]:
        if shard.iterator is None:
            shard.iterator = self._iterator(shard)
        try:
            return self._records(shard.iterator)
        except Exception as error:
            if not _is(error, "ExpiredIteratorException"):
                raise
        # An iterator lives for five minutes; whoever was slower goes on behind the last record.
        shard.iterator = self._iterator(shard)
        return self._records(shard.iterator)

    def _records(self, iterator: str) -> Dict[str, Any]:
        answer: Dict[str, Any] = self._client.get_records(ShardIterator=iterator, Limit=self._limit)
        return answer

    def _iterator(self, shard: _Shard) -> str:
        begin = shard.begin
        if shard.last is not None:
            begin = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": shard.last}
        answer = self._client.get_shard_iterator(**self._stream, ShardId=shard.id, **begin)
        return str(answer["ShardIterator"])

    def _begin(self, shard_id: str, is_new: bool) -> Dict[str, Any]:
        """Where a shard is read from; `is_new`: nothing in it can have been meant to be skipped."""
        position = self._positions.get(shard_id)
        if position is not None:
            return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": position}
        if is_new:
            return {"ShardIteratorType": "TRIM_HORIZON"}
        if isinstance(self._start, datetime):
            return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": self._start}
        return {"ShardIteratorType": self._start}

    def _is_behind_a_position(self, listed: Listed, shard_id: str) -> bool:
        return any(ancestor in self._positions for ancestor in _ancestors(listed, shard_id))

    def _list(self) -> Iterator[Dict[str, Any]]:
        arguments: Dict[str, Any] = self._stream
        while True:
            answer = self._client.list_shards(**arguments)
            yield from answer["Shards"]
            if not answer.get("NextToken"):
                return
            arguments = {"NextToken": answer["NextToken"]}

    def _end(self, shard_id: str) -> None:
        self._shards.pop(shard_id, None)
        self._ended.add(shard_id)


def _parents(listed: Listed, shard_id: str) -> Tuple[str, ...]:
    """One, or two for a shard that was merged; none that Kinesis has forgotten."""
    shard = listed[shard_id]
    return tuple(shard[name] for name in ("ParentShardId", "AdjacentParentShardId") if shard.get(name) in listed)


def _ancestors(listed: Listed, shard_id: str) -> Set[str]:
    found: Set[str] = set()
    rest = [shard_id] if shard_id in listed else []
    while rest:
        parents = _parents(listed, rest.pop())
        rest += [parent for parent in parents if parent not in found]
        found.update(parents)
    return found


def _is(error: Exception, *codes: str) -> bool:
    """boto3 makes its exception classes at run time; the code is in the answer."""
    answer = getattr(error, "response", {})
    return answer.get("Error", {}).get("Code") in codes
