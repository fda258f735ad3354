#!/usr/bin/env python3
"""CRL server and time stamping authority (by `openssl ts`) on loopback, for run.sh.

usage: servers.py PKI_FOLDER CRL_PORT TSA_PORT
"""
import http.server
import pathlib
import subprocess
import sys
import tempfile
import threading

pki = pathlib.Path(sys.argv[1])


class Lists(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        file = pki / "crl" / pathlib.PurePosixPath(self.path).name
        if not file.is_file():
            self.send_error(404)
            return
        body = file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "application/pkix-crl")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Stamps(http.server.BaseHTTPRequestHandler):
    lock = threading.Lock()  # openssl keeps its serial number in a file

    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock, tempfile.TemporaryDirectory() as folder:
            asked, answer = pathlib.Path(folder, "q"), pathlib.Path(folder, "r")
            asked.write_bytes(query)
            subprocess.run(["openssl", "ts", "-reply", "-config", str(pki / "tsa.cnf"), "-queryfile", str(asked),
                            "-out", str(answer)], check=True, stderr=subprocess.DEVNULL)
            body = answer.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


lists = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Lists)
threading.Thread(target=lists.serve_forever, daemon=True).start()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[3])), Stamps).serve_forever()
