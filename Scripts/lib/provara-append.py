"""Appends one observation to a Provara vault with the package from PyPI, signed by a key that the
package never sees: the bytes go out, the signature comes in. For tests.

    provara-append.py bytes VAULT KEY_ID ACTOR EVENT    writes the bytes to be signed to EVENT
    provara-append.py take VAULT EVENT SIGNATURE        appends it, and redoes manifest and root

Run it with a Python that has the package (see provara.txt).
"""

import base64
import datetime
import json
import pathlib
import sys

from provara.backpack_integrity import MANIFEST_EXCLUDE, canonical_json_bytes, merkle_root_hex
from provara.canonical_json import canonical_dumps, canonical_hash
from provara.manifest_generator import build_manifest, manifest_leaves


def log(vault):
    return vault / "events" / "events.ndjson"


def unsigned(vault, key_id, actor):
    """The event that follows what the actor has said so far."""
    events = [json.loads(line) for line in log(vault).read_text(encoding="utf-8").splitlines()]
    own = [event for event in events if event["actor"] == actor]
    event = {
        "type": "OBSERVATION",
        "namespace": "local",
        "actor": actor,
        "actor_key_id": key_id,
        "ts_logical": len(own) + 1,
        "prev_event_hash": own[-1]["event_id"] if own else None,
        "timestamp_utc": datetime.datetime.now(datetime.timezone.utc).isoformat(),
        "payload": {"subject": "door/1", "predicate": "state", "value": 21.5, "confidence": 1.0},
    }
    event["event_id"] = f"evt_{canonical_hash(event)[:24]}"
    return event


def take(vault, event, signature):
    event = dict(event, sig=base64.b64encode(signature).decode("ascii"))
    with log(vault).open("a", encoding="utf-8") as lines:
        lines.write(canonical_dumps(event) + "\n")
    manifest = build_manifest(vault, set(MANIFEST_EXCLUDE))
    (vault / "manifest.json").write_bytes(canonical_json_bytes(manifest))
    root = merkle_root_hex(manifest_leaves(manifest))
    (vault / "merkle_root.txt").write_text(root + "\n", encoding="utf-8")


def main(words):
    if len(words) == 5 and words[0] == "bytes":
        event = unsigned(pathlib.Path(words[1]), words[2], words[3])
        pathlib.Path(words[4]).write_text(canonical_dumps(event), encoding="utf-8")
    elif len(words) == 4 and words[0] == "take":
        event = json.loads(pathlib.Path(words[2]).read_text(encoding="utf-8"))
        take(pathlib.Path(words[1]), event, pathlib.Path(words[3]).read_bytes())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
