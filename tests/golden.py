"""The golden vector: texts and their scores under the model of `corpus`, so that no change of meaning goes unseen.

    python tests/golden.py

renews `tests/cases/golden.jsonl`. Do so only if folding, hashing or weighing was changed on purpose: models
fitted before the change then score otherwise than they did, so raise `classifier.modelfile.FORMAT`, too.
"""

import json
from pathlib import Path

from corpus import HAM, SPAM, fitted_by_hand

PATH = Path(__file__).parent / "cases" / "golden.jsonl"
TEXTS = (
    SPAM[0],
    SPAM[7],
    HAM[1],
    HAM[9],
    "",
    "Free",
    "Е\u0430rn 5 0 BTC at www.Coins.example, gu\u0430r\u0430nteed!",
    "B.i.t.c.o.i.n d0ubl3r, s\u200be\u200bnd m0n3y n0w",
    "The bank's profit fell 3% — “a patient investor’s quarter”, it said on Thursday.",
    "𝐅𝐑𝐄𝐄 𝐟𝐨𝐥𝐥𝐨𝐰𝐞𝐫𝐬 🔥🔥🔥 t.me/likestorm",
    "Центральный банк повысил ставку; курс биткоина упал до $60,000.",
    "Write to fastcash@lender.example or +1 (202) 555-0143 with €5,000.\n\nNo questions\tasked.\x00\ud800",
)
DECIMALS = 6


def renew() -> None:
    """Write the texts with the scores they have now."""
    scores = fitted_by_hand().score_many(TEXTS)
    # ASCII, so that nothing invisible is lost on the way through an editor.
    lines = [
        json.dumps({"text": text, "score": round(float(score), DECIMALS)})
        for text, score in zip(TEXTS, scores, strict=True)
    ]
    PATH.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    renew()
