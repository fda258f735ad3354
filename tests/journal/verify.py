#!/usr/bin/env python3
"""Verifies an exported journal by what daemon/storage/journal.h says of its octets, and by nothing else.

usage: tests/journal/verify.py JOURNAL.ndjson
"""
import datetime
import hashlib
import json
import struct
import sys

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def encode(entry):
    at = datetime.datetime.fromisoformat(entry["at"].replace("Z", "+00:00"))
    milliseconds = (at - EPOCH) // datetime.timedelta(milliseconds=1)
    out = b"DCJ1" + struct.pack(">Qq", entry["number"], milliseconds)
    for name in ("event", "message_id", "mailbox", "originator", "detail"):
        field = entry[name].encode()
        out += struct.pack(">I", len(field)) + field
    return out + bytes.fromhex(entry["previous"])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    last = None
    count = 0
    with open(sys.argv[1], encoding="utf-8") as lines:
        for count, line in enumerate(lines, 1):
            entry = json.loads(line)
            if hashlib.sha256(encode(entry)).hexdigest() != entry["hash"]:
                sys.exit(f"line {count}: another hash")
            if last and (entry["number"] != last["number"] + 1 or entry["previous"] != last["hash"]):
                sys.exit(f"line {count}: does not follow")
            last = entry
    print(f"{count} entries, head {last['number']}:{last['hash']}" if last else "no entries")


main()
