"""Fuzz one target with atheris (coverage-guided): `python bench/fuzz/fuzz.py cleaner --seconds 60 --corpus FOLDER`.

Ends with 1 where the target failed; the input is then kept as crash-... in FOLDER, and `--input FILE` runs it again.
atheris comes with the extra `fuzz` (wheels for Linux and Python 3.11 to 3.13).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))


def main() -> int:
    options = _options()
    try:
        import atheris
    except ImportError:
        print("cannot: atheris is not installed (pip install -e '.[fuzz]')", file=sys.stderr)
        return 3
    with atheris.instrument_imports(include=["penchant.adapters"]):
        from targets import SEEDS, TARGETS, seed
    if options.input:
        TARGETS[options.target](options.input.read_bytes())
        return 0
    folder = options.corpus or Path(tempfile.mkdtemp(prefix="fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    beginning = [seed(options.target)] if options.target in SEEDS else [b"<p>An <b>owl</b> &#27;[31m \x1b]0;x\x07</p>"]
    for number, data in enumerate(beginning):
        (folder / f"seed-{number}").write_bytes(data)
    limits = [f"-max_total_time={options.seconds}", f"-runs={options.runs}", "-timeout=20", "-rss_limit_mb=2048"]
    atheris.Setup([sys.argv[0], str(folder), f"-artifact_prefix={folder}/", *limits], TARGETS[options.target])
    atheris.Fuzz()  # ends the process
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", help="cleaner, or a kind of export (twitter, mastodon, ...)")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=-1, help="no more inputs than these")
    parser.add_argument("--corpus", type=Path, help="a folder of inputs, kept and added to")
    parser.add_argument("--input", type=Path, help="run this one only")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
