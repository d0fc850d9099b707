"""Makes a Provara vault with the package from PyPI (provara-protocol), which knows nothing of us: the
same bytes at every run, for tests and for measuring.

    provara-vault.py VAULT [--events N] [--actors N] [--no-quorum] [--uid TEXT]

VAULT must not exist. The root key signs the birth and every event; its seed and the quorum key's are
printed with the ids as one JSON object. They are public test data: never use them for anything real.
Run it with a Python that has the package (see provara.txt).
"""

import argparse
import datetime
import json
import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from provara import backpack_signing, bootstrap_v0
from provara.backpack_integrity import MANIFEST_EXCLUDE, canonical_json_bytes, merkle_root_hex
from provara.canonical_json import canonical_dumps, canonical_hash
from provara.manifest_generator import build_manifest, manifest_leaves

SEEDS = [bytes(range(0x00, 0x20)), bytes(range(0x20, 0x40))]
START = datetime.datetime(2026, 2, 18, 12, 0, 0, 1, tzinfo=datetime.timezone.utc)
# What the package's own vaults hold and other writers of JSON get wrong: floats, text outside the
# BMP, a slash, an escape.
VALUES = [21.5, 1e-05, 1.0, "caf\u00e9/\u2615", "\U0001f600 \"quoted\"\n", {"nested": [1, None, True]}, -3]


class Clock:
    """Ticks instead of telling the time, so that two runs give the same bytes."""

    def __init__(self):
        self.ticks = 0

    def now(self):
        self.ticks += 1
        return (START + self.ticks * datetime.timedelta(milliseconds=100, microseconds=1)).isoformat()


def key_pair(seed):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return backpack_signing.BackpackKeypair(
        private_key=private,
        public_key=private.public_key(),
        key_id=backpack_signing.key_id_from_public_bytes(raw),
        public_key_b64=backpack_signing.base64.b64encode(raw).decode("ascii"),
    )


def birth(vault, clock, uid, with_quorum):
    """The package's bootstrap, with these keys and this clock instead of its own."""
    pairs = [key_pair(seed) for seed in SEEDS]
    waiting = list(pairs)
    backpack_signing.BackpackKeypair.generate = classmethod(lambda cls: waiting.pop(0))
    backpack_signing._utc_now_iso = clock.now
    bootstrap_v0._utc_now = clock.now
    result = bootstrap_v0.bootstrap_backpack(vault, uid=uid, include_quorum=with_quorum, quiet=True)
    if not result.success:
        sys.exit(f"the package made no vault: {result.errors}")
    return pairs[: 2 if with_quorum else 1]


def append(vault, clock, root, count, actors):
    """`count` observations, by the actors in turn, all signed by the root key."""
    tips = {}
    with (vault / "events" / "events.ndjson").open("a", encoding="utf-8") as log:
        for number in range(count):
            actor = f"actor_{number % actors}"
            last_id, last_time = tips.get(actor, (None, 0))
            event = {
                "type": "OBSERVATION",
                "namespace": "local",
                "actor": actor,
                "actor_key_id": root.key_id,
                "ts_logical": last_time + 1,
                "prev_event_hash": last_id,
                "timestamp_utc": clock.now(),
                "payload": {
                    "subject": f"door/{number % 97}",
                    "predicate": "state",
                    "value": VALUES[number % len(VALUES)],
                    "confidence": 0.75,
                    "note": f"observation {number} of {count}",
                },
            }
            event["event_id"] = f"evt_{canonical_hash(event)[:24]}"
            log.write(canonical_dumps(backpack_signing.sign_event(event, root.private_key, root.key_id)) + "\n")
            tips[actor] = (event["event_id"], last_time + 1)


def close(vault, clock, root):
    """Manifest, Merkle root and manifest signature, as they stand after an honest change."""
    manifest = build_manifest(vault, set(MANIFEST_EXCLUDE))
    manifest["created_at_utc"] = clock.now()
    (vault / "manifest.json").write_bytes(canonical_json_bytes(manifest))
    (vault / "merkle_root.txt").write_text(merkle_root_hex(manifest_leaves(manifest)) + "\n", encoding="utf-8")
    record = backpack_signing.sign_manifest(
        vault / "manifest.json", vault / "merkle_root.txt", root.private_key, root.key_id
    )
    (vault / "manifest.sig").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("vault", type=pathlib.Path)
    parser.add_argument("--events", type=int, default=4, help="how many observations follow the birth")
    parser.add_argument("--actors", type=int, default=2, help="how many actors take turns")
    parser.add_argument("--no-quorum", action="store_true", help="a root key and no other")
    parser.add_argument("--uid", default="provara-test-vault")
    given = parser.parse_args()
    clock = Clock()
    pairs = birth(given.vault, clock, given.uid, not given.no_quorum)
    append(given.vault, clock, pairs[0], given.events, given.actors)
    close(given.vault, clock, pairs[0])
    names = ["root", "quorum"]
    print(json.dumps({
        name: {"key_id": pair.key_id, "seed_hex": seed.hex()}
        for name, pair, seed in zip(names, pairs, SEEDS)
    }))


if __name__ == "__main__":
    main()
