"""Which samples of several tasks make up a batch, against plain numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.batches import (
    CPU,
    drawn,
    make_data,
    training_batches,
    validation_batches,
)

sizes_of_tasks = st.lists(st.integers(1, 60), min_size=1, max_size=4)


@given(sizes=sizes_of_tasks, batch_size=st.integers(1, 70), seed=st.integers(0, 99))
def test_an_epoch_is_one_pass_over_the_largest_task(sizes, batch_size, seed):
    batches = training_batches(make_data(*sizes), batch_size, CPU, seed)
    largest = int(np.argmax(sizes))
    rows = np.concatenate(drawn(batches, largest))
    assert sorted(rows) == list(range(sizes[largest]))


@given(sizes=sizes_of_tasks, batch_size=st.integers(1, 70))
def test_every_batch_holds_every_task(sizes, batch_size):
    epoch = list(training_batches(make_data(*sizes), batch_size, CPU, 0))
    lengths = [len(batch) for batch in epoch]
    assert max(lengths) <= batch_size
    assert max(lengths) - min(lengths) <= 1
    for batch, length in zip(epoch, lengths, strict=True):
        assert [len(x) for x in batch.inputs] == [min(length, n) for n in sizes]


@given(sizes=sizes_of_tasks, batch_size=st.integers(1, 70))
def test_smaller_tasks_are_repeated_in_whole_shuffled_passes(sizes, batch_size):
    batches = training_batches(make_data(*sizes), batch_size, CPU, 0)
    for t, n in enumerate(sizes):
        rows = np.concatenate(drawn(batches, t))
        for start in range(0, len(rows), n):
            part = rows[start : start + n]
            assert len(set(part)) == len(part)
        assert set(rows[:n]) == set(range(n))


def test_repeated_passes_are_shuffled_anew():
    batches = training_batches(make_data(80, 10), 10, CPU, 0)
    rows = np.concatenate(drawn(batches, 1)).reshape(8, 10)
    assert len(np.unique(rows, axis=0)) == 8


def test_the_length_is_the_number_of_batches():
    batches = training_batches(make_data(25, 7), 8, CPU, 0)
    assert len(batches) == len(list(batches)) == 4


def test_epochs_differ():
    batches = training_batches(make_data(40, 40), 40, CPU, 0)
    (first,), (second,) = drawn(batches, 0), drawn(batches.of_epoch(1), 0)
    assert (first != second).any()
    (again,) = drawn(batches.of_epoch(0), 0)
    np.testing.assert_array_equal(again, first)


def test_tasks_of_one_size_are_shuffled_apart():
    batch = next(iter(training_batches(make_data(40, 40), 40, CPU, 0)))
    assert (batch.inputs[0] != batch.inputs[1]).any()


def test_the_order_depends_on_seed_and_name_alone():
    alone = training_batches(make_data(30), 8, CPU, 5)
    torch.manual_seed(1)
    among_others = training_batches(make_data(30, 9, 4), 8, CPU, 5)
    other_seed = training_batches(make_data(30), 8, CPU, 6)
    expected = np.concatenate(drawn(alone, 0))
    np.testing.assert_array_equal(np.concatenate(drawn(among_others, 0)), expected)
    assert (np.concatenate(drawn(other_seed, 0)) != expected).any()


def test_labels_stay_with_their_samples():
    data = make_data(31, 12, labels=True)
    for batches in (
        training_batches(data, 8, CPU, 0),
        validation_batches(data, 8, CPU),
    ):
        for batch in batches:
            for x, y in zip(batch.inputs, batch.labels, strict=True):
                if x is not None:
                    np.testing.assert_array_equal(x[:, 0].numpy() % 3 - 1, y.numpy())


few_labels = st.tuples(st.integers(1, 60), st.integers(1, 4)).filter(
    lambda sizes: sizes[1] < sizes[0]
)


def with_few_labels(n, n_labeled, *others):
    """A first task whose last samples are labeled, and unlabeled others."""
    data = make_data(n, *others)
    first = np.where(np.arange(n) < n - n_labeled, -1, 1)
    return replace(
        data, labels=(first, *data.labels[1:]), labeled=(), labeled_fraction=0.25
    )


@given(sizes=few_labels, batch_size=st.integers(1, 70), other=st.integers(1, 90))
def test_rare_labels_are_in_every_fourth_place(sizes, batch_size, other):
    n, n_labeled = sizes
    batches = training_batches(with_few_labels(*sizes, other), batch_size, CPU, 0)
    epoch = list(batches)
    rows = np.concatenate([batch.inputs[0].flatten().numpy() for batch in epoch])
    labels = np.concatenate([batch.labels[0].numpy() for batch in epoch])
    unlabeled = n - n_labeled
    np.testing.assert_array_equal(labels == 1, rows >= unlabeled)
    if n_labeled * 4 >= n:
        assert sorted(rows[:n]) == list(range(n))
        return
    np.testing.assert_array_equal(labels == 1, np.arange(1, len(labels) + 1) % 4 == 0)
    for size, part in ((n_labeled, rows[3::4]), (unlabeled, rows[labels != 1])):
        for start in range(0, len(part), size):
            one_pass = part[start : start + size]
            assert len(set(one_pass)) == len(one_pass)
    # An epoch is one pass over the unlabeled samples, or over the other task.
    drawn_for_one_pass = next(k for k in range(n + n) if k - k // 4 == unlabeled)
    assert batches.data.n_per_epoch == max(drawn_for_one_pass, other)
    longest = max(drawn_for_one_pass, other)
    assert len(batches) == -(-longest // batch_size)
    if other > drawn_for_one_pass:
        second = np.concatenate([b.inputs[1].flatten().numpy() for b in epoch])
        assert sorted(second) == list(range(other))


def test_labels_that_are_not_rare_change_nothing():
    # A quarter of the samples is enough, and so is no label at all.
    plain = drawn(training_batches(make_data(40, 30), 16, CPU, 0), 0)
    for n_labeled in (0, 10, 40):
        batches = training_batches(with_few_labels(40, n_labeled, 30), 16, CPU, 0)
        for expected, found in zip(plain, drawn(batches, 0), strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.5, 0.9])
def test_the_labeled_part_of_a_batch_is_as_asked(fraction):
    data = replace(with_few_labels(200, 3), labeled_fraction=fraction)
    epoch = list(training_batches(data, 20, CPU, 0))
    for batch in epoch:
        n_labeled = (batch.labels[0] == 1).sum()
        assert abs(n_labeled - fraction * len(batch.labels[0])) <= 1
    rows = np.concatenate([batch.inputs[0].flatten().numpy() for batch in epoch])
    assert sorted(rows[rows < 197]) == list(range(197))


@pytest.mark.parametrize("fraction", [0.22, 0.3, 0.4, 0.75, 0.99])
@pytest.mark.parametrize("n_unlabeled", [1, 2, 3, 4])
def test_tiny_tasks_draw_all_samples_in_every_epoch(n_unlabeled, fraction):
    data = with_few_labels(n_unlabeled + 1, 1)
    data = replace(data, labeled_fraction=fraction)
    rows = np.concatenate(drawn(training_batches(data, 40, CPU, 0), 0))
    assert set(rows) == set(range(n_unlabeled + 1))
    assert len(rows) <= (n_unlabeled + 1) / (1 - fraction)


def test_no_label_is_repeated_if_not_asked():
    data = replace(with_few_labels(40, 1), labeled_fraction=0.0)
    (rows,) = drawn(training_batches(data, 40, CPU, 0), 0)
    assert sorted(rows) == list(range(40))


def test_labels_are_counted_among_the_chosen_rows():
    data = with_few_labels(40, 20)
    data = replace(data, rows=(np.arange(22),))  # two of them labeled
    rows = np.concatenate(drawn(training_batches(data, 40, CPU, 0), 0))
    assert set(rows[3::4]) == {20, 21}
    assert sorted(rows[np.arange(len(rows)) % 4 != 3]) == list(range(20))


def test_only_the_chosen_rows_are_read():
    rows = (np.array([3, 5, 8, 21]), np.array([0, 2]))
    data = make_data(30, 10, rows=rows)
    assert len(data) == 4
    for batches in (
        training_batches(data, 3, CPU, 0),
        validation_batches(data, 3, CPU),
    ):
        found = [
            np.concatenate(
                [
                    b.inputs[t].flatten().numpy()
                    for b in batches
                    if b.inputs[t] is not None
                ]
            )
            for t in range(2)
        ]
        assert sorted(found[0]) == [3, 5, 8, 21]
        assert set(found[1]) == {0, 2}


def test_validation_passes_once_over_every_task_in_order():
    batches = validation_batches(make_data(23, 5), 10, CPU)
    assert len(batches) == len(list(batches)) == 3
    first = np.concatenate(drawn(batches, 0))
    np.testing.assert_array_equal(first, np.arange(23))
    second = [batch.inputs[1] for batch in batches]
    np.testing.assert_array_equal(second[0].flatten().numpy(), np.arange(5))
    assert second[1:] == [None, None]
