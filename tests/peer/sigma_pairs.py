"""Pairs of a Sigma rule and an event with what an independent evaluator says about them, as NDJSON on stdout:

    {"rule": {...a whole Sigma rule...}, "event": {...}, "matches": true}

The evaluator is pySigma, the reference implementation of the language, with its SQLite backend: each rule becomes one
SQL query, and SQLite answers it. Nothing of it is shared with dastap.

    sigma_pairs.py [PAIRS] [SEED]        at least PAIRS (default 2000), the same ones for the same seed

Where the two are known to differ, the pairs keep away, or the tables are made so that they agree:

- The backend leaves the case of texts to the column: `COLLATE NOCASE`, and LIKE, know ASCII letters only. Texts of the
  pairs are ASCII (the specification says case-insensitive and no more; dastap folds Unicode).
- Types are the column's. Sigma calls every value a string, so a field is TEXT, or NUMERIC where rules compare numbers.
- `exists` becomes IS NOT NULL: for it, a member that is null is missing. The specification says that only presence
  counts. No event of the pairs has a null in a field that a rule asks `exists` of.
- `cidr` becomes LIKE on the first octets: any text with that start lies in the network. Addresses here are whole IPv4.
- `fieldref` becomes `=`: numbers are compared with numbers only.
- `re` becomes a function that this script gives SQLite: Python's `re.search`. Expressions are of the common kind.
- Keywords search one column, which holds every text of the event, one per line; no keyword has a line break.
- A list in an event, and a path into an object in a list, have no column.
"""

import json
import random
import re
import sqlite3
import sys

from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection

TEXTS = {
    "class": ["READ", "WRITE", "DDL", "ROLE", "MISC", "MAIN", "AUX"],
    "command": ["SELECT", "INSERT", "CREATE TABLE", "DROP TABLE", "GRANT", "QUERY", "LOGIN FAILED", ""],
    "dbUserName": ["etl_load", "ETL_dump", "app", "App_ro", "postgres", "rdsadmin", "a*b", "a?b", "back\\slash"],
    "clientApplication": ["psql", "DBeaver 23", "app", "PostgreSQL JDBC Driver", "", "100% sure", "under_score"],
    "databaseName": ["app", "shop", "App", "postgres", ""],
    "remoteHost": ["10.0.1.108", "10.0.2.1", "10.99.0.7", "192.168.1.20", "172.16.5.4", "172.31.255.255"],
    "commandText": [
        "select * from accounts where id = 7",
        "SELECT secret FROM vault\\keys",
        "drop table customers",
        "Drop  Table customers; -- why?",
        "insert into t values ('it''s', 100)",
        "grant all on t to bob",
        "create user bob password 'x'",
        "line one\nline two",
        "a*b and a?b and a%b and a_b",
        "",
    ],
    "engineNativeAuditFields.ROLE": ["DBA", "dba", "CONNECT", ""],
}
NUMBERS = {"rowCount": [0, 1, 2, 100, 100000, -1], "pid": [1, 42, 20324], "exitCode": [0, 1, -1, 1017]}
BOOLEANS = {"engineNativeAuditFields.is_column_permission": [True, False]}
NULLABLE = ["command", "commandText", "clientApplication", "rowCount", "exitCode"]
FIELDS = [*TEXTS, *NUMBERS, *BOOLEANS]
EVERYTHING = "everything"

PATTERNS = {
    "": ["{}", "{}*", "*{}", "*{}*", "?{}", "{}?", "*"],
    "|contains": ["{}"],
    "|startswith": ["{}"],
    "|endswith": ["{}"],
    "|cased": ["{}", "*{}*"],
    "|contains|cased": ["{}"],
    "|startswith|cased": ["{}"],
    "|contains|all": ["{}"],
    "|neq": ["{}"],
}
REGEXES = ["^select", "(?:drop|grant) .*", "[0-9]{2,}", "a.b", "^$", "user [a-z]+ pass", "t.ble", "one$", "^line", "(a|b)+c?"]
NETWORKS = ["10.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24", "192.168.0.0/16", "172.16.0.0/12", "10.0.1.108/32"]
CONDITIONS = [
    "a", "not a", "a and b", "a or b", "a and not b", "not a and not b", "not (a or b)", "a or b and c",
    "(a or b) and c", "a and (b or not c)", "1 of them", "all of them", "1 of s_*", "all of s_*", "not 1 of s_*",
    "1 of s_* and not c", "not (a and b) or c",
]  # fmt: skip


def event(dice):
    members = {}
    for field, values in {**TEXTS, **NUMBERS, **BOOLEANS}.items():
        chance = dice.random()
        if chance < 0.15:
            continue
        value = None if chance < 0.25 and field in NULLABLE else dice.choice(values)
        outer, _, inner = field.partition(".")
        if inner:
            members.setdefault(outer, {})[inner] = value
        else:
            members[outer] = value
    members["type"] = "record"
    return members


def escaped(text):
    """The text as a rule writes it, when its wildcards are meant as they stand."""
    return re.sub(r"([\\*?])", r"\\\1", text)


