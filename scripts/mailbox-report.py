#!/usr/bin/env python3
"""Tells of the mailboxes of an installation what `dataclearingctl readiness --mailbox-report` reads. Ids, times and
sizes only. Opens the database for reading; the daemon may run.

usage: scripts/mailbox-report.py STATE_FOLDER > mailboxes.json
"""
import datetime
import json
import pathlib
import sqlite3
import sys


def moment(milliseconds):
    at = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


def report(database):
    mailboxes = {}
    # What is quarantined cannot be fetched and counts for nothing here; what was pushed lies in no mailbox. Only what
    # was handed on tells of a fetch: the database does not say who has asked for mail and found none.
    for mailbox, unfetched, oldest, fetched, octets in database.execute(
            "SELECT mailbox, count(*) FILTER (WHERE reception IS NULL AND purged IS NULL),"
            " min(creation) FILTER (WHERE reception IS NULL AND purged IS NULL), max(max(coalesce(forwarding, 0), coalesce(reception, 0))),"
            " coalesce(sum((SELECT sum(size) FROM parts WHERE delivery = seq)), 0)"
            " FROM deliveries WHERE quarantined = 0 AND mailbox NOT LIKE 'pushed/%' AND mailbox <> 'forgotten/' GROUP BY mailbox"):
        mailboxes[mailbox] = {"unfetched": unfetched, "oldest": oldest, "fetched": fetched, "octets": octets}
    out = []
    for mailbox, one in sorted(mailboxes.items()):
        entry = {"mailbox": mailbox, "unfetched": one["unfetched"], "octets": one["octets"]}
        if one["oldest"]:
            entry["oldest_unfetched"] = moment(one["oldest"])
        if one["fetched"]:
            entry["last_fetch"] = moment(one["fetched"])
        elif one["unfetched"]:
            entry["never_fetched"] = True
        out.append(entry)
    return out


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__.strip())
    path = pathlib.Path(sys.argv[1]).resolve() / "mailbox.db"
    if not path.is_file():
        sys.exit(f"mailbox-report.py: {path}: no such file")
    database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30)
    seen_at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    json.dump({"seen_at": seen_at, "mailboxes": report(database)}, sys.stdout, indent=1)
    print()


main()
