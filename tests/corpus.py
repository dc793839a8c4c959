"""Ten spam and ten genuine posts, readable by eye, and a model fitted on them by hand: no training, no scikit-learn."""

import numpy as np
from numpy.typing import NDArray

from classifier.calibration import Calibration
from classifier.inserts import PageWeights
from classifier.model import Model
from classifier.ngrams import Counts, NgramSpec, count
from classifier.text import fold
from classifier.trees import Trees
from classifier.weights import Ballast, Weights

SPAM = (
    "Earn 55 bitcoins easily! Send 0.1 BTC to our pool and get 0.2 BTC back within the hour, guaranteed.",
    "I lost everything until Mrs Odette traded for me. She returned $12,000 in one week. WhatsApp +1 202 555 0143.",
    "Our trading robot never loses. Join 40,000 winners at https://robotprofit.example and double your money today!",
    "Need a loan? Bad credit welcome, no questions asked. Funds in 20 minutes. Write to fastcash@lender.example now.",
    "You have won the Garland Prize of 800,000 euros. Reply with your bank details to claim your winnings.",
    "My wallet was empty, then @coinhealer recovered all my stolen crypto. Contact him on Telegram, 100% legit.",
    "FREE followers, FREE likes!!! Click www.likestorm.test before midnight, limited offer, no password needed.",
    "Dr Zamo brings back your lover in 24 hours, guaranteed results. Call the spell caster on WhatsApp now.",
    "Invest $500 and withdraw $5,000 every Friday. No risk, no experience, only serious investors message me.",
    "Your parcel is on hold. Pay the fee of 1.99 at post-fees.example within 24 hours or it will be returned.",
)
HAM = (
    "The council approved the new cycle path on Tuesday after a two-hour debate about parking outside the school.",
    "Bitcoin slipped below $60,000 on Thursday as investors weighed the central bank's next decision on rates.",
    "Police warned residents about callers who claim to be from their bank and ask for codes and passwords.",
    "Rovers won 2-1 away with a late header, and the manager praised a patient crowd of 4,300 in the rain.",
    "I have had this kettle for six years and it still works; the lid is stiff but the switch is as good as new.",
    "Doors open at seven. Tickets cost £12 at the box office or by telephone, and children under five come free.",
    "Researchers at the university measured the river for ten years and found fewer eels in every dry summer.",
    "Thanks for writing this up. I tried the second recipe with rye flour and it needed ten minutes longer.",
    "The bank reported a fall in profit for the third quarter and said it would close eleven branches by June.",
    "A jury found the broker guilty of fraud after he promised pensioners returns that he could never have paid.",
)

SPEC = NgramSpec(words=2, chars=(4,), bits=14)
# What the constant feature of a block is before the norm: of words, of characters.
VALUES = (4.0, 6.0)
# Few and large steps: what counts is that the numbers are the same on every machine, not that they are the best.
N_STEPS, STEP, PENALTY = 300, 4.0, 0.01


def stairs(step: float = 0.25, highest: float = 8.0) -> Trees:
    """Return trees that give back the first of the facts, a unit's own logit, to the nearest step."""
    limits = np.arange(-highest + step / 2, highest, step)
    shape = (len(limits), 3)
    limit, value = np.zeros(shape), np.tile([0, -step / 2, step / 2], (len(limits), 1))
    limit[:, 0] = limits
    yes, no = (np.tile(np.array(branch, np.uint8), (len(limits), 1)) for branch in ([1, 1, 2], [2, 1, 2]))
    return Trees(np.zeros(shape, np.uint8), limit, yes, no, value, 0.0)


PAGES = PageWeights(stairs(), 0.8, 0.5, (1.0, 0.0, 0.0), 0.0, 0.4)


def fitted_by_hand() -> Model:
    """Return a model fitted on the twenty posts by gradient descent in plain NumPy."""
    counts = count([fold(text) for text in SPAM + HAM], SPEC)
    idf = inverse_document_frequency(counts)
    features = dense(counts, idf)
    signs = np.repeat([1.0, -1.0], [len(SPAM), len(HAM)])
    coef, intercept = np.zeros(features.shape[1]), 0.0
    for _ in range(N_STEPS):
        pull = signs / (1 + np.exp(signs * (features @ coef + intercept))) / len(signs)
        coef += STEP * (features.T @ pull - PENALTY * coef)
        intercept += STEP * float(pull.sum())
    words, characters = (Ballast(*both) for both in zip(VALUES, coef[-2:].tolist(), strict=True))
    weights = Weights(SPEC, idf, coef[:-2].astype(np.float32), (words, characters), intercept)
    calibration = Calibration(2.0, 0.0, 0.8, 0.4, 0.01, 0.31, len(HAM))
    return Model(weights, calibration, weights, PAGES, {"posts": len(SPAM + HAM), "made": "by hand"})


def inverse_document_frequency(counts: Counts) -> NDArray[np.float32]:
    """Return the smooth idf of each bucket seen; 0 of others."""
    df = np.bincount(counts.buckets, minlength=SPEC.n_buckets)
    idf = np.log((1 + len(counts.starts) - 1) / (1 + df)) + 1
    return np.where(df > 0, idf, 0).astype(np.float32)


def dense(counts: Counts, idf: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return TF-IDF rows: words, characters, then the constant of each, either block of length 1 (`classifier.weights`)."""
    n_texts, middle = len(counts.starts) - 1, SPEC.block_size
    features = np.zeros((n_texts, SPEC.n_buckets + 2))
    features[np.repeat(np.arange(n_texts), np.diff(counts.starts)), counts.buckets] = idf[counts.buckets]
    features[:, -2:] = VALUES
    words, characters = np.r_[:middle, -2], np.r_[middle : SPEC.n_buckets, -1]
    for block in (words, characters):
        features[:, block] /= np.linalg.norm(features[:, block], axis=1)[:, np.newaxis]
    return features
