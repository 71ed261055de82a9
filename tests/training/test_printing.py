"""What `fit` prints, in a terminal and elsewhere."""

from __future__ import annotations

import builtins
import io
import os
import re
import sys
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from skorch.callbacks import Callback, EarlyStopping, LRScheduler
from tqdm import tqdm

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.training import progress_bar
from tests.helpers.small import CONV, PAPER, half_labeled, images, make_tasks, small

X, y = make_tasks()
PICTURES = images()


class Terminal(io.StringIO):
    """Standard output and standard error of a terminal, which they share."""

    def isatty(self):
        return True

    def lines(self):
        """What stands on the screen in the end."""
        screen, row, column = [""], 0, 0
        for part in re.split("(\n|\r|\x1b\\[A)", self.getvalue()):
            if part == "\x1b[A":
                row -= 1
            elif part in ("\n", "\r"):
                row, column = row + (part == "\n"), 0
                screen += [""] * (row + 1 - len(screen))
            else:
                before = screen[row].ljust(column)
                column += len(part)
                screen[row] = before[: column - len(part)] + part + before[column:]
        while screen and not screen[-1].strip():
            screen.pop()
        return [line.rstrip() for line in screen]


@contextmanager
def in_terminal(columns=120):
    """Print into a terminal of this width."""
    terminal = Terminal()
    size = os.terminal_size((columns, 24))
    with (
        redirect_stdout(terminal),
        redirect_stderr(terminal),
        mock.patch.object(os, "get_terminal_size", return_value=size),
        mock.patch.dict(os.environ, {"COLUMNS": "", "LINES": ""}),
    ):
        yield terminal


def cells(line, rule):
    """The cells of a line below a rule of dashes, which shows where they end."""
    assert len(line) == len(rule)
    edges = np.cumsum([len(dashes) + 2 for dashes in rule.split("  ")])
    starts = [0, *edges[:-1]]
    return [
        line[start : end - 2].strip() for start, end in zip(starts, edges, strict=True)
    ]


def table(lines):
    """The titles of a table, and the cells of its rows by title.

    A term that stands above the columns of its tasks becomes part of their titles.
    """
    n_above = next(n for n, line in enumerate(lines) if set(line) == {"-", " "}) - 1
    header, rule, *rows = lines[n_above:]
    titles = cells(header, rule)
    if n_above:
        titles = with_terms(titles, lines[0], rule)
    return titles, [dict(zip(titles, cells(row, rule), strict=True)) for row in rows]


def with_terms(titles, above, rule):
    """The titles of tasks with the term that stands above them."""
    found, term, start = [], None, 0
    for title, dashes in zip(titles, rule.split("  "), strict=True):
        if word := above[start : start + len(dashes) + 2].strip():
            term = word
        elif title in ("valid_loss", "dur"):
            term = None
        found.append(f"{term} {title}" if term else title)
        start += len(dashes) + 2
    return found


def printed(capfd):
    """The table on standard output, with nothing beside it."""
    out, err = capfd.readouterr()
    assert err == ""
    assert not set(out) & {"\x1b", "\r"}
    return table(out.splitlines())


