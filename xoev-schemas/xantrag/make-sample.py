#!/usr/bin/env python3
"""Writes an illustrative application (wohngeld.antrag.0100, not official) of about the wished size to stdout.

usage: make-sample.py BYTES [1_0|1_1]   # 50000, 5000000, ...

The size comes from embedded scans of at most 2 MB each. The same arguments give the same octets.
"""
import base64
import hashlib
import pathlib
import random
import sys

SCAN = 2_000_000


def attachment(number, size, source):
    content = source.randbytes(max(size, 1))
    return (f"  <xantrag:anlage>\n    <xantrag:dateiname>scan-{number}.pdf</xantrag:dateiname>\n"
            "    <xantrag:mimetyp>application/pdf</xantrag:mimetyp>\n"
            f"    <xantrag:groesse>{len(content)}</xantrag:groesse>\n"
            f"    <xantrag:sha256>{hashlib.sha256(content).hexdigest()}</xantrag:sha256>\n"
            f"    <xantrag:inhalt>{base64.encodebytes(content).decode()}</xantrag:inhalt>\n"
            "  </xantrag:anlage>\n")


def main():
    if len(sys.argv) not in (2, 3) or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    version = sys.argv[2] if len(sys.argv) == 3 else "1_0"
    sample = pathlib.Path(__file__).parent / version / "samples" / "wohngeld-dortmund.xml"
    text = sample.read_text(encoding="utf-8")
    rest = max(int(sys.argv[1]) - len(text.encode()), 0) * 3 * 76 // (4 * 77)  # base64 in lines
    source = random.Random(int(sys.argv[1]))
    scans = []
    while rest > 0 and len(scans) < 99:
        scans.append(attachment(len(scans) + 1, min(rest, SCAN), source))
        rest -= SCAN
    end = text.rindex("</xantrag:wohngeld.antrag.0100>")
    sys.stdout.write(text[:end] + "".join(scans) + text[end:])


main()
