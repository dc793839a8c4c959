"""The arguments: what each command takes, what it refuses, and what its help says."""

import re

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import classifier
from classifier.cli import app

OPTIONS = {
    "score": {"--lines", "--model", "--threshold", "--format", "--output", "--jobs", "--resume", "--fail-on-scam"},
    "scan": {"--model", "--threshold", "--format", "--output", "--jobs", "--resume", "--clean", "--fail-on-scam"},
    "explain": {"--lines", "--model", "--threshold", "--format", "--output", "--top"},
    "train": {"--output", "--max-fpr"},
    "evaluate": {"--pages", "--model", "--threshold", "--format", "--output"},
    "inspect": set(),
}
ARGUMENTS = {
    "score": "PATH",
    "scan": "PATH",
    "explain": "PATH",
    "train": "DATA",
    "evaluate": "DATA",
    "inspect": "MODEL",
}
OK, WRONG_USAGE = 0, 2


def invoke(*arguments: str):
    """Run the command line in this process, with room enough that no help is wrapped."""
    plain = {"COLUMNS": "250", "TERMINAL_WIDTH": "250", "NO_COLOR": "1", "TERM": "dumb"}
    return CliRunner().invoke(app, list(arguments), env=plain)


def refused(*arguments: str) -> str:
    """Return what is said of wrong usage: exit code 2, all of it on stderr."""
    result = invoke(*arguments)
    assert result.exit_code == WRONG_USAGE, result.output
    assert result.stdout == ""
    return result.stderr


def test_the_commands_are_these():
    assert set(get_command(app).commands) == set(OPTIONS)
    text = invoke("--help").stdout
    for name, command in get_command(app).commands.items():
        assert re.search(rf"\b{name}\b", text)
        assert command.help
    assert "Exit codes: 0 done, 1 something failed, 2 wrong usage, 3 flagged with --fail-on-scam." in text


@pytest.mark.parametrize("command", OPTIONS)
def test_help_lists_every_option_with_a_word_on_it(command):
    result = invoke(command, "--help")
    assert result.exit_code == OK
    assert set(re.findall(r"(?<![\w-])--[a-z-]+", result.stdout)) - {"--help"} >= OPTIONS[command]
    assert ARGUMENTS[command] in result.stdout
    found = get_command(app).commands[command]
    assert {name for parameter in found.params for name in parameter.opts if name[:2] == "--"} - {"--help"} == (
        OPTIONS[command]
    )
    for parameter in found.params:
        assert parameter.help.endswith(".")
        assert parameter.help in re.sub(r"\s+", " ", result.stdout.replace("│", " "))


def test_version_is_printed_alone():
    assert invoke("--version").stdout == f"{classifier.__version__}\n"


@pytest.mark.parametrize("command", ["score", "scan", "explain", "train", "evaluate"])
def test_a_command_without_its_argument_is_wrong_usage(command):
    said = refused(command)
    assert "Missing argument" in said
    assert ARGUMENTS[command] in said


@pytest.mark.parametrize(
    ("arguments", "wording"),
    [
        (["scores", "a.txt"], "No such command 'scores'"),
        (["score", "a.txt", "--line"], "No such option: --line"),
        (["score", "a.txt", "--format", "xml"], "'xml' is not one of 'table', 'jsonl', 'csv'"),
        (["explain", "a.txt", "--format", "JSON"], "'JSON' is not one of 'table', 'jsonl', 'csv'"),
        (["evaluate", "a.csv", "--format", ""], "is not one of 'table', 'jsonl', 'csv'"),
        (["score", "a.txt", "--threshold", "1.5"], "--threshold"),
        (["score", "a.txt", "--threshold", "-0.1"], "--threshold"),
        (["explain", "a.txt", "--threshold", "high"], "--threshold"),
        (["evaluate", "a.csv", "--threshold", "2"], "--threshold"),
        (["score", "a.txt", "--jobs", "0"], "--jobs"),
        (["score", "a.txt", "--jobs", "two"], "--jobs"),
        (["score", "a.txt", "--resume"], "needs --output, the file to continue"),
        (["score", "-", "--resume", "--output", "o"], "needs files: standard input cannot be read a second time"),
        (["scan", "a.txt", "--resume", "--output", "o", "--format", "table"], "needs --format jsonl or csv"),
        (["explain", "a.txt", "--top", "0"], "--top"),
        (["score", "a.txt", "--model"], "--model"),
        (["scan", "a.txt", "--lines"], "No such option: --lines"),
        (["scan", "a.txt", "--threshold", "1.5"], "--threshold"),
        (["scan", "a.txt", "--jobs", "0"], "--jobs"),
        (["scan", "a.txt", "--format", "html"], "'html' is not one of 'table', 'jsonl', 'csv'"),
        (["scan", "a.txt", "--clean"], "--clean"),
        (["train", "a.csv"], "Missing option '--output'"),
        (["train", "a.csv", "--output", "m", "--max-fpr", "0"], "0.0 is no share between 0 and 1"),
        (["train", "a.csv", "--output", "m", "--max-fpr", "1"], "1.0 is no share between 0 and 1"),
        (["train", "a.csv", "--output", "m", "--max-fpr", "-0.01"], "-0.01 is no share between 0 and 1"),
        (["train", "a.csv", "--output", "m", "--max-fpr", "nan"], "nan is no share between 0 and 1"),
        (["train", "a.csv", "--output", "m", "--max-fpr", "few"], "--max-fpr"),
        (["inspect", "a.joblib", "b.joblib"], "unexpected extra argument"),
    ],
    ids=" ".join,
)
def test_wrong_usage_names_what_is_wrong(arguments, wording):
    assert wording in refused(*arguments)


def test_without_a_command_the_help_is_shown():
    result = invoke()
    assert result.exit_code == WRONG_USAGE
    assert "Usage:" in result.output
