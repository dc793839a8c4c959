"""The characters: what one character of a text folds to, whatever stands beside it.

Invariant: folding a folded character gives it back; space and line break are the only white space left.
"""

import unicodedata


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
BULLETS = dict.fromkeys("•·●▪◦∙⋅・", ".")
SPACES = dict.fromkeys("\r\x85\u2028\u2029", "\n") | dict.fromkeys("\t\v\f\x1c\x1d\x1e\x1f", " ") | {"\n": "\n"}

KEPT = SPACES | PUNCTUATION | BULLETS | STYLED
DROPPED_CATEGORIES = {"Cc", "Cf", "Cs", "Mn", "Me", "Co", "Cn"}


def fold_character(character: str) -> str:
    """Fold one character: compatibility form, no marks, lower case; nothing where it is invisible.

    Dropped are control and format characters (zero-width, soft hyphen, direction, tags), lone
    surrogates and combining marks (Unicode general categories Cc, Cf, Cs, Mn, Me, Co, Cn). Pictures
    (category So) stand apart as words of their own. Homoglyphs are not touched.

    Examples
    --------
    >>> fold_character("É"), fold_character("ﬁ"), fold_character("\\u200b"), fold_character("ᴛ")
    ('e', 'fi', '', 't')
    """
    if character in KEPT:
        return KEPT[character]
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    folded = "".join(KEPT.get(c, c) for c in decomposed if c in SPACES or unicodedata.category(c) not in DROPPED_CATEGORIES)
    if len(folded) == 1 and not folded.isascii() and unicodedata.category(folded) in {"So", "Sk"}:
        return f" {folded} "
    return " " if folded.isspace() and folded != "\n" else folded
