"""`penchant serve --score`: this reader's probability of any text or picture, for programs of this machine."""

from __future__ import annotations

import argparse

from penchant.app.errors import UsageError

from .context import Context
from .output import note, plain, say

#: Beside the feeds, so that both may run.
PORT = 8643


def run(args: argparse.Namespace, context: Context) -> None:
    from penchant.app.serve import token as tokens
    from penchant.app.serve.doorman import Doorman, is_loopback

    host = args.host or "127.0.0.1"
    if not is_loopback(host):
        raise UsageError(
            f"scores are for this machine only, and {plain(host)} is not",
            hint="Leave --host out; for another machine of yours there is `ssh -L 8643:127.0.0.1:8643`.",
        )
    if args.addresses:
        raise UsageError("--addresses names feeds; docs/score.md has the addresses of scores")
    if args.token is not None and args.new_token:
        raise UsageError("--token and --new-token exclude each other")
    file = context.paths.ensure().data / "score-token"
    if args.token is not None:
        token = tokens.checked(args.token)
    else:
        token = "" if args.new_token else tokens.kept(file)
        token = token or tokens.make(file)
    # Opened once as any other command does: an older archive is brought up to date before it is only read.
    assert context.store
    from penchant.app.serve.score import Scorer
    from penchant.app.serve.score_ask import MOST_BYTES
    from penchant.app.serve.score_site import THREADS, ScoreSite
    from penchant.app.serve.server import Server

    scorer = Scorer(context.paths.archive, context.config, context.paths)
    try:
        server = Server(ScoreSite(scorer, Doorman.at(host, token)), host, PORT if args.port is None else args.port,
                        body=MOST_BYTES, threads=THREADS)  # fmt: skip
        context.start_log()
        shown = f"[{host}]" if ":" in host else host
        say(f"Scoring at http://{shown}:{server.port}/v1/score and /v1/rerank")
        where = "the one you gave" if args.token is not None else f"in {plain(str(file))}"
        note(f"Every request carries `Authorization: Bearer TOKEN`; the token is {where}.")
        note("Ctrl+C ends it. It reads only, and keeps nothing of what it is asked.")
        import sys

        sys.stdout.flush()
        server.stop_on_signals()
        server.run()
    finally:
        scorer.close()
