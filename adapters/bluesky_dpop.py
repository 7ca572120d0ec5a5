"""Requests whose token is bound to a key (DPoP, RFC 9449): each carries a proof signed for this very request.

Keys and signatures are joserfc's. The servers hand out nonces, each its own, and change them whenever they like.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets as random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .wire import record

if TYPE_CHECKING:
    from .http import Client, Response

_WORDS = ("use_dpop_nonce",)
#: The newest nonce of each server (scheme, host and port); the oldest goes when there are too many.
_nonces: dict[str, str] = {}
_MOST, _LONGEST = 64, 512


def new_key() -> str:
    """A new private key (P-256) as JSON (JWK)."""
    from joserfc.jwk import ECKey

    return json.dumps(ECKey.generate_key("P-256", private=True).as_dict(private=True))


def proof(key: str, method: str, url: str, *, nonce: str = "", token: str = "", now: float | None = None) -> str:
    """A proof for one request: a signed JWT. `token` is the access token that goes along, "" for none."""
    from joserfc import jwt
    from joserfc.jwk import ECKey

    private = ECKey.import_key(json.loads(key))
    parts = urlsplit(url)
    claims: dict[str, Any] = {
        "jti": random.token_urlsafe(16), "htm": method, "htu": f"{parts.scheme}://{parts.netloc}{parts.path}",
        "iat": int(time.time() if now is None else now),
    }  # fmt: skip
    claims |= {"nonce": nonce} if nonce else {}
    claims |= {"ath": digest(token)} if token else {}
    public = {name: value for name, value in private.as_dict(private=False).items() if name in ("kty", "crv", "x", "y")}
    return jwt.encode({"typ": "dpop+jwt", "alg": "ES256", "jwk": public}, claims, private, algorithms=["ES256"])


def digest(value: str) -> str:
    """SHA-256 in base64url, as PKCE (RFC 7636) and `ath` want it."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode("ascii")).digest()).rstrip(b"=").decode()


async def get(
    client: Client, url: str, key: str, token: str, *, etag: str, typed: bool, ok: tuple[int, ...]
) -> Response:
    """GET with a bound token. Raises `SourceError`."""

    async def send(headers: Mapping[str, str]) -> Response:
        return await client.get(url, headers=headers, etag=etag, typed=typed, ok=ok, api=True)

    return await _proved(send, "GET", url, key, token)


async def post(
    client: Client, url: str, key: str, data: Mapping[str, str], *, typed: bool, ok: tuple[int, ...]
) -> Response:
    """POST a form to an authorization server. Raises `SourceError`."""

    async def send(headers: Mapping[str, str]) -> Response:
        return await client.post(url, data=data, headers=headers, typed=typed, ok=ok)

    return await _proved(send, "POST", url, key, "")


async def post_json(
    client: Client, url: str, key: str, token: str, value: object, *, typed: bool, ok: tuple[int, ...]
) -> Response:
    """POST JSON with a bound token. Raises `SourceError`."""

    async def send(headers: Mapping[str, str]) -> Response:
        return await client.post(url, json=value, headers=headers, typed=typed, ok=ok)

    return await _proved(send, "POST", url, key, token)


async def _proved(send: Any, method: str, url: str, key: str, token: str) -> Response:
    """Send with a proof; once more where the server asks for its newest nonce."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    own = {"Authorization": f"DPoP {token}"} if token else {}
    for attempt in range(2):
        made = proof(key, method, url, nonce=_nonces.get(origin, ""), token=token)
        answer: Response = await send({**own, "DPoP": made})
        renewed = _remember(origin, answer.headers.get("dpop-nonce", ""))
        if attempt or not renewed or not wants_nonce(answer):
            break
    return answer


def wants_nonce(answer: Response) -> bool:
    """Whether a refusal says only that the nonce was old."""
    return answer.status in (400, 401) and error_of(answer) in _WORDS


def error_of(answer: Response) -> str:
    """The OAuth name of an error ("invalid_token"), from the challenge or the body; "" without one."""
    challenge = answer.headers.get("www-authenticate", "")
    if 'error="' in challenge:
        return challenge.partition('error="')[2].partition('"')[0][:100]
    try:
        return str(record(json.loads(answer.body)).get("error") or "")[:100]
    except (ValueError, RecursionError):
        return ""


def _remember(origin: str, nonce: str) -> bool:
    """Whether the server gave a nonce; it is kept for the next request."""
    if not nonce or len(nonce) > _LONGEST or not (nonce.isascii() and nonce.isprintable()):
        return False
    _nonces.pop(origin, None)
    _nonces[origin] = nonce
    while len(_nonces) > _MOST:
        del _nonces[next(iter(_nonces))]
    return True
