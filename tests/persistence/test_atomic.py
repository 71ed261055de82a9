"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time

import pytest

from sk_jae.persistence import atomic_file

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


def write(path, content=b"new"):
    with atomic_file(path) as file:
        file.write(content)


def test_a_file_is_written_and_nothing_else(tmp_path):
    write(tmp_path / "a")
    write(str(tmp_path / "a"), b"newer")
    assert (tmp_path / "a").read_bytes() == b"newer"
    assert os.listdir(tmp_path) == ["a"]


def test_until_the_end_the_earlier_file_is_there(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with atomic_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_earlier_file(tmp_path, error):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail():
        with atomic_file(path) as file:
            file.write(b"half of the new")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@posix
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_earlier_file(tmp_path, monkeypatch, step):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        write(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@posix
def test_a_real_full_file_system_leaves_the_earlier_file(tmp_path):
    """The system refuses to make the file larger, as it does on a full disk."""
    code = (
        "import resource, signal, sys\n"
        "from sk_jae.persistence import atomic_file\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "with atomic_file(sys.argv[1]) as file:\n"
        "    file.write(bytes(200_000))\n"
    )
    path = tmp_path / "a"
    path.write_bytes(b"old")
    command = [sys.executable, "-c", code, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "OSError" in run.stderr
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@posix
def test_a_kill_leaves_the_earlier_or_the_new_file(tmp_path):
    code = (
        "import sys\n"
        "from sk_jae.persistence import atomic_file\n"
        "print('ready', flush=True)\n"
        "for i in range(10**9):\n"
        "    with atomic_file(sys.argv[1]) as file:\n"
        "        file.write(bytes([i % 256]) * 300_000)\n"
    )
    path = tmp_path / "a"
    path.write_bytes(bytes(300_000))
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        time.sleep(0.05)
        process.kill()
    content = path.read_bytes()
    assert len(content) == 300_000
    assert len(set(content)) == 1


@posix
def test_permissions_stay_and_links_are_followed(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o640)
    (tmp_path / "link").symlink_to("a")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@posix
def test_a_new_file_has_the_usual_permissions(tmp_path):
    write(tmp_path / "a")
    (tmp_path / "b").write_bytes(b"")
    modes = [(tmp_path / name).stat().st_mode for name in "ab"]
    assert modes[0] == modes[1]


@posix
def test_what_is_no_file_is_not_replaced(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"folder to save in.*missing"):
        write(tmp_path / "missing" / "a")
    with pytest.raises(IsADirectoryError, match="expected the path of a file"):
        write(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="only a regular file"):
        write(tmp_path / "pipe")
    assert os.listdir(tmp_path) == ["pipe"]