def piece(dice, text):
    start = dice.randrange(len(text) + 1)
    return text[start : start + dice.randint(1, 8)]


def text_test(dice, field):
    modifiers = dice.choice(list(PATTERNS))

    def value():
        text = dice.choice(TEXTS[field])
        if dice.random() < 0.7:
            text = piece(dice, text)
        if dice.random() < 0.5:
            text = text.swapcase()
        text = dice.choice(PATTERNS[modifiers]).format(escaped(text))
        # An empty pattern under a modifier is one thing to all, and no use to anyone.
        return text if text or not modifiers else "x"

    many = "all" in modifiers or dice.random() < 0.4
    return {field + modifiers: [value() for _ in range(dice.randint(2, 9))] if many else value()}


def test(dice):
    kind = dice.random()
    if kind < 0.55:
        return text_test(dice, dice.choice(list(TEXTS)))
    if kind < 0.62:
        field = dice.choice(["commandText", "command", "dbUserName"])
        flags = dice.choice(["", "|i", "|m", "|s", "|i|s"])
        return {f"{field}|re{flags}": dice.choice(REGEXES)}
    if kind < 0.68:
        return {"remoteHost|cidr": dice.sample(NETWORKS, dice.randint(1, 2))}
    if kind < 0.78:
        field = dice.choice(list(NUMBERS))
        number = dice.choice(NUMBERS[field]) + dice.choice([0, 0, 1, -1])
        return {field + dice.choice(["|gt", "|gte", "|lt", "|lte", "", ""]): number}
    if kind < 0.83:
        return {dice.choice(["class", "dbUserName", "pid", "engineNativeAuditFields.ROLE"]) + "|exists": dice.random() < 0.5}
    if kind < 0.89:
        return {dice.choice(NULLABLE): None}
    if kind < 0.93:
        return {dice.choice(list(BOOLEANS)): dice.random() < 0.5}
    if kind < 0.96:
        return {"clientApplication|fieldref": dice.choice(["databaseName", "dbUserName"])}
    return {dice.choice(list(NUMBERS)): dice.sample([0, 1, 2, 42, 100, 1017, -1], 3)}


def fields(dice):
    chosen = {}
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        chosen.update(test(dice))
    return chosen


def selection(dice):
    kind = dice.random()
    if kind < 0.75:
        return fields(dice)
    if kind < 0.87:
        return [fields(dice) for _ in range(dice.randint(2, 3))]
    words = [word for word in (piece(dice, dice.choice(TEXTS["commandText"][:-3])).strip() for _ in range(4)) if word]
    words = [escaped(word) for word in words] or ["drop"]
    return {"|all": words[:2] * 2} if kind > 0.95 else words


def rule(dice, number):
    condition = dice.choice(CONDITIONS)
    names = [name for name in "abc" if re.search(rf"\b{name}\b", condition)] or ["s_1", "s_2"]
    if "s_*" in condition:
        names += ["s_1", "s_2"]
    detection = {name: selection(dice) for name in dict.fromkeys(names)}
    return {
        "title": f"pair {number}",
        "logsource": {"product": "aws", "service": "rds_das"},
        "detection": {**detection, "condition": condition},
    }


class Peer:
    """pySigma and SQLite."""

    def __init__(self):
        self.backend = sqliteBackend(fulltext_field=EVERYTHING)
        self.database = sqlite3.connect(":memory:")
        self.database.create_function("REGEXP", 2, self.search, deterministic=True)

    @staticmethod
    def search(pattern, value):
        return value is not None and re.search(pattern, str(value)) is not None

    def matches(self, rule, events):
        columns = ", ".join(f"`{name}` {'NUMERIC' if name in NUMBERS else 'TEXT'} COLLATE NOCASE" for name in FIELDS)
        self.database.execute("DROP TABLE IF EXISTS logs")
        self.database.execute(f"CREATE TABLE logs (number INTEGER, {columns}, {EVERYTHING} TEXT COLLATE NOCASE)")
        for number, event in enumerate(events):
            flat = {name: self.flat(event, name) for name in FIELDS}
            texts = [value for name, value in flat.items() if name in TEXTS and value is not None] + ["record"]
            row = [number, *flat.values(), "\n".join(texts)]
            self.database.execute(f"INSERT INTO logs VALUES ({', '.join('?' * len(row))})", row)
        query = self.backend.convert(SigmaCollection.from_dicts([rule]))[0]
        found = {row[0] for row in self.database.execute(query)}
        return [number in found for number in range(len(events))]

    @staticmethod
    def flat(event, name):
        outer, _, inner = name.partition(".")
        value = event.get(outer)
        if inner:
            value = (value or {}).get(inner)
        return str(value).lower() if isinstance(value, bool) else value


def main():
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    dice = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    peer, written, number = Peer(), 0, 0
    while written < pairs:
        number += 1
        tried = rule(dice, number)
        events = [event(dice) for _ in range(10)]
        for one, matches in zip(events, peer.matches(tried, events)):
            print(json.dumps({"rule": tried, "event": one, "matches": matches}))
            written += 1


if __name__ == "__main__":
    main()
