"""Ways to damage a file, and files that are made to do harm."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np

RAN: list[str] = []


def flip(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    changed[rng.integers(len(changed))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def cut(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    first, last = sorted(rng.integers(len(content) + 1, size=2))
    return content[:first] + content[last:]


def swap(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Exchange two pieces of equal length."""
    n = int(rng.integers(1, 200))
    a, b = sorted(int(i) for i in rng.integers(len(content) - n, size=2))
    if b < a + n:
        return content
    parts = content[:a], content[b : b + n], content[a + n : b], content[a : a + n]
    return b"".join(parts) + content[b + n :]


def overwrite(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Zero a piece, as a lost block of a disk."""
    n, start = int(rng.integers(1, 600)), int(rng.integers(len(content)))
    return (content[:start] + bytes(n) + content[start + n :])[: len(content)]


def mix(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Put in a piece of a file of another model."""
    n, start = int(rng.integers(1, 5000)), int(rng.integers(len(content)))
    return content[:start] + other[start : start + n] + content[start + n :]


DAMAGES: dict[str, Callable[[bytes, bytes, np.random.Generator], bytes]] = {
    "a bit flipped": flip,
    "a piece cut out": cut,
    "two pieces swapped": swap,
    "a piece zeroed": overwrite,
    "a piece of another model": mix,
}


class Run:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return RAN.append, ("run",)


def a_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(Run()))


def pickled_member(path: Path) -> None:
    _again(path, {"weights.safetensors": pickle.dumps(Run())})


def paths_outside(path: Path) -> None:
    _again(path, {"../../outside": b"x", "/tmp/outside": b"x"})


def a_link(path: Path) -> None:
    members = _members(path)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            if name == "weights.safetensors":
                info.external_attr, content = 0o120777 << 16, b"/etc/passwd"
            archive.writestr(info, content)


def a_bomb(path: Path) -> None:
    """A gigabyte of zeros in a megabyte."""
    members = _members(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", members["metadata.json"])
        with archive.open("weights.safetensors", "w") as member:
            for _ in range(64):
                member.write(bytes(2**24))


def huge_sizes(path: Path) -> None:
    """Tensors of 10^15 bytes, by a header of the right form."""
    entry = {"dtype": "F64", "shape": [2**25, 2**22], "data_offsets": [0, 2**50]}
    header = json.dumps({"a": entry}).encode()
    _again(path, {"weights.safetensors": struct.pack("<Q", len(header)) + header})


def huge_layers(path: Path) -> None:
    """Layers of 10^12 weights."""
    text = _members(path)["metadata.json"]
    _again(
        path, {"metadata.json": text.replace(b'"width": 16', b'"width": 1000000000')}
    )


def numbers_that_are_none(path: Path) -> None:
    text = _members(path)["metadata.json"]
    changed = text.replace(b'"state": {', b'"state": {"x": NaN, ', 1)
    _again(path, {"metadata.json": changed})


HOSTILE: dict[str, Callable[[Path], None]] = {
    "a pickle": a_pickle,
    "a pickle in place of the tensors": pickled_member,
    "paths that lead outside": paths_outside,
    "a link in place of the tensors": a_link,
    "a zip bomb of 1 GB": a_bomb,
    "tensors of 10^15 bytes": huge_sizes,
    "layers of 10^12 weights": huge_layers,
    "NaN in the metadata": numbers_that_are_none,
}


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _again(path: Path, changed: dict[str, bytes]) -> None:
    """Write an archive of the form that `save` gives it, with right checksums."""
    members = {**_members(path), **changed}
    hashed = ("metadata.json", "weights.safetensors")
    sums = [f"{sha256(members[name]).hexdigest()}  {name}\n" for name in hashed]
    members["SHA256SUMS"] = "".join(sums).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr, info.create_system = 0o100644 << 16, 3
            archive.writestr(info, content)