@pytest.mark.parametrize("form", [X, {"a": X[0]}, X[0]], ids=["list", "dict", "array"])
def test_verbose_0_prints_nothing(form, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parameters = small(
            PAPER, early_stopping=True, callbacks=[EarlyStopping("train_loss", 1)]
        )
        parameters = {**parameters, "warm_start": True, "max_epochs": 4}
        jae = JointAutoencoder(**{k: parameters[k] for k in small()}).fit(form)
        jae.score(form)
        labels = {"list": y, "dict": {"a": y[0]}}.get(type(form).__name__, y[0])
        clf = JointTransferClassifier(**parameters).fit(form, labels)
        clf.fit(form, labels).predict(form)
    assert capfd.readouterr() == ("", "")


def test_verbose_1_prints_every_term_of_every_epoch(capfd):
    labels = {"gray": np.arange(20) % 3}
    parameters = small(CONV, max_epochs=5, early_stopping=True, verbose=1)
    clf = JointTransferClassifier(**parameters).fit(PICTURES, labels)
    titles, rows = printed(capfd)
    tasks = ["gray", "first", "last"]
    terms = [f"reconstruction {name}" for name in tasks]
    terms += ["classification gray"]
    terms += [f"{term} {t}" for term in ("infomax", "consistency") for t in tasks[1:]]
    valid = ["valid_loss", "valid_accuracy"]
    assert titles == ["epoch", "train_loss", *terms, *valid, "dur"]
    for found, row in zip(rows, clf.history_, strict=True):
        expected = {
            "epoch": row["epoch"],
            "train_loss": row["train_loss"],
            **{term: row.get(f"train_{term.replace(' ', '_')}") for term in terms},
            **{key: row[key] for key in valid},
            "dur": clf.net_.history[row["epoch"] - 1, "dur"],
        }
        for title, value in expected.items():
            if value is None:
                assert found[title] == ""
            else:
                # Small numbers have two digits, the others four after the point.
                assert float(found[title]) == pytest.approx(value, rel=0.05, abs=5e-5)
    # The terms of unlabeled samples have not started in the first epochs.
    late = [bool(row["infomax last"] and row["consistency first"]) for row in rows]
    assert late == [False, False, False, True, True]


def test_terms_that_are_never_computed_have_no_column(capfd):
    # Vectors are not augmented, so that there is no consistency.
    JointTransferClassifier(**small(verbose=1)).fit(*half_labeled())
    both = ["reconstruction task0", "reconstruction task1"]
    terms = [*both, "classification task0", "infomax task1"]
    assert printed(capfd)[0] == ["epoch", "train_loss", *terms, "dur"]
    JointTransferClassifier(**small(PAPER, verbose=1, reconstruction_weight=0.0)).fit(
        X, y
    )
    terms = ["classification task0", "classification task1"]
    assert printed(capfd)[0] == ["epoch", "train_loss", *terms, "dur"]
    JointAutoencoder(**small(verbose=1, early_stopping=True)).fit(X)
    titles = ["epoch", "train_loss", *both, "valid_loss", "valid_r2", "dur"]
    assert printed(capfd)[0] == titles
    JointAutoencoder(**small(verbose=1)).fit(X[0])
    assert printed(capfd)[0] == ["epoch", "train_loss", "reconstruction", "dur"]


def test_verbose_1_prints_all_phases_below_one_header(capfd):
    parameters = small(PAPER, strategy="common-branch", max_epochs=1, verbose=1)
    JointTransferClassifier(**parameters).fit(X, y)
    titles, rows = printed(capfd)
    assert titles[:3] == ["epoch", "phase", "train_loss"]
    phases = ["unsupervised", "source", "target"]
    assert [row["phase"] for row in rows] == phases
    assert [bool(row["reconstruction task0"]) for row in rows] == [True, False, False]
    assert [bool(row["classification task0"]) for row in rows] == [False, True, False]
    assert [bool(row["classification task1"]) for row in rows] == [False, False, True]


class Record(Callback):
    """Records something in the epochs from `start` on."""

    def __init__(self, start, **values):
        self.start = start
        self.values = values

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) >= self.start:
            for key, value in self.values.items():
                net.history.record(key, value)


def test_what_callbacks_record_is_printed(capfd):
    record = Record(
        1, own=1234.56, own_best=True, large=1e9, event_x=True, word="text", n=7
    )
    schedule = LRScheduler("StepLR", step_size=1, gamma=0.1)
    JointAutoencoder(**small(verbose=1, callbacks=[record, schedule])).fit(X[0])
    titles, rows = printed(capfd)
    assert titles[3:] == ["large", "n", "own", "word", "lr", "x", "dur"]
    shown = [[row[title] for title in titles[3:-1]] for row in rows]
    assert shown == [
        ["1.0e+09", "7", "1234.6", "text", "0.0100", "+"],
        ["1.0e+09", "7", "1234.6", "text", "0.0010", "+"],
    ]


def test_what_is_recorded_later_gets_a_new_header(capfd):
    later = Record(3, later=-0.0000123)
    JointAutoencoder(**small(max_epochs=4, verbose=1, callbacks=[later])).fit(X[0])
    lines = capfd.readouterr().out.splitlines()
    first, second = table(lines[:4]), table(lines[4:])
    assert "later" not in first[0]
    assert [row["epoch"] for row in first[1] + second[1]] == ["1", "2", "3", "4"]
    assert [row["later"] for row in second[1]] == ["-1e-05"] * 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(40.0, "2 minutes"), (20.5, "1 minute"), (3600.0, "3 h 0 min"), (19.0, None)],
)
def test_a_long_fit_says_once_how_long_it_will_take(seconds, words, capfd):
    slow = Record(1, dur=seconds)
    JointAutoencoder(**small(max_epochs=4, verbose=1, callbacks=[slow])).fit(X)
    told = [li for li in capfd.readouterr().out.splitlines() if li.startswith("About")]
    assert told == ([f"About {words} for the next 3 epochs."] if words else [])


