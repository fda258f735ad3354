#!/usr/bin/env python3
"""Holds the time stamps of a delivery against what was ordered; tokens are verified by `openssl ts`.

usage: stamps.py RECEIPT.json CARD.json ANCHOR.pem CODES cryptographic|plain
"""
import base64
import json
import pathlib
import subprocess
import sys
import tempfile

if sys.argv[1:] == ["--help"]:
    print(__doc__)
    sys.exit(0)
receipt, card = (json.load(open(name)) for name in sys.argv[1:3])
anchor, codes, quality = sys.argv[3:6]
card = card["cards"][0]
got = ",".join(entry["code"] for entry in receipt["feedback"])
print(f"  codes {got}, creation {card['creation']}, reception {card['reception']}")
wrong = [] if got == codes else [f"expected {codes}"]
if not card["reception"]:
    wrong.append("not received")
for stamp in ("creation", "reception"):
    token = card[stamp + "_token"]
    if quality == "plain":
        if token:
            wrong.append(f"{stamp}: a token that nobody can have made")
        continue
    if not token:
        wrong.append(f"{stamp}: no token")
        continue
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "token")
        file.write_bytes(base64.b64decode(token))
        told = subprocess.run(["openssl", "ts", "-reply", "-in", str(file), "-token_in", "-token_out", "-text"],
                              capture_output=True, text=True).stdout
        time = [line for line in told.splitlines() if line.startswith("Time stamp")]
        print(f"  {stamp}: {time[0] if time else 'unreadable'}")
        check = ["openssl", "ts", "-verify", "-in", str(file), "-token_in", "-CAfile", anchor]
        if stamp == "reception":
            data = pathlib.Path(folder, "data")
            data.write_text(f"OSCI 1.2 Reception\n{card['message_id']}\n")
            check += ["-data", str(data)]
        else:
            # What it covers only the holder of the delivery can say: its own imprint stands in.
            dump = [line.split(" - ", 1)[1][:49].replace("-", " ") for line in told.splitlines()
                    if line.strip().startswith(("0000 - ", "0010 - "))]
            check += ["-digest", "".join("".join(dump).split())[:64]]
        done = subprocess.run(check, capture_output=True, text=True)
        if "Verification: OK" not in done.stdout:
            wrong.append(f"{stamp}: openssl does not verify it: {done.stdout}{done.stderr}")
if wrong:
    print("  " + "; ".join(wrong))
    sys.exit(1)
