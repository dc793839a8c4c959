from dataclasses import replace

import pytest
from corpus import HAM, SPAM
from hypothesis import given
from hypothesis import strategies as st
from test_blocks import MESSY

from classifier.blocks import segments
from classifier.errors import InputError
from classifier.pages import N_REASONS, folded_units
from classifier.text import fold
from classifier.units import is_short

SCATTERED = st.lists(st.sampled_from(["\n\n", "\n", " ", "🔥 ", "\u200b", "Share", *SPAM, *HAM]), max_size=25).map(
    "".join
)
FURNITURE = "Home\nNews\nSport\n\nShare\nTweet\n\nSign in\n\n© 2024\n\nFREE"
PAGE = "\n\n".join([HAM[0], HAM[1], SPAM[0], HAM[2]])


def found_in(page: str, model, **options) -> list[str]:
    return [insert.text for insert in model.scan(page, **options).inserts]


@given(text=SCATTERED | MESSY | st.text(), threshold=st.none() | st.floats(0, 1))
def test_inserts_are_the_page_between_their_offsets_in_order_and_whole_segments(text, threshold, model):
    page = model.scan(text, threshold=threshold)
    starts, ends = {part.start for part in segments(text)}, {part.end for part in segments(text)}
    last = 0
    for insert in page.inserts:
        assert last <= insert.start < insert.end <= len(text)
        assert insert.text == text[insert.start : insert.end]
        assert insert.start in starts
        assert insert.end in ends
        assert 0 <= insert.score <= 1
        assert (insert.path, insert.paths, insert.seen) == (None, (), None)
        last = insert.end
    assert 0 <= page.score <= 1
    assert (page.verdict == "scam") == bool(page.inserts)
    assert page.hidden == ()


@given(text=SCATTERED)
def test_a_scan_follows_from_the_page_alone(text, model):
    assert model.scan(text) == model.scan(text)


@pytest.mark.parametrize("text", SPAM)
def test_an_insert_is_found_amid_news(text, model):
    assert found_in("\n\n".join([*HAM[:5], text, *HAM[5:]]), model) == [text]


def test_two_inserts_stay_two_and_those_that_meet_are_one(model):
    apart = "\n\n".join([HAM[0], SPAM[0], HAM[1], SPAM[1], HAM[2]])
    assert found_in(apart, model) == [SPAM[0], SPAM[1]]
    assert found_in("\n\n".join([HAM[0], SPAM[0], SPAM[1], HAM[1]]), model) == [f"{SPAM[0]}\n\n{SPAM[1]}"]


@pytest.mark.parametrize(
    "before", ["", "🔥👨‍👩‍👧‍👦🇬🇧\n\n", "e\u0301\u0489 café\n\n", "\ufeff\r\n\r\n", "\u200b\u200b x\n\n"]
)
@pytest.mark.parametrize(
    "attacked",
    [
        SPAM[0],
        SPAM[0].replace("a", "а").replace("e", "е").replace("o", "о"),
        "\u200b".join(SPAM[0]),
        SPAM[0].replace(" ", " \u2060"),
        "🔥 " + SPAM[0] + " 🔥",
    ],
    ids=["plain", "homoglyph", "zero-width", "joiners", "emoji"],
)
def test_offsets_point_into_the_page_as_given(before, attacked, model):
    page = f"{before}{HAM[0]}\n\n{attacked}\n\n{HAM[1]}"
    (insert,) = model.scan(page).inserts
    assert page[insert.start : insert.end] == insert.text == attacked


def test_reasons_stand_in_the_pages_own_spelling(model):
    attacked = SPAM[0].replace("a", "а").replace("o", "о")
    (insert,) = model.scan(f"{HAM[0]}\n\n{attacked}\n\n{HAM[1]}").inserts
    assert 0 < len(insert.reasons) <= N_REASONS
    spoken = [insert.text[start:end] for reason in insert.reasons for start, end in reason.spans]
    assert spoken
    assert all(0 <= start < end <= len(attacked) for reason in insert.reasons for start, end in reason.spans)
    for reason in insert.reasons:
        if reason.kind == "words" and "_" not in reason.ngram:
            assert all(fold(insert.text[start:end]).split() == reason.ngram.split() for start, end in reason.spans)


@pytest.mark.parametrize("text", ["", " ", "\n\n\t\r\n", "\u2028\u2029\f\v\x85"], ids=ascii)
def test_a_page_without_text_is_ham(text, model):
    page = model.scan(text)
    assert (page.score, page.verdict, page.inserts) == (0, "ham", ())


def test_a_page_of_one_segment_is_judged(model):
    assert found_in(SPAM[0], model) == [SPAM[0]]
    assert found_in(HAM[0], model) == []


@pytest.mark.parametrize("text", [FURNITURE, "FREE", "a", "Win!\n" * 50])
def test_furniture_is_never_an_insert_however_low_the_threshold(text, model):
    assert is_short(folded_units(text, segments(text))[1]).all()
    assert model.scan(text, threshold=0.0).inserts == ()


def test_the_threshold_may_be_another(model):
    (insert,) = model.scan(PAGE).inserts
    assert found_in(PAGE, model, threshold=0.0) == [PAGE]
    assert found_in(PAGE, model, threshold=1.0) == []
    assert model.scan(PAGE, threshold=1.0).verdict == "unsure"
    assert found_in(PAGE, model, threshold=insert.score) == [SPAM[0]]
    assert model.scan(PAGE, threshold=0.3).score == model.scan(PAGE).score


