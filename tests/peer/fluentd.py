"""A stub of fluentd for configurations of one shape: tail -> exec_filter -> file.

fluentd.py CONFIG: reads the tailed files once, hands their records to the child of exec_filter chunk by chunk, and writes
what the child says until it ends. As fluentd's: a chunk is done when it is written; the child's output is JSON values one
behind the other, each an event. Sections and settings that it does not know it
refuses.
"""

import json
import re
import subprocess
import sys
import threading

KNOWN = {
    "source": {"@type", "path", "pos_file", "read_from_head", "tag", "parse"},
    "match": {"@type", "path", "append", "command", "tag", "num_children", "child_respawn", "format", "parse", "buffer"},
    "parse": {"@type", "message_key", "stream_buffer_size"},
    "format": {"@type", "message_key"},
    "buffer": {"@type", "path", "flush_mode", "chunk_limit_size"},
}
RECORDS_IN_A_CHUNK = 50


def sections(text):
    """The sections of a configuration: (name, argument, {setting: value or section})."""
    top, stack = [], []
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if not line:
            continue
        if line.startswith("</"):
            name, argument, members = stack.pop()
            assert line == f"</{name}>", line
            if stack:
                stack[-1][2][name] = members
            else:
                top.append((name, argument, members))
        elif line.startswith("<"):
            name, _, argument = line.strip("<>").partition(" ")
            stack.append((name, argument, {}))
            assert name in KNOWN, line
        else:
            name, _, value = line.partition(" ")
            assert name in KNOWN[stack[-1][0]], line
            stack[-1][2][name] = value.strip()
    return top


def values(text):
    """JSON values one behind the other."""
    decoder, at = json.JSONDecoder(), 0
    while (at := re.compile(r"\s*").match(text, at).end()) < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value


def main(path):
    source, exec_filter, file = sections(open(path).read())
    assert source[2]["@type"] == "tail" and source[2]["parse"] == {"@type": "none", "message_key": "record"}, source
    assert source[2]["tag"] == exec_filter[1] and exec_filter[2]["tag"] == file[1], "the tags lead from one to the next"
    filters = exec_filter[2]
    assert filters["format"] == {"@type": "single_value", "message_key": "record"}, filters
    assert filters["parse"]["@type"] == "json" and filters["child_respawn"] == "inf", filters
    records = open(source[2]["path"]).read().splitlines()
    chunks = [records[at : at + RECORDS_IN_A_CHUNK] for at in range(0, len(records), RECORDS_IN_A_CHUNK)]

    child = subprocess.Popen(filters["command"], shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    said = []
    reader = threading.Thread(target=lambda: said.append(child.stdout.read()))
    reader.start()
    for chunk in chunks:
        child.stdin.write("".join(f"{record}\n" for record in chunk))
        child.stdin.flush()
    child.stdin.close()
    reader.join()
    with open(file[2]["path"] + ".log", "a") as out:
        for event in values(said[0]):
            out.write(json.dumps(event, ensure_ascii=False) + "\n")
    sys.exit(child.wait())


if __name__ == "__main__":
    main(sys.argv[1])
