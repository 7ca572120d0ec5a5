"""Which carrier is used for a request, whether the reader allowed it to leave this machine, and what it hands over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError
from penchant.app.store import own
from penchant.app.types import Event

from . import carriers
from .carriers import CannotCarry, Tools
from .shelf import StoreShelf
from .values import Carried, Reader, Taste, Voice

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.paths import Paths
    from penchant.app.store import Store
    from penchant.app.sync import Call

#: What "" or "auto" tries, the first that can.
BEST = ("history", "typed", "none")
AUTO = "auto"


class NotAllowed(PenchantError):
    """The reader has not allowed this carrier at that host."""


async def carried(
    arm: str, reader: Reader, voice: Voice, config: Config, paths: Paths, call: Call, *, patient: bool = False
) -> tuple[str, Taste]:
    """The carrier's name and what it hands over to a voice; "" is the reader's own choice, else the best that can.

    A carrier that was asked for by name and cannot raises `CannotCarry`; `NotAllowed` where the voice is a host that
    the reader has not allowed to be told of their taste in this way (the best that can is one that they allowed).
    `patient`: what takes minutes is made now.
    """
    wanted = arm or await call(usual) or config.voice.carrier
    names = BEST if wanted == AUTO else (wanted,)
    tools = Tools.of(StoreShelf(call, paths), config, making=patient)
    failure: PenchantError | None = None
    for name in names:
        carrier = carriers.make(name, tools)
        try:
            await permit(name, voice, call)
            if not carrier.needs <= voice.can:
                raise CannotCarry(
                    f"the carrier {name} needs a model on this machine, and {voice.name} is a server",
                    hint="Leave --model out, or take the carrier none, typed, summary or history.",
                )
            return name, await carrier.taste(reader, voice)
        except NotAllowed as error:
            failure = failure or error  # the best one is told of
        except CannotCarry as error:
            failure = failure if isinstance(failure, NotAllowed) else error
    raise failure or CannotCarry("no carrier works with this model")


async def permit(name: str, voice: Voice, call: Call) -> None:
    """Let a voice on another machine answer, if the reader allowed it to be told this much. Raises `NotAllowed`."""
    host = str(getattr(voice, "host", ""))
    if not host or getattr(voice, "near", False):
        return
    if not await call(lambda store: allowed(store, host, name)):
        raise NotAllowed(
            f"{host} is not on this machine, and you have not allowed it to read what the carrier {name} tells",
            hint=f"`penchant voice allow {host} {name}` allows it; `penchant voice forbid` takes that back.",
        )
    voice.permit()  # type: ignore[attr-defined]


# -- what the reader says about it, as events
def usual(store: Store) -> str:
    """The carrier that the reader chose (`penchant voice use`); "" for none."""
    found = own.said(store.db).get(("carrier", ""))
    return found if isinstance(found, str) and (found in carriers.ALL or found == AUTO) else ""


def allowed(store: Store, host: str, name: str) -> bool:
    """Whether a host may be told what a carrier tells."""
    return own.said(store.db).get(("allow", f"{host} {name}")) is True


def allowances(store: Store) -> list[tuple[str, str]]:
    """(host, carrier) that are allowed, sorted."""
    found = own.said(store.db).items()
    keys = [key.split(" ", 1) for (what, key), value in found if what == "allow" and value is True and " " in key]
    return sorted((host, name) for host, name in keys)


def say(store: Store, what: str, value: object, key: str = "") -> None:
    """Append what the reader says about their voice: an event, to be undone, merged and exported like any other."""
    about = {"what": what, **({"key": key} if key else {}), "value": value}
    store.events.append([Event("voice", value=about, view="voice", at=time.time())])


__all__ = [
    "AUTO", "BEST", "Carried", "NotAllowed", "allowances", "allowed", "carried", "permit", "say", "usual",
]  # fmt: skip
