"""The decoder as an AWS Lambda function, for both events that activity streams come in.

* A Kinesis trigger: events go to a function of yours, records that failed to another one. The answer has
  `batchItemFailures`, so set `ReportBatchItemFailures` on the event source mapping.
* A Firehose transformation: events go back to Firehose, one record for each that came in, `Ok`, `Dropped` or
  `ProcessingFailed`. Set the smallest buffer hint, for events are larger than what they came in.
"""

from __future__ import annotations

import base64
import logging
from itertools import groupby
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

from .decoder import Decoder
from .errors import ConfigError, DastapError
from .stream import resource_of
from .verdict import Failed, Merged, Verdict

ANSWER = 6 * 1000 * 1000
"""Bytes of an answer at most: Lambda hands 6 MB back."""
FRAME = 250
"""Bytes that a record of the answer takes besides its data, route and id."""

LOG = logging.getLogger("dastap.lambda")

Event = Dict[str, Any]
Write = Callable[[Merged], None]
DeadLetter = Callable[[Failed, Optional[str]], None]


class TryAgainError(DastapError):
    """Raised out of the function so that Firehose invokes it again: the key service is away."""


def handler(
    decoder: Decoder,
    *,
    write: Optional[Write] = None,
    dead_letter: Optional[DeadLetter] = None,
    partition_key: Optional[str] = None,
) -> Callable[[Event, object], Event]:
    """A `lambda_handler`. Make it once, outside of any invocation: its key cache and warm instances live on.

    `write`: takes the events of a Kinesis batch; what it raises makes Lambda try the batch again. `dead_letter`: takes
    each record that failed for good, with its resource id. A Kinesis trigger needs both, a Firehose transformation
    neither. `partition_key`: the name under which Firehose gets the events' route, for dynamic partitioning; routes of
    one record are joined by `+`.
    """

    def lambda_handler(event: Event, context: object) -> Event:
        if all("kinesis" in record for record in event.get("Records", [{}])):
            if write is None or dead_letter is None:
                raise ConfigError("a Kinesis trigger: expected `write` and `dead_letter`, give them to `handler`")
            return _kinesis(decoder, event, write, dead_letter)
        if "records" in event:
            return _firehose(decoder, event, partition_key)
        raise ConfigError(
            "expected the event of a Kinesis trigger (`Records` with `kinesis`) or of a Firehose transformation "
            f"(`records`), found {', '.join(sorted(event)) or 'nothing'}: check what invokes this function"
        )

    return lambda_handler


def _kinesis(decoder: Decoder, event: Event, write: Write, dead_letter: DeadLetter) -> Event:
    for source, group in groupby(event["Records"], key=lambda record: str(record.get("eventSourceARN", ""))):
        records = list(group)
        resource_id = resource_of(source)
        batch = [_data(record["kinesis"]["data"]) for record in records]
        merged, failed_at = _up_to_a_retryable(decoder, batch, resource_id)
        for failed in merged.failures:
            dead_letter(failed, resource_id)
        if merged.outputs:
            write(merged)
        if failed_at is not None:
            # Lambda takes the lowest number as the new checkpoint, and everything from there on comes again.
            number = records[failed_at.index]["kinesis"]["sequenceNumber"]
            LOG.warning("from record %d on the batch must come again: %s", failed_at.index, failed_at.failure)
            return {"batchItemFailures": [{"itemIdentifier": number}]}
    return {"batchItemFailures": []}


def _up_to_a_retryable(
    decoder: Decoder, batch: List[bytes], resource_id: Optional[str]
) -> Tuple[Merged, Optional[Failed]]:
    """What became of the records before the first one that may succeed later, and that one. Nothing behind it may
    overtake it."""
    failed_at = None
    while True:
        merged = decoder.decode(batch, resource_id)
        retryable = next((failed for failed in merged.failures if failed.failure.retryable), None)
        if retryable is None:
            return merged, failed_at
        failed_at, batch = retryable, batch[: retryable.index]


def _firehose(decoder: Decoder, event: Event, partition_key: Optional[str]) -> Event:
    records = event["records"]
    resource_id = resource_of(event.get("sourceKinesisStreamArn", ""))
    verdicts = decoder.decode_each([_data(record["data"]) for record in records], resource_id)
    answers = []
    left = ANSWER - sum(FRAME + len(record["recordId"]) for record in records)
    for record, verdict in zip(records, verdicts):
        answer = _transformed(record["recordId"], verdict, partition_key)
        size = len(answer.get("data", "")) + len(str(answer.get("metadata", "")))
        if size > left:
            LOG.error("record %s: its events do not fit into the answer: set a smaller buffer hint", record["recordId"])
            answer, size = {"recordId": record["recordId"], "result": "ProcessingFailed"}, 0
        left -= size
        answers.append(answer)
    return {"records": answers}


def _transformed(record_id: str, verdict: Verdict, partition_key: Optional[str]) -> Dict[str, Any]:
    if isinstance(verdict, Failed):
        if verdict.failure.retryable:
            raise TryAgainError(f"record {record_id}: {verdict.failure}")
        LOG.error("record %s failed: %s", record_id, verdict.failure)
        return {"recordId": record_id, "result": "ProcessingFailed"}
    if not verdict.outputs:
        return {"recordId": record_id, "result": "Dropped"}
    lines = "".join(output.lines for output in verdict.outputs)
    data = base64.b64encode(lines.encode()).decode()
    answer: Dict[str, Any] = {"recordId": record_id, "result": "Ok", "data": data}
    if partition_key is not None:
        route = "+".join(output.route for output in verdict.outputs)
        answer["metadata"] = {"partitionKeys": {partition_key: route}}
    return answer


def _data(text: Union[str, bytes]) -> bytes:
    """The record's bytes. What is no base64 goes to the decoder as it is, so that it fails there and is kept."""
    data = text.encode() if isinstance(text, str) else text
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:
        return data
