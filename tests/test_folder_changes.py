"""A fit stays long enough in a folder to be followed."""

from __future__ import annotations

from tests.helpers.folder_changes import folder_changes


def test_a_fit_changes_folders_seldom():
    # In the flat layout that came before, where each module was a room, there were 143.
    # Two of these ask whether other processes train too, four whether others train in
    # this process, two whether these know what is looked for, two whether there are
    # fixed kernels, and nine find scales of tables, which training can change later.
    assert folder_changes().total() <= 120
