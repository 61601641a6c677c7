"""Reads OpenMetrics text on stdin with the Prometheus project's own strict parser, and writes what it found as JSON:
{family: {"type": text, "labels": [name], "samples": {sample: sum of its values}}}. Labels of the format itself (`le`) are
left out.
"""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families


def main():
    families = {}
    for family in text_string_to_metric_families(sys.stdin.read()):
        labels, samples = set(), {}
        for sample in family.samples:
            labels |= set(sample.labels) - {"le"}
            samples[sample.name] = samples.get(sample.name, 0) + sample.value
        families[family.name] = {"type": family.type, "labels": sorted(labels), "samples": samples}
    json.dump(families, sys.stdout)


if __name__ == "__main__":
    main()
