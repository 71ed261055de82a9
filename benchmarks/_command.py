"""What the command lines of all benchmarks have in common."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the option that every benchmark has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a trial of about a minute, whose results are not kept",
    )
    return parser


def is_there(what: str, load: Callable[[], Any]) -> bool:
    """Whether data can be loaded or a package imported; if not, it says so."""
    try:
        load()
    except (OSError, ImportError) as error:
        print(f"{what} left out: {error}")
        return False
    return True


def processor_seconds(function: Callable[..., Any], *args: Any) -> float:
    """Seconds of processor time, which other work on the machine hardly changes."""
    start = time.process_time()
    function(*args)
    return time.process_time() - start
