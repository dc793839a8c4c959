import errno
import os
import pickle
import pickletools
import re
import struct
import tracemalloc
import zlib
from pathlib import Path

import joblib
import numpy as np
import pytest
from corpus import HAM, SPAM
from hypothesis import given
from hypothesis import strategies as st

import classifier
from classifier import modelfile
from classifier.errors import ModelFileError


class Runs:
    """What a pickle turns into a call of os.system."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


PAGE = "\n\n".join([*HAM[:2], SPAM[0], HAM[2]])
HEAD = b"\x80\x04"
TEXT = b"\x8c\x01a"

# name: (what makes the stream out of a command, what the refusal says)
UNSAFE = {
    "a global by name": (lambda c: b"cos\nsystem\n(V" + c + b"\ntR.", "opcode GLOBAL 'os system' at byte 0"),
    "a global from the stack": (lambda c: pickle.dumps(Runs(c.decode()), 4), "opcode STACK_GLOBAL"),
    "a global in a field": (
        lambda c: pickle.dumps({"format": 2, "header": Runs(c.decode())}, 4),
        "opcode STACK_GLOBAL",
    ),
    "protocol 0": (lambda c: pickle.dumps(Runs(c.decode()), 0), "opcode GLOBAL"),
    "a call": (lambda c: HEAD + TEXT + TEXT + b"R.", "opcode REDUCE at byte 8"),
    "a state": (lambda c: HEAD + b"}}b.", "opcode BUILD"),
    "a new object": (lambda c: HEAD + TEXT + TEXT + b"\x81.", "opcode NEWOBJ"),
    "a new object with keywords": (lambda c: HEAD + TEXT + TEXT + b"}\x92.", "opcode NEWOBJ_EX"),
    "an old object": (lambda c: b"(" + TEXT + TEXT + b"o.", "opcode OBJ"),
    "an old instance": (lambda c: b"(ios\nsystem\n.", "opcode INST 'os system'"),
    "an extension": (lambda c: b"\x82\x01.", "opcode EXT1"),
    "a long extension": (lambda c: b"\x84\x01\x00\x00\x00.", "opcode EXT4"),
    "a persistent id": (lambda c: b"Pos.system\n.", "opcode PERSID 'os.system'"),
    "a persistent id from the stack": (lambda c: TEXT + b"Q.", "opcode BINPERSID"),
    "a buffer from outside": (lambda c: b"\x97.", "opcode NEXT_BUFFER"),
    "nested lists": (lambda c: HEAD + b"]" * 50 + b"a" * 49 + b".", "opcode EMPTY_LIST"),
    "a tuple": (lambda c: HEAD + b")" + b".", "opcode EMPTY_TUPLE"),
    "a set": (lambda c: HEAD + b"\x8f.", "opcode EMPTY_SET"),
    "a bomb of repeated values": (lambda c: HEAD + b"}\x94" + b"h\x00" * 9 + b".", "opcode BINGET"),
    "a giant place in the memo": (lambda c: HEAD + b"}r\xff\xff\xff\xff.", "opcode LONG_BINPUT"),
    "a copy": (lambda c: HEAD + b"}2.", "opcode DUP"),
    "a long number": (lambda c: HEAD + b"\x8a\xff" + b"\x01" * 255 + b".", "opcode LONG1"),
    "bytes longer than the file": (lambda c: HEAD + b"\x8e" + struct.pack("<Q", 2**62) + b"x.", "broken data"),
    "a frame longer than the file": (lambda c: HEAD + b"\x95" + struct.pack("<Q", 2**62) + b"}.", "broken data"),
    "many values": (lambda c: HEAD + b"}" * 2_000 + b".", "broken data"),
    "an empty stack": (lambda c: HEAD + b"s.", "broken data"),
    "a dict as a key": (lambda c: HEAD + b"}}}s.", "broken data"),
    "no end": (lambda c: HEAD + b"}", "broken data"),
    "nothing": (lambda c: b"", "broken data"),
    "bytes after the end": (lambda c: pickle.dumps({"format": 2}, 4) + b"cos\nsystem\n.", "broken data"),
    "another type": (lambda c: HEAD + TEXT + b".", "broken data (str in place of dict)"),
    "a long wrong quote": (lambda c: b"S" + b"x" * 100_000 + b"\n.", "broken data"),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_an_unsafe_stream_is_refused_and_not_run(name, tmp_path):
    stream, wrong = UNSAFE[name]
    sentinel, path = tmp_path / "sentinel", tmp_path / "forged.joblib"
    path.write_bytes(zlib.compress(stream(f"touch {sentinel}".encode())))
    with pytest.raises(ModelFileError, match=re.escape(wrong)) as caught:
        classifier.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value)) < len(str(path)) + 300
    assert not sentinel.exists()


def test_the_unsafe_streams_are_dangerous_elsewhere(tmp_path):
    """The sentinel proves something: the plain unpickler creates it."""
    stream, _ = UNSAFE["a global from the stack"]
    pickle.loads(stream(f"touch {tmp_path / 'sentinel'}".encode()))
    assert (tmp_path / "sentinel").exists()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"format": 1}, "model format 1, format 2 was expected; train the model again"),
        ({"format": 3}, "model format 3, format 2 was expected"),
        ({"format": "1"}, "model format unknown, format 2 was expected"),
        ({"format": b"1"}, "model format unknown"),
        ({"format": True}, "opcode NEWTRUE"),
        ({"format": 2.0}, "opcode BINFLOAT"),
        ({"format": None}, "opcode NONE"),
        ({}, "model format unknown"),
        (
            {"format": 2},
            "no field coef, header, idf, idf_levels, page_coef, seen, "
            "tree_fact, tree_limit, tree_no, tree_value, tree_yes; the model is broken or forged",
        ),
    ],
)
def test_another_format_is_refused(fields, wrong, tmp_path):
    path = tmp_path / "m.joblib"
    path.write_bytes(zlib.compress(pickle.dumps(fields, 4)))
    with pytest.raises(ModelFileError, match=re.escape(f"{path}: {wrong}")):
        classifier.load(path)


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "the file is empty"),
        (b"An ordinary text.\n", "not a model file of ours"),
        (pickle.dumps({"format": 2}, 4), "not a model file of ours"),
        (zlib.compress(pickle.dumps({"format": 2}, 4)) + b"more", "4 bytes follow the model"),
        (zlib.compress(pickle.dumps({"format": 2}, 4))[:-1], "the file is truncated"),
    ],
)
def test_what_is_no_model_file_is_refused(content, wrong, tmp_path):
    path = tmp_path / "m.joblib"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=re.escape(f"{path}: {wrong}")):
        classifier.load(path)


@pytest.mark.parametrize("compress", [0, ("zlib", 6), ("gzip", 3)])
def test_a_scikit_learn_model_is_refused(compress, tmp_path):
    from sklearn.linear_model import LogisticRegression

    path = tmp_path / "m.joblib"
    joblib.dump(LogisticRegression().fit(np.eye(4), [0, 1, 0, 1]), path, compress=compress)
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
        classifier.load(path)


def test_a_bomb_is_refused_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(modelfile, "MAX_DATA_BYTES", 1_000)
    path = tmp_path / "m.joblib"
    path.write_bytes(zlib.compress(bytes(10_000_000), 9))
    tracemalloc.start()
    with pytest.raises(ModelFileError, match="more than 1,000 bytes unpacked"):
        classifier.load(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_large_file_is_not_read(tmp_path):
    path = tmp_path / "m.joblib"
    with path.open("wb") as file:
        file.truncate(modelfile.MAX_FILE_BYTES + 1)
    with pytest.raises(
        ModelFileError, match=r"m\.joblib: 201,326,593 bytes, a model file of at most 201,326,592 bytes"
    ):
        classifier.load(path)


def test_a_missing_file_a_folder_and_a_device_are_refused(tmp_path):
    with pytest.raises(ModelFileError, match=r"gone\.joblib: No such file or directory, a model file was expected"):
        classifier.load(tmp_path / "gone.joblib")
    for path in (tmp_path, "/dev/zero"):
        with pytest.raises(ModelFileError, match=f"{path}: a folder, pipe or device, a model file of at most"):
            classifier.load(path)


def test_a_truncated_model_is_refused(model, tmp_path):
    path = tmp_path / "m.joblib"
    model.save(path)
    whole = path.read_bytes()
    for i in range(20):
        path.write_bytes(whole[: len(whole) * i // 20])
        with pytest.raises(ModelFileError, match=r"the file is (empty|truncated)"):
            classifier.load(path)


def test_a_saved_model_scores_the_same(model, tmp_path):
    model.save(tmp_path / "m.joblib")
    again = classifier.load(tmp_path / "m.joblib")
    assert again.score_many(SPAM + HAM).tolist() == model.score_many(SPAM + HAM).tolist()
    assert again.scan(PAGE) == model.scan(PAGE)
    assert (again.calibration, again.card) == (model.calibration, model.card)


def test_the_same_model_gives_the_same_bytes(model, tmp_path):
    model.save(tmp_path / "a.joblib")
    classifier.load(tmp_path / "a.joblib").save(tmp_path / "another-name.joblib")
    assert (tmp_path / "a.joblib").read_bytes() == (tmp_path / "another-name.joblib").read_bytes()


def test_the_file_is_a_joblib_file_of_plain_data(model, tmp_path):
    model.save(tmp_path / "m.joblib")
    assert joblib.load(tmp_path / "m.joblib") == modelfile.read(tmp_path / "m.joblib")


def test_a_model_takes_fewer_opcodes_than_are_read(stream):
    assert sum(1 for _ in pickletools.genops(stream)) < modelfile.MAX_OPCODES


def test_a_full_disk_leaves_the_old_file_whole(model, tmp_path, monkeypatch):
    path = tmp_path / "m.joblib"
    model.save(path)
    old = path.read_bytes()

    def fill_up(value, place, **options):
        Path(place).write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(joblib, "dump", fill_up)
    with pytest.raises(ModelFileError, match=f"{path}: No space left on device, so the model was not written"):
        model.save(path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(model, tmp_path):
    with pytest.raises(ModelFileError, match="No such file or directory, so the model was not written"):
        model.save(tmp_path / "gone" / "m.joblib")


@pytest.fixture(scope="module")
def stream(model, tmp_path_factory):
    """The pickle inside a valid file."""
    path = tmp_path_factory.mktemp("valid") / "m.joblib"
    model.save(path)
    return zlib.decompress(path.read_bytes())


@given(content=st.binary() | st.binary().map(zlib.compress))
def test_arbitrary_bytes_are_refused(content, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "arbitrary.joblib"
    path.write_bytes(content)
    with pytest.raises(ModelFileError):
        classifier.load(path)


# The first bytes are opcodes, names and the header, the last ones the trees; what lies between is mostly numbers.
FLIPS = st.lists(
    st.tuples(st.integers(-2_000, 1_500) | st.integers(0, 10**9), st.integers(1, 255)), min_size=1, max_size=3
)


@given(flips=FLIPS, is_packed=st.booleans())
def test_flipped_bytes_give_a_model_or_a_refusal(flips, is_packed, stream, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "flipped.joblib"
    flipped = bytearray(zlib.compress(stream) if is_packed else stream)
    for place, mask in flips:
        flipped[place % len(flipped)] ^= mask
    path.write_bytes(flipped if is_packed else zlib.compress(flipped))
    try:
        found = classifier.load(path)
    except ModelFileError:
        return
    assert ((found.score_many(SPAM + HAM) >= 0) & (found.score_many(SPAM + HAM) <= 1)).all()
    page = found.scan(PAGE)
    assert all(0 <= score <= 1 for score in (page.score, *(insert.score for insert in page.inserts)))
