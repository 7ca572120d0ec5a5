"""Markdown and READMEs to plain text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.base import Link
from penchant.adapters.github_text import MAX_MARKDOWN, Renderer, Words, from_html, readme, shortened

BASE = "https://github.com/ada/engine/blob/HEAD/"


def test_a_readme_in_markdown_loses_its_front_matter_and_badges() -> None:
    source = (
        "---\nlicense: mit\ntags:\n- x\n---\n# Engine\n\n[![Build](https://github.com/ada/engine/actions/workflows/ci.yml"
        "/badge.svg)](https://github.com/ada/engine/actions)\n\n![Plan](docs/plan.png)\n\n- one\n- [two](use.md)\n"
    )
    words = readme(source.encode(), "text/plain", BASE)
    assert words.text.startswith("Engine") and "license" not in words.text
    assert "• one\n• two [" in words.text
    assert [(m.url, m.alt) for m in words.media] == [("https://github.com/ada/engine/raw/HEAD/docs/plan.png", "Plan")]


def test_a_long_readme_ends_with_a_paragraph_and_the_links_it_names() -> None:
    paragraphs = [f"Paragraph {n} [{n}] " + "word " * 30 for n in range(1, 60)]
    words = Words("\n\n".join(paragraphs), tuple(Link(f"https://a.example/{n}") for n in range(1, 60)))
    short = shortened(words, 2000)
    assert len(short.text) < 2010 and short.text.endswith("\n\n…")
    assert f"[{len(short.links)}]" in short.text and f"[{len(short.links) + 1}]" not in short.text


def test_many_long_bodies_are_no_way_to_use_up_the_child() -> None:
    write = Renderer()
    bodies = [write.body(None, "[" * 50_000, BASE) for _ in range(100)]
    assert write.body(None, "**as it is**", BASE).text == "**as it is**"
    assert write.left < 0 and all(0 < len(body.text) <= MAX_MARKDOWN for body in bodies)


@given(st.text(max_size=400), st.text(max_size=400))
def test_any_body_comes_out_clean(markdown: str, html: str) -> None:
    for words in (Renderer().body(None, markdown, BASE), Renderer().body(html, None, BASE)):
        assert not any(ord(c) < 32 and c not in "\n\t" for c in words.text)
        assert all(link.url.startswith(("http://", "https://", "mailto:")) for link in words.links)


@given(st.binary(max_size=400), st.sampled_from(["text/html", "", "text/plain"]))
def test_any_bytes_are_a_readme(body: bytes, kind: str) -> None:
    assert isinstance(readme(body, kind, BASE).text, str)


def test_a_badge_is_known_by_its_address() -> None:
    source = '<img src="a.png" alt="A badge for visitors"><img src="https://img.shields.io/x" alt="b"><p>x</p>'
    assert [m.alt for m in from_html(source, BASE).media] == ["A badge for visitors"]
