"""A path to an intermediary on loopback that loses every fifth answer, and answers every seventh request itself: busy, come
again in a second. Prints the port that it listens at. usage: flaky.py PORT"""
import http.client
import http.server
import itertools
import sys

count = itertools.count(1)


class Path(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        number = next(count)
        if number % 7 == 0:
            self.send_response(503)
            self.send_header("Retry-After", "1")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        there = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
        there.request("POST", self.path, body, {"Content-Type": self.headers["Content-Type"]})
        answer = there.getresponse()
        octets = answer.read()
        there.close()
        self.close_connection = True
        if number % 5 == 0:  # it was carried out, and nobody hears of it
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Path)
print(server.server_address[1])
server.serve_forever()