def test_a_page_without_insert_is_unsure_from_its_own_threshold(model):
    score = model.scan(HAM[0]).score
    for unsure_from, verdict in ((score, "unsure"), (score + 1e-9, "ham")):
        other = replace(model, pages=replace(model.pages, unsure_from=unsure_from))
        assert other.scan(HAM[0]).verdict == verdict


@pytest.mark.parametrize("unit", ["a", "word ", "Free coins! ", "🔥", "é", "\u200b", "a\n", ". ", '"'], ids=ascii)
def test_a_page_run_together_is_scanned(unit, model):
    text = unit * (20_000 // len(unit))
    page = model.scan(text)
    assert all(text[insert.start : insert.end] == insert.text for insert in page.inserts)


def test_an_insert_in_300_kb_run_together_is_found(model):
    news = " ".join(HAM[:6] * 250)
    text = f"{news} {' '.join(SPAM[:6])} {news}"
    assert len(text) > 300_000
    flagged = {i for insert in model.scan(text).inserts for i in range(insert.start, insert.end)}
    inside = set(range(len(news) + 1, len(text) - len(news) - 1))
    assert len(flagged & inside) >= 0.5 * len(inside)
    assert len(flagged - inside) <= 2 * 700


@pytest.mark.parametrize("text", ["\ud800 free coins \udfff", "free\x00coins\x00" * 9, "\uffff\ufffe" * 30], ids=ascii)
def test_texts_of_no_characters_are_scanned(text, model):
    assert model.scan(f"{HAM[0]}\n\n{text}\n\n{SPAM[0]}").inserts[-1].text.endswith(SPAM[0])


# HTML


def test_an_insert_of_html_names_its_element_and_no_offsets(model):
    html = f"<h1>News</h1><p>{HAM[0]}</p><aside><p>{SPAM[0]}</p></aside><p>{HAM[1]}</p>"
    page = model.scan(html, html=True)
    (insert,) = page.inserts
    assert (insert.start, insert.end, insert.text) == (None, None, SPAM[0])
    assert insert.path == "/html/body/aside[1]/p[1]"
    assert insert.paths == (insert.path,)
    assert page.verdict == "scam"


def test_an_insert_of_several_elements_names_the_first_and_all(model):
    html = f"<p>{HAM[0]}<p>{SPAM[0]}<p>FREE<p>{SPAM[1]}<p>{HAM[1]}"
    (insert,) = model.scan(html, html=True).inserts
    assert insert.path == "/html/body/p[2]"
    assert insert.paths == tuple(f"/html/body/p[{n}]" for n in (2, 3, 4))
    assert insert.text == f"{SPAM[0]}\n\nFREE\n\n{SPAM[1]}"


def test_hidden_text_is_reported_and_not_scored(model):
    clean, hiding = f"<p>{HAM[0]}</p>", f"<p>{HAM[0]}</p><div style='display: none'>{SPAM[0]}</div>"
    page = model.scan(hiding, html=True)
    assert [(hidden.path, hidden.text) for hidden in page.hidden] == [("/html/body/div[1]", SPAM[0])]
    assert (page.score, page.verdict, page.inserts) == (model.scan(clean, html=True).score, "ham", ())


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "shift_jis", "no-such", "utf-8"])
def test_a_charset_that_lies_changes_nothing(charset, model):
    html = f"<meta charset={charset}><p>{HAM[0]}</p><p>£500 “free” — {SPAM[0]}</p>"
    assert model.scan(html.encode(), html=True) == model.scan(html, html=True)
    assert model.scan(html.encode(), html=True).inserts[0].text == f"£500 “free” — {SPAM[0]}"


def test_bytes_are_read_as_the_page_says(model):
    html = f"<meta charset=windows-1251><p>Новости</p><p>{SPAM[0]}</p>"
    assert model.scan(html.encode("cp1251"), html=True) == model.scan(html, html=True)


@pytest.mark.parametrize("html", ["", " ", "<!doctype html><html></html>", "<script>x</script>", b""])
def test_html_without_text_is_ham(html, model):
    page = model.scan(html, html=True)
    assert (page.score, page.verdict, page.inserts) == (0, "ham", ())


@pytest.mark.parametrize(
    ("html", "wording"),
    [
        ("<div>" * 100_000, "nested deeper than 512 elements"),
        ("x" * 60_000_000, "60,000,000 bytes, at most 50,000,000"),
    ],
    ids=["deep", "large"],
)
def test_html_over_a_limit_is_refused_by_its_name(html, wording, model):
    with pytest.raises(InputError, match=wording):
        model.scan(html, html=True)


@pytest.mark.parametrize(
    ("page", "html", "wording"),
    [
        (b"bytes", False, "a str was expected, bytes was received"),
        (None, False, "a str was expected, NoneType was received"),
        (["a"], False, "a str was expected, list was received"),
        (3, True, "a str was expected, int was received"),
        (bytearray(b"a"), True, "a str was expected, bytearray was received"),
    ],
)
def test_what_is_no_page_is_a_mistake_of_the_caller(page, html, wording, model):
    with pytest.raises(TypeError, match=wording):
        model.scan(page, html=html)
