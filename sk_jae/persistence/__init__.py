"""The file format: plain states, written whole and read without running anything.

A state is made of dicts, lists, tuples, numbers, text and numpy arrays. What the states
of estimators and of trainings hold is decided where these are.
"""

from sk_jae.persistence.atomic import atomic_file
from sk_jae.persistence.files import StoredState, read_state, write_state
from sk_jae.persistence.json_values import is_plain
from sk_jae.persistence.records import from_record, to_record
from sk_jae.persistence.versions import (
    PACKAGE,
    package_version,
    warn_of_other_version,
    written_versions,
)

__all__ = [
    "PACKAGE",
    "StoredState",
    "atomic_file",
    "from_record",
    "is_plain",
    "package_version",
    "read_state",
    "to_record",
    "warn_of_other_version",
    "write_state",
    "written_versions",
]
