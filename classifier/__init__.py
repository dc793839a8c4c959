"""Finds spam and scam posts, and scam inserts among the genuine paragraphs of a page.

    import classifier

    model = classifier.load()
    model.score("Earn 55 bitcoins easily ...")

Names are loaded when they are first used, so that importing the package costs next to nothing and
scoring needs neither scikit-learn nor pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from classifier.errors import ClassifierError, DataError, InputError, ModelFileError

if TYPE_CHECKING:
    from classifier.evaluation import Report, evaluate
    from classifier.model import Model, load, train
    from classifier.posts import read_posts
    from classifier.reasons import Reason

__version__ = "0.1.0"
__all__ = [
    "ClassifierError",
    "DataError",
    "InputError",
    "Model",
    "ModelFileError",
    "Reason",
    "Report",
    "evaluate",
    "load",
    "read_posts",
    "train",
]

_HOMES = {
    "Model": "model",
    "load": "model",
    "train": "model",
    "Reason": "reasons",
    "Report": "evaluation",
    "evaluate": "evaluation",
    "read_posts": "posts",
}


def __getattr__(name: str) -> Any:
    """Load a public name from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module 'classifier' has no attribute {name!r}")
    return getattr(import_module(f"classifier.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Name what is public."""
    return sorted({*globals(), *__all__})
