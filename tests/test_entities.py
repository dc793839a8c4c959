from collections.abc import Callable

import pytest

from classifier import entities
from classifier.characters import Edit, sketch

Finder = Callable[[str, bytes], list[Edit]]

TOKENS = [
    *(" _link_ ", " _link_ _com_ ", " _link_short_ ", " _link_chat_ ", " _mail_ ", " _mail_free_ ", " _wallet_ "),
    *(" _usd_ _e3_ ", " _gbp_ _e0_ ", " _coin_ _e12_ ", " _local_ _e4_ ", " _phone_ ", " _handle_ "),
]
FINDERS = [
    *(entities.written_dots, entities.links, entities.mails, entities.wallets, entities.money, entities.phones),
    entities.handles,
]


def replaced(find: Finder, text: str) -> list[str]:
    return [text[start:end] for start, end, _ in find(text, sketch(text))]


@pytest.mark.parametrize("find", FINDERS, ids=lambda find: find.__name__)
@pytest.mark.parametrize("token", TOKENS)
def test_no_token_is_matched_again(find: Finder, token: str) -> None:
    for text in (token, token * 3, f"5{token}5", f"@{token}.com", f"$ {token} 5"):
        assert not any("_" in found for found in replaced(find, text))


@pytest.mark.parametrize(
    ("find", "text", "found"),
    [
        (entities.links, "see www.a-b.com/c?d=e, ok", ["www.a-b.com/c?d=e"]),
        (entities.links, "x.com,y.net;z.org", ["x.com", "y.net", "z.org"]),
        (entities.links, "foo@bar.com x-.com .com ..com a..com", []),
        (entities.links, 'href="http://a.com/b">', ["http://a.com/b"]),
        (entities.links, "1http://a.com", ["a.com"]),
        (entities.links, "https://t.me", ["https://t.me"]),
        (entities.links, "come.in, come.in/side", ["come.in/side"]),
        (entities.mails, "<jane@firm.com>, (bob+x@a.b.org)", ["jane@firm.com", "bob+x@a.b.org"]),
        (entities.mails, "...me@x.com. and @x.com", ["me@x.com"]),
        (entities.mails, "a@b.com@c.com", []),
        (entities.money, "from $5 to 10 usd", ["$5", "10 usd"]),
        (entities.money, "paid 5 $10", ["$10"]),
        (entities.money, "usd5usd5", ["usd5", "usd5"]),
        (entities.money, "1.5 btc v2.5usd", ["1.5 btc"]),
        (entities.phones, "(+44) 20 7946 0018", ["(+44) 20 7946 0018"]),
        (entities.phones, "07700 900123/4 and 07700 900124", ["07700 900124"]),
        (entities.handles, "@ab @ab. x@ab /@ab @@ab", ["@ab", "@ab"]),
    ],
)
def test_what_is_replaced(find: Finder, text: str, found: list[str]) -> None:
    assert replaced(find, text) == found


def test_magnitude_is_of_the_whole_figure() -> None:
    assert entities.money_token("usd", "0", None) == " _usd_ _e0_ "
    assert entities.money_token("usd", "999", "k") == " _usd_ _e5_ "
    assert entities.money_token("usd", "1" * 30, "trillion") == " _usd_ _e12_ "


def test_every_name_of_a_currency_is_found_after_a_figure() -> None:
    for name in entities.NAMES:
        text = f"5 {name}"
        assert replaced(entities.money, text) == [text]


def test_every_code_of_a_currency_is_found_before_a_figure() -> None:
    for code in entities.CODES:
        for text in (f"{code} 5", f"{code}5", f"{code}. 5", f"{code}.5"):
            assert replaced(entities.money, text) == [text]


def test_a_number_is_dialled_or_not() -> None:
    assert entities.is_dialled("+1 202 555 0143")
    assert not entities.is_dialled("05.11.2004 12")
    assert not entities.is_dialled("12345678")
    assert not entities.is_dialled("1234567890123456")
