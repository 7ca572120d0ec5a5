"""A session with Bluesky as it is kept among the secrets: by app password, or by OAuth with its key."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from . import secrets
from .wire import text

_PREFIX = "bluesky:"


@dataclass(frozen=True, slots=True)
class Grant:
    """A session. `pds` is the base address of the only server that is read with it; `typed`: the reader chose it.

    The rest is empty but for OAuth: the private key (JWK) that the tokens are bound to, the address that renews them,
    the client id they were given to, and the address that ends them.
    """

    handle: str
    did: str
    pds: str
    access: str
    refresh: str
    typed: bool = False
    key: str = ""
    token_url: str = ""
    client_id: str = ""
    revoke_url: str = ""


def token_key(account: str) -> str:
    """Name under which `secrets` keeps the session of a handle."""
    return f"{_PREFIX}{account.strip().lstrip('@').lower()}"


def accounts() -> tuple[str, ...]:
    """Handles whose session is kept on this machine."""
    return tuple(name.removeprefix(_PREFIX) for name in secrets.names() if name.startswith(_PREFIX))


def load(account: str) -> Grant | None:
    """The session of a handle, None when there is none. Raises `SecretsUnavailable`."""
    try:
        return Grant(**json.loads(secrets.get(token_key(account)) or ""))
    except (ValueError, TypeError):
        return None


def keep(account: str, grant: Grant) -> None:
    """Store a session. Raises `SecretsUnavailable`."""
    secrets.set(token_key(account), json.dumps(asdict(grant)))


def sign_in_hint(account: str, *, oauth: bool = False) -> str:
    """What to do when a session is missing or refused."""
    return f"Sign in (again) with `penchant bluesky login {account}{' --oauth' if oauth else ''}`."


def token_of(value: Any) -> str:
    """A token or code that may stand in a header or a form; "" for anything else."""
    token = text(value, 8000)
    return token if token.isascii() and token.isprintable() and " " not in token else ""
