"""Files of models, taken apart and put together by hand."""

from __future__ import annotations

import hashlib
import json
import zipfile

from sk_jae.persistence.archive import ArchiveWriter


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def put_together(path, contents, *, sums=False):
    """An archive of the right form, with the right checksums if `sums` is True."""
    if sums:
        contents = {k: v for k, v in contents.items() if k != "SHA256SUMS"}
        lines = [
            f"{hashlib.sha256(content).hexdigest()}  {name}\n"
            for name, content in contents.items()
        ]
        contents["SHA256SUMS"] = "".join(lines).encode()
    with open(path, "wb") as file:
        archive = ArchiveWriter(file)
        for name, content in contents.items():
            archive.add(name, [content])
        archive.finish()


_NOTHING = object()


def change_state(path, place, value=_NOTHING):
    """Set or delete a value of the state in a file, and make the checksums right."""
    contents = members_of(path)
    metadata = json.loads(contents["metadata.json"])
    *outer, name = ["state", *place.split("/")]
    inner = metadata
    for key in outer:
        inner = inner[key]
    if value is _NOTHING:
        del inner[name]
    else:
        inner[name] = value
    contents["metadata.json"] = json.dumps(metadata).encode()
    put_together(path, contents, sums=True)
