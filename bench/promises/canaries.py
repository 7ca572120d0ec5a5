"""One canary for each kind of credential that penchant keeps, with the sources that use it, and where it must not be.

Two bad days: every server sends the reader to another host, which writes down what it is given; then every server that
was given a canary says it back in the words of its refusal, as some do, and those words must not be kept or printed.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

from common import Result
from network_tls import certificate

from penchant.adapters import bluesky_grant, mail_place, reddit_auth, secrets
from penchant.adapters.contract_server import Answer, Request, running
from penchant.adapters.github_token import token_key as github_key
from penchant.adapters.mastodon_api import token_key as mastodon_key
from penchant.adapters.remote import token_key as remote_key
from penchant.adapters.remote_place import from_address
from penchant.app.paths import Paths
from penchant.app.store import Store

STEM = "cAnArY0f7heReader"
#: The client of the sync, but redirects to this machine are followed, to see what they carry.
OPEN = """
import functools, sys
from penchant.adapters import http
http.Client = functools.partial(http.Client, allow_private=True)
from penchant.app import cli
sys.exit(cli.main(sys.argv[1:]))
"""


def canary(kind: str) -> str:
    """A token that fits everywhere and names whose it is."""
    return f"{STEM}{kind}"


def plant(store: Store, base: str, mail: str, authority: Path) -> dict[str, str]:
    """Keep a canary of every kind and follow something with it; kind -> what is looked for."""
    host = base.removeprefix("http://")
    found = {}

    def follow(kind: str, address: str, **settings: object) -> None:
        store.subscriptions.add(kind, address, address, {"address": address, **settings})

    account = f"ada@{host}"
    secrets.set(mastodon_key(account), canary("mastodon"))
    for timeline in ("home", "favourites", "notifications", "tag:x"):
        settings = {"address": base, "timeline": timeline, "account": account}
        store.subscriptions.add("mastodon", f"mastodon:{base}/{timeline}", timeline, settings)
    found["mastodon"] = canary("mastodon")
    secrets.set(github_key(base), canary("github"))
    for what in ("github:bob", "github:notifications", "github:ada/x"):
        follow("github", what, api=base)
    found["github"] = canary("github")
    for kind, key in (("bskyapp", ""), ("bskyoauth", "a key")):
        handle = f"{kind}.example"
        tokens = canary(kind), canary(f"{kind}refresh")
        granted = bluesky_grant.Grant(handle, "did:plc:reader", base, *tokens, typed=True)
        bluesky_grant.keep(handle, granted if not key else _bound(granted, base))
        store.subscriptions.add(
            "bluesky", f"bluesky:{handle}/timeline", handle, {"address": f"bluesky:{handle}/timeline"}
        )
        found[kind] = canary(kind)
    grant = {"client_id": "app", "refresh_token": canary("redditrefresh"), "access_token": canary("reddit"),
             "expires_at": 4e9}  # fmt: skip
    secrets.set(reddit_auth.token_key("ada_l"), json.dumps(grant))
    follow("reddit", "reddit:r/rust", account="ada_l", web=base, api=base)
    found["reddit"] = canary("reddit")
    for kind in ("miniflux", "greader", "fever"):
        address = f"{kind}:http://me@{host}"
        place = from_address(kind, address)
        assert place is not None
        token = md5(canary(kind).encode()).hexdigest() if kind == "fever" else canary(kind)
        secrets.set(remote_key(place), token)
        follow(kind, address, sync="both")
        found[kind] = token
    secrets.set(mail_place.password_key(f"ada@{mail}"), canary("mail"))
    follow("mail", f"imaps://ada@{mail}/INBOX", ca=str(authority))
    found["mail"] = canary("mail")
    secret = f"http://ada:{canary('address')}@{host}/feed"
    store.subscriptions.add("rss", secret, "with a password", {"address": secret})
    return found


def _bound(grant: bluesky_grant.Grant, base: str) -> bluesky_grant.Grant:
    """The same by OAuth: bound to a private key that never leaves either."""
    from dataclasses import replace

    from joserfc.jwk import ECKey

    key = json.dumps(ECKey.generate_key("P-256").as_dict(private=True))
    return replace(grant, key=key, token_url=f"{base}/token", client_id="penchant", revoke_url=f"{base}/revoke")


@contextlib.contextmanager
def mail_server(folder: Path) -> Iterator[tuple[str, Path, list[bytes]]]:
    """("localhost:port", authority's file, what it was told): an IMAP server that refuses, saying what it was told."""
    cert, key = certificate(folder, "imap", "localhost", days=90)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    told: list[bytes] = []

    def talk(wire: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError), context.wrap_socket(wire, server_side=True) as safe:
            lines = safe.makefile("rwb")
            lines.write(b"* OK [CAPABILITY IMAP4rev1] here\r\n")
            lines.flush()
            for line in lines:
                told.append(line)
                tag, _, rest = line.strip().partition(b" ")
                if rest.upper().startswith(b"CAPABILITY"):
                    lines.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
                else:
                    lines.write(tag + b" NO not by " + rest + b"\r\n")
                lines.flush()

    def serve() -> None:
        while True:
            try:
                wire, _ = listening.accept()
            except OSError:
                return
            wire.settimeout(10)
            threading.Thread(target=talk, args=(wire,), daemon=True).start()

    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"localhost:{listening.getsockname()[1]}", cert, told
    finally:
        listening.close()


def run(home: Path, *words: str) -> bytes:
    """Everything that a command of the opened program printed."""
    env = {**os.environ, "PENCHANT_HOME": str(home), "PENCHANT_SECRETS_DIR": str(home / "secrets"),
           "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", OPEN, *words], env=env, capture_output=True, timeout=600)
    return done.stdout + done.stderr


