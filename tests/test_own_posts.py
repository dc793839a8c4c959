"""The posts written for the project keep the promises of `data/README.md`."""

import hashlib
import json
import re
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pytest

from classifier.posts import read_posts

DATA = Path(__file__).parents[1] / "data"
FITTED, HELD_OUT = (sorted((DATA / folder).glob("*.jsonl")) for folder in ("posts", "held-out/posts"))
FILES = FITTED + HELD_OUT


def rows_of(paths: list[Path]) -> list[dict]:
    """Return the rows of files of posts."""
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


ROWS = rows_of(FILES)

MAX_SHARED = 0.3

# Names that could be registered; what is reserved for documentation and tests (RFC 2606) cannot.
_TOP_LEVEL = (
    "com|net|org|io|co|uk|info|biz|xyz|site|online|shop|club|app|gov|edu|us|ng|ru|cn|de|fr|eu|tv|cc|ly|live|store|tech"
    "|link|click|win|bid|au|ca|za|ph|ke|gh|ie|nz|me|pro|top"
)
_DOMAIN = re.compile(rf"(?<![\w.-])((?:[a-z0-9-]+\.)+(?:{_TOP_LEVEL}))(?![\w-]|\.\w)")
_LINK = re.compile(r"(?:https?://|www\.|@)((?:[a-z0-9-]+\.)+[a-z]+)")
_RESERVED = re.compile(r"(?:.*\.)?(?:example\.(?:com|org|net)|example|test|invalid)")
# "Do-follow .co.uk" names no domain.
_SUFFIX_ALONE = {"co.uk"}
_PHONE = re.compile(r"(?<![\w.,/$£€-])(?:\+\d|\(0?\d{2,4}\)|0\d|\d{3}[-. ]\d{3}[-. ])[\d ().-]{3,}\d(?!\w)")
# Ranges kept for fiction by the numbering plans of North America, Britain and Australia.
_FICTIONAL = re.compile(r"(?:1?[2-9]\d\d55501\d\d|(?:44|0)?0?(?:7700900|2079460)\d{3}|(?:61|0)0?491570\d{3})")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_WALLET = re.compile(rf"(?<![A-Za-z0-9])[13T][{_BASE58}]{{25,33}}(?![A-Za-z0-9])")
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_WALLET = re.compile(rf"bc1([{_BECH32}]{{11,71}})")


def real_domains(text: str) -> set[str]:
    """Return the domains in a text that somebody could own."""
    named = {match[1] for pattern in (_DOMAIN, _LINK) for match in pattern.finditer(text.lower())}
    return {domain for domain in named - _SUFFIX_ALONE if not _RESERVED.fullmatch(domain)}


def real_phones(text: str) -> set[str]:
    """Return the telephone numbers in a text that somebody could have."""
    numbers = [re.sub(r"\D", "", match[0]) for match in _PHONE.finditer(text) if re.search(r"\d{3}", match[0])]
    return {number for number in numbers if 9 <= len(number) <= 15 and not _FICTIONAL.fullmatch(number)}


def real_wallets(text: str) -> set[str]:
    """Return the wallet addresses in a text whose checksum is right."""
    base58 = {match[0] for match in _BASE58_WALLET.finditer(text) if has_base58_checksum(match[0])}
    return base58 | {match[0] for match in _BECH32_WALLET.finditer(text) if has_bech32_checksum(match[1])}


def has_base58_checksum(address: str) -> bool:
    number = 0
    for character in address:
        number = number * 58 + _BASE58.index(character)
    payload = number.to_bytes(25, "big") if number < 1 << 200 else b""
    return hashlib.sha256(hashlib.sha256(payload[:-4]).digest()).digest()[:4] == payload[-4:]


def has_bech32_checksum(part: str) -> bool:
    checksum = 1
    for value in (3, 3, 0, 2, 3, *map(_BECH32.index, part)):
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            checksum ^= generator if top >> i & 1 else 0
    return checksum in (1, 0x2BC830A3)


