"""Feeds: formats, faults, dates, media, ids, polling; over real HTTP where a server has a say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.base import BadSettings, Gone, Malformed, Media, Refused, SourceError
from penchant.adapters.rss import Rss, feed_key
from penchant.adapters.rss_parse import parse_feed
from penchant.adapters.rss_raw import person

NOW = 1_800_000_000.0


def read(body, address="https://example.org/blog/feed.xml", content_type="", now=NOW):
    data = body.encode() if isinstance(body, str) else body
    return parse_feed(data, address, content_type, "k", now)


def rss(item, channel="<title>T</title><link>https://example.org/</link>", head="", spaces=""):
    names = (
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:atom="http://www.w3.org/2005/Atom" '
        'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    )
    return f'{head}<rss version="2.0" {names} {spaces}><channel>{channel}{item}</channel></rss>'


def one(body, **options):
    items = read(body, **options).items
    assert len(items) == 1
    return items[0]


async def pages(client, address, cursor=None):
    return [page async for page in Rss().fetch(client, {"address": address}, cursor or {})]


# formats


def test_rss_item_in_full():
    item = one(rss(
        "<item><title>A &amp;amp; B</title><link>/p/1</link><guid isPermaLink='false'>g1</guid>"
        "<description>short</description><content:encoded><![CDATA[<p>Long <a href='x'>text</a></p>]]>"
        "</content:encoded>"
        "<dc:creator>Ann</dc:creator><category>One</category><category>one</category><category>Two</category>"
        "<pubDate>Thu, 01 Jan 2004 19:48:21 GMT</pubDate><comments>/p/1#c</comments>"
        "<slash:comments>12</slash:comments>"
        "<enclosure url='/a.mp3' length='99' type='audio/mpeg'/></item>"
    ))  # fmt: skip
    assert (item.native_id, item.title, item.url) == ("k#g1", "A & B", "https://example.org/p/1")
    assert item.text == "Long text [1]" and item.links[0].url == "https://example.org/p/x"
    assert item.author and (item.author.name, item.author.key) == ("Ann", "rss:example.org/ann")
    assert item.tags == ("One", "Two") and item.published == 1072986501 and item.updated is None
    assert (item.comments, item.comments_url) == (12, "https://example.org/p/1#c")
    assert item.media == (Media("https://example.org/a.mp3", "audio", mime="audio/mpeg", size=99),)


def test_atom_entry_in_full():
    parsed = read(
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://site.org/dir/' xml:lang='de'>"
        "<title type='html'>F &amp;lt;3</title>"
        "<link href='/'/><author><name>Feed Author</name></author>"
        "<entry xml:lang='en-GB'><id>urn:1</id><title type='text'>a &lt;b&gt; c</title>"
        "<link rel='alternate' href='post'/>"
        "<link rel='enclosure' href='v.mp4' type='video/mp4' length='5'/>"
        "<published>2004-01-01T19:48:21Z</published>"
        "<updated>2004-01-02T00:00:00Z</updated><category term='t' label='Label'/>"
        "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>One &lt; two</p>"
        "<p>Three</p></div></content></entry>"
        "<entry><id>urn:2</id><title>second</title><author><name>Bo</name><uri>/bo</uri></author>"
        "<summary>plain &lt;i&gt;</summary></entry></feed>"
    )  # fmt: skip
    assert parsed.title == "F <3" and parsed.site_url == "https://site.org/"
    first, second = parsed.items
    assert (first.title, first.url, first.text, first.lang) == (
        "a <b> c", "https://site.org/dir/post", "One < two\n\nThree", "en-gb",
    )  # fmt: skip
    assert first.author and first.author.name == "Feed Author" and first.tags == ("Label",)
    assert first.published == 1072986501 and first.updated == 1073001600
    assert first.media == (Media("https://site.org/dir/v.mp4", "video", mime="video/mp4", size=5),)
    assert second.text == "plain <i>" and second.lang == "de"
    assert second.author and (second.author.name, second.author.url) == ("Bo", "https://site.org/bo")


def test_rdf_items_stand_beside_the_channel():
    parsed = read(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>R</title>'
        "<link>http://r.org/</link></channel>"
        '<item rdf:about="http://r.org/1"><title>one</title><link>http://r.org/1</link>'
        "<dc:date>2004-01-01</dc:date></item>"
        "</rdf:RDF>"
    )
    assert (parsed.title, parsed.items[0].native_id, parsed.items[0].published) == (
        "R",
        "k#http://r.org/1",
        1072915200,
    )


def test_json_feed_1_1():
    parsed = read(json.dumps({
        "version": "https://jsonfeed.org/version/1.1", "title": "J <3", "home_page_url": "https://j.org/",
        "language": "fr",
        "authors": [{"name": "All"}],
        "items": [
            {"id": 1, "url": "https://j.org/1", "title": "a <b>", "tags": ["t", 5, None],
             "content_html": "<p>x <img src='i.png' alt='pic'>",
             "date_published": "2004-01-01T19:48:21Z", "authors": [{}, {"name": "Eve", "url": "https://j.org/eve"}],
             "attachments": [{"url": "a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 10}, "junk", {}]},
            {"id": "2", "content_text": "a < b &amp; c\n\nd", "external_url": "https://else.org/"},
            "junk", None,
        ],
    }))  # fmt: skip
    first, second = parsed.items
    assert parsed.title == "J <3" and (first.native_id, first.title, first.text) == ("k#1", "a <b>", "x")
    assert first.author and first.author.name == "Eve" and first.tags == ("t", "5") and first.lang == "fr"
    assert [m.kind for m in first.media] == ["audio", "image"]
    assert (second.text, second.url) == ("a < b &amp; c\n\nd", "https://else.org/")
    assert second.author and second.author.name == "All"


# faults


@pytest.mark.parametrize("before", ["\n", "  \r\n\n", "\ufeff\n", "<!-- hello -->\n", "\x00"])
def test_something_before_the_xml_declaration(before):
    assert (
        one(before + '<?xml version="1.0" encoding="utf-8"?>\n' + rss("<item><title>é</title></item>")).title
        == "é"
    )


@pytest.mark.parametrize(
    ("declared", "codec", "content_type"),
    [
        ("iso-8859-1", "cp1252", ""),
        ("windows-1251", "cp1251", ""),
        ("utf-16", "utf-16", ""),
        ("utf-8", "utf-8-sig", ""),
        ("", "koi8-r", "text/xml; charset=KOI8-R"),
        ("no-such-charset", "utf-8", ""),
        ("utf-8", "utf-8", "text/xml; charset=iso-8859-1"),
        ("utf-8", "cp1252", ""),
        ("utf-16", "utf-8", ""),
        ("shift_jis", "shift_jis", ""),
    ],
)
def test_encodings(declared, codec, content_type):
    word = {"cp1252": "naïve “q”", "cp1251": "привет", "koi8-r": "привет", "shift_jis": "日本語"}.get(
        codec, "naïve 日本"
    )
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = rss(f"<item><title>{word}</title></item>", head=head).encode(codec)
    assert one(body, content_type=content_type).title == word


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("a &nbsp;&rsquo;b &bogus; &copy;", "a \u00a0\u2019b &bogus; ©"),
        ("Q & A, R&D", "Q & A, R&D"),
        ("x&#27;y &#x1b;[31m &#0;", "xy [31m"),
        ("ctl \x1b[31mred\x08 x", "ctl red x"),
        ("<![CDATA[It&#8217;s <b>bold</b>]]>", "It\u2019s bold"),
        ("&amp;lt;script&amp;gt;", "<script>"),
        ("1 &lt; 2 &gt; 0", "1 < 2 > 0"),
        ("the &lt;blink&gt; tag", "the <blink> tag"),
        ("the &lt;script&gt; tag, &lt;b&gt;boldly&lt;/b&gt; told", "the <script> tag, boldly told"),
        ("&lt;b&gt;bold&lt;/b&gt; and a &lt;img src=x without an end", "bold and a <img src=x without an end"),
        ("  many\n   lines\t here ", "many lines here"),
        ("<b>naked</b> markup", "naked markup"),
    ],
)
def test_titles_of_rss(title, shown):
    assert one(rss(f"<item><title>{title}</title><link>http://x.org/</link></item>")).title == shown


def test_a_feed_that_breaks_off_keeps_what_it_has():
    whole = rss("".join(f"<item><title>t{n}</title><guid>{n}</guid></item>" for n in range(5)))
    broken = whole[: whole.index("<title>t3") + 8]
    assert [i.title for i in read(broken).items][:3] == ["t0", "t1", "t2"]


def test_unclosed_tags_in_one_item_lose_no_other():
    parsed = read(rss(
        "<item><title>good</title><guid>1</guid></item>"
        "<item><title>bad</title><description><b>never closed<br></description><guid>2</guid></item>"
        "<item><title>fine</title><guid>3</guid></item>"
    ))  # fmt: skip
    assert {"good", "bad", "fine"} <= {i.title for i in parsed.items}


@pytest.mark.parametrize(
    ("body", "words"),
    [("", "empty"), ("<!doctype html><html><title>x</title>", "web page"), ("hello", "not a feed"),
     ('{"a": 1}', "JSON Feed"), ("{", "JSON"), ("<opml version='2.0'><body/></opml>", "OPML"), 
     (b"\x89PNG\r\n\x1a\n\0\0", "not a feed"), ("<a/>", "not a feed")],
)  # fmt: skip
def test_what_is_no_feed_is_named(body, words):
    with pytest.raises(Malformed, match=words):
        read(body)


@given(
    st.one_of(
        st.binary(max_size=300),
        st.text("<>/&;!CDATA[]rss item feed entry xml{}\"'=", max_size=200).map(str.encode),
    )
)
def test_any_bytes_are_read_or_refused(body):
    try:
        parsed = read(body)
    except SourceError:
        return
    assert isinstance(parsed.items, tuple)


BOMB = "<!DOCTYPE r [<!ENTITY a 'AAAAAAAAAA'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(12)
)


@pytest.mark.parametrize(
    "place",
    [
        "<title>&m;</title>",
        "<title a='&m;'>x</title>",
        "<link href='&m;'/>",
        "<description>&m;</description>",
    ],
)
def test_entities_are_never_expanded(place):
    item = one(BOMB + "]>" + rss(f"<item><guid>1</guid>{place}</item>"))
    assert "AAAA" not in str(item) and len(str(item)) < 1000


def test_a_harmless_looking_entity_in_an_attribute_is_not_expanded_either():
    """libxml2 expands entities in attributes even where it is told not to resolve any."""
    atom = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='http://x.org/&a;'/></entry></feed>"
    assert one("<!DOCTYPE feed [<!ENTITY a 'AAAA'>]>" + atom).url == "http://x.org/&a;"


def test_outside_entities_are_never_fetched(server, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    for system in (server.url("/dtd"), secret.as_uri()):
        body = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{system}"> <!ENTITY % y SYSTEM "{system}"> %y;]>' + rss(
            "<item><title>&x;</title></item>"
        )
        assert "s3cret" not in str(read(body))
        read(f'<!DOCTYPE rss SYSTEM "{system}">' + rss("<item><title>x</title></item>"))
    assert server.requests == []


# ids


def test_missing_guids_fall_back_to_link_then_content():
    link, bare, bare_again = read(rss(
        "<item><title>a</title><link>http://x.org/a</link></item><item><title>b</title></item><item>"
        "<title>c</title></item>"
    )).items  # fmt: skip
    assert link.native_id == "k#http://x.org/a" and bare.native_id != bare_again.native_id


def test_items_that_share_a_guid_or_link_are_told_apart():
    parsed = read(rss("".join(
        f"<item><guid isPermaLink='false'>same</guid><title>t{n}</title><link>http://x.org/{n}</link></item>"
        for n in range(3)
    )))  # fmt: skip
    assert len({i.native_id for i in parsed.items}) == 3
    parsed = read(
        rss("".join(f"<item><title>t{n}</title><link>http://x.org/</link></item>" for n in range(3)))
    )
    assert len({i.native_id for i in parsed.items}) == 3


def test_the_same_item_twice_is_one():
    assert (
        len(read(rss("<item><guid>1</guid><link>http://x.org/</link><title>t</title></item>" * 2)).items) == 1
    )


def test_two_feeds_with_the_same_small_guids_stay_apart():
    body = rss("<item><guid isPermaLink='false'>1</guid></item>").encode()
    ids = {
        parse_feed(body, "http://x.org/", "", feed_key(a), NOW).items[0].native_id
        for a in ("http://a.org/f", "http://b.org/f")
    }
    assert len(ids) == 2


# dates


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Thu, 01 Jan 2004 19:48:21 GMT", 1072986501.0),
        ("not a date", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Fri, 01 Jan 2100 00:00:00 GMT", None),
        ("", None),
    ],
)
def test_dates_are_believed_only_when_possible(written, expected):
    assert one(rss(f"<item><title>t</title><pubDate>{written}</pubDate></item>")).published == expected


def test_a_date_slightly_ahead_is_a_wrong_clock_and_kept():
    body = rss("<item><title>t</title><pubDate>Thu, 01 Jan 2004 19:48:21 GMT</pubDate></item>")
    assert one(body, now=1072986501.0 - 3600).published == 1072986501.0
    assert one(body, now=1072986501.0 - 3 * 86400).published is None


# links, people, media


@pytest.mark.parametrize(
    ("spaces", "channel", "link", "url"),
    [
        ("", "<link>https://site.org/</link>", "/p", "https://site.org/p"),
        ("", "", "p", "https://example.org/blog/p"),
        ("xml:base='https://base.org/x/'", "<link>https://site.org/</link>", "p", "https://base.org/x/p"),
        ("", "", "javascript:alert(1)", ""),
        ("", "", "http://h/a=1&amp;b=2", "http://h/a=1&b=2"),
    ],
)
def test_relative_links(spaces, channel, link, url):
    assert (
        one(
            rss(
                f"<item><guid isPermaLink='false'>g</guid><link>{link}</link></item>",
                channel=channel,
                spaces=spaces,
            )
        ).url
        == url
    )


def test_a_permalink_guid_serves_as_link_and_another_does_not():
    assert one(rss("<item><guid>https://x.org/1</guid></item>")).url == "https://x.org/1"
    assert one(rss("<item><guid isPermaLink='false'>https://x.org/1</guid></item>")).url == ""


@pytest.mark.parametrize(
    ("written", "name"),
    [("me@example.org (Me Myself)", "Me Myself"), ("Me <me@example.org>", "Me"), ("me@example.org", "me"),
     ("Plain Name", "Plain Name"), ("A &amp; B", "A & B"), ("", ""), ("@", "")],
)  # fmt: skip
def test_people(written, name):
    assert person(written) == name


def test_media_rss():
    item = one(rss(
        "<item><guid>1</guid><media:group>"
        "<media:content url='/v.mp4' medium='video' width='640' height='360' fileSize='7'>"
        "<media:title>Clip</media:title></media:content><media:thumbnail url='/t.jpg'/>"
        "<media:description>Words</media:description>"
        "<media:keywords>a, b</media:keywords></media:group>"
        "<media:content url='http://1.gravatar.com/avatar/x' medium='image'/></item>"
    ))  # fmt: skip
    assert item.media == (
        Media(
            "https://example.org/v.mp4",
            "video",
            "Clip",
            preview_url="https://example.org/t.jpg",
            width=640,
            height=360,
            size=7,
        ),
    )
    assert item.text == "Words" and item.tags == ("a", "b")


def test_a_thumbnail_alone_is_a_picture():
    assert one(rss("<item><guid>1</guid><media:thumbnail url='/t.jpg'/></item>")).media == (
        Media("https://example.org/t.jpg", "image"),
    )


@pytest.mark.parametrize(
    ("channel", "interval"),
    [
        ("<ttl>60</ttl>", 3600.0),
        ("<sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", 1800.0),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", 86400.0),
        ("<ttl>soon</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>nan</ttl>", None),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", None),
        ("", None),
    ],
)
def test_declared_intervals(channel, interval):
    assert read(rss("", channel=channel)).interval == interval


# the source, over HTTP


async def test_a_feed_in_pages_with_validators_on_the_last(server, client):
    body = rss("".join(f"<item><guid>{n}</guid><title>t{n}</title></item>" for n in range(250)))
    url = server.route(
        "/f",
        body,
        headers={
            "ETag": '"1"',
            "Last-Modified": "Thu, 01 Jan 2004 19:48:21 GMT",
            "Cache-Control": "max-age=900",
        },
    )
    got = await pages(client, url)
    assert [len(p.items) for p in got] == [100, 100, 50] and all(
        p.total == 250 and p.title == "T" for p in got
    )
    assert "etag" not in got[0].cursor and got[-1].cursor["etag"] == '"1"' and got[0].interval == 900


async def test_nothing_new_costs_no_parsing(server, client, answers, monkeypatch):
    body = rss("<item><guid>1</guid></item>")

    def answer(request):
        known = request.headers.get("if-none-match") == '"1"'
        return answers.Answer("" if known else body, 304 if known else 200, {"ETag": '"1"'})

    url = server.route("/f", answer)
    (first,) = await pages(client, url)
    monkeypatch.setattr("penchant.adapters.rss.parse_feed", None)
    (second,) = await pages(client, url, first.cursor)
    assert second.items == () and second.cursor == first.cursor
    server.route("/f", body, headers={"ETag": '"changes every time"'})  # same bytes, no 304
    (third,) = await pages(client, url, second.cursor)
    assert third.items == () and third.cursor["etag"] == '"changes every time"'


async def test_a_permanent_move_is_told_and_keeps_ids(server, client):
    new = server.route("/new", rss("<item><guid isPermaLink='false'>1</guid></item>"))
    old = server.route("/old", status=301, headers={"Location": "/new"})
    (moved,) = await pages(client, old)
    assert moved.moved_to == new
    (after,) = await pages(client, new, moved.cursor)
    assert [i.native_id for i in after.items] == [i.native_id for i in moved.items]
    server.route("/tmp", status=302, headers={"Location": "/new"})
    assert (await pages(client, server.url("/tmp")))[0].moved_to == ""


async def test_an_address_that_came_by_a_redirect_opens_no_private_network(server, client):
    body = rss("<item><guid>1</guid></item>")
    (page,) = await pages(client, server.route("/a", body))
    assert await pages(client, server.route("/b", body), page.cursor)  # moved within the host
    with pytest.raises(Refused, match="private network"):
        await pages(client, server.url("/a", host="localhost"), page.cursor)


async def test_validators_of_another_address_are_not_sent(server, client):
    server.route("/a", rss("<item><guid>1</guid></item>"), headers={"ETag": '"a"'})
    server.route("/b", rss("<item><guid>2</guid></item>"))
    (page,) = await pages(client, server.url("/a"))
    assert len((await pages(client, server.url("/b"), page.cursor))[0].items) == 1
    assert "if-none-match" not in server.requests[-1].headers


async def test_gone_for_good(server, client):
    with pytest.raises(Gone):
        await pages(client, server.route("/f", status=410))


async def test_retry_after_of_a_busy_server(server, client):
    with pytest.raises(SourceError) as caught:
        await pages(client, server.route("/f", status=503, headers={"Retry-After": "77"}))
    assert caught.value.retry_after == 77


async def test_the_wrong_content_type_does_not_matter(server, client):
    url = server.route("/f", rss("<item><guid>1</guid></item>"), headers={"Content-Type": "image/png"})
    assert len((await pages(client, url))[0].items) == 1


async def test_an_empty_feed_is_one_empty_page(server, client):
    (page,) = await pages(client, server.route("/f", rss("")))
    assert page.items == () and page.title == "T" and page.total == 0


async def test_no_address_is_a_bad_setting(client):
    with pytest.raises(BadSettings):
        await pages(client, "")


def test_recognises_addresses_that_say_that_they_are_feeds():
    known = Rss().recognise("feed://example.org/x.rss")
    assert known and known.address == "https://example.org/x.rss"
    assert Rss().recognise("https://example.org/atom.xml")
    assert Rss().recognise("https://example.org/about") is None and Rss().recognise("@me@example.org") is None


def test_ten_thousand_items_are_read():
    body = rss(
        "".join(
            f"<item><guid>{n}</guid><title>t{n}</title><description>word {n}</description></item>"
            for n in range(12_000)
        )
    )
    assert len(read(body).items) == 10_000
