"""Who may come in: the Host header, and the token. Pure.

A page of a hostile site can make a browser ask 127.0.0.1 under the site's own name (DNS rebinding) and would then
read the answer. An address of digits cannot be rebound, and only known names are answered.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

#: A token that somebody chooses is at least so long.
SHORTEST = 16


def host_of(header: str) -> str:
    """The host of a Host header, lower case, without port, brackets and the final dot; "" for a malformed one.

    >>> host_of("[::1]:8642"), host_of("LocalHost:80"), host_of("a@b")
    ('::1', 'localhost', '')
    """
    if not header or len(header) > 300 or not header.isascii() or any(c in header for c in "@/\\?# \t,"):
        return ""
    try:
        parts = urlsplit(f"//{header}")
        # urlsplit leaves what stands behind a % as it is: the name of a network card, in an address of IPv6
        return (parts.hostname or "").lower().rstrip(".") if parts.port != 0 else ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a name or address that somebody typed means this machine only."""
    if host.lower() == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Doorman:
    """`names` are the hosts that may be asked for; with `anywhere` every literal address too. "" is no token."""

    names: frozenset[str] = frozenset()
    anywhere: bool = False
    token: str = ""

    @classmethod
    def at(cls, host: str, token: str = "", more: Iterable[str] = ()) -> Doorman:
        """For a server that listens on `host`; `more` names it has besides (those of a reverse proxy)."""
        names = {"localhost", host.lower(), *(name.lower() for name in more)} - {""}
        return cls(frozenset(names), not is_loopback(host), token)

    def knows(self, header: str) -> bool:
        """Whether a Host header names this server."""
        host = host_of(header)
        if host in self.names:
            return True
        address = _address(host)
        return address is not None and (self.anywhere or address.is_loopback)

    def admits(self, given: str) -> bool:
        """Whether this is the token, in a time that tells nothing about it."""
        return not self.token or hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())
