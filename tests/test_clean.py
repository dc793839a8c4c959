import codecs
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_blocks import MESSY
from test_markup import HOSTILE, PAGE

from classifier.clean import clean_html, clean_path, clean_text
from classifier.errors import InputError
from classifier.markup import READ_AS_NAMED, read_html

MARKS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


def without_space(text: str) -> str:
    return "".join(text.split())


def is_left_of(rest, whole) -> bool:
    """Whether what is left can be had by cutting alone."""
    letters = iter(whole)
    return all(letter in letters for letter in rest)


@pytest.mark.parametrize(
    ("text", "insert", "rest"),
    [
        ("News.\n\nFree coins!\n\nMore.\n", "Free coins!", "News.\n\nMore.\n"),
        ("Free coins!\n\nMore.\n", "Free coins!", "More.\n"),
        ("News.\n\nFree coins!\n", "Free coins!", "News.\n"),
        ("News.\n\nFree coins!", "Free coins!", "News."),
        ("News.\nFree coins!\n\nMore.", "Free coins!", "News.\n\nMore."),
        ("News.\r\n\r\nFree coins!\r\n\r\nMore.", "Free coins!", "News.\r\n\r\nMore."),
        ("News. Free coins! More.", "Free coins!", "News. More."),
        ("Free coins!", "Free coins!", ""),
    ],
)
def test_a_text_loses_its_insert_and_a_doubled_blank_line(text, insert, rest):
    start = text.index(insert)
    assert clean_text(text, [(start, start + len(insert))]) == rest


def test_two_inserts_that_meet_are_cut_as_one():
    assert clean_text("News.\n\nabcd\n\nefgh\n\nMore.", [(13, 17), (7, 11), (8, 13)]) == "News.\n\nMore."


@given(text=MESSY, bounds=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=4))
def test_a_clean_text_holds_every_letter_outside_the_inserts_and_no_other(text, bounds):
    spans = [(min(pair), min(max(pair), len(text))) for pair in bounds if min(pair) <= len(text)]
    kept = "".join(letter for n, letter in enumerate(text) if not any(start <= n < end for start, end in spans))
    assert without_space(clean_text(text, spans)) == without_space(kept)


@given(text=MESSY)
def test_a_text_without_inserts_stays_as_it_is(text):
    assert clean_text(text, []) == text


def test_a_stretch_outside_the_text_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match=re.escape("spans: [2, 9) is not a stretch of a text of 3 characters")):
        clean_text("abc", [(2, 9)])


@pytest.mark.parametrize(
    ("html", "path", "rest"),
    [
        ("<div><p>News</p> <p class=x>Free <b>coins</b>!</p></div>", "div[1]/p[2]", "<div><p>News</p> </div>"),
        ("<div><p>News</p><p><img src=a>Free coins</p></div>", "div[1]/p[2]", "<div><p>News</p></div>"),
        ("<p>News<p><b>Free</b> coins<p>More", "p[2]", "<p>News<p>More"),
        ("<ul><li>News<li>Free coins</ul>", "ul[1]/li[2]", "<ul><li>News</ul>"),
        ("<tr><td>News<td>Free <a href=x>coins</a></td>", "tr[1]/td[2]", "<tr><td>News<td></td>"),
        ("<div>Free <p>News</p> coins</div>", "div[1]", "<div> <p>News</p> </div>"),
        ("<div>Free coins<ul><li>News</ul></div>", "div[1]", "<div><ul><li>News</ul></div>"),
        ("<P\tID='a>b'>Free coins</P >&nbsp;News", "p[1]", "&nbsp;News"),
        ("<p>News<p>Fr&#101;e &lt;b&gt; coins", "p[2]", "<p>News"),
        ("<div>News<p>Free coins</p>and more</div>", "div[1]/p[1]", "<div>News<p></p>and more</div>"),
        ("<ul><li>News<li><b>Free</b> <i>coins</i></ul>", "ul[1]/li[2]", "<ul><li>News</ul>"),
        ("<p>News</p><div><script>x</script>Free coins<br>\n<i></i></div>", "div[1]", "<p>News</p>"),
        ("<p>News<p>Free <b>coins<p>More</b>", "p[2]", "<p>News<p> <b><p>More</b>"),
    ],
)
def test_an_element_goes_and_everything_else_stays_as_it_was(html, path, rest):
    assert clean_html(html, ["/html/body/" + path]) == rest


def test_a_part_of_an_elements_text_goes_alone():
    html = "<p>The council &amp; the mayor met. <a href=x>Free&nbsp;coins</a> for all! They parted late.</p>"
    text = read_html(html).text
    start, end = text.index("Free"), text.index(" They")
    cleaned = clean_html(html, ["/html/body/p[1]"], spans=[(start, end)])
    assert cleaned == "<p>The council &amp; the mayor met. <a href=x></a>  They parted late.</p>"


