"""Sends recorded requests to an intermediary on loopback, many more than it can serve, and tells what became of them.

  drive.py record PORT FOLDER          a path to PORT that keeps each request in FOLDER; prints its own port
  drive.py capacity PORT FOLDER ...    how many a second are answered when each of a few clients waits for its answer
  drive.py flood PORT FOLDER ...       an open loop: requests are due by the clock, whatever became of those before

Recorded requests cost this program nothing but their octets, and the intermediary all that a fresh one costs (decryption,
signature, certificates; a GetMessageId gives a new id each time, a StoreDelivery is the repeat of one that was taken). That
is why ten times the capacity fits on one machine beside the intermediary. Each has a connection of its own and sends all of
the body before it reads, as many clients do: a refusal that ends in a reset is counted as one."""
import argparse
import asyncio
import collections
import http.client
import http.server
import itertools
import json
import os
import sys
import time

LARGE = 1024 * 1024


def record(port, folder):
    count = itertools.count()

    class Path(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with open(os.path.join(folder, f"{next(count):04d}.bin"), "wb") as out:
                out.write(body)
            there = http.client.HTTPConnection("127.0.0.1", port)
            there.request("POST", self.path, body, {"Content-Type": self.headers["Content-Type"]})
            answer = there.getresponse()
            octets = answer.read()
            there.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Path)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def bodies(folder, large):
    out = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            body = file.read()
        if (len(body) > LARGE) == large:
            out.append(body)
    return out


async def post(port, body, limit):
    """(status, seconds that Retry-After says or None, what went wrong or "")"""
    writer = None
    try:
        async with asyncio.timeout(limit):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /osci HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nConnection: close\r\n"
                         b"Content-Length: %d\r\n\r\n" % len(body))
            writer.write(body)
            await writer.drain()
            answer = await reader.read(-1)
    except (ConnectionResetError, BrokenPipeError):
        return 0, None, "reset"
    except (TimeoutError, asyncio.TimeoutError):
        return 0, None, "no answer in time"
    except OSError as error:
        return 0, None, f"not connected ({error.errno})"
    finally:
        if writer:
            writer.close()
    head, end, text = answer.partition(b"\r\n\r\n")
    if not end:
        return 0, None, "closed without an answer"
    wait = None
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"retry-after:"):
            wait = int(line.split(b":")[1])
    return int(head.split(b" ")[1]), wait, "fault" if b"<soap:Fault>" in text else ""


def share(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))] if values else float("nan")


class Tally:
    def __init__(self):
        self.statuses = collections.Counter()
        self.wrong = collections.Counter()
        self.latencies = []
        self.refused_in = []

    def add(self, status, wait, wrong, took):
        if wrong:
            self.wrong[wrong] += 1
        if status:
            self.statuses[status] += 1
        if status == 200:
            self.latencies.append(took)
        elif status == 503:
            self.refused_in.append(took)
            if wait is None or wait < 1:
                self.wrong["503 without Retry-After"] += 1
        elif status:
            self.wrong[f"status {status}"] += 1

    def summary(self, seconds):
        out = {"answered": dict(self.statuses), "wrong": dict(self.wrong), "admitted_per_second":
               round(len(self.latencies) / seconds, 2)}
        for name, values in (("admitted", self.latencies), ("refused", self.refused_in)):
            if values:
                out[name + "_ms"] = {"p50": round(share(values, .5) * 1000), "p99": round(share(values, .99) * 1000),
                                     "max": round(max(values) * 1000)}
        return out


async def capacity(a):
    texts = bodies(a.folder, a.large)
    tally, end = Tally(), time.monotonic() + a.duration

    async def client(number):
        while time.monotonic() < end:
            begun = time.monotonic()
            status, wait, wrong = await post(a.port, texts[number % len(texts)], a.limit)
            tally.add(status, wait, wrong, time.monotonic() - begun)
            number += a.clients

    begun = time.monotonic()
    await asyncio.gather(*(client(i) for i in range(a.clients)))
    return tally.summary(time.monotonic() - begun)


async def probes(port, body, count, limit):
    took = []
    for _ in range(count):
        begun = time.monotonic()
        status, _, _ = await post(port, body, limit)
        took.append(time.monotonic() - begun if status == 200 else float("inf"))
    return took


async def flood(a):
    streams = []  # bodies, rate, tally
    if a.small_rate > 0:
        streams.append(("small", bodies(a.folder, False), a.small_rate, Tally()))
    if a.large_rate > 0:
        streams.append(("large", bodies(a.folder, True), a.large_rate, Tally()))
    probe = bodies(a.folder, False)[0]
    usual = share(await probes(a.port, probe, 15, a.limit), .5)
    not_sent, behind, open_now, tasks = 0, 0.0, 0, set()

    async def one(tally, body):
        nonlocal open_now
        open_now += 1
        begun = time.monotonic()
        status, wait, wrong = await post(a.port, body, a.limit)
        tally.add(status, wait, wrong, time.monotonic() - begun)
        open_now -= 1

    start = time.monotonic()

    async def stream(texts, rate, tally):
        nonlocal not_sent, behind
        for number in itertools.count():
            due = number / rate
            if due >= a.duration:
                return
            now = time.monotonic() - start
            if due > now:
                await asyncio.sleep(due - now)
            behind = max(behind, time.monotonic() - start - due)
            if open_now >= a.most_open:
                not_sent += 1
                continue
            task = asyncio.create_task(one(tally, texts[number % len(texts)]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    await asyncio.gather(*(stream(texts, rate, tally) for _, texts, rate, tally in streams))
    ended = time.monotonic()
    # Back to normal: three answers in a row as fast as before, give or take a factor of two. What is still under way from
    # the flood is part of it.
    normal, row = None, 0
    while time.monotonic() - ended < 60 and row < 3:
        took = (await probes(a.port, probe, 1, a.limit))[0]
        if took <= 2 * usual + 0.05:
            row += 1
            normal = normal if normal is not None else time.monotonic() - ended
        else:
            row, normal = 0, None
        await asyncio.sleep(0.05)
    await asyncio.gather(*tasks)
    out = {"usual_ms": round(usual * 1000), "back_to_normal_s": round(normal, 2) if normal is not None else None,
           "generator_behind_s": round(behind, 2), "not_sent": not_sent}
    for name, _, rate, tally in streams:
        out[name] = {"offered_per_second": rate, **tally.summary(a.duration)}
    return out


def main():
    if sys.argv[1:2] == ["record"]:
        record(int(sys.argv[2]), sys.argv[3])
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["capacity", "flood"])
    parser.add_argument("port", type=int)
    parser.add_argument("folder")
    parser.add_argument("--duration", type=float, default=5)
    parser.add_argument("--limit", type=float, default=60, help="seconds that an answer may take")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--small-rate", type=float, default=0)
    parser.add_argument("--large-rate", type=float, default=0)
    parser.add_argument("--most-open", type=int, default=900)
    a = parser.parse_args()
    print(json.dumps(asyncio.run(capacity(a) if a.what == "capacity" else flood(a))))


main()
