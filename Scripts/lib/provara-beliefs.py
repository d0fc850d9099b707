"""Shows what the package's own reducer believes of a Provara vault that nobody observed alone: one
line for each canonical belief, with its value, the key that attested it and the event it is about.

    provara-beliefs.py VAULT

Run it with a Python that has the package (see provara.txt).
"""

import json
import pathlib
import sys

from provara.reducer_v0 import SovereignReducerV0


def main(words):
    if len(words) != 2:
        sys.exit(__doc__)
    log = pathlib.Path(words[1]) / "events" / "events.ndjson"
    reducer = SovereignReducerV0()
    reducer.apply_events(json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())
    for name, belief in sorted(reducer.export_state()["canonical"].items()):
        value = json.dumps(belief["value"], ensure_ascii=False)
        print(f"{name} = {value} by {belief['attested_by']} for {belief['provenance']}")


if __name__ == "__main__":
    main(sys.argv)
