"""Requests to addresses that somebody typed in: calendars to read, webhooks to send to.

Such an address may point at the inside of the clinic's own network (server-side request forgery),
answer for ever, or answer with more than there is room for. So each name is looked up once, every
address it has must be a public one, and the connection goes to the address that was judged. Each
redirect is judged again. Time and size are bounded for the whole of it, packed and unpacked.
"""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from time import monotonic
from urllib.parse import SplitResult, urljoin, urlsplit

import urllib3
from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

PORTS = {"http": 80, "https": 443}
NAT64 = IPv6Network("64:ff9b::/96")
MOVED = frozenset({301, 302, 303, 307, 308})
CHUNK = 65_536


class Unreachable(Exception):
    """Nothing was had from the address; the text says why, in words for whoever typed it."""


class NotAllowed(Unreachable):
    """The address may not be asked: it is no web address, or leads inside."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and unpacked bytes for the whole of a request; redirects that are followed.

    Without `whole` a longer answer is cut to `bytes` and one that cannot be read is empty: for
    whoever only wants to know the status.
    """

    seconds: float = 15.0
    bytes: int = 10_000_000
    redirects: int = 3
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `headers` have lower-case names; `url` is where it came from in the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass
class _Deadline:
    """Ends a connection when its time is over, whatever it is waiting for."""

    seconds: float
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.at = monotonic() + self.seconds

    @property
    def left(self) -> float:
        return max(self.at - monotonic(), 0.0)

    @contextmanager
    def over(self, connection: HTTPConnection) -> Iterator[None]:
        def cut() -> None:
            if connection.sock:
                connection.sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self.left, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    limits: Limits = Limits(),
) -> Answer:
    """Ask an address and read its answer, whatever its status. Unreachable, NotAllowed.

    A redirect is followed for GET and HEAD only, to `limits.redirects`.
    """
    deadline = _Deadline(limits.seconds)
    follow = limits.redirects if method in ("GET", "HEAD") else 0
    for _ in range(follow + 1):
        answer = _ask(method, url, headers or {}, body, limits, deadline)
        if answer.status not in MOVED or "location" not in answer.headers or not follow:
            return answer
        url = urljoin(url, answer.headers["location"])
    raise Unreachable(f"The address sends on more than {limits.redirects} times.")


def judged(url: str) -> tuple[SplitResult, int, str]:
    """The parts of an address, its port, and a public IP address of its host. NotAllowed."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise NotAllowed("Give a web address that begins with https:// or http://.") from None
    host = parts.hostname or ""
    if not host or parts.username or parts.password:
        raise NotAllowed("Give a web address without a name or password in it.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable(f"There is no computer called {host}.") from None
    addresses = [str(one[4][0]).partition("%")[0] for one in found]
    inside = f"{host}:{port}" in settings.PRIVATE_ADDRESSES
    if not inside and not all(is_public(one) for one in addresses):
        raise NotAllowed(f"{host} is an address inside a private network, which is not asked.")
    return parts, port, addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet, also where it hides in another."""
    found: IPv4Address | IPv6Address = ip_address(address)
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped or found.sixtofour:
            found = found.ipv4_mapped or found.sixtofour or found
        elif found in NAT64:
            found = IPv4Address(int(found) & 0xFFFFFFFF)
    return found.is_global and not found.is_multicast


def _ask(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    limits: Limits,
    deadline: _Deadline,
) -> Answer:
    parts, port, address = judged(url)
    connection = _connection(parts, port, address, deadline)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    said = {"Host": parts.netloc, "Accept-Encoding": "gzip", **headers}
    try:
        with deadline.over(connection):
            connection.request(method, target, body=body, headers=said, preload_content=False)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.headers.items()}
            text = b"" if response.status in MOVED else _read(response, limits, names, deadline)
            return Answer(response.status, names, text, url)
    except (HTTPError, OSError, zlib.error) as error:
        if deadline.left == 0:
            raise Unreachable(f"No answer within {limits.seconds:.0f} seconds.") from error
        raise Unreachable(_why(error, parts.hostname or "")) from error
    finally:
        connection.close()


def _connection(parts: SplitResult, port: int, address: str, deadline: _Deadline) -> HTTPConnection:
    """To the address that was judged; the certificate must still be the name's."""
    timeout = max(deadline.left, 0.001)
    if parts.scheme == "http":
        return HTTPConnection(address, port, timeout=timeout)
    secured = HTTPSConnection(
        address, port, timeout=timeout, server_hostname=parts.hostname, cert_reqs="CERT_REQUIRED"
    )
    secured.assert_hostname = parts.hostname
    return secured


def _read(
    response: urllib3.BaseHTTPResponse,
    limits: Limits,
    headers: Mapping[str, str],
    deadline: _Deadline,
) -> bytes:
    packed = headers.get("content-encoding", "").lower()
    if packed not in ("", "identity", "gzip"):
        if not limits.whole:
            return b""
        raise Unreachable(f"The answer is packed as {packed}, which is not read here.")
    opened = zlib.decompressobj(16 + zlib.MAX_WBITS) if packed == "gzip" else None
    whole = bytearray()
    while chunk := response.read1(CHUNK, decode_content=False):
        room = limits.bytes - len(whole) + 1
        whole += opened.decompress(chunk, room) if opened else chunk
        if len(whole) > limits.bytes:
            if not limits.whole:
                return bytes(whole[: limits.bytes])
            raise Unreachable(f"The answer is larger than {limits.bytes // 1000:,} kB.")
        if deadline.left == 0:
            break
    if deadline.left == 0:
        raise Unreachable(f"No answer within {limits.seconds:.0f} seconds.")
    if opened and not opened.eof:
        raise Unreachable("The answer broke off.")
    return bytes(whole)


def _why(error: Exception, host: str) -> str:
    """In words; what the network says of an address is not for everybody."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"The certificate of {host} is not valid."
    if isinstance(error, ConnectionRefusedError) or "refused" in str(error):
        return f"{host} does not take connections."
    return f"{host} gave no answer that can be read."
