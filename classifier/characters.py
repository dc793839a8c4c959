"""The characters: what one character of a text folds to, whatever stands beside it, and of which kind it is.

Invariant: folding a folded character gives it back; space and line break are the only white space left.
"""

import re
import unicodedata

# A stretch of the text, half-open, and what it becomes. A step of folding is a list of them in order.
Edit = tuple[int, int, str]


def pairs(drawn: str, latin: str) -> dict[str, str]:
    """Pair characters with the Latin letters they are drawn like, both in the same order."""
    return dict(zip(drawn, latin, strict=True))


# Letters of Latin origin that Unicode does not decompose (IPA, phonetic extensions, enclosed
# alphanumerics; Unicode 16). They are Latin wherever they stand, so no context is asked.
STYLED = (
    pairs("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz")
    | pairs("ɑɓɖɗɛɡɩıɫłɱɲŋøʂʈʋđħŧƙƭƴɦɾʐ", "abddegiillmnnostvdhtktyhrz")
    | {chr(0x1F150 + i): chr(ord("a") + i) for i in range(26)}  # negative circled
    | {chr(0x1F170 + i): chr(ord("a") + i) for i in range(26)}  # negative squared
    | {"æ": "ae", "œ": "oe", "þ": "th"}
)

# Cyrillic, Greek and Armenian letters (lower case, undecorated) that pass for a Latin one in common
# fonts, after Unicode TS 39 (confusables). Whether a word is meant as Latin depends on its
# neighbours, so `classifier.text` decides.
HOMOGLYPHS = (
    pairs("авсԁеһіјкӏмнорԛѕтхуԝзгѵьԍ", "abcdehijklmhopqstxywzrvbg")
    | pairs("αβγεηικνορτυχωϲϳ", "abyenikvoptuxwcj")
    | pairs("աոսօցհյզ", "wnuoghjq")
)

PUNCTUATION = pairs("‘’‚‛′`´", "'''''''") | pairs("“”„‟″«»", '"""""""') | dict.fromkeys("‐‑‒–—―−", "-")
PUNCTUATION |= dict.fromkeys("⁄∕", "/")
BULLETS = dict.fromkeys("•·●▪◦∙⋅・", ".")
SPACES = dict.fromkeys("\r\x85\u2028\u2029", "\n") | dict.fromkeys("\t\v\f\x1c\x1d\x1e\x1f", " ") | {"\n": "\n"}
# Letters and symbols without ink, which Unicode does not class as space: Hangul fillers, blank Braille.
BLANKS = dict.fromkeys("\u115f\u1160\u3164\uffa0", "") | {"\u2800": " "}
SKIN_TONES = {chr(0x1F3FB + i): "" for i in range(5)}
# What stays for `classifier.text`: the lunate sigma, which is drawn like a Latin c and decomposes to a sigma.
LUNATE = {"ϲ": "ϲ"}
# The one character that would fold to more than eight (to eighteen), so that no text grows without measure.
LONGEST = {"\ufdfa": "\ufdfa"}

KEPT = SPACES | BLANKS | PUNCTUATION | BULLETS | STYLED | SKIN_TONES | LUNATE | LONGEST
DROPPED_CATEGORIES = {"Cc", "Cf", "Cs", "Mn", "Me", "Co", "Cn"}


def fold_character(character: str) -> str:
    """Fold one character: compatibility form, no marks, lower case; nothing where it is invisible.

    Dropped are control and format characters (zero-width, soft hyphen, direction, tags), lone
    surrogates and combining marks (Unicode general categories Cc, Cf, Cs, Mn, Me, Co, Cn) and the skin
    tones of pictures. Homoglyphs are not touched.

    Examples
    --------
    >>> fold_character("É"), fold_character("ﬁ"), fold_character(chr(0x200B)), fold_character("ᴛ")
    ('e', 'fi', '', 't')
    """
    if character in KEPT:
        return KEPT[character]
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    kept = (c for c in decomposed if c in SPACES or unicodedata.category(c) not in DROPPED_CATEGORIES)
    return "".join(KEPT.get(c, " " if c.isspace() else c) for c in kept)


# The characters of Latin, Greek and Cyrillic news and its punctuation, folded beforehand.
COMMON = {c: fold_character(c) for c in map(chr, [*range(0x80), *range(0xA0, 0x530), *range(0x2000, 0x20D0)])}

_RUN = re.compile(rb"\?[?]*+")


def beyond(text: str, drawn: bytes) -> str:
    """Return the characters of a text that its sketch has as `?`, in order.

    Examples
    --------
    >>> beyond("5 € ?", b"0 ? ?")
    '€?'
    """
    return "".join(text[run.start() : run.end()] for run in _RUN.finditer(drawn))


def character_edits(text: str, drawn: bytes) -> list[Edit]:
    """Fold a text character by character, the case of ASCII letters apart.

    Examples
    --------
    >>> character_edits("a ‘ﬁn’", b"a ??n?")
    [(2, 3, "'"), (3, 4, 'fi'), (5, 6, "'")]
    """
    edits: list[Edit] = []
    if OTHER not in drawn:
        return edits
    for run in _RUN.finditer(drawn):
        for i, character in enumerate(text[run.start() : run.end()], run.start()):
            folded = COMMON.get(character)
            if folded is None:
                folded = fold_character(character)
            if folded != character:
                edits.append((i, i + 1, folded))
    return edits


def lower(text: str) -> str:
    """Put the ASCII letters of a folded text into lower case; the others are, by their folding."""
    return text.lower() if text.isascii() else text.encode().lower().decode()


# What a sketch has for a character that has to be looked at in the text.
OTHER = ord("?")


def kind_table() -> bytes:
    """Return what a sketch has for each ASCII character, itself an ASCII character.

    Letters are in lower case, digits are `0`, brackets `(` and `)`, a colon is a dot, and what folding
    replaces (control characters, the backtick) is `?`. The rest stand for themselves.
    """
    kinds = {c: chr(c).lower() for c in range(128)} | dict.fromkeys(range(128, 256), "?")
    kinds |= dict.fromkeys([*range(10), *range(11, 32), 0x7F, ord("`")], "?")
    kinds |= dict.fromkeys(b"0123456789", "0") | dict.fromkeys(b"[{", "(") | dict.fromkeys(b"]}", ")")
    kinds[ord(":")] = "."
    return bytes(ord(kinds[c]) for c in range(256))


_KINDS = kind_table()


def sketch(text: str) -> bytes:
    """Draw a text with one byte a character: digits are `0`, characters beyond ASCII `?`.

    A pattern that begins with one literal byte is found ten times faster than one that begins with a
    class of them, so steps look for their places in the sketch and decide in the text.

    Examples
    --------
    >>> sketch("Earn €500 [now]")
    b'earn ?000 (now)'
    """
    return text.encode("ascii", "replace").translate(_KINDS)
