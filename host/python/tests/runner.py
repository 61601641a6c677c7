"""This host's runner for the suite in `tests/embedding`: cases on standard input, answers on standard output."""

import base64
import json
import sys

from dastap import ConfigError, Decoded, Decoder, Keyring


def main() -> None:
    for line in sys.stdin.buffer:
        case = json.loads(line)
        print(json.dumps({"case": case["case"], **answer(case)}, separators=(",", ":")), flush=True)


def answer(case):
    try:
        decoder = Decoder(case["config"], keys=Keyring(case["keyring"]), workers=1)
    except ConfigError as error:
        return {"error": str(error)}
    records = [base64.b64decode(record) for record in case["records"]]
    verdicts = decoder.decode_each(records, case["resource"])
    counts = {}
    for count in decoder.counts():
        counts[count.name] = counts.get(count.name, 0) + count.value
    merged = decoder.decode(records, case["resource"])
    for failed in [verdict for verdict in verdicts if not isinstance(verdict, Decoded)] + list(merged.failures):
        assert failed.record == records[failed.index], "the record as it was received"
    return {"verdicts": list(map(verdict, verdicts)), "merged": sums(merged, merged.failures), "counts": counts}


def verdict(verdict):
    return {"decoded": sums(verdict)} if isinstance(verdict, Decoded) else {"failed": vars(verdict.failure)}


def sums(verdict, failures=None):
    told = {"outputs": [vars(output) for output in verdict.outputs]}
    if failures is not None:
        told["failures"] = [[failed.index, vars(failed.failure)] for failed in failures]
    return {**told, "kept": verdict.kept, "dropped": verdict.dropped, "heartbeats": verdict.heartbeats}


if __name__ == "__main__":
    main()