def test_the_last_epoch_before_a_callback_stops_is_printed(capfd):
    stopper = EarlyStopping("train_loss", patience=1, threshold=0.99)
    parameters = small(max_epochs=9, verbose=1, callbacks=[stopper])
    jae = JointAutoencoder(**parameters).fit(X)
    lines = capfd.readouterr().out.splitlines()
    assert jae.n_iter_ == 2
    assert lines.pop(4).startswith("Stopping since train_loss")
    assert [row["epoch"] for row in table(lines)[1]] == ["1", "2"]


def test_a_narrow_terminal_gets_means_over_tasks():
    parameters = small(CONV, max_epochs=3, early_stopping=True, verbose=1)
    clf = JointTransferClassifier(**parameters)
    with in_terminal(columns=110) as terminal:
        clf.fit(PICTURES, {"gray": np.arange(20) % 3})
    terms = ["reconstruction", "classification", "infomax", "consistency"]
    assert table(terminal.lines())[0][2:6] == terms


def test_a_narrow_terminal_gets_short_titles():
    parameters = small(CONV, max_epochs=3, early_stopping=True, verbose=1)
    clf = JointTransferClassifier(**parameters)
    with in_terminal(columns=80) as terminal:
        clf.fit(PICTURES, {"gray": np.arange(20) % 3})
    lines = terminal.lines()
    assert max(map(len, lines)) <= 80
    titles, rows = table(lines)
    terms = ["reconst", "classif", "infomax", "consist"]
    assert titles == ["epoch", "train", *terms, "valid", "valid_acc", "dur"]
    assert len(rows) == 3
    assert "\x1b" not in terminal.getvalue()


SEVERAL_BATCHES = small(max_epochs=3, batch_size=8, early_stopping=True, verbose=1)


def test_verbose_1_shows_a_bar_of_all_epochs_in_a_terminal_and_erases_it():
    with in_terminal() as terminal:
        JointAutoencoder(**SEVERAL_BATCHES).fit(X)
    # In each of 3 epochs there are 5 batches to train and 1 to validate.
    assert "0/18 [" in terminal.getvalue()
    assert "6/18 [" in terminal.getvalue()
    assert len(table(terminal.lines())[1]) == 3


def test_the_bar_counts_repeated_labeled_samples():
    few = [i % 3 if i < 4 else None for i in range(40)]
    parameters = small(PAPER, max_epochs=1, batch_size=8, verbose=1)
    clf = JointTransferClassifier(**parameters, labeled_fraction=0.5)
    with in_terminal() as terminal:
        clf.fit(X[0], few)
    # 36 unlabeled samples and as many places for the labeled ones but one
    assert "0/9 [" in terminal.getvalue()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_bar_is_erased_when_a_fit_fails(error):
    class Fail(Callback):
        def on_batch_end(self, net, **kwargs):
            if len(net.history) == 2:
                raise error

    with in_terminal() as terminal, pytest.raises(error):
        JointAutoencoder(**SEVERAL_BATCHES, callbacks=[Fail()]).fit(X)
    assert "0/18 [" in terminal.getvalue()
    assert len(table(terminal.lines())[1]) == 1


def test_where_nothing_can_be_erased_there_is_the_table_alone(capfd):
    JointAutoencoder(**SEVERAL_BATCHES).fit(X)
    assert len(printed(capfd)[1]) == 3


def test_the_table_does_not_mix_with_a_bar_of_the_user():
    with in_terminal() as terminal:
        for _ in tqdm(range(2), leave=False):
            JointAutoencoder(**small(verbose=1)).fit(X)
    header, rule, *rows = terminal.lines()
    assert table([header, rule, *rows[:2]])
    assert table(rows[2:])


@pytest.mark.parametrize("widgets", [True, False])
def test_in_a_notebook(widgets, monkeypatch):
    """Without ipywidgets the bar is one of text, in the stream of the table."""
    shell = type("ZMQInteractiveShell", (), {})
    made = []
    notebook = SimpleNamespace(tqdm=lambda **kwargs: made.append(1) or tqdm(**kwargs))
    monkeypatch.setattr(builtins, "get_ipython", shell, raising=False)
    monkeypatch.setattr(progress_bar, "find_spec", lambda name: widgets or None)
    monkeypatch.setattr(progress_bar, "import_module", {"tqdm.notebook": notebook}.get)
    out, err = Terminal(), Terminal()
    with redirect_stdout(out), redirect_stderr(err):
        JointAutoencoder(**SEVERAL_BATCHES).fit(X)
    assert len(table(out.lines())[1]) == 3
    assert "0/18 [" in (err if widgets else out).getvalue()
    assert len(made) == (1 if widgets else 0)


def test_without_standard_streams_it_trains(monkeypatch):
    """As in programs of Windows without a console."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert JointAutoencoder(**SEVERAL_BATCHES).fit(X).n_iter_ == 3
