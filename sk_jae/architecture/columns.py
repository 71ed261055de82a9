"""Which columns of tables belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

__all__ = ["common_columns", "has_few"]

# What stands before the number in names that pandas (if made text), scikit-learn and
# polars give to columns without names.
_NUMBERED = ("", "x", "column_")

# One column, or a smaller part of the narrowest table, seldom tells the classes: with 1
# of 30 columns in common, a few labels in each task are worth more than the column.
_LEAST_PART = 0.1


def common_columns(
    columns: Sequence[tuple[str, ...] | None],
) -> list[tuple[str, ...] | None]:
    """Return the names of the columns of each table that the shared branch sees.

    Parameters
    ----------
    columns : sequence of (tuple of str or None)
        The names of the columns of each task, None for a task without names.

    Returns
    -------
    features : list of (tuple of str or None)
        The names that all tasks have, in the order of the first task. If there are
        none, or if a task without names is among tasks of different names, nothing
        tells which columns belong together, and each task has its own names here. If
        no names differ, it is None for each task, whose columns are matched by
        position. A name that a table has twice belongs to no other column. Names that
        only count the columns (``x0``, ``x1``, ...) are none, if no table has a
        selection of them.

    Examples
    --------
    >>> from sk_jae.architecture import common_columns
    >>> common_columns([("age", "height", "weight"), ("weight", "sex", "age")])
    [('age', 'weight'), ('age', 'weight')]
    >>> common_columns([("age", "height"), None])
    [None, None]
    """
    # A table with a selection of such names shows that they mean something.
    meant = {n for c in columns if c is not None and not _only_count(c) for n in c}
    named = [
        None if c is None or (_only_count(c) and meant.isdisjoint(c)) else c
        for c in columns
    ]
    known = [names for names in named if names is not None]
    if len(set(known)) < 2:
        return [None] * len(named)
    if len(known) < len(named):
        return named
    once = [{n for n, count in Counter(c).items() if count == 1} for c in known]
    common = tuple(name for name in known[0] if all(name in names for names in once))
    return [common] * len(named) if common else named


def has_few(features: tuple[str, ...], n_columns: Sequence[int]) -> bool:
    """Tell whether names are few, compared with the columns of the narrowest table."""
    n, narrowest = len(features), min(n_columns)
    return n < narrowest and (n == 1 or n < _LEAST_PART * narrowest)


def _only_count(names: tuple[str, ...]) -> bool:
    """Tell whether names are those that libraries give to columns without names."""
    return any(
        names == tuple(f"{prefix}{i}" for i in range(len(names)))
        for prefix in _NUMBERED
    )