def test_bytes_stay_bytes_of_the_same_encoding():
    html = "<meta charset=windows-1252><p>café\r\n<p>Free coins</p>\r\n".encode("cp1252") + b"\x81"
    path = next(path for path in read_html(html).paths if path.endswith("p[2]"))
    assert clean_html(html, [path]) == html.replace(b"<p>Free coins</p>", b"")


def path_of(html: bytes | str, text: str) -> str:
    """The element that holds a text."""
    page = read_html(html)
    return next(
        path for part, path in zip(page.segments, page.paths, strict=True) if text in page.text[part.start : part.end]
    )


@pytest.mark.parametrize("encoding", MARKS)
@pytest.mark.parametrize(
    ("html", "rest"),
    [
        ("<p>café €5 🔥\r\n<p>Free coins</p>\r\n", "<p>café €5 🔥\r\n\r\n"),
        ("<p>Free coins</p><p>café", "<p>café"),
        ("Free coins<p>café", "<p>café"),
        (" \n Free coins<p>café", " \n <p>café"),
        ("\ufeff<p>Free coins</p><p>café", "\ufeff<p>café"),
    ],
)
def test_a_byte_order_mark_stays(html, rest, encoding):
    octets = MARKS[encoding] + html.encode(encoding)
    assert clean_html(octets, [path_of(octets, "Free coins")]) == MARKS[encoding] + rest.encode(encoding)
    assert clean_html(f"\ufeff{html}", [path_of(f"\ufeff{html}", "Free coins")]) == f"\ufeff{rest}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'<meta charset=iso-2022-jp><p>\x1b$B$"\x1b(B\x1b$B\x1b(B</p>', b'<p>\x1b$B$"\x1b(B</p>'),
        (b"<meta charset=shift_jis><p>\x83j\x83\x85\x81[\x83X \xed\x40\xfa\x54</p>", b"<p>\x83X\xa0"),
        (b"<meta charset=big5><p>\xb7s\xbbD \xa1\xc3\xa2\xcc</p>", b"<p>\xb7s\xbbD"),
        (codecs.BOM_UTF16_LE + b"N\0\x00\xd8", b"<\0p\0>\0\x00\xd8N\0\x00\xdcN"),
        (("<p>" + "café " * 40).encode() + b"\xe9", b"<p>News\xe2\x82"),
        (("<p>" + "café " * 40).encode() + b"\xe9</p>", b"\xe2\x82<p>News\xe2\x82"),
    ],
    ids=["states", "cp932", "big5", "broken UTF-16", "broken before", "broken after"],
)
def test_what_cannot_be_encoded_back_as_it_was_stays_as_it_was(before, after):
    insert = "<p>Free coins</p>".encode("utf-16-le" if before.startswith(codecs.BOM_UTF16_LE) else "ascii")
    html = before + insert + after
    assert clean_html(html, [path_of(html, "Free coins")]) == before + after


