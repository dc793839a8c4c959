"""The entities: links, addresses, wallets, money, phone numbers and handles, each folded to a token.

Each function finds one kind in a text whose characters are folded (`classifier.characters`), given the
text and its sketch, and returns the edits. It looks for a rare character that the kind cannot do
without, and from there to the left and to the right, never further than a bound.

Invariant: a token is one word of letters, digits and underscores that nothing here matches again.
"""

import re
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

from classifier.characters import Edit

# Services that hide where a link leads, and those that open a chat with a stranger.
SHORTENERS = frozenset(
    "bit.ly tinyurl.com goo.gl t.co ow.ly is.gd cutt.ly rb.gy shorturl.at rebrand.ly buff.ly adf.ly tiny.cc "
    "lnkd.in s.id v.gd t.ly bl.ink short.gy linktr.ee hec.su clck.ru".split()
)
MESSENGERS = frozenset(
    "t.me telegram.me telegram.dog wa.me api.whatsapp.com chat.whatsapp.com whatsapp.com discord.gg discord.com "
    "signal.me signal.group m.me line.me viber.com join.skype.com".split()
)
# Names reserved for examples (RFC 2606) stand for any site: they must teach nothing of their own.
RESERVED = frozenset("example test invalid localhost".split())

TOP_LEVEL = frozenset(
    "com net org info biz io co me ru uk us in ng de fr es it nl pl eu br au ca cn xyz top site online club shop store "
    "live space website pro vip app dev ai cc tv ws tk ml ga cf gq link click win loan bid trade fun icu cars finance "
    "money cash capital exchange fund work life world today news blog gov edu mobi ly gg gl gd gy at id ink su ee dog "
    "group example test invalid".split()
)
# Where a full stop lost its space ("so be.it", "come.in"), these end words, not addresses: they need a path.
WORDS = frozenset("in it me us at id".split())

FREE_MAIL = frozenset(
    "gmail googlemail hotmail outlook yahoo ymail aol protonmail proton mail gmx live icloud yandex zoho".split()
)

SIGNS = {
    "$": "usd", "£": "gbp", "€": "eur", "₦": "local", "₹": "local", "¥": "local", "₽": "local", "₱": "local",
    "₩": "local", "₫": "local", "฿": "local", "₺": "local", "₴": "local", "₿": "coin",
}  # fmt: skip
CODES = {
    "usd": "usd", "gbp": "gbp", "eur": "eur", "ngn": "local", "inr": "local", "rs": "local", "kes": "local",
    "ksh": "local", "zar": "local", "aud": "local", "cad": "local", "btc": "coin", "eth": "coin", "usdt": "coin",
}  # fmt: skip
NAMES = SIGNS | CODES | {
    "dollar": "usd", "dollars": "usd", "bucks": "usd", "pound": "gbp", "pounds": "gbp", "quid": "gbp", "euro": "eur",
    "euros": "eur", "naira": "local", "rupees": "local", "yen": "local", "rubles": "local", "roubles": "local",
    "pesos": "local", "rand": "local", "cedis": "local", "bitcoin": "coin", "bitcoins": "coin", "ether": "coin",
    "ethereum": "coin", "tether": "coin", "usdc": "coin", "bnb": "coin", "xrp": "coin", "sol": "coin", "ltc": "coin",
    "doge": "coin", "trx": "coin", "sats": "coin", "ada": "coin",
}  # fmt: skip
SCALES = {
    "k": 3, "thousand": 3, "m": 6, "mn": 6, "mio": 6, "million": 6, "bn": 9, "b": 9, "billion": 9, "trillion": 12,
    "hundred": 2,
}  # fmt: skip
# What stands before a dollar sign and belongs to it: US$, A$, C$, NZ$, HK$, S$.
DOLLARS = frozenset("us nz hk au ca a c s".split())
LARGEST_MAGNITUDE = 12


def is_word(character: str) -> bool:
    """Whether a character is of a word: a letter or digit of any script, or an underscore. No character is not."""
    return character.isalnum() or character == "_"


def left_of(text: str, end: int, characters: str, reach: int) -> int:
    """Return where the run of `characters` that ends at `end` begins, at most `reach` to the left."""
    head = text[max(end - reach, 0) : end]
    return end - len(head) + len(head.rstrip(characters))


_ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyz0123456789"

# Dots written out: "name [dot] com", "name(.)com"; and "name (at) host [dot] com".
_BRACKETED = re.compile(rb"\((?:\.|dot|at)\)")
_HOST_FOLLOWS = re.compile(r"[a-z0-9-]{1,63}(?: ?[\[({](?:dot|\.)[\])}]|\.[a-z])")


