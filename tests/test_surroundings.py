import numpy as np
import pytest
from corpus import HAM, SPAM
from hypothesis import given
from hypothesis import strategies as st
from test_blocks import MESSY

from classifier.blocks import segments
from classifier.inserts import FACTS
from classifier.pages import folded_units
from classifier.surroundings import LOGIT_LIMIT, N_FELLOWS, block_means, facts, levels, nearby, standing, vocabulary
from classifier.units import Unit

LOGITS = st.lists(st.floats(-30, 30), min_size=1, max_size=30)
SCATTERED = st.lists(st.sampled_from(["\n\n", "\n", " ", '"', "you ", "...", *SPAM, *HAM]), max_size=30).map("".join)


def facts_of(text: str, model, logits=None):
    parts, folded = folded_units(text, segments(text))
    return facts(text, parts, folded, model.logits(folded) if logits is None else logits, model.weights)


def fact(text: str, name: str, model) -> list[float]:
    return facts_of(text, model)[:, FACTS.index(name)].tolist()


@given(text=MESSY | SCATTERED | st.text(), logit=st.floats(allow_nan=False))
def test_every_fact_of_any_page_is_finite(text, logit, model):
    n_units = len(folded_units(text, segments(text))[0])
    if n_units:
        found = facts_of(text, model, np.full(n_units, logit))
        assert found.shape == (n_units, len(FACTS))
        assert np.isfinite(found).all()
        assert (np.abs(found[:, FACTS.index("logit")]) <= LOGIT_LIMIT).all()


@given(text=SCATTERED)
def test_facts_follow_from_the_text_alone(text, model):
    if segments(text):
        assert np.array_equal(facts_of(text, model), facts_of(text, model))


@given(logits=LOGITS, data=st.data())
def test_levels_are_those_of_the_fellows(logits, data):
    n = len(logits)
    n_chars = data.draw(st.lists(st.integers(1, 700), min_size=n, max_size=n))
    level, top = levels(np.array(logits), np.array(n_chars, float))
    for i in range(n):
        near = [j for j in range(max(0, i - N_FELLOWS), min(n, i + N_FELLOWS + 1)) if j != i]
        if not near:
            assert (level[i], top[i]) == (-2, -1)
            continue
        rest = [logits[j] for j in near]
        assert level[i] == pytest.approx(np.average(rest, weights=np.sqrt([n_chars[j] for j in near])), abs=1e-6)
        assert top[i] == sorted(rest)[int(0.75 * (len(rest) - 1))]


def test_levels_of_equal_logits_are_that_logit():
    level, top = levels(np.full(9, 1.5), np.arange(1.0, 10.0))
    assert level == pytest.approx(np.full(9, 1.5))
    assert top.tolist() == [1.5] * 9


def test_what_stands_far_away_changes_no_fact(model):
    near = "\n\n".join([*HAM[:6], SPAM[0], *HAM[6:]] * 3)
    far = "\n\n".join([*HAM, SPAM[3]] * 4)
    alone, among = facts_of(near, model), facts_of("\n\n".join([far, near, far]), model)
    n_far = len(facts_of(far, model))
    inner = slice(N_FELLOWS, len(alone) - N_FELLOWS)
    assert np.allclose(alone[inner], among[n_far : n_far + len(alone)][inner])


def known_and_kin(folded: list[str], model) -> tuple[list[float], list[float]]:
    known, kin = vocabulary(folded, model.weights)
    return known.tolist(), kin.tolist()


def test_kin_share_all_words_and_strangers_none(model):
    assert known_and_kin([HAM[0].lower()] * 3, model)[1] == [1, 1, 1]
    assert known_and_kin(["the council approved", "bitcoin slipped below"], model)[1] == [0, 0]


def test_a_unit_without_known_words_is_neither_kin_nor_stranger(model):
    assert known_and_kin(["", "!!! ---", "council"], model) == ([0, 0, 1], [0.5, 0.5, 0])


def test_kinship_is_a_share_by_idf(model):
    first, second = known_and_kin(["council debate", "council"], model)[1]
    assert second == 1
    assert 0 < first < 1


def test_known_words_are_a_share_of_those_that_differ(model):
    assert known_and_kin(["council council zzzyx", "zzzyx"], model)[0] == [0.5, 0]


def test_standing_is_told_among_fellows_long_enough():
    logit, short = np.array([5.0, -1.0, 2.0, -3.0]), np.array([True, False, False, False])
    median, highest, rank, spread = standing(logit, short)
    assert median.tolist() == [6, -0.5, 4, -3.5]
    assert highest.tolist() == [3, -3, 3, -5]
    assert rank.tolist() == [1, 0.5, 1, 0]
    assert spread.tolist() == pytest.approx([np.std([-1, 2, -3]), 2.5, 1, 1.5])


@pytest.mark.parametrize(("logit", "short"), [([1.0], [False]), ([1.0, 9.0], [False, True])])
def test_a_unit_without_fellows_long_enough_is_compared_with_what_is_usual(logit, short):
    assert [found[0] for found in standing(np.array(logit), np.array(short))] == [3, 2, 0, 0]


def test_neighbours_are_those_on_the_page_and_else_its_level(model):
    text = "\n\n".join([SPAM[0], HAM[0], HAM[1]])
    found = {name: fact(text, name, model) for name in ("logit", "previous logit", "next logit", "page level")}
    assert found["previous logit"] == [found["page level"][0], *found["logit"][:-1]]
    assert found["next logit"] == [*found["logit"][1:], found["page level"][-1]]


def test_pieces_of_a_block_share_its_mean_by_characters():
    parts = [Unit(0, 300, 0, 1, 0), Unit(301, 401, 1, 2, 0), Unit(403, 503, 2, 3, 1)]
    found = block_means(np.array([1.0, 5.0, -3.0]), np.array([300.0, 100.0, 100.0]), parts)
    assert found.tolist() == [2, 2, -3]


def test_what_is_near_counts_by_half():
    found = nearby(np.array([0.0, 0, 0, 2, 0, 0, 0]))
    assert np.expm1(found).tolist() == pytest.approx([0, 1, 1, 2, 1, 1, 0])


def test_a_warning_counts_for_the_segments_around_it(model):
    text = "\n\n".join(["Rain fell.", HAM[2], "Police warned of a scam.", *["Rain fell."] * 3])
    assert [round(value, 3) for value in fact(text, "warned", model)][-1] == 0
    assert all(value > 0 for value in fact(text, "warned", model)[:5])


def test_contact_details_address_and_dots_are_seen(model):
    text = "\n\n".join(
        ["Write to a@b.example or +44 20 7946 0018 on WhatsApp", "You and your money...", "I am, said I"]
    )
    assert [value > 0 for value in fact(text, "contacts", model)] == [True, False, False]
    assert [value > 0 for value in fact(text, "you", model)] == [False, True, False]
    assert [value > 0 for value in fact(text, "i", model)] == [False, False, True]
    assert [value > 0 for value in fact(text, "attributed", model)] == [False, False, True]
    assert fact(text, "dots", model) == [0, 1, 0]
