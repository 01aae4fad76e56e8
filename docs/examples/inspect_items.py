"""Counts and weighs the items that a design makes of a SQLite file. Nothing is written anywhere.

PYTHONPATH=. python docs/examples/inspect_items.py DATABASE DESIGN
"""

from __future__ import annotations

import sys
from collections import Counter

from migration_tool import Design, Item, MigrationError, Reject, Source


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    counts, sizes, largest, rejected = Counter[str](), Counter[str](), dict[str, Item](), list[Reject]()
    try:
        design = Design(sys.argv[2])
        with Source(sys.argv[1]) as source:
            for item in design.items(source, rejected=rejected.append):
                counts[item.entity] += 1
                sizes[item.entity] += item.size
                if item.entity not in largest or item.size > largest[item.entity].size:
                    largest[item.entity] = item
    except MigrationError as error:
        print(f"{error}\n{error.hint}", file=sys.stderr)
        return error.exit_code
    for entity in design.entities:
        print(f"{entity}: {counts[entity]:,} items, {sizes[entity]:,} bytes")
        if entity in largest:
            print(f"  largest: {largest[entity].key}, {largest[entity].size:,} bytes")
            for name, value in largest[entity].attributes.items():
                print(f"    {name} = {value!r:.60}")
    for reject in rejected[:10]:
        print(f"no item: {reject.source_table} {reject.source_key}: {reject.reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
