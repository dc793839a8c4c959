import codecs
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from classifier import markup
from classifier.errors import InputError
from classifier.markup import Hidden, read_html

PAGE = """<!doctype html><html><head><title>No</title><style>p{}</style></head><body>
<nav><ul><li><a href=/>Home</a></li><li>Sport</li></ul></nav>
<div>Our <b>desk</b> writes<p>First paragraph.</p><p>Second &amp; last.</p>and more</div>
<table><tr><td>One</td><td>Two</td></tr></table><script>var x = "<p>no</p>"</script>
<dl><dt>Word</dt><dd>Meaning</dd></dl><button>Buy</button><figure><figcaption>A wall</figcaption></figure>
<!-- no --><noscript>no</noscript><template><p>no</p></template><textarea>no</textarea>
<select><option>no</option></select><svg><text>no</text></svg></body></html><p>After the end</p>"""
TAGS = "p div b i a ul li table tr td span br hr svg pre script style textarea h1 body html head".split()
HOSTILE = st.lists(
    st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS])
    | st.sampled_from(
        ["text ", "<!--", "-->", "<![CDATA[", "]]>", "<p hidden>", "&amp", "&#0;", "<", ">", '"', "<a title='", "\0"]
    )
    | st.text(max_size=5),
    max_size=40,
).map("".join)


def blocks(html: str | bytes) -> list[str]:
    return read_html(html).text.split("\n\n")


def test_every_visible_block_counts_and_nothing_else():
    furniture = ["Home", "Sport", "Our desk writes", "First paragraph.", "Second & last.", "and more"]
    assert blocks(PAGE) == [*furniture, "One", "Two", "Word", "Meaning", "Buy", "A wall", "After the end"]


def test_each_segment_names_the_element_that_holds_it():
    page = read_html(PAGE)
    assert dict(zip(page.paths, (page.text[part.start : part.end] for part in page.segments), strict=True)) == {
        "/html/body/nav[1]/ul[1]/li[1]": "Home",
        "/html/body/nav[1]/ul[1]/li[2]": "Sport",
        "/html/body/div[1]": "and more",
        "/html/body/div[1]/p[1]": "First paragraph.",
        "/html/body/div[1]/p[2]": "Second & last.",
        "/html/body/table[1]/tr[1]/td[1]": "One",
        "/html/body/table[1]/tr[1]/td[2]": "Two",
        "/html/body/dl[1]/dt[1]": "Word",
        "/html/body/dl[1]/dd[1]": "Meaning",
        "/html/body/button[1]": "Buy",
        "/html/body/figure[1]/figcaption[1]": "A wall",
        "/html/body/p[1]": "After the end",
    }


def test_a_path_is_an_xpath_of_the_page():
    html = PAGE.replace("</body></html>", "")
    page, tree = read_html(html), etree.fromstring(html, etree.HTMLParser())
    for part, path in zip(page.segments, page.paths, strict=True):
        (element,) = tree.xpath(path)
        held = " ".join("".join(element.itertext()).split())
        assert page.text[part.start : part.end] in held


@given(html=HOSTILE | st.text())
def test_any_markup_is_read_and_its_segments_lie_in_its_text(html):
    page = read_html(html)
    assert len(page.segments) == len(page.paths)
    assert "".join(page.text[part.start : part.end] for part in page.segments).split() or not page.text
    assert all(path.startswith("/html") for path in page.paths)
    assert read_html(html) == page


@given(html=st.binary() | HOSTILE.map(lambda html: html.encode("utf-8", "replace")))
def test_any_bytes_are_read(html):
    read_html(html).text.encode()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a<br>b", "a\nb"),
        ("a<br> <br>b", "a\n\nb"),
        ("<p>a\nb   c</p>", "a b c"),
        ("<pre>a\nb  c</pre>", "a\nb c"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("<ul><li>a<ul><li>b</ul>c</ul>", "a\n\nb\n\nc"),
        ("<details><summary>s</summary>in</details>", "s\n\nin"),
        ("<p>a<script>x</script>b", "ab"),
        ("<p>a<span hidden>x</span>b", "ab"),
        ("<svg><p>yes</svg>", "yes"),
        ("<noscript><svg><p>no", ""),
        ("<p>a<head>b", "a\n\nb"),
        ("<head><meta name=x>a<div>b</div></head>c", "a\n\nb\n\nc"),
        ("a</body></html>b<html><body><p>c", "ab\n\nc"),
        ("<p aria-hidden=true>seen", "seen"),
        ("<body style='visibility:hidden'>shown by a script", "shown by a script"),
        ("<p>&lt;b&gt; &euro;&#8364;&amp", "<b> €€&"),
        ("", ""),
        ("<!-- -->", ""),
        ("\ud800", "\ufffd"),
    ],
)
def test_text_is_what_a_reader_sees(html, text):
    assert read_html(html).text == text