def canaries(folder: Path, result: Result) -> None:
    """Both bad days, then the bundle for a bug report."""
    home = folder / "canary"
    paths = Paths.under(home).ensure()
    os.environ["PENCHANT_SECRETS_DIR"] = str(home / "secrets")
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    secrets.configure(home / "secrets")
    with running() as server, running() as thief, mail_server(folder) as (mail, authority, told):
        away = Answer(status=302, headers={"Location": thief.url("/stolen", host="localhost")})
        said = json.dumps({"error": "the token is invalid"}).encode()
        thief.default = Answer(said, 401, {"Content-Type": "application/json"})
        server.default = away
        with Store.open(paths.archive) as store:
            planted = plant(store, server.url("").rstrip("/"), mail, authority)
        printed = run(home, "sync", "--no-rank")
        heard = "".join(f"{r.headers}{r.target}{r.body!r}" for r in server.requests) + repr(told)
        stolen = "".join(f"{r.headers}{r.target}{r.body!r}" for r in thief.requests)
        visits = len(thief.requests)
        server.default = _echo
        with Store.open(paths.archive) as store:
            store.db.run("UPDATE subscriptions SET next_due = 0, failures = 0")
        printed += run(home, "sync", "--no-rank") + run(home, "sources") + run(home, "report", "--show")
    for kind, token in planted.items():
        result.check(token in heard, f"{kind}: its token was not sent to its own host: this tests nothing")
        result.check(token not in stolen, f"{kind}: its token left its host")
    result.check(STEM not in stolen, "a token left its host")
    shown = [kind for kind, token in planted.items() if token.encode() in printed]
    result.check(not shown and STEM.encode() not in printed, f"tokens were printed: {shown or 'of an address'}")
    _files(home, paths, planted, result)
    result.figure(f"{len(planted) + 1} kinds of credentials, {visits} requests at the other host, none with a token")


def _echo(request: Request) -> Answer:
    """Refuses, and says back what it was given."""
    headers = " ".join(request.headers.get(name, "") for name in ("authorization", "x-auth-token", "dpop"))
    given = f"{request.body!r} {headers}"
    words = f"I do not know {given}"
    raw = {"error": words, "message": words, "error_description": words, "error_message": words}
    return Answer(json.dumps(raw).encode(), 401, {"Content-Type": "application/json"})


def _files(home: Path, paths: Paths, planted: dict[str, str], result: Result) -> None:
    """No token in any file but the secrets; in the archive only the address with a password, as it was typed."""
    files = [path for path in home.rglob("*") if path.is_file() and "secrets" not in path.relative_to(home).parts]
    for path in files:
        data = path.read_bytes()
        kept = [kind for kind, token in planted.items() if token.encode() in data]
        result.check(not kept, f"tokens of {kept} were written into {path.name}")
        apart = path.name.startswith(paths.archive.name)
        result.check(apart or STEM.encode() not in data, f"a password of an address was written into {path.name}")
    result.figure(f"{len(files)} files without a token")
