"""Files of states: what they are for other tools, and what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from safetensors.numpy import load as load_tensors

import sk_jae
from sk_jae.exceptions import (
    DamagedFileError,
    ModelFileError,
    NotSavableError,
    UnknownFormatError,
)
from sk_jae.persistence import read_state, write_state
from tests.helpers.model_files import members_of, put_together

STATE = {"name": "task", "weights": {"a": np.arange(6.0).reshape(2, 3)}, "n": (1, 2)}


@pytest.fixture
def path(tmp_path):
    write_state(tmp_path / "file", "test", STATE)
    return tmp_path / "file"


def test_usual_tools_can_read_it(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        metadata = json.loads(archive.read("metadata.json"))
        tensors = load_tensors(archive.read("weights.safetensors"))
        sums = archive.read("SHA256SUMS").decode().splitlines()
        for line in sums:
            digest, name = line.split("  ")
            assert hashlib.sha256(archive.read(name)).hexdigest() == digest
    assert metadata["format"] == "sk_jae"
    assert metadata["format_version"] == 1
    assert metadata["versions"]["sk_jae"] == sk_jae.__version__
    assert metadata["versions"]["numpy"] == np.__version__
    assert metadata["state"]["name"] == "task"
    np.testing.assert_array_equal(tensors["weights/a"], STATE["weights"]["a"])


def test_equal_states_give_equal_bytes(path, tmp_path):
    write_state(tmp_path / "other", "test", STATE)
    assert path.read_bytes() == (tmp_path / "other").read_bytes()


def test_every_byte_counts(path, tmp_path):
    """A bit of every byte is flipped, one after the other."""
    content = path.read_bytes()
    other = tmp_path / "other"
    for i in range(len(content)):
        changed = bytearray(content)
        changed[i] ^= 1 << i % 8
        other.write_bytes(changed)
        with pytest.raises(ModelFileError):
            read_state(other, "test")


def test_every_length_counts(path, tmp_path):
    content = path.read_bytes()
    other = tmp_path / "other"
    for n in range(0, len(content), 3):
        other.write_bytes(content[:n])
        with pytest.raises(ModelFileError):
            read_state(other, "test")
    for more in (b"\0", b"PK", content, bytes(10_000)):
        other.write_bytes(content + more)
        with pytest.raises(ModelFileError):
            read_state(other, "test")


def test_swapped_members_and_members_of_another_file_are_refused(path, tmp_path):
    write_state(tmp_path / "b", "test", {**STATE, "n": (1, 3)})
    one, other = members_of(path), members_of(tmp_path / "b")
    for name in one:
        mixed = {**one, name: other[name]}
        if mixed != one:
            put_together(path, mixed)
            with pytest.raises(DamagedFileError, match="checksum"):
                read_state(path, "test")
    put_together(path, dict(reversed(one.items())))
    with pytest.raises(ModelFileError):
        read_state(path, "test")


def change_text(path, **changes):
    """Write another metadata.json, with right checksums."""
    contents = members_of(path)
    metadata = json.loads(contents["metadata.json"])
    metadata.update(changes)
    contents["metadata.json"] = json.dumps(metadata).encode()
    put_together(path, contents, sums=True)


def test_a_newer_format_names_the_remedy(path):
    change_text(path, format_version=2, versions={"sk_jae": "9.0.0"}, more=1)
    with pytest.raises(UnknownFormatError, match=r"format 2.*9\.0\.0.*update sk_jae"):
        read_state(path, "test")


def test_another_kind_is_refused(path):
    with pytest.raises(UnknownFormatError, match="holds a test, not a model"):
        read_state(path, "model")


@pytest.mark.parametrize(
    "state",
    [
        {"weights": {"$array": "weights/b"}},
        {"a": {"$array": "weights/a"}, "b": {"$array": "weights/a"}},
        {"weights": 1},
        {"$array": ["weights/a"]},
        {"$array": "weights/a", "more": 1},
        [{"$array": "weights/a"}, {"$run": "os.system"}],
        [{"$array": "weights/a"}, {"$float": "1e999"}],
        [{"$array": "weights/a"}, {"$tuple": 3}],
        [{"$array": "weights/a"}, {"$bytes": "é"}],
        [{"$array": "weights/a"}, {"$dict": [[1]]}],
        [{"$array": "weights/a"}, {"$dict": [[[], 1]]}],
        [{"$array": "weights/a"}, {"$dict": [[1, 1], [1, 1]]}],
        [{"$number": {"$array": "weights/a"}}],
        [
            {"$array": "weights/a"},
            {"$text_array": {"shape": [1], "text": ["a"], "width": 10**9}},
        ],
        [
            {"$array": "weights/a"},
            {"$text_array": {"shape": [10**12], "text": ["a"], "width": 1}},
        ],
        [{"$array": "weights/a"}, {"$text_array": {"shape": [1], "objects": 1}}],
        [{"$array": "weights/a"}, {"$text_array": {"shape": [-1, -1], "objects": [1]}}],
        [
            {"$array": "weights/a"},
            {"$text_array": {"shape": [1], "times": [1], "unit": "object"}},
        ],
        [{"$array": "weights/a"}, {"$text_array": {"shape": [1], "strings": [1]}}],
        [{"$array": "weights/a"}, {"$text_array": {"shape": [0]}}],
    ],
)
def test_text_that_was_made_by_hand_is_refused(path, state):
    change_text(path, state=state)
    with pytest.raises(DamagedFileError):
        read_state(path, "test")


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b"1" * 10_000,
        b'"\xff"',
        b"[]",
        b"",
        b"null",
    ],
)
def test_text_that_is_no_plain_json_is_refused(path, text):
    put_together(path, {**members_of(path), "metadata.json": text}, sums=True)
    with pytest.raises(ModelFileError):
        read_state(path, "test")


def test_other_members_are_refused(path):
    contents = members_of(path)
    for more in ({"more": b""}, {"../more": b""}, {f"{i}": b"" for i in range(99)}):
        put_together(path, {**contents, **more})
        with pytest.raises(DamagedFileError):
            read_state(path, "test")
    put_together(path, {"metadata.json": contents["metadata.json"]})
    with pytest.raises(DamagedFileError):
        read_state(path, "test")


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_state(tmp_path / "missing", "test")
    with pytest.raises(IsADirectoryError):
        read_state(tmp_path, "test")


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnknownFormatError, match="no regular file"):
        read_state(tmp_path / "pipe", "test")
    with pytest.raises(UnknownFormatError, match="no regular file"):
        read_state("/dev/null", "test")


def test_other_formats_are_named(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(UnknownFormatError, match="like a pickle; expected a file"):
        read_state(path, "test")
    torch.save({"a": torch.ones(2)}, path)
    with pytest.raises(UnknownFormatError, match=r"torch\.save"):
        read_state(path, "test")
    path.write_bytes(b"")
    with pytest.raises(UnknownFormatError, match=r"file.*cannot be read"):
        read_state(path, "test")


def test_an_archive_is_no_larger_than_zip_can_say(path, monkeypatch):
    monkeypatch.setattr("sk_jae.persistence.files.LARGEST", 5_000)
    earlier = path.read_bytes()
    with pytest.raises(NotSavableError, match=r"\d bytes, expected at most 5,000;"):
        write_state(path, "test", {"weights": np.zeros(1000)})
    assert path.read_bytes() == earlier
    assert len(os.listdir(path.parent)) == 1
