"""Addresses that people type in lead to the internet, within bounds, or nowhere."""

import gzip
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from clinic import outward
from clinic.outward import Limits, NotAllowed, Unreachable, is_public, send

QUICK = Limits(seconds=1.0, bytes=100_000, redirects=2)


class Hostile(BaseHTTPRequestHandler):
    """Answers as its path says."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        getattr(self, self.path.strip("/").partition("/")[0])()

    def _answer(self, status=200, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def fine(self):
        self._answer(body=b"BEGIN", ETag='"1"')

    def packed(self):
        self._answer(body=gzip.compress(b"BEGIN"), Content_Encoding="gzip")

    def bomb(self):
        self._answer(body=gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")

    def loop(self):
        self._answer(302, Location="/loop")

    def inside(self):
        self._answer(302, Location="http://169.254.169.254/latest/meta-data")

    def file(self):
        self._answer(302, Location="file:///etc/passwd")

    def endless(self):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(bytes(8192))

    def dripping(self):
        self.send_response(200)
        self.end_headers()
        while not self.server.over.wait(0.05):
            self.wfile.write(b"x")

    def dripping_headers(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not self.server.over.wait(0.05):
            self.wfile.write(b"x")


@pytest.fixture
def hostile(settings):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    server.over = threading.Event()
    server.handle_error = lambda *args: None
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    settings.PRIVATE_ADDRESSES = [f"127.0.0.1:{server.server_port}"]
    yield f"http://127.0.0.1:{server.server_port}"
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["fine", "packed"])
def test_an_answer_is_read_packed_or_not(hostile, path):
    answer = send("GET", f"{hostile}/{path}", limits=QUICK)
    assert (answer.status, answer.body) == (200, b"BEGIN")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("bomb", "larger than 100 kB"),
        ("endless", "larger than 100 kB"),
        ("loop", "sends on more than 2 times"),
        ("dripping", "No answer within 1 second"),
        ("dripping_headers", "No answer within 1 second"),
    ],
)
def test_what_never_ends_is_ended(hostile, path, said):
    with pytest.raises(Unreachable, match=said):
        send("GET", f"{hostile}/{path}", limits=QUICK)


@pytest.mark.parametrize("path", ["bomb", "endless"])
def test_who_only_wants_the_status_gets_the_start_of_the_answer(hostile, path):
    answer = send("GET", f"{hostile}/{path}", limits=Limits(seconds=5.0, bytes=500, whole=False))
    assert (answer.status, len(answer.body)) == (200, 500)


@pytest.mark.parametrize(
    ("path", "said"), [("inside", "169.254.169.254 is an address inside"), ("file", "https://")]
)
def test_a_redirect_is_judged_like_an_address(hostile, path, said):
    with pytest.raises(NotAllowed, match=said):
        send("GET", f"{hostile}/{path}", limits=QUICK)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://localhost:8000/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://100.64.0.1/",
        "ftp://example.com/a.ics",
        "file:///etc/passwd",
        "https://me:secret@example.com/",
        "https://",
        "nonsense",
        "http://example.com:99999/",
    ],
)
def test_an_address_inside_or_no_web_address_is_not_asked(url):
    with pytest.raises(NotAllowed):
        send("GET", url, limits=QUICK)


def test_one_private_address_of_several_is_enough_to_refuse(monkeypatch):
    both = [(2, 1, 6, "", (ip, 443)) for ip in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: both)
    with pytest.raises(NotAllowed):
        send("GET", "https://calendar.example/", limits=QUICK)


def test_the_name_is_looked_up_once_so_that_it_cannot_change_its_mind(monkeypatch, hostile):
    asked = []
    really = socket.getaddrinfo

    def looked_up(host, *args, **kwargs):
        asked.append(host)
        return really(host, *args, **kwargs)

    monkeypatch.setattr(outward.socket, "getaddrinfo", looked_up)
    send("GET", f"{hostile}/fine", limits=QUICK)
    assert set(asked) == {"127.0.0.1"}


def test_public_addresses_are_public():
    assert is_public("8.8.8.8")
    assert is_public("2606:4700::1111")


def test_what_nobody_answers_says_so(settings):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    settings.PRIVATE_ADDRESSES = [f"127.0.0.1:{port}"]
    with pytest.raises(Unreachable, match="does not take connections"):
        send("GET", f"http://127.0.0.1:{port}/", limits=QUICK)
