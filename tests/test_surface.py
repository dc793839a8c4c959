from math import log

import numpy as np
import pytest
from corpus import HAM, SPAM
from hypothesis import given
from hypothesis import strategies as st
from test_blocks import MESSY

from classifier.inserts import SURFACE
from classifier.surface import quoted_share, surface
from classifier.text import fold

DISGUISES = SURFACE[: SURFACE.index("emoji")]
SHARES = ("capitals", "digits", "beyond ascii", "quoted", "dots")
MARKED = st.lists(
    st.sampled_from(
        ["\u200b", "Eа", "b i t c o i n", "m0ney", "🔥", "!", "#", "$TSLA", '"', "you ", "...", *SPAM, *HAM]
    ),
    max_size=20,
).map("".join)
TEXTS = (MESSY | MARKED | st.text()).filter(bool)

# The name of a fact, a text and what the fact is of it.
SEEN = [
    ("invisible characters", "pro\u200bfit to\u00adday", log(3)),
    ("words of two scripts", "Eаrn more wіth us", log(3)),
    ("words of two scripts", "Привет из Leeds", 0),
    ("parted words", "b i t c o i n and l.o.a.n", log(3)),
    ("parted words", "p_r_o_f_i_t", log(2)),
    ("parted words", "the U.S. at 3 p.m.", 0),
    ("words with digits in them", "m0ney for fr33dom", log(3)),
    ("words with digits in them", "the 2nd of 40 in 1999", 0),
    ("emoji", "🔥 win 🚀", log(3)),
    ("capitals", "FREE cash", 0.5),
    ("capitals", "1999", 0),
    ("exclamation marks", "Win! Now!!", log(4)),
    ("hashtags", "#win #now", log(3)),
    ("tickers", "$DOGE and $TSLA at $5", log(3)),
    ("links", "Go to https://a.example or www.b.example", log(3)),
    ("contacts", "Write to a@b.example or on WhatsApp", log(3)),
    ("contacts", "Telegram +44 20 7946 0018", log(3)),
    ("amounts", "$500 or 0.1 BTC", log(3)),
    ("digits", "ab 12", 0.4),
    ("beyond ascii", "café", 0.25),
    ("word length", "four more", 4.5),
    ("lines", "one\ntwo\nthree", log(3)),
    ("quoted", 'half "half"', 6 / 11),
    ("dots", "and then...", 1),
    ("dots", "and then…", 1),
    ("dots", "and... then", 0),
    ("you", "You and your money", 5),
    ("i", "I am here, my friend", 6),
]


def facts_of(*texts: str) -> np.ndarray:
    return surface(texts, [fold(text) for text in texts])


def fact(text: str, name: str) -> float:
    return float(facts_of(text)[0, SURFACE.index(name)])


@given(text=TEXTS)
def test_any_text_has_a_row_of_finite_facts(text):
    found = facts_of(text)
    assert found.shape == (1, len(SURFACE))
    assert np.isfinite(found).all()
    assert (found >= 0).all()


@given(text=TEXTS)
def test_no_share_is_beyond_one(text):
    assert all(fact(text, name) <= 1 for name in SHARES)


def test_signs_that_are_capitals_but_no_letters_make_no_share_beyond_one():
    assert 0 <= fact("ⅧⅧⅧ ⒶⒷⒸ", "capitals") <= 1


@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_a_segment_is_told_by_its_own_text_alone(texts):
    assert np.array_equal(facts_of(*texts), np.vstack([facts_of(text) for text in texts]))


def test_a_segment_without_its_folded_text_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        surface(["one", "two"], ["one"])


@pytest.mark.parametrize(("name", "text", "value"), SEEN)
def test_facts_by_example(name, text, value):
    assert fact(text, name) == pytest.approx(value)


def test_each_fact_has_an_example():
    assert {name for name, _, value in SEEN if value} == set(SURFACE)


@pytest.mark.parametrize(
    "text",
    [
        *HAM,
        "Le café était fermé à Besançon, mais l'école rouvre à 8h30.",
        "Городской совет собрался во вторник.",
        "The U.S. team lost 3-2 (4-1 at half-time) on 12-10-2024.",
        "Covid-19 cases fell by 5% in the 1990s, the G7 said.",
    ],
)
def test_plain_prose_has_no_disguise(text):
    assert [fact(text, name) for name in DISGUISES] == [0] * len(DISGUISES)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", 0),
        ("none here", 0),
        ('"all of it"', 1),
        ("„ganz deutsch”", 1),
        ("«tout français»", 1),
        ('half "half"', 6 / 11),
        ('" not closed', 0),
        ("it's 6'2", 0),
    ],
)
def test_the_quoted_share_is_what_stands_between_marks(text, share):
    assert quoted_share(text) == pytest.approx(share)