def near_duplicates(texts: dict[str, str]) -> list[tuple[str, str]]:
    """Return the pairs of ids that share too many of the shorter text's runs of three words."""
    ids_of_run: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    n_runs = {}
    for name, text in texts.items():
        words = re.findall(r"[a-z0-9]+", text.lower())
        runs = set(zip(words, words[1:], words[2:], strict=False)) or {tuple(words)}
        n_runs[name] = len(runs)
        for run in runs:
            ids_of_run[run].append(name)
    shared = Counter(pair for ids in ids_of_run.values() for pair in combinations(ids, 2))
    return [(a, b) for (a, b), n in shared.items() if n >= MAX_SHARED * min(n_runs[a], n_runs[b])]


def test_the_posts_can_be_fitted_on():
    posts = read_posts([DATA / "posts"])
    assert len(posts) == len(rows_of(FITTED))
    assert set(posts["source"]) == {f"own-{path.stem}" for path in FITTED}


def test_every_row_has_the_fields_of_its_file():
    for path in FILES:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            assert row.keys() == {"id", "text", "label", "family", "source"}, row
            assert re.fullmatch(rf"{path.stem}-\d{{4}}", row["id"]), row["id"]
            assert row["source"] == f"own-{path.stem}", row["id"]
            assert re.fullmatch(r"[a-z0-9-]+", row["family"]), row["id"]
            assert row["text"] == row["text"].strip(), row["id"]


def test_ids_are_unique():
    assert [name for name, n in Counter(row["id"] for row in ROWS).items() if n > 1] == []


def test_there_are_enough_of_each_kind():
    n_of = Counter(row["label"] for row in ROWS)
    assert n_of.keys() == {"scam", "spam", "ham"}
    assert n_of["scam"] + n_of["spam"] >= 600
    assert n_of["ham"] >= 600
    assert len({row["family"] for row in ROWS if row["label"] != "ham"}) >= 25
    assert len({row["family"] for row in ROWS if row["label"] == "ham"}) >= 25


def test_a_family_is_genuine_or_not():
    ham = {row["family"] for row in ROWS if row["label"] == "ham"}
    assert ham & {row["family"] for row in ROWS if row["label"] != "ham"} == set()


def test_no_two_posts_are_near_duplicates():
    assert near_duplicates({row["id"]: row["text"] for row in ROWS}) == []


def test_near_duplicates_are_found():
    text = "Send your coins to the pool and get them back doubled within the hour"
    assert near_duplicates({"a": text, "b": f"Hello. {text}!", "c": "Rain is expected all day"}) == [("a", "b")]


@pytest.mark.parametrize("row", [pytest.param(ROWS[i::8], id=f"part {i}") for i in range(8)])
def test_nothing_in_a_post_could_be_real(row):
    for post in row:
        found = real_domains(post["text"]) | real_phones(post["text"]) | real_wallets(post["text"])
        assert found == set(), post["id"]
        assert not re.search(r"\[[A-Z ]{3,}\]|\bXXX\b", post["text"]), post["id"]


def test_what_could_be_real_is_found():
    assert real_domains("see shop.acme.co.uk or x@acme.io, not y@acme.example") == {"shop.acme.co.uk", "acme.io"}
    assert real_phones("+44 20 7946 1000, 212-555-2368, (202) 555-0143, 07700 900123") == {"442079461000", "2125552368"}
    # The first address ever paid to, and the example of BIP 173.
    genesis, example = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    assert real_wallets(f"{genesis} {example}") == {genesis, example}
    assert real_wallets(f"{genesis[:-1]}b {example[:-1]}q") == set()


def test_the_readme_counts_the_posts():
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert f"{len(rows_of(FITTED)):,} labelled posts" in readme
    assert f"{len(rows_of(HELD_OUT)):,} posts held out" in readme
    for path in FILES:
        n_of = Counter(row["label"] for row in ROWS if row["source"] == f"own-{path.stem}")
        line = next(line for line in readme.splitlines() if line.startswith(f"| {path.stem} |"))
        assert line.endswith(f"| {n_of['scam']} | {n_of['spam']} | {n_of['ham']} |")
