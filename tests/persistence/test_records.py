"""Dataclasses become records and come back checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from sk_jae.exceptions import DamagedFileError
from sk_jae.persistence import from_record, to_record


@dataclass
class Inner:
    n: int


@dataclass
class Other:
    text: str


@dataclass
class Outer:
    name: str
    shape: tuple[int, ...]
    pair: tuple[str, float]
    parts: list[Inner | Other]
    word: Literal["a", "b"]
    mean: NDArray[np.float64]
    anything: Any
    by_name: dict[str, int]
    scale: float | None = None
    later: list[int] = field(default_factory=list)


VALUE = Outer(
    "x",
    (1, 2),
    ("p", 0.5),
    [Inner(3), Other("t")],
    "b",
    np.ones(2),
    [None, {"k": (1,)}],
    {"one": 1},
    later=[4],
)


def test_a_record_is_plain_and_comes_back():
    record = to_record(VALUE)
    assert record["parts"][0] == {"kind of": "Inner", "n": 3}
    found = from_record(record, Outer)
    np.testing.assert_array_equal(found.mean, VALUE.mean)
    found.mean = VALUE.mean
    assert found == VALUE


def test_what_an_older_record_lacks_gets_its_default():
    record = to_record(VALUE)
    del record["later"], record["scale"]
    found = from_record(record, Outer)
    assert (found.later, found.scale) == ([], None)


def test_a_missing_field_is_named():
    record = to_record(VALUE)
    del record["name"], record["pair"]
    with pytest.raises(DamagedFileError, match="Outer lacks 'name', 'pair', which"):
        from_record(record, Outer)


def test_an_unknown_field_is_named():
    record = {**to_record(VALUE), "colour": 1}
    with pytest.raises(DamagedFileError, match="Outer has 'colour', which"):
        from_record(record, Outer)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", 1),
        ("name", None),
        ("shape", [1, 2]),
        ("shape", (1, 2.0)),
        ("shape", (1, True)),
        ("pair", ("p", 0.5, 1)),
        ("pair", ("p", "q")),
        ("parts", {"kind of": "Inner", "n": 3}),
        ("parts", [{"kind of": "Inner", "n": "3"}]),
        ("parts", [{"kind of": "Outer"}]),
        ("parts", [{"n": 3}]),
        ("parts", [None]),
        ("word", "c"),
        ("word", ["a"]),
        ("mean", [1.0]),
        ("mean", np.ones(2, dtype=np.float32)),
        ("by_name", {"one": 1.5}),
        ("by_name", {1: 1}),
        ("scale", "1"),
        ("scale", True),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_path(name, value):
    record = {**to_record(VALUE), name: value}
    with pytest.raises(DamagedFileError, match=rf"Outer\.{name}"):
        from_record(record, Outer)
