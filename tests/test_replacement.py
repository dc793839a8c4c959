import os
import stat

import pytest

from classifier.replacement import replacing


def test_what_was_written_replaces_the_file(tmp_path):
    (tmp_path / "a").write_text("old", encoding="utf-8")
    with replacing(tmp_path / "a") as beside:
        beside.write_text("new", encoding="utf-8")
        assert (tmp_path / "a").read_text(encoding="utf-8") == "old"
    assert (tmp_path / "a").read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def fail_half_way(path, error):
    with replacing(path) as beside:
        beside.write_text("half", encoding="utf-8")
        raise error


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, GeneratorExit])
def test_an_error_leaves_the_old_file_and_no_other(error, tmp_path):
    (tmp_path / "a").write_text("old", encoding="utf-8")
    with pytest.raises(error):
        fail_half_way(tmp_path / "a", error)
    assert (tmp_path / "a").read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_new_file_is_as_open_as_others_are(tmp_path):
    (tmp_path / "usual").touch()
    with replacing(tmp_path / "a"):
        pass
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_private_file_stays_private(tmp_path):
    (tmp_path / "a").touch(0o600)
    with replacing(tmp_path / "a"):
        pass
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a").write_text("old", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "there" / "a")
    with replacing(tmp_path / "link") as beside:
        beside.write_text("new", encoding="utf-8")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "a").read_text(encoding="utf-8") == "new"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with replacing(tmp_path / "pipe") as beside:
        assert beside == tmp_path / "pipe"
    assert (tmp_path / "pipe").is_fifo()


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "gone" / "a"):
        pass
