"""Addresses: made absolute and safe, and the canonical form that joins two sightings of one page."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

from .text_clean import clean

MAX_URL = 4096
#: Not allowed raw in an address (RFC 3986), and able to end an OSC 8 link or an attribute.
_UNSAFE = re.compile(r"[\s\"<>\\^`{|}]")
#: Most addresses: absolute, printable ASCII, nothing to escape.
_READY = re.compile(r"https?://[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*(?:[/?#][a-zA-Z0-9._~:/?#@!$&'()*+,;=%-]*)?")
_UNRESERVED = re.compile(r"%([0-9A-Fa-f]{2})")
_SCHEMES = ("http://", "https://", "mailto:")
_DROP = re.compile(
    r"(?:utm_\w+|ga_\w+|mtm_\w+|pk_\w+|piwik_\w+|hsa_\w+|_hs\w+|__hs\w+|vero_\w+|oly_\w+|at_(?:medium|campaign|custom\d)"
    r"|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|igsh|mc_cid|mc_eid|mkt_tok|ref_src"
    r"|ref_url|cmpid|ncid|wt_mc|s_cid|rb_clickid|guccounter|guce_\w+|smid|smtyp|ref|referrer|campaign_id|trkcampaign"
    r"|xtor|__twitter_impression)\Z",
    re.IGNORECASE,
)
_HOST_PREFIX = re.compile(r"^(?:www\d?|m|mobile|old|np|amp)\.(?=[^.]+\.)")
#: Already in canonical form, like most: no query, fragment, port, escape, trailing slash or index page, and no
#: host that is folded into another.
_CANONICAL = re.compile(
    r"https://(?!(?:www\d?|m|mobile|old|np|amp)\.)(?![a-z-]+\.m\.)(?:[a-z0-9-]+\.)+[a-z0-9-]*[a-z][a-z0-9-]*"
    r"(?:/(?!index\.(?:html?|php)\Z)[A-Za-z0-9._~!$'()*+,;=:@&-]+)*"
)
_FOLDED = re.compile(r"https://(?:[^/]*\.)?(?:twitter\.com|youtu\.be|(?:youtube|reddit)\.com|arxiv\.org|google\.)")
_WIKIPEDIA = re.compile(r"^([a-z-]+)\.m\.(wiki[a-z]+\.org)$")
_SAME_HOST = {"twitter.com": "x.com", "music.youtube.com": "youtube.com", "new.reddit.com": "reddit.com"}
_ARXIV = re.compile(r"^/(?:pdf|abs|html)/([^/]+(?:/\d+)?)$")


def absolute(base: str, url: str) -> str:
    """An http, https or mailto address resolved against `base`, safe to print; "" for anything else.

    >>> absolute("https://example.org/a/b", "../c d"), absolute("https://example.org", "javascript:alert(1)")
    ('https://example.org/c%20d', '')
    >>> absolute("", "HTTPS://Example.org/A")
    'https://Example.org/A'
    """
    if len(url) <= MAX_URL and _READY.fullmatch(url):
        return url
    url = clean(url.strip())
    if "\n" in url or "\t" in url:
        url = url.replace("\n", "").replace("\t", "")
    if not url or len(url) > MAX_URL:
        return ""
    try:
        if not url.lower().startswith(_SCHEMES):
            url = urljoin(base, url)
        parts = urlsplit(url)
        sound = parts.scheme == "mailto" or (
            parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        )
    except ValueError:  # brackets, ports and names that no address can have
        return ""
    if not sound or len(url) > MAX_URL:
        return ""
    url = parts.scheme + url[len(parts.scheme) :]  # HTTPS: is https:
    if _UNSAFE.search(url):
        url = _UNSAFE.sub(lambda found: quote(found[0]), url)
    return url


def canonical_url(url: str) -> str:
    """One form for addresses of one page: a key for joining, not for opening.

    https, lower-case host without www/m/mobile, no default port, no fragment
    (unless it routes: `#!` or `#/`), no tracking parameters, parameters
    sorted, no trailing slash or index page; known mirrors (youtu.be,
    old.reddit.com, m.wikipedia, arXiv PDF, Google redirects) are folded.
    Addresses without a host come back as they are.

    >>> canonical_url("http://www.Example.org:80/a/?utm_source=x&b=1#top")
    'https://example.org/a?b=1'
    """
    if _CANONICAL.fullmatch(url) and not _FOLDED.match(url):
        return url
    for _ in range(8):
        folded = _fold(url)
        if folded == url:
            break
        url = folded
    return url


def _fold(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return url
    if parts.scheme not in ("http", "https") or not host:
        return url
    host = _HOST_PREFIX.sub("", _WIKIPEDIA.sub(r"\1.\2", host))
    host = _SAME_HOST.get(host, host)
    path = _path(parts.path)
    query = parts.query
    if query:
        pairs = [(k, v) for k, v in parse_qsl(query, keep_blank_values=True) if not _DROP.match(k)]
        if host.startswith("google.") and path == "/url":
            targets = [v for k, v in pairs if k in ("url", "q") and v.startswith(("http://", "https://"))]
            if targets:
                return targets[0]
        if host == "youtube.com":
            pairs = [(k, v) for k, v in pairs if k not in ("feature", "si", "pp", "ab_channel", "t")]
        query = urlencode(sorted(pairs))
    host, path, query = _mirror(host, path, query)
    fragment = f"#{parts.fragment}" if parts.fragment.startswith(("!", "/")) else ""
    netloc = f"[{host}]" if ":" in host else host
    if port and port not in (80, 443):
        netloc += f":{port}"
    return f"https://{netloc}{path}{'?' + query if query else ''}{fragment}"


def _path(path: str) -> str:
    if "%" in path or not path.isascii():
        path = _UNRESERVED.sub(_unescape, quote(path, safe="%/:@!$&'()*+,;=~-._", errors="surrogateescape"))
    while path.endswith(("/index.html", "/index.htm", "/index.php")):
        path = path[: path.rindex("/")]
    return path.rstrip("/")


def _unescape(found: re.Match[str]) -> str:
    """RFC 3986 section 6.2.2: letters, digits and -._~ unescaped, the others in capitals."""
    char = chr(int(found[1], 16))
    return char if char.isascii() and (char.isalnum() or char in "-._~") else found[0].upper()


def _mirror(host: str, path: str, query: str) -> tuple[str, str, str]:
    if host == "youtu.be" and len(path) > 1:
        return "youtube.com", "/watch", f"v={path[1:]}"
    if host == "youtube.com" and path.startswith(("/shorts/", "/live/", "/embed/")):
        return "youtube.com", "/watch", f"v={path.split('/')[2]}"
    if host == "arxiv.org" and (found := _ARXIV.match(path)):
        return host, "/abs/" + re.sub(r"(?:v\d+)?(?:\.pdf)?$", "", found[1]), ""
    return host, path, query
