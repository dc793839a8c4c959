"""The README names every command and option and its code runs; every public name says what it is."""

import inspect
import os
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from typer.main import get_command

import classifier
from classifier.cli import app

ROOT = Path(classifier.__file__).parents[1]
MODULES = sorted(found.name for found in pkgutil.iter_modules(classifier.__path__) if found.name != "__main__")
COMMANDS = get_command(app).commands
OPTIONS = sorted({name for command in COMMANDS.values() for parameter in command.params for name in parameter.opts})


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_shows_every_command(readme, command):
    assert re.search(rf"\bclassifier {command}\b", readme)


@pytest.mark.parametrize("option", [option for option in OPTIONS if option.startswith("--") and option != "--help"])
def test_the_readme_names_every_option(readme, option):
    assert re.search(rf"(?<![\w-]){option}(?![\w-])", readme)


def test_the_readme_names_no_command_and_no_option_there_is_not(readme):
    shell = "\n".join(re.findall(r"```bash\n(.*?)```", readme, re.DOTALL))
    assert set(re.findall(r"(?:^|[&|] *)classifier (\w+)", shell, re.MULTILINE)) <= set(COMMANDS)
    for line in shell.splitlines():
        for command, rest in re.findall(r"\bclassifier (\w+)([^#|&]*)", line):
            known = {name for parameter in COMMANDS[command].params for name in parameter.opts}
            assert set(re.findall(r"(?<![\w-])--[a-z-]+", rest)) <= known, line


def test_the_readme_says_the_exit_codes(readme):
    for code in ("0 done", "1 something could not be done", "2 wrong usage", "3 flagged"):
        assert code in readme


def test_files_that_the_readme_links_to_are_there(readme):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", readme)
    assert links
    missing = [link for link in links if not (ROOT / link).exists()]
    if missing == ["models/README.md"] and not (ROOT / "models" / "scam.joblib").exists():
        pytest.skip("the shipped model and its card are not there")
    assert missing == []


def test_the_code_of_the_readme_runs(readme, shipped, tmp_path):
    program = "\n".join(re.findall(r"```python\n(.*?)```", readme, re.DOTALL))
    assert "classifier.load()" in program
    (tmp_path / "data").symlink_to(ROOT / "data", target_is_directory=True)
    (tmp_path / "models").mkdir()
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_says_what_it_is(module):
    found = import_module(f"classifier.{module}")
    assert found.__doc__
    for name, value in vars(found).items():
        is_own = getattr(value, "__module__", None) == found.__name__
        if name.startswith("_") or not is_own or not (inspect.isfunction(value) or inspect.isclass(value)):
            continue
        assert inspect.getdoc(value), f"{module}.{name}"
        for method, inner in vars(value).items() if inspect.isclass(value) else ():
            if inspect.isfunction(inner) and not method.startswith("_"):
                assert inspect.getdoc(inner), f"{module}.{name}.{method}"


def test_every_name_of_the_package_is_public_on_purpose():
    assert sorted(classifier.__all__) == classifier.__all__
    assert all(inspect.getdoc(getattr(classifier, name)) for name in classifier.__all__)
