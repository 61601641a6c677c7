"""Validates OCSF events, one a line on stdin, against the published JSON schemas in a folder.

    dastap decode --shape ocsf ... | python3 tests/peer/ocsf_validate.py FOLDER

FOLDER holds a file <class>-<version>.schema.json for each class. Prints the number of events by class. Exit 1: some
event is not valid, and the first few are shown; exit 2: the folder has no schema, or no event came.
"""

import collections
import json
import pathlib
import sys

import jsonschema

SHOWN = 10


def validators(folder):
    """By class and version."""
    found = {}
    for path in sorted(pathlib.Path(folder).glob("*.schema.json")):
        schema = json.loads(path.read_text())
        version = path.name.removesuffix(".schema.json").rpartition("-")[2]
        uid = schema["properties"]["class_uid"]
        uid = uid.get("const", (uid.get("enum") or [None])[0])
        found[uid, version] = jsonschema.Draft202012Validator(schema)
    return found


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def members(pairs):
    """An object; a name that stands twice is a mistake, too."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a name stands twice: {[name for name, _ in pairs]}")
    return found


def main():
    known = validators(sys.argv[1])
    if not known:
        sys.exit(f"{sys.argv[1]}: expected files named <class>-<version>.schema.json")
    counts, wrong = collections.Counter(), 0
    for number, line in enumerate(sys.stdin, 1):
        event = json.loads(line, parse_constant=no_constant, object_pairs_hook=members)
        key = event.get("class_uid"), event.get("metadata", {}).get("version")
        if key in known:
            errors = [f"{error.json_path}: {error.message}" for error in known[key].iter_errors(event)]
        else:
            errors = [f"no schema for class and version {key}"]
        counts[key] += 1
        wrong += bool(errors)
        if errors and wrong <= SHOWN:
            print(f"line {number}: " + "; ".join(errors), file=sys.stderr)
    for (uid, version), count in sorted(counts.items(), key=str):
        print(f"{count} events of class {uid}, version {version}")
    print(f"{wrong} not valid")
    if not counts:
        sys.exit(2)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
