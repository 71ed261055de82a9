"""Which columns of tables belong together."""

from __future__ import annotations

import pytest

from sk_jae.architecture import common_columns, describe

ABC, CBA = ("a", "b", "c"), ("c", "b", "a")


def numbered(prefix, n):
    return tuple(f"{prefix}{i}" for i in range(n))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([ABC, CBA], ABC),
        ([CBA, ABC], CBA),
        ([("d", "c", "a"), ABC], ("c", "a")),
        ([ABC, ("b", "c", "d"), ("c", "d", "b", "e")], ("b", "c")),
        ([ABC, ("a",)], ("a",)),
        # A name that a table has twice belongs to no other column.
        ([("a", "b", "a"), ABC], ("b",)),
        ([(*ABC, "d"), ("b", "a", "b", "c")], ("a", "c")),
        # A selection of such names tells which columns it has.
        ([("x1", "x0"), numbered("x", 2)], ("x1", "x0")),
        ([numbered("column_", 5), ("column_1", "column_4")], ("column_1", "column_4")),
        ([numbered("sensor", 4), numbered("sensor", 3)], numbered("sensor", 3)),
    ],
)
def test_columns_are_matched_by_name_in_the_order_of_the_first_task(columns, expected):
    assert common_columns(columns) == [expected] * len(columns)


@pytest.mark.parametrize(
    "columns",
    [
        [ABC],
        [ABC, ABC, ABC],
        [None, None],
        [ABC, None, ABC],
        [("a", "a"), ("a", "a")],
        [numbered("x", 3), numbered("x", 2)],
        [numbered("column_", 3), numbered("column_", 2)],
        [numbered("", 3), ABC],
    ],
)
def test_without_different_names_columns_are_matched_by_position(columns):
    assert common_columns(columns) == [None] * len(columns)


@pytest.mark.parametrize(
    "columns",
    [
        [ABC, ("d", "e", "f")],
        [ABC, ("c", "d"), ("d", "a")],
        [ABC, CBA, None],
        [("a", "a"), ("a", "b")],
    ],
)
def test_tables_that_cannot_be_matched_keep_their_own_names(columns):
    assert common_columns(columns) == columns


def test_numbered_columns_among_others_have_no_names():
    assert common_columns([ABC, CBA, numbered("x", 3)]) == [ABC, CBA, None]


@pytest.mark.parametrize(
    ("features", "view", "indices"),
    [
        (("c", "a"), (2,), (2, 0)),
        (CBA, (3,), (2, 1, 0)),
        (ABC, (3,), None),
        (None, (3,), None),
    ],
)
def test_the_shared_branch_has_the_layers_for_its_columns(features, view, indices):
    def widths(shape):
        return (10 * shape[0],)

    found = describe("t", (3,), (3,), widths, "mirror", columns=ABC, features=features)
    assert (found.view, found.indices, found.features) == (view, indices, features)
    assert (found.shared[0].width, found.private[0].width) == (10 * view[0], 30)
    assert [layer.width for layer in found.decoder] == [30, 3]
