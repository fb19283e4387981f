"""Writes docs/shard-format.md from the table: ``python -m assets.shard_docs docs/shard-format.md``."""

from __future__ import annotations

import sys
from pathlib import Path

from assets.shard_format import (
    ATTRIBUTES,
    FIELDS,
    FORMAT_NAME,
    FORMAT_VERSION,
    OPTIONAL_ATTRIBUTES,
    STATUS_MEANING,
)

_HEAD = f"""# Shard format (`{FORMAT_NAME}`, version {FORMAT_VERSION})

<!-- Generated from assets/shard_format.py by `python -m assets.shard_docs docs/shard-format.md`; do not edit. -->

A shard is one HDF5 file for one subject: `OUT/shards/<subject>.h5`. It is written under a name that starts with
a dot, renamed when its last row is final, and never changed afterwards, but for the masks that `synth audit --apply`
adds (the changed copy takes the place of the shard at once). Nothing in it depends on the time, on the order
of work or on the number of workers, so two runs of the same configuration hold the same bytes in every dataset.

There is one row per planned frame, always. `frames/status` says what became of it, and the counts of all codes add
up to the number of planned frames. Text is UTF-8. Pictures are encoded one by one and lie end to end in one blob per
group; `offset` gives the start and the length of each, and a length of 0 means that there is no picture.

```python
from assets.shard import Shard, find_shards

shard = Shard(find_shards("out")[0])
row = shard.complete_rows()[0]
encoded = shard.read_bytes("female", row)          # JPEG or PNG bytes, see the attribute `encoding`
labels = dict(zip(shard.au_names, shard.au[row]))  # only where shard.au_mask[row] is 1
```

Any HDF5 library reads a shard; the class above is a convenience.

## Sizes

`T` planned frames, `G` twins per frame, `A` Action Units, `K` expression units, `S` sequences, `L` landmarks of the
source, `M` landmarks of the rig, `N` any length. `{{image}}` stands for `real` and for each name in `avatars/image`:
`female`, `male` by default, the levels of the axes otherwise (`female_light`, `female_medium`, …), with `_2`, `_3`, …
where a subject has several tuples. `{{twin}}` stands for those names without `real`; datasets under `twins/` are there
only where women and men are drawn from different rigs, for the twins whose rig is not the one of `frames/weights`.
"""


def shard_format_markdown() -> str:
    """Return the document."""
    lines = [_HEAD, "## Datasets\n", "| path | type | shape | unit or range | meaning |", "|---|---|---|---|---|"]
    for field in FIELDS:
        shape = ", ".join(map(str, field.shape)) + ("," if len(field.shape) == 1 else "")
        note = " Optional." if field.optional else ""
        lines.append(f"| `{field.path}` | {field.dtype} | ({shape}) | {field.unit} | {field.meaning}{note} |")
    lines += ["\n## Status codes\n", "| code | name | meaning |", "|---|---|---|"]
    lines += [f"| {status.value} | {status.name} | {meaning} |" for status, meaning in STATUS_MEANING.items()]
    lines += ["\n## Attributes of the file\n", "| name | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in ATTRIBUTES.items()]
    lines += [f"| `{name}` | {meaning}. Optional. |" for name, meaning in OPTIONAL_ATTRIBUTES.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(shard_format_markdown(), encoding="utf-8")
