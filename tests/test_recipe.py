import hashlib
import json
import re
from pathlib import Path

import pytest

from classifier.errors import DataError
from classifier.recipe import read_recipe, read_sources

REAL = Path(__file__).parents[1] / "data" / "recipe.toml"


def written(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def recipe(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(DataError, match=re.escape(wrong)):
        read_sources(read_recipe(recipe(tmp_path, text)))


def posts(n: int, label: str, name: str = "p") -> list[dict]:
    return [{"id": f"{name}-{label}-{i}", "text": f"{name} {label} {i}", "label": label} for i in range(n)]


def test_sources_come_with_weight_and_judged(tmp_path):
    written(tmp_path / "own" / "a.jsonl", posts(2, "scam"))
    written(tmp_path / "b.jsonl", posts(1, "ham", "b"))
    text = '[[source]]\npath = "own"\nweight = 2\n[[source]]\npath = "b.jsonl"\njudged = false\n'
    found = read_sources(read_recipe(recipe(tmp_path, text)))
    assert found[["source", "weight", "judged"]].values.tolist() == [["a", 2, True], ["a", 2, True], ["b", 1, False]]


def test_a_source_counts_in_pages_by_its_factor(tmp_path):
    for name in "abc":
        written(tmp_path / f"{name}.jsonl", posts(1, "ham", name) + posts(1, "spam", name))
    text = (
        '[[source]]\npath = "a.jsonl"\nweight = 2\nham_weight = 0.5\npage_factor = 4\n'
        '[[source]]\npath = "b.jsonl"\npage_factor = 0.5\n[[source]]\npath = "c.jsonl"\nweight = 3\n'
    )
    found = read_sources(read_recipe(recipe(tmp_path, text)))
    assert found["label"].tolist() == ["ham", "spam"] * 3
    assert found["weight"].tolist() == [0.5, 2, 1, 1, 3, 3]
    assert found["page_weight"].tolist() == [2, 8, 0.5, 0.5, 3, 3]


@pytest.mark.parametrize("key", ["judged", "stories", "inserts"])
def test_what_a_source_serves_for_is_all_where_nothing_is_said(key, tmp_path):
    for name in "abc":
        written(tmp_path / f"{name}.jsonl", posts(1, "ham", name) + posts(1, "scam", name))
    text = "".join(
        f'[[source]]\npath = "{name}.jsonl"\n{said}\n'
        for name, said in (("a", f"{key} = false"), ("b", f"{key} = true"), ("c", ""))
    )
    found = read_sources(read_recipe(recipe(tmp_path, text)))
    assert found[key].tolist() == [False, False, True, True, True, True]
    others = [name for name in ("judged", "stories", "inserts") if name != key]
    assert found[others].to_numpy().all()


def test_max_fpr_is_one_in_a_thousand_where_nothing_is_said(tmp_path):
    assert read_recipe(recipe(tmp_path, '[[source]]\npath = "a"')).max_fpr == 0.001
    assert read_recipe(recipe(tmp_path, 'max_fpr = 0.01\n[[source]]\npath = "a"')).max_fpr == 0.01


def test_rows_chooses_so_many_of_each_class_whatever_their_order(tmp_path):
    rows = posts(40, "scam") + posts(20, "spam") + posts(50, "ham")
    text = '[[source]]\npath = "p.jsonl"\nrows = 10\n'
    written(tmp_path / "p.jsonl", rows)
    chosen = read_sources(read_recipe(recipe(tmp_path, text)))
    written(tmp_path / "p.jsonl", rows[::-1])
    again = read_sources(read_recipe(recipe(tmp_path, text)))
    assert (chosen["label"] == "ham").sum() == 10
    assert len(chosen) == 20
    assert set(chosen["id"]) == set(again["id"])


def test_grey_rows_and_other_splits_are_not_fitted_on(tmp_path):
    rows = [{**posts(1, "ham")[0]}, {"text": "grey", "label": "grey"}, {"text": "x", "label": "ham", "split": "test"}]
    written(tmp_path / "p.jsonl", rows)
    assert read_sources(read_recipe(recipe(tmp_path, '[[source]]\npath = "p.jsonl"')))["text"].tolist() == ["p ham 0"]


def test_leave_out_reads_meta(tmp_path):
    metas = [{"lang": "ru"}, {"lang": "en"}, {}, None, "ru"]
    written(tmp_path / "p.jsonl", [{**row, "meta": meta} for row, meta in zip(posts(5, "ham"), metas, strict=True)])
    found = read_sources(read_recipe(recipe(tmp_path, '[[source]]\npath = "p.jsonl"\nleave_out = { lang = "ru" }')))
    assert found["id"].tolist() == ["p-ham-1", "p-ham-2", "p-ham-3", "p-ham-4"]


def test_the_first_source_keeps_a_text(tmp_path):
    written(tmp_path / "a.jsonl", [{"text": "same", "label": "ham"}])
    written(tmp_path / "b.jsonl", [{"text": "same", "label": "scam"}, {"text": "other", "label": "scam"}])
    found = read_sources(read_recipe(recipe(tmp_path, '[[source]]\npath = "a.jsonl"\n[[source]]\npath = "b.jsonl"')))
    assert found[["source", "text"]].values.tolist() == [["a", "same"], ["b", "other"]]


def test_a_changed_file_is_refused(tmp_path):
    written(tmp_path / "a.jsonl", posts(1, "ham"))
    digest = hashlib.sha256((tmp_path / "a.jsonl").read_bytes()).hexdigest()
    text = f'[[source]]\npath = "a.jsonl"\nsha256 = "{digest}"'
    assert len(read_sources(read_recipe(recipe(tmp_path, text)))) == 1
    written(tmp_path / "a.jsonl", posts(2, "ham"))
    refused(tmp_path, text, f"{digest[:12]}... was expected; the file has changed since the recipe was written")


ONE = '[[source]]\npath = "a.jsonl"\n'
# What is no number above 0, and how it is shown.
WRONG = (("0", "0"), ("-1.5", "-1.5"), ("true", "True"), ("inf", "inf"), ("nan", "nan"), ('"2"', "'2'"), ("[2]", "[2]"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "recipe.toml: nothing found, max_fpr and [[source]] tables were expected"),
        ("[[source", "recipe.toml: not TOML ("),
        ("source = []", "recipe.toml: source found, max_fpr and"),
        ("source = 1", "tables were expected"),
        ("source = [1]", "recipe.toml: a source without a path, one was expected"),
        ("[[source]]\nweight = 1", "a source without a path"),
        (f"fpr = 0.1\n{ONE}", "recipe.toml: fpr, source found"),
        (f"max_fpr = 0\n{ONE}", "max_fpr is 0, a share between 0 and 1 was expected; mend it"),
        (f"max_fpr = 1\n{ONE}", "max_fpr is 1,"),
        (f"max_fpr = true\n{ONE}", "max_fpr is True,"),
        (f"max_fpr = nan\n{ONE}", "max_fpr is nan,"),
        (f'max_fpr = "0.1"\n{ONE}', "max_fpr is '0.1',"),
        ("[[source]]\npath = 1", "recipe.toml: source 1: path is 1, text was expected; mend it"),
        (
            f"{ONE}row = 1",
            "recipe.toml: source a.jsonl: unknown row, ham_weight, inserts, judged, leave_out, licence, page_factor, ",
        ),
        (f"{ONE}weight = 0", "weight is 0, a number above 0 was expected"),
        (f"{ONE}weight = inf", "weight is inf,"),
        (f"{ONE}weight = nan", "weight is nan,"),
        (f'{ONE}weight = "2"', "weight is '2',"),
        *(
            (f"{ONE}page_factor = {value}", f"page_factor is {shown}, a number above 0 was expected")
            for value, shown in WRONG
        ),
        *(
            (f"{ONE}ham_weight = {value}", f"ham_weight is {shown}, a number above 0 was expected")
            for value, shown in WRONG
        ),
        (f"{ONE}rows = 0", "rows is 0, a whole number above 0 was expected"),
        (f"{ONE}rows = 1.5", "rows is 1.5,"),
        (f"{ONE}rows = true", "rows is True,"),
        (f"{ONE}judged = 1", "judged is 1, true or false was expected"),
        (f"{ONE}stories = 0", "stories is 0, true or false was expected"),
        (f"{ONE}inserts = 1", "inserts is 1, true or false was expected"),
        (f'{ONE}inserts = "yes"', "inserts is 'yes', true or false was expected"),
        (f'{ONE}leave_out = "ru"', "leave_out is 'ru', a table was expected"),
        (f"{ONE}sha256 = 1", "sha256 is 1, text was expected"),
        (ONE, "a.jsonl: No such file or directory"),
        (
            f'{ONE}sha256 = "0"',
            "a.jsonl: No such file or directory, a file named by the recipe was expected; check the",
        ),
        ('[[source]]\npath = "empty"', "empty: no file of posts in the folder, at least one was expected"),
        ('[[source]]\npath = "."\nsha256 = "0"', "Is a directory"),
        ('[[source]]\npath = "own"\nleave_out = { lang = "ru" }', "no column meta, the recipe's leave_out expected it"),
    ],
)
def test_a_wrong_recipe_is_refused(text, wrong, tmp_path):
    (tmp_path / "empty").mkdir()
    written(tmp_path / "own" / "a.jsonl", posts(1, "ham"))
    refused(tmp_path, text, wrong)


def test_a_missing_recipe_is_refused(tmp_path):
    with pytest.raises(
        DataError, match=r"gone\.toml: No such file or directory, a recipe was expected; check the path"
    ):
        read_recipe(tmp_path / "gone.toml")


def test_the_shipped_recipe_reads_and_states_every_licence():
    found = read_recipe(REAL)
    assert 0 < found.max_fpr < 1
    assert all(source.licence for source in found.sources)
    assert all(source.sha256 or source.path.is_dir() for source in found.sources)
