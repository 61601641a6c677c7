"""A stub of Logstash for the configuration of pipelines/logstash: file -> http filter -> split -> files.

logstash.py CONFIG: reads url and paths out of the configuration, and does with each line what the filters do: the answer
of the http filter is parsed as JSON because of its content type; any status but 2xx tags the event; drop; split makes an
event of each member of the array, and fails where there is none. The text of the configuration must name the fields that this uses.
"""

import json
import re
import sys
import urllib.error
import urllib.request

EVENTS = "[@metadata][dastap][verdicts][0][outputs][0][events]"
KEPT = "[@metadata][dastap][verdicts][0][kept]"
ERROR = "[@metadata][dastap][verdicts][0][error]"


def field(event, reference):
    """What a field reference names; none where it leads nowhere."""
    for name in re.findall(r"\[([^\]]+)\]", reference):
        if isinstance(event, list) and name.isdigit() and int(name) < len(event):
            event = event[int(name)]
        elif isinstance(event, dict):
            event = event.get(name)
        else:
            return None
    return event


def asked(url, message):
    """The event behind the http filter."""
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    event = {"message": message, "tags": [], "@metadata": {}}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, message.encode(), headers), timeout=180) as answer:
            assert answer.headers["Content-Type"].startswith("application/json"), answer.headers
            event["@metadata"]["dastap"] = json.load(answer)
    except (urllib.error.HTTPError, urllib.error.URLError):
        event["tags"].append("_httprequestfailure")
    return event


def main(path):
    text = open(path).read()
    for part in (f'field => "{EVENTS}"', f"if {KEPT} == 0 {{ drop", f"or {ERROR} {{", f"and !{ERROR} {{", 'target_body => "[@metadata][dastap]"'):
        assert part in text, part
    (url,) = re.findall(r'url => "([^"]+)"', text)
    (source,) = re.findall(r'\bpath => "([^"]+records[^"]+)"', text)
    (failed,) = re.findall(r'path => "([^"]+failed[^"]+)"', text)
    (events,) = re.findall(r'path => "([^"]+events[^"]+)"', text)
    with open(failed, "a") as bad, open(events, "a") as good:
        for line in open(source).read().splitlines():
            event = asked(url, line)
            if "_httprequestfailure" in event["tags"] or field(event, ERROR):
                bad.write(event["message"] + "\n")
                continue
            if field(event, KEPT) == 0:
                continue
            for made in field(event, EVENTS):
                good.write(json.dumps(made, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
