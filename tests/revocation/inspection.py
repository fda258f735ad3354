#!/usr/bin/env python3
"""The Inspection of one certificate on a card, as run.sh compares it. usage: inspection.py CARD.json COMMON_NAME"""
import json
import sys

found = []
for one in json.load(open(sys.argv[1]))["cards"][0]["inspections"]:
    if "CN=" + sys.argv[2] not in one["subject"].replace("+", ",").split(","):
        continue
    online = one["online"]
    text = "-"
    if online:
        text = online["result"] + (", OCSP" if online["ocsp"] else "") + (", CRL" if online["crl"] else "")
    found.append(f"{one['math']} / {one['offline']} / {text}")
# The recipient stands on the card as addressee and as reader: both must say the same.
print(found[0] if found and found.count(found[0]) == len(found) else found or "no inspection")
