"""An authorization server and an account's server in one, on loopback: as strict as the profile asks.

Proofs are checked with `cryptography` alone, so that the library which makes them does not judge itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

DID, HANDLE = "did:plc:reader", "reader.example"


def unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def sha(value: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()).rstrip(b"=").decode()


class Wrong(Exception):
    """The client broke a rule."""


class OAuthServer:
    """State of one account's permission. Change the public fields to misbehave."""

    def __init__(self, server: Any, answer: Any) -> None:
        self.server, self.answer = server, answer
        self.nonces = {"as": "as-1", "pds": "pds-1"}
        self.pushed: dict[str, dict[str, str]] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.serial = 0
        self.access = self.refresh = self.key = ""
        self.used: set[str] = set()
        self.revoked = False
        self.sub, self.issuer, self.broken = DID, "", ""
        self.jtis: set[str] = set()
        self.wrongs: list[str] = []
        self.nonce_refusals = 0
        server.default = self.serve

    @property
    def base(self) -> str:
        return str(self.server.url("").rstrip("/"))

    def json(self, value: Any, status: int = 200, **headers: str) -> Any:
        names = {name.replace("_", "-"): text for name, text in headers.items()}
        return self.answer(json.dumps(value).encode(), status, {"Content-Type": "application/json"} | names)

    def serve(self, request: Any) -> Any:
        try:
            return self.route(request)
        except Wrong as wrong:
            self.wrongs.append(str(wrong))
            return self.json({"error": "invalid_request", "error_description": str(wrong)}, 400, DPoP_Nonce="x")

    def route(self, request: Any) -> Any:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if request.path == "/.well-known/oauth-protected-resource":
            return self.json({"resource": self.base, "authorization_servers": [self.base]})
        if request.path == "/.well-known/oauth-authorization-server":
            ends = {f"{name}_endpoint": f"{self.base}/{name}" for name in ("authorization", "token", "revocation")}
            push = {"pushed_authorization_request_endpoint": f"{self.base}/par"}
            return self.json({"issuer": self.issuer or self.base, **ends, **push,
                              "dpop_signing_alg_values_supported": ["ES256"]})  # fmt: skip
        if request.path == "/xrpc/com.atproto.identity.resolveHandle":
            return self.json({"did": DID})
        if request.path in ("/par", "/token", "/revocation"):
            if (late := self.proved(request, "as")) is not None:
                return late
            return {"/par": self.par, "/token": self.token, "/revocation": self.revocation}[request.path](request, form)
        if request.path == "/xrpc/app.bsky.feed.getTimeline":
            return self.timeline(request)
        return self.json({"error": "MethodNotImplemented"}, 501)

    def proved(self, request: Any, who: str, token: str = "") -> Any:
        """Check the proof; an answer where its nonce is not the newest, else None."""
        _head, claims, key = self.verified(request.headers.get("dpop", ""))
        for name, wanted in (("htm", request.method), ("htu", self.base + request.path)):
            if claims.get(name) != wanted:
                raise Wrong(f"{name} is {claims.get(name)}")
        if abs(claims["iat"] - time.time()) > 60 or claims["jti"] in self.jtis:
            raise Wrong("iat or jti")
        self.jtis.add(claims["jti"])
        if (claims.get("ath") or "") != (sha(token) if token else ""):
            raise Wrong("ath")
        if self.key and key != self.key and request.path != "/par":
            raise Wrong("another key")
        self.key = key
        if claims.get("nonce") == self.nonces[who]:
            return None
        self.nonce_refusals += 1
        fresh = {"DPoP_Nonce": self.nonces[who]}
        if who == "as":
            return self.json({"error": "use_dpop_nonce"}, 400, **fresh)
        return self.json({"error": "AuthMissing"}, 401, WWW_Authenticate='DPoP error="use_dpop_nonce"', **fresh)

    def verified(self, proof: str) -> tuple[dict[str, Any], dict[str, Any], str]:
        if proof.count(".") != 2:
            raise Wrong("no proof")
        first, second, third = proof.split(".")
        head, claims, raw = json.loads(unpacked(first)), json.loads(unpacked(second)), unpacked(third)
        jwk = head["jwk"]
        if head.get("typ") != "dpop+jwt" or head.get("alg") != "ES256" or "d" in jwk or len(raw) != 64:
            raise Wrong("header of the proof")
        x, y = (int.from_bytes(unpacked(jwk[name]), "big") for name in ("x", "y"))
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public.verify(signature, f"{first}.{second}".encode(), ec.ECDSA(hashes.SHA256()))
        return head, claims, jwk["x"]

    def par(self, request: Any, form: dict[str, str]) -> Any:
        client = urlsplit(form["client_id"])
        declared = parse_qs(client.query)
        if (client.scheme, client.netloc, client.path) != ("http", "localhost", ""):
            raise Wrong("client_id")
        if declared["redirect_uri"] != [form["redirect_uri"]] or declared["scope"] != [form["scope"]]:
            raise Wrong("redirect_uri or scope")
        if form["code_challenge_method"] != "S256" or form["response_type"] != "code" or "atproto" not in form["scope"]:
            raise Wrong("request")
        uri = f"urn:ietf:params:oauth:request_uri:{len(self.pushed)}"
        self.pushed[uri] = form
        return self.json({"request_uri": uri, "expires_in": 299}, 201)

    def allow(self, page: str, **changes: str) -> str:
        """What a browser is sent to after the reader said yes on `page`."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
        form = self.pushed[query["request_uri"]]
        assert query["client_id"] == form["client_id"] and set(query) == {"client_id", "request_uri"}
        self.codes["code-1"] = form
        given = {"iss": self.base, "state": form["state"], "code": "code-1"} | changes
        return form["redirect_uri"] + "?" + "&".join(f"{name}={value}" for name, value in given.items())

    def token(self, request: Any, form: dict[str, str]) -> Any:
        if form["grant_type"] == "authorization_code":
            asked = self.codes.pop(form["code"], None)
            same = asked is not None and all(asked[n] == form[n] for n in ("client_id", "redirect_uri"))
            if asked is None or not same or sha(form["code_verifier"]) != asked["code_challenge"]:
                raise Wrong("code, client or verifier")
        elif form["refresh_token"] in self.used or self.revoked:
            self.revoked = True  # a refresh token shown twice ends the session
            return self.json({"error": "invalid_grant", "error_description": "Session revoked"}, 400)
        elif form["refresh_token"] != self.refresh:
            raise Wrong("refresh token")
        self.used.add(self.refresh)
        self.serial += 1
        self.access, self.refresh = f"access-{self.serial}", f"refresh-{self.serial}"
        return self.json({"access_token": self.access, "refresh_token": self.refresh, "token_type": "DPoP",
                          "scope": "atproto transition:generic", "sub": self.sub, "expires_in": 3600})  # fmt: skip

    def revocation(self, request: Any, form: dict[str, str]) -> Any:
        self.revoked = form["token"] == self.refresh
        return self.json({})

    def timeline(self, request: Any) -> Any:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "DPoP":
            raise Wrong("scheme")
        if (late := self.proved(request, "pds", token)) is not None:
            return late
        if token != self.access or self.revoked:
            return self.json({"error": "InvalidToken"}, 401, WWW_Authenticate='DPoP error="invalid_token"')
        number = int(request.query.get("cursor", ["4"])[0])
        self.page_served(number)
        posts = [{"post": {
            "uri": f"at://did:plc:eve/app.bsky.feed.post/{number}", "indexedAt": f"2026-03-0{number}T10:00:00Z",
            "author": {"did": "did:plc:eve", "handle": "eve.example"},
            "record": {"text": f"Owl {number}", "createdAt": f"2026-03-0{number}T10:00:00Z"},
        }}]  # fmt: skip
        return self.json({"feed": posts, **({"cursor": str(number - 1)} if number > 1 else {})})

    def page_served(self, number: int) -> None:
        """Replaced by tests that change something in the middle of a fetch."""