def written_dots(text: str, drawn: bytes) -> list[Edit]:
    """Read a bracketed dot between letters as a dot, and a bracketed "at" before a host as an at sign.

    Examples
    --------
    >>> written_dots("coins [dot] example", b"coins (dot) example")
    [(5, 12, '.')]
    """
    edits: list[Edit] = []
    if not _BRACKETED.search(drawn):
        return edits
    for found in _BRACKETED.finditer(drawn):
        inner = text[found.start() + 1 : found.end() - 1]
        start, end = found.span()
        start -= text[start - 1 : start] == " "
        end += text[end : end + 1] == " "
        if not (drawn[start - 1 : start].isalnum() and drawn[end : end + 1].isalnum()):
            continue
        if inner in (".", "dot"):
            edits.append((start, end, "."))
        elif inner == "at" and _HOST_FOLLOWS.match(text, end):
            edits.append((start, end, "@"))
    return edits


# In the sketch a colon is a dot too, so this is "://" as well as ".com".
_LINK_SIGN = re.compile(rb"\.(?:[a-z]|//)")
_ADDRESS = re.compile(r"[^\s<>\"'|]++")
_TOP = re.compile(r"([a-z]{2,10})(?![\w@-]|\.\w)(?::\d{1,5})?([/?#][^\s<>\"'|]*+)?")
_HOST = re.compile(r"(?:[a-z][a-z0-9+]{1,9}://)?(?:www\.)?(?:[^\s/?#@]*+@)?([^\s/?#:@]+)")
_TRAILING = ".,;:!?)]}*"


def links(text: str, drawn: bytes) -> list[Edit]:
    """Fold links to what kind of address they are: shortener, messenger, or the top-level domain.

    A link has a scheme, begins with "www.", or is a host under a known top-level domain. File names
    and full stops without a space are left alone.

    Examples
    --------
    >>> links("see https://bit.ly/x1, not report.pdf", b"see https.//bit.ly/x0, not report.pdf")
    [(4, 21, ' _link_short_ ')]
    """
    edits: list[Edit] = []
    if not _LINK_SIGN.search(drawn):
        return edits
    done = 0
    for sign in _LINK_SIGN.finditer(drawn):
        if sign.start() < done:
            continue
        start, end = link_at(text, sign.start())
        if done <= start < end:
            edits.append((start, end, link_token(text[start:end])))
            done = end
    return edits


def link_at(text: str, sign: int) -> tuple[int, int]:
    """Return the link around a colon or dot, half-open; an empty stretch where there is none."""
    if text[sign] == ":":
        start = left_of(text, sign, _ALPHANUMERIC + "+", 11)
        is_link = 2 <= sign - start <= 10 and text[start].isalpha() and text.startswith("//", sign + 1)
        body = sign + 3
    elif text.startswith("www", max(sign - 3, 0)) and sign >= 3 and not is_joined(text, sign - 3):
        start, body, is_link = sign - 3, sign + 1, True
    else:
        return host_at(text, sign)
    if not is_link or is_joined(text, start):
        return sign, sign
    found = _ADDRESS.match(text, body)
    kept = found[0].rstrip(_TRAILING) if found else ""
    return (start, body + len(kept)) if len(kept) >= 2 else (sign, sign)


def host_at(text: str, sign: int) -> tuple[int, int]:
    """Return the bare host whose last dot is given, with its path; an empty stretch where there is none."""
    found = _TOP.match(text, sign + 1)
    if not found or found[1] not in TOP_LEVEL:
        return sign, sign
    start = left_of(text, sign, _ALPHANUMERIC + ".-", 253)
    host = text[start:sign]
    if not host or host[0] in ".-" or host[-1] in ".-" or ".." in host or is_joined(text, start):
        return sign, sign
    if found[1] in WORDS and not found[2] and f"{host}.{found[1]}" not in MESSENGERS | SHORTENERS:
        return sign, sign
    return start, sign + 1 + len(found[0].rstrip(_TRAILING))


def is_joined(text: str, start: int) -> bool:
    """Whether what stands before `start` goes on into it, so that no link begins there."""
    before = text[start - 1 : start]
    return is_word(before) or before in ("@", ".", "-")


def link_token(link: str) -> str:
    """Name the kind of a link.

    Examples
    --------
    >>> link_token("t.me/x"), link_token("http://www.shop.example.ru/a?b"), link_token("http://coins.example")
    (' _link_chat_ ', ' _link_ _ru_ ', ' _link_ ')
    """
    found = _HOST.match(link)
    host = found[1].rstrip(".") if found else ""
    if host in SHORTENERS:
        return " _link_short_ "
    if host in MESSENGERS:
        return " _link_chat_ "
    top = host.rpartition(".")[2] if "." in host else ""
    is_named = top.isascii() and top.isalpha() and 2 <= len(top) < 8 and top not in RESERVED
    return f" _link_ _{top}_ " if is_named else " _link_ "


