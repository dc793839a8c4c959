"""Fixtures every test may use."""

from pathlib import Path

import pytest
from corpus import fitted_by_hand
from hypothesis import settings

import classifier
from classifier.model import Model

# Machines differ in speed and what is measured elsewhere is not measured here.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

OWN_FOLDER = Path(__file__).parents[1] / "data" / "posts"
OWN_NAMES = ("ada", "bola", "carl", "dita", "fay", "gus", "hal")


@pytest.fixture(scope="session")
def model() -> Model:
    """A small model, fitted without any training on the posts of `corpus`."""
    return fitted_by_hand()


@pytest.fixture(scope="session")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of every fourth post of some of the project's own files: few enough to train on in a second."""
    folder = tmp_path_factory.mktemp("own")
    for name in OWN_NAMES:
        rows = (OWN_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / f"{name}.jsonl").write_text("".join(rows[::4]), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def shipped() -> Model:
    """The model that the package ships."""
    try:
        return classifier.load()
    except classifier.ModelFileError as error:
        if "no such file" not in str(error):
            raise
        pytest.skip(f"the shipped model is not there: {error}")