@given(
    encoding=st.sampled_from(sorted(READ_AS_NAMED | MARKS.keys())),
    before=st.lists(st.one_of(st.integers(0x80, 0xFF), st.sampled_from(b"a05 \x7e")), max_size=12),
    after=st.lists(st.one_of(st.integers(0x80, 0xFF), st.sampled_from(b"a05 \x7e")), max_size=12),
    n_filling=st.sampled_from([0, 4040, 4060, 4080]),
)
def test_every_byte_outside_an_insert_stays_in_any_encoding(encoding, before, after, n_filling):
    width = 2 if encoding.startswith("utf-16") else 1

    def written(text: str) -> bytes:
        return text.encode(encoding if width == 2 else "ascii")

    head = MARKS[encoding] if width == 2 else f"<meta charset={encoding}>".encode()
    start = head + written("<p>" + "x" * (n_filling // width)) + bytes(before)[: len(before) // width * width]
    end = bytes(after)[: len(after) // width * width] + written("<p>News")
    html = start + written("</p><p>Free coins</p>") + end
    assert clean_html(html, [path_of(html, "Free coins")]) == start + written("</p>") + end


def test_an_insert_that_begins_amid_japanese_letters_and_ends_elsewhere_is_refused():
    html = b'<meta charset=iso-2022-jp><p>\x1b$B$"$"\x1b(B Free coins. News</p>'
    start = read_html(html).text.index("Free")
    end = start + len("Free coins.")
    assert clean_html(html, ["/html/body/p[1]"], spans=[(start, end)]) == html.replace(b"Free coins.", b"")
    with pytest.raises(InputError, match="an insert cannot be told from the markup around it"):
        clean_html(html, ["/html/body/p[1]"], spans=[(start - 2, end)])


def test_an_element_that_names_the_encoding_stays():
    html = "<p><meta charset=koi8-r>Free coins</p><p>Новости</p>".encode("koi8-r")
    assert clean_html(html, ["/html/body/p[1]"]) == html.replace(b"Free coins", b"")
    assert clean_html(html.decode("koi8-r"), ["/html/body/p[1]"]) == "<p>Новости</p>"


def test_a_page_whose_copy_would_be_read_in_another_encoding_is_refused():
    start = b"<title>" + b"x" * 4050 + b"</title>"
    html = start + b"<p>" + b"Free coins " * 10 + b"</p><meta charset=koi8-r><p>caf\xe9"
    assert read_html(html).text.endswith("café")
    with pytest.raises(InputError, match="an insert cannot be told from the markup around it"):
        clean_html(html, ["/html/body/p[1]"])


def test_nothing_to_cut_changes_nothing():
    assert clean_html(PAGE, []) == PAGE


def test_a_path_without_text_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match=re.escape("paths: no text stands at '/html/body/p[9]'")):
        clean_html(PAGE, ["/html/body/p[9]"])


@given(chosen=st.sets(st.integers(0, 11), min_size=1))
def test_a_clean_page_shows_the_other_blocks(chosen):
    page = read_html(PAGE)
    paths = {page.paths[nth] for nth in chosen}
    cleaned = clean_html(PAGE, paths)
    parts = zip(page.segments, page.paths, strict=True)
    assert read_html(cleaned).text.split("\n\n") == (
        [page.text[part.start : part.end] for part, path in parts if path not in paths] or [""]
    )
    assert is_left_of(cleaned, PAGE)


@given(html=HOSTILE, chance=st.randoms(use_true_random=False))
def test_hostile_markup_is_cut_or_refused(html, chance):
    page = read_html(html)
    paths = {path for path in page.paths if chance.random() < 0.5}
    try:
        cleaned = clean_html(html, paths)
    except InputError:
        return
    parts = zip(page.segments, page.paths, strict=True)
    kept = "".join(page.text[part.start : part.end] for part, path in parts if path not in paths)
    assert without_space(read_html(cleaned).text) == without_space(kept)
    assert is_left_of(cleaned, html)


def test_a_long_page_in_one_line_is_cut_in_many_places():
    html = "The council met and parted. Nothing came of it. " * 4000
    page = read_html(html)
    spans = [(part.start, part.end) for part in page.segments[::2]]
    cleaned = clean_html(html, set(page.paths), spans=spans)
    kept = "".join(page.text[part.start : part.end] for part in page.segments[1::2])
    assert without_space(read_html(cleaned).text) == without_space(kept)


@pytest.mark.parametrize(
    ("id", "below"),
    [
        ("a.html", "a.html"),
        ("pages/a.html", "pages/a.html"),
        ("./pages//a.html", "pages/a.html"),
        ("/pages/a.html", "pages/a.html"),
        ("rows.jsonl:3", "rows.jsonl:3"),
        ("-", "-"),
        ("...", "..."),
    ],
)
def test_a_copy_is_written_below_the_folder(tmp_path, id, below):
    assert clean_path(tmp_path, id) == tmp_path / below


@pytest.mark.parametrize("id", ["", ".", "/", "..", "../a.html", "pages/../../a.html", "/../a.html"])
def test_a_copy_outside_the_folder_is_refused(tmp_path, id):
    with pytest.raises(InputError, match="would lie outside the folder; name the input by a path without"):
        clean_path(tmp_path, id)


@pytest.mark.parametrize("id", ["a\0b", "a" * 300, "\ud800" * 300])
def test_a_name_no_file_can_have_is_refused(tmp_path, id):
    with pytest.raises(InputError, match="cannot be a file's name, at most 255 bytes are one"):
        clean_path(tmp_path, id)


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    folder = tmp_path / "clean"
    folder.mkdir()
    (folder / "pages").symlink_to(tmp_path)
    with pytest.raises(InputError, match="would lie outside the folder, through a link in it"):
        clean_path(folder, "pages/a.html")


@pytest.mark.parametrize("link", [None, "symlink_to", "hardlink_to"])
def test_the_input_itself_is_never_replaced(tmp_path, monkeypatch, link):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.html").write_text("<p>News", encoding="utf-8")
    folder = tmp_path
    if link:
        folder = tmp_path / "clean"
        folder.mkdir()
        getattr(folder / "a.html", link)(tmp_path / "a.html")
    with pytest.raises(InputError, match=r"would replace the input itself|through a link"):
        clean_path(folder, "a.html")


@given(id=st.text(alphabet="a./\\:\0é\ud800~", max_size=12))
def test_whatever_an_input_is_called_its_copy_is_below_the_folder(tmp_path_factory, id):
    folder = tmp_path_factory.getbasetemp() / "copies"
    try:
        path = clean_path(folder, id)
    except InputError:
        return
    assert path.resolve().is_relative_to(folder.resolve())
    assert path.resolve() != folder.resolve()
