"""The entities: links, addresses, money, wallets, phone numbers and handles, each folded to a token.

Invariant: a token is one word of letters, digits and underscores that no pattern here matches again.
The text is lower case and in compatibility form by now (`classifier.characters`).
"""

import re

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

TOP_LEVEL = (
    "com|net|org|info|biz|io|co|me|ru|uk|us|in|ng|de|fr|es|it|nl|pl|eu|br|au|ca|cn|xyz|top|site|online|club|shop|store|"
    "live|space|website|pro|vip|app|dev|ai|cc|tv|ws|tk|ml|ga|cf|gq|link|click|win|loan|bid|trade|fun|icu|cars|finance|"
    "money|cash|capital|exchange|fund|work|life|world|today|news|blog|gov|edu|mobi|example|test|invalid"
)
CURRENCIES = {
    "$": "usd", "usd": "usd", "dollar": "usd", "dollars": "usd", "bucks": "usd", "us$": "usd",
    "£": "gbp", "gbp": "gbp", "pound": "gbp", "pounds": "gbp", "quid": "gbp",
    "€": "eur", "eur": "eur", "euro": "eur", "euros": "eur",
    "₦": "local", "ngn": "local", "naira": "local", "₹": "local", "inr": "local", "rs": "local", "rupees": "local",
    "¥": "local", "yen": "local", "₽": "local", "rubles": "local", "roubles": "local", "₱": "local", "pesos": "local",
    "kes": "local", "ksh": "local", "zar": "local", "rand": "local", "cedis": "local", "aud": "local", "cad": "local",
    "₩": "local", "₫": "local", "฿": "local", "₺": "local", "₴": "local",
    "btc": "coin", "bitcoin": "coin", "bitcoins": "coin", "₿": "coin", "eth": "coin", "ether": "coin",
    "ethereum": "coin", "usdt": "coin", "tether": "coin", "usdc": "coin", "bnb": "coin", "xrp": "coin", "sol": "coin",
    "ltc": "coin", "doge": "coin", "trx": "coin", "sats": "coin", "ada": "coin",
}  # fmt: skip
SIGNS = "$£€₦₹¥₽₱₿₩₫฿₺₴"
_NAMES = "|".join(sorted((name for name in CURRENCIES if name.isalpha()), key=len, reverse=True))
_AMOUNT = r"\d[\d,]*(?:\.\d+)?"
_SCALE = r"(?:\s?(?:k|m|mn|mio|bn|b|thousand|million|billion|trillion|hundred)\b)?"

LINK = re.compile(
    r"(?<![\w@])(?:[a-z][a-z0-9+]{1,9}://|www\.)[^\s<>\"'|]{2,}"
    rf"|(?<![\w@.\-])(?:[a-z0-9](?:[a-z0-9\-]{{0,61}}[a-z0-9])?\.){{1,5}}(?:{TOP_LEVEL})(?![\w@\-]|\.\w)(?:[/?#:][^\s<>\"'|]*)?"
)
MAIL = re.compile(r"(?<![\w.+\-])[\w.+\-]{1,64}@[a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{1,63}){1,5}(?![\w@])")
WALLET = re.compile(
    r"(?<!\w)(?:0x[0-9a-f]{38,64}|(?:bc|tb|ltc)1[a-z0-9]{20,87}|(?=[a-z]{0,24}\d)[13lmtdrx][a-z0-9]{24,43}|[48][0-9ab][a-z0-9]{93})(?!\w)"
)
MONEY = re.compile(
    rf"[{re.escape(SIGNS)}]\s?{_AMOUNT}{_SCALE}(?:\s?(?:{_NAMES})\b)?"
    rf"|(?<![\w.,])\d(?:(?<=\d)[\d,]*(?:\.\d+)?){_SCALE}\s?(?:(?:{_NAMES})\b|[{re.escape(SIGNS)}])"
)
PHONE = re.compile(r"(?<![\w.,/\-+(])(?:\+|00)?\(?\d{1,4}\)?(?:[ .\-]{0,2}\(?\d{2,5}\)?){2,5}(?![\w/]|[.,\-]\d)")
HANDLE = re.compile(r"(?<![\w@./])@[a-z0-9_][a-z0-9_.]{1,63}(?<!\.)(?!\w)")

FREE_MAIL = frozenset("gmail googlemail hotmail outlook yahoo ymail aol protonmail proton mail gmx live icloud yandex zoho".split())
_SCALES = {"k": 3, "thousand": 3, "m": 6, "mn": 6, "mio": 6, "million": 6, "bn": 9, "b": 9, "billion": 9, "trillion": 12, "hundred": 2}
_HOST = re.compile(r"(?:[a-z][a-z0-9+]{1,9}://)?(?:www\.)?(?:[^\s/?#@]*@)?([^\s/?#:]+)")


def link_token(match: re.Match[str]) -> str:
    """Fold a link to what kind of address it is: shortener, messenger, or its top-level domain.

    Examples
    --------
    >>> LINK.sub(link_token, "see https://bit.ly/x1 and www.shop.example.ru/a?b")
    'see  _link_short_  and  _link_ _ru_ '
    """
    found = _HOST.match(match[0])
    host = found[1].rstrip(".") if found else ""
    if host in SHORTENERS:
        return " _link_short_ "
    if host in MESSENGERS:
        return " _link_chat_ "
    top = host.rpartition(".")[2]
    return f" _link_ _{top}_ " if top.isascii() and top.isalpha() and len(top) < 8 and top not in RESERVED else " _link_ "


def mail_token(match: re.Match[str]) -> str:
    """Fold an e-mail address to whether a free provider carries it."""
    provider = match[0].rpartition("@")[2].split(".")[0]
    return " _mail_free_ " if provider in FREE_MAIL else " _mail_ "


def money_token(match: re.Match[str]) -> str:
    """Fold an amount to its currency and its order of magnitude.

    Examples
    --------
    >>> MONEY.sub(money_token, "$1.5 million or 0.3 btc")
    ' _usd_ _e6_  or  _coin_ _e0_ '
    """
    figure = re.search(_AMOUNT, match[0])
    words = re.findall(rf"[a-z]+|[{re.escape(SIGNS)}]", match[0])
    digits = figure[0].replace(",", "").partition(".")[0].lstrip("0") if figure else ""
    magnitude = max(len(digits) - 1, 0) + max((_SCALES.get(word, 0) for word in words), default=0)
    currency = next((CURRENCIES[word] for word in words if word in CURRENCIES), "usd")
    return f" _{currency}_ _e{min(magnitude, 12)}_ "


def wallet_token(match: re.Match[str]) -> str:
    """Fold a wallet address; a long word without a digit among its letters is left as it is."""
    return " _wallet_ "


def phone_token(match: re.Match[str]) -> str:
    """Fold a telephone number of 9 to 15 digits; a date, a range or a year is left as it is."""
    digits = sum(character.isdigit() for character in match[0])
    looks_dialled = match[0][0] in "+(0" or digits >= 10
    return " _phone_ " if 9 <= digits <= 15 and looks_dialled else match[0]


def handle_token(match: re.Match[str]) -> str:
    """Fold a messenger or social handle."""
    return " _handle_ "