_MAIL_HOST = re.compile(r"@([a-z0-9-]{1,63}+)(?:\.[a-z0-9-]{1,63}+){1,5}+(?![\w@])")


def mails(text: str, drawn: bytes) -> list[Edit]:
    """Fold e-mail addresses to whether a free provider carries them."""
    edits: list[Edit] = []
    done = 0
    for host in _MAIL_HOST.finditer(text):
        run = max(left_of(text, host.start(), _ALPHANUMERIC + "_.+-", 65), done)
        name = text[run : host.start()].lstrip(".+-")
        start = host.start() - len(name)
        before = text[start - 1 : start]
        if name and len(name) <= 64 and not is_word(before) and before != "@":
            edits.append((start, host.end(), " _mail_free_ " if host[1] in FREE_MAIL else " _mail_ "))
            done = host.end()
    return edits


# A digit with a dozen letters and digits after it is in no English word, and in most wallets.
_WALLET_SIGN = re.compile(rb"0[a-z][a-z0]{10}")
_WALLET = re.compile(
    r"(?<!\w)(?:0x[0-9a-f]{38,64}|(?:bc|tb|ltc)1[a-z0-9]{20,87}|[48][0-9ab][a-z0-9]{93}|[13lmtdrx][a-z0-9]{24,43})(?!\w)"
)


def wallets(text: str, drawn: bytes) -> list[Edit]:
    """Fold wallet addresses of the common chains; a long word without a digit is left alone."""
    edits: list[Edit] = []
    if not _WALLET_SIGN.search(drawn):
        return edits
    for sign in _WALLET_SIGN.finditer(drawn):
        found = _WALLET.match(text, left_of(text, sign.start(), _ALPHANUMERIC, 96))
        if found and (not edits or found.start() >= edits[-1][1]):
            edits.append((found.start(), found.end(), " _wallet_ "))
    return edits


def one_of(names: Iterable[str]) -> str:
    """Return a pattern of names that decides by the first letter, so that it fails fast.

    Examples
    --------
    >>> one_of(["euro", "bnb", "eur"])
    '(?:b(?:nb)|e(?:ur|uro))'
    """
    by_letter = groupby(sorted(names), key=itemgetter(0))
    branches = (f"{letter}(?:{'|'.join(name[1:] for name in group)})" for letter, group in by_letter)
    return f"(?:{'|'.join(branches)})"


_UNITS = one_of(name for name in NAMES if name.isalpha())
_SCALE_NAMES = one_of(SCALES)
_CODE_ENDS = "|".join(sorted({code[-2:] for code in CODES}))
_CODE_LETTERS = "".join(sorted({code[-1] for code in CODES}))
# A figure with something before or after it that may be a currency; beyond ASCII a sketch does not say.
_MONEY_SIGN = re.compile(
    rf"0(?<!00)(?:(?<=[$?]0)|(?<=[$?] 0)|(?<=[{_CODE_LETTERS}]0)(?<=(?:{_CODE_ENDS})0)|(?<=n0)0{{0,2}},000"
    rf"|(?<=[{_CODE_LETTERS}][ .]0)(?<=(?:{_CODE_ENDS}).0)|(?<=\. 0)(?<=(?:{_CODE_ENDS})\. 0)"
    rf"|(?<![,.]0)[0,.]*+(?: ?{_SCALE_NAMES}\b)? ?(?:{_UNITS}\b|[$?]))".encode()
)
_AMOUNT = re.compile(r"(\d++(?:,\d{2,3}+)*+)(?:\.\d++)?" rf"(?: ?({_SCALE_NAMES})\b)?")
_UNIT = re.compile(rf" ?(?:({_UNITS})\b|([{re.escape(''.join(SIGNS))}])(?!\d))")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})++(?!\w)")


def money(text: str, drawn: bytes) -> list[Edit]:
    """Fold amounts to their currency and order of magnitude.

    The currency is a sign, a code or a name, before the figure or after it; a figure alone is no amount.

    Examples
    --------
    >>> money("$1.5 million or 0.3 btc", b"$0.0 million or 0.0 btc")
    [(0, 12, ' _usd_ _e6_ '), (16, 23, ' _coin_ _e0_ ')]
    """
    edits: list[Edit] = []
    if not _MONEY_SIGN.search(drawn):
        return edits
    done = 0
    for sign in _MONEY_SIGN.finditer(drawn):
        start = sign.start()
        amount = _AMOUNT.match(text, start) if start >= done else None
        if amount is None:
            continue
        first, currency = currency_before(text, start, done)
        is_code = bool(currency) and text[first].isalpha() and "$" not in text[first:start]
        unit = None if is_code else _UNIT.match(text, amount.end())
        before = text[start - 1 : start]
        if unit and not currency and not is_word(before) and before not in {".", ","}:
            currency = NAMES[unit[1] or unit[2]]
        if currency:
            done = unit.end() if unit else amount.end()
            edits.append((first, done, money_token(currency, amount[1], amount[2])))
    return edits