@pytest.mark.parametrize(
    "attributes",
    [
        "hidden",
        'style="display: none"',
        'style="DISPLAY:/**/NONE !important"',
        'style="visibility:hidden"',
        'style="font-size:0px"',
        'style="opacity:0.0"',
        'style="position:absolute; left:-9999px"',
        'style="text-indent:-100em"',
        'style="color:#FFF; background-color: white"',
        'style="color:transparent"',
        'style="width:0;overflow:hidden"',
        'style="clip: rect(0 0 0 0)"',
    ],
)
def test_text_hidden_by_markup_is_reported_and_is_no_page_text(attributes):
    page = read_html(f"<p>News<div {attributes}>Free <b>coins</b></div>")
    assert page.text == "News"
    assert page.hidden == (Hidden("/html/body/div[1]", "Free coins"),)


@pytest.mark.parametrize(
    "style",
    [
        "",
        "display:block",
        "left:-20px",
        "opacity:0.5",
        "color:#fff;background:#000",
        "font-size:12px",
        "height:0",
        ":;;",
    ],
)
def test_a_common_style_hides_nothing(style):
    assert read_html(f'<p style="{style}">News').text == "News"


def test_a_hidden_field_is_reported_with_its_value():
    assert read_html("<input type=Hidden value='Free coins'>").hidden == (Hidden("/html/body/input[1]", "Free coins"),)


def test_hidden_blocks_are_reported_one_by_one():
    assert [part.text for part in read_html("<div hidden>a<p>b</p>c</div>").hidden] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "html",
    [
        codecs.BOM_UTF8 + "<p>café".encode(),
        codecs.BOM_UTF16_LE + "<p>café".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "<p>café".encode("utf-16-be"),
        b"<meta charset=iso-8859-1><p>caf\xe9",
        b"<meta http-equiv=Content-Type content='text/html; charset=windows-1252'><p>caf\xe9",
        "<p>café".encode(),
        b"<p>caf\xe9",
        "<meta charset=iso-8859-1><p>café".encode(),
        b"<meta charset=utf-8><p>caf\xe9",
        b"<meta charset=utf-7><p>caf\xe9",
        b"<meta charset=rot13><p>caf\xe9",
        b"<meta charset=zip><p>caf\xe9",
        b"<meta charset=utf-16><p>caf\xe9",
        b"<meta charset=\xff><p>caf\xe9",
    ],
)
def test_the_encoding_is_found_however_it_is_told(html):
    assert read_html(html).text == "café"


def test_a_page_broken_in_an_encoding_without_stand_ins_is_read_as_something_else():
    assert read_html(b"<meta charset=iso-2022-jp><p>News of the day\x1b").text.startswith("News of the day")


def test_other_encodings_are_read_as_named():
    russian = "<meta charset=koi8-r><p>Новости"
    assert read_html(russian.encode("koi8-r")).text == "Новости"
    japanese = "<meta charset=shift_jis><p>新聞"
    assert read_html(japanese.encode("cp932")).text == "新聞"


def test_a_page_cut_off_within_a_letter_stays_what_it_says():
    assert read_html("<meta charset=utf-8><p>Это новости дня".encode()[:-1]).text == "Это новости дн\ufffd"


@pytest.mark.parametrize("unit", ["<div>", "<b>", "<ul><li>", "<table><tr><td>", "<font><p>", "<span>x"])
def test_what_is_nested_too_deep_is_refused(unit):
    sentence = r"the HTML: nested deeper than 512 elements, at most 512 are read; cut the page up, or scan its text"
    with pytest.raises(InputError, match=re.escape(sentence)):
        read_html(unit * 100_000)


def test_what_is_nested_just_deep_enough_is_read():
    assert read_html("<div>" * (markup.MAX_DEPTH - 2) + "x").text == "x"


@given(text=st.text(alphabet=" \tab\xa0", max_size=60))
def test_space_is_evened_a_part_at_a_time(text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(markup, "EVENED_CHARS", 3)
        assert markup.evened_space(text) == " ".join(text.split())


def test_what_is_too_large_is_refused():
    with pytest.raises(InputError, match=r"the HTML: 50,000,001 bytes, at most 50,000,000 bytes are read"):
        read_html(b"a" * (markup.MAX_BYTES + 1))


def test_too_many_long_paths_are_refused(monkeypatch):
    monkeypatch.setattr(markup, "MAX_PATH_CHARS", 1000)
    with pytest.raises(
        InputError, match=r"too many blocks nested too deep, paths of at most 1,000 characters are read"
    ):
        read_html("<p>a" * 100)


@pytest.mark.parametrize(
    "html",
    [
        "&amp;" * 200_000,
        "&amp" * 200_000,
        "&#x" + "9" * 200_000,
        "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x",
        "<p " + "a=1 " * 100_000 + ">x",
        f"<p class='{'x' * 1_000_000}'>x",
        "<!--" * 100_000,
        "<" * 300_000,
        "<p>a" * 50_000,
        "<b><i>x</b>y</i>z" * 20_000,
        "<div>" * 500 + "</p>" * 50_000,
        "<meta charset" * 50_000,
        f"<p style='{'a:b;' * 100_000}'>x",
        f"<p style='{'/*' * 100_000}'>x",
        f"<p style='left:{'9' * 100_000}'>x",
        "<br>" * 200_000,
        " \n" * 200_000,
    ],
    ids=lambda html: html[:12],
)
def test_floods_are_read(html):
    read_html(html)


def test_what_is_no_page_is_a_mistake_of_the_caller():
    with pytest.raises(TypeError, match="html is a int, a str or bytes was expected"):
        read_html(3)
