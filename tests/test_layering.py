"""A module imports downwards only, and what is heavy is not imported before it is needed."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import classifier

PACKAGE = Path(classifier.__file__).parent
# Lowest first. A new module takes its place here; `__init__` names them all and is left out.
LAYERS = (
    *("errors", "replacement"),
    *("characters", "entities", "text", "tables", "folding"),
    *("blocks", "units", "markup", "clean"),
    *("ngrams", "weights", "compiled"),
    "calibration",
    *("surface", "surroundings", "trees", "inserts"),
    *("modelfile", "record"),
    *("reasons", "pages"),
    *("passages", "posts", "recipe", "composition"),
    *("training", "page_training"),
    *("model", "evaluation", "page_evaluation"),
    *("entries", "folders", "texts", "lines", "rows", "documents", "batches"),
    *("destination", "writers", "terminal", "output", "progress", "highlight"),
    *("answers", "workers", "scores", "scans", "journal", "runs"),
    *("cli", "__main__"),
)
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")
HEAVY = {"sklearn", "scipy", "pandas", "joblib", "numba", "pyarrow", "rich"}


def imported_modules(module: str) -> set[str]:
    """Return the package's modules that a module imports anywhere, inside functions too."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    named: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            named |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    parts = [name.split(".") for name in named]
    return {part[1] for part in parts if part[0] == "classifier" and len(part) > 1 and part[1] in MODULES}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_downwards_only(module):
    below = LAYERS[: LAYERS.index(module)]
    assert imported_modules(module) <= set(below)


def test_imports_are_seen_wherever_they_stand():
    assert {"modelfile", "record", "compiled", "training"} <= imported_modules("model")


def heavy_modules(program: str) -> set[str]:
    """Run a program in a process of its own and return which heavy packages it has loaded at its end."""
    listing = f"\nimport sys\nprint('loaded', *({HEAVY!r} & sys.modules.keys()))"
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    printed = subprocess.run(
        [sys.executable, "-c", program + listing],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(printed.stdout.splitlines()[-1].split()[1:])


def test_importing_the_package_loads_nothing_heavy():
    assert heavy_modules("import classifier; dir(classifier)") == set()


def test_importing_the_package_loads_no_numpy():
    assert heavy_modules("import classifier, sys; assert 'numpy' not in sys.modules") == set()


@pytest.mark.parametrize("arguments", [["--help"], ["score", "--help"], ["train", "--help"]])
def test_help_loads_nothing_heavy_but_what_prints_it(arguments):
    program = f"""
import sys
from classifier.cli import main
sys.argv = ["classifier", *{arguments!r}]
try:
    main()
except SystemExit as leaving:
    assert leaving.code in (0, None), leaving.code
assert "numpy" not in sys.modules
"""
    assert heavy_modules(program) <= {"rich"}


def test_scoring_and_explaining_one_text_load_nothing_heavy(model, tmp_path):
    path = tmp_path / "m.joblib"
    model.save(path)
    program = f"""
import classifier
model = classifier.load({str(path)!r})
assert 0 < model.score("Free coins for everybody") < 1
assert model.explain("Free coins for everybody")
"""
    assert heavy_modules(program) == set()