def currency_before(text: str, start: int, done: int) -> tuple[int, str]:
    """Return where the currency before a figure begins, not before `done`, and which it is, or an empty one."""
    end = start - (text[start - 1 : start] == " ")
    if end <= done:
        return start, ""
    sign = text[end - 1]
    if sign in SIGNS:
        return end - 1 - (dollar_prefix(text, end - 1, done) if sign == "$" else 0), SIGNS[sign]
    end -= sign == "."
    first = max(left_of(text, end, _ALPHANUMERIC, 5), done)
    name = text[first:end]
    if first > done and is_word(text[first - 1 : first]):
        return start, ""
    if name == "n" and end == start and _THOUSANDS.match(text, start):
        return first, "local"
    return (first, CODES[name]) if name in CODES else (start, "")


def dollar_prefix(text: str, sign: int, done: int) -> int:
    """Return how many letters before a dollar sign belong to it."""
    if not text[sign - 1 : sign].isalpha():
        return 0
    first = max(left_of(text, sign, _ALPHANUMERIC, 3), done)
    return sign - first if text[first:sign] in DOLLARS else 0


def money_token(currency: str, figure: str, scale: str | None) -> str:
    """Name a currency and an order of magnitude.

    Examples
    --------
    >>> money_token("usd", "12,500", None), money_token("gbp", "3", "bn")
    (' _usd_ _e4_ ', ' _gbp_ _e9_ ')
    """
    digits = figure.replace(",", "").lstrip("0")
    magnitude = max(len(digits) - 1, 0) + SCALES.get(scale or "", 0)
    return f" _{currency}_ _e{min(magnitude, LARGEST_MAGNITUDE)}_ "


_PHONE_SIGN = re.compile(rb"0(?<!00)(?=[0 .()-]{8})")
_PHONE = re.compile(r"\d++\)?(?:[ .\-]{0,2}\(?\d{2,}+\)?){0,6}(?![\w/]|[.,:\-]\d)")
_DATE = re.compile(r"(?:19|20)\d\d[ ./-]|\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d(?!\d)")
_DIGITS = re.compile(r"\d+")


def phones(text: str, drawn: bytes) -> list[Edit]:
    """Fold telephone numbers of 9 to 15 digits; dates, ranges of years and plain thousands are left alone.

    Examples
    --------
    >>> phones("call 07700 900123", b"call 00000 000000")
    [(5, 17, ' _phone_ ')]
    """
    edits: list[Edit] = []
    if not _PHONE_SIGN.search(drawn):
        return edits
    done = 0
    for sign in _PHONE_SIGN.finditer(drawn):
        start = sign.start()
        if start < done:
            continue
        first = left_of(text, start, "+(", 2)
        before = text[first - 1 : first]
        found = None if is_word(before) or before in {*".,/-+("} else _PHONE.match(text, start)
        if not found:
            continue
        done = found.end()
        if first >= (edits[-1][1] if edits else 0) and is_dialled(text[first:done]):
            edits.append((first, done, " _phone_ "))
    return edits


def is_dialled(number: str) -> bool:
    """Whether digits in groups are dialled: after a plus, bracket or nought, or ten of them that are no date or sum.

    Examples
    --------
    >>> is_dialled("(202) 555-0143"), is_dialled("12 000 000 000"), is_dialled("2004 2005 2006")
    (True, False, False)
    """
    groups = _DIGITS.findall(number)
    n_digits = sum(map(len, groups))
    if not 9 <= n_digits <= 15 or _DATE.match(number):
        return False
    if number[0] in "+(0":
        return True
    is_sum = len(groups) > 1 and all(len(group) == 3 for group in groups[1:])
    is_list = sum(len(group) >= 3 for group in groups) < min(len(groups), 2)
    return n_digits >= 10 and not is_sum and not is_list


_HANDLE = re.compile(r"@(?<![\w@./]@)[a-z0-9_][a-z0-9_.]{0,62}[a-z0-9_](?![\w@])")


def handles(text: str, drawn: bytes) -> list[Edit]:
    """Fold messenger and social handles."""
    return [(found.start(), found.end(), " _handle_ ") for found in _HANDLE.finditer(text)]
