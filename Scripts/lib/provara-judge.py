"""Judges a Provara vault with the package from PyPI by what the project's compliance suite asks, and
by its check of rotation events. For tests; prints a line for each check, exit 1 where one fails.

    provara-judge.py VAULT [--rotation-events N] [--suite FILE]

The suite (tests/backpack_compliance_v1.py, 18 tests) is not in the package: no wheel and no source
distribution of 1.0.0 to 1.0.3 has it, only the project's repository does. So its 18 requirements
stand here under their names, put to the package's own functions where it has one; FILE is the suite
itself, which Scripts/test fetches where it can, and is run as it is. All 18 apply to a rotated vault:
a vault fresh from the package passes every one, so ours has to.

Run it with a Python that has the package (see provara.txt).
"""

import argparse
import importlib.util
import io
import json
import pathlib
import sys
import unittest

from provara import backpack_integrity, manifest_generator, sync_v0
from provara.backpack_signing import load_keys_registry
from provara.reducer_v0 import SovereignReducerV0
from provara.rekey_backpack import verify_rotation_events

DIRECTORIES = ["identity", "events", "state", "artifacts", "artifacts/cas", "policies"]
FILES = [
    "identity/genesis.json", "identity/keys.json", "events/events.ndjson", "policies/sync_contract.json",
    "policies/safety_policy.json", "policies/retention_policy.json", "manifest.json", "merkle_root.txt",
]
MANIFEST_FILES = {"manifest.json", "manifest.sig", "merkle_root.txt"}
COMPLIANCE = []


def compliance(check):
    """Counts a check as one of the suite's; it gives back what is wrong, or nothing."""
    COMPLIANCE.append(check)
    return check


def has(members, *names):
    return [f"{name} is missing or empty" for name in names if not members.get(name)]


@compliance
def test_01_required_directories(vault):
    return [f"no directory {name}" for name in DIRECTORIES if not (vault.path / name).is_dir()]


@compliance
def test_02_required_files(vault):
    backpack_integrity.validate_vault_structure(vault.path)
    return [f"no file {name}" for name in FILES if not (vault.path / name).is_file()]


@compliance
def test_03_genesis_schema(vault):
    return has(vault.json("identity/genesis.json"), "uid", "birth_timestamp", "root_key_id")


@compliance
def test_04_keys_schema(vault):
    keys = vault.json("identity/keys.json")["keys"]
    return [] if keys and not has(keys[0], "key_id", "algorithm", "status") else ["no key, or an incomplete one"]


@compliance
def test_05_event_schema(vault):
    if not vault.events:
        return ["the log is empty"]
    return [why for event in vault.events for why in has(event, "event_id", "type", "actor")]


@compliance
def test_06_event_ids_unique(vault):
    ids = [event["event_id"] for event in vault.events]
    return [] if len(ids) == len(set(ids)) else ["an event id stands twice"]


@compliance
def test_07_causal_chain_per_actor(vault):
    chains = sync_v0.verify_all_causal_chains(vault.events)
    return [f"the chain of {actor} is broken" for actor, is_whole in chains.items() if not is_whole]


@compliance
def test_08_manifest_path_safety(vault):
    paths = [entry["path"] for entry in vault.json("manifest.json")["files"]]
    return [f"{path} leads out" for path in paths if not backpack_integrity.is_safe_path(vault.path, path)]


@compliance
def test_09_manifest_files_match_disk(vault):
    rebuilt = manifest_generator.build_manifest(vault.path, set(backpack_integrity.MANIFEST_EXCLUDE))
    return [] if rebuilt["files"] == vault.json("manifest.json")["files"] else ["the manifest is another"]


@compliance
def test_10_manifest_merkle_root(vault):
    leaves = manifest_generator.manifest_leaves(vault.json("manifest.json"))
    written = (vault.path / "merkle_root.txt").read_text(encoding="utf-8").strip()
    return [] if backpack_integrity.merkle_root_hex(leaves) == written else ["the root is another"]


@compliance
def test_11_phantom_file_detection(vault):
    listed = {entry["path"] for entry in vault.json("manifest.json")["files"]} | MANIFEST_FILES
    there = [path.relative_to(vault.path).as_posix() for path in vault.path.rglob("*") if path.is_file()]
    return [f"{path} is not in the manifest" for path in there if path not in listed]


@compliance
def test_12_manifest_spec_version(vault):
    return [] if vault.json("manifest.json")["backpack_spec_version"] == "1.0" else ["not version 1.0"]


@compliance
def test_13_safety_policy_structure(vault):
    tiers = vault.json("policies/safety_policy.json")["action_classes"]
    return [f"no tier {name}" for name in ["L0", "L1", "L2", "L3"] if not isinstance(tiers.get(name), dict)]


@compliance
def test_14_safety_merge_ratchet(vault):
    return has(vault.json("policies/safety_policy.json"), "merge_ratchet")


@compliance
def test_15_sync_contract_schema(vault):
    contract = vault.json("policies/sync_contract.json")
    ladder = contract.get("degradation_ladder", [])
    wrong = has(contract, "authorities", "merge_policies", "replication_factor")
    return wrong + ([] if len(ladder) >= 2 else ["the degradation ladder has less than two rungs"])


@compliance
def test_16_reducer_determinism(vault):
    states = []
    for _ in range(2):
        reducer = SovereignReducerV0()
        reducer.apply_events(vault.events)
        states.append((reducer.export_state_json(), reducer.state["metadata"]["state_hash"]))
    return [] if states[0] == states[1] else ["two replays differ"]


@compliance
def test_17_retention_policy_events_permanent(vault):
    return [] if vault.json("policies/retention_policy.json")["events"] == "permanent" else ["not permanent"]


@compliance
def test_18_event_signatures(vault):
    registry = load_keys_registry(vault.path / "identity" / "keys.json")
    valid, invalid, errors = sync_v0.verify_all_signatures(vault.events, registry)
    return errors if invalid or valid == len(vault.events) else ["an event is not signed"]


def rotation_events(vault):
    """The package's check of KEY_REVOCATION and KEY_PROMOTION, which its command never fails on."""
    results = verify_rotation_events(vault.path)
    wrong = [str(result) for result in results if result.get("issues") or not result.get("signature_valid")]
    if vault.rotation_events is not None and len(results) != vault.rotation_events:
        wrong.append(f"{len(results)} events, expected {vault.rotation_events}")
    return wrong


class Vault:
    """A vault's files, read once."""

    def __init__(self, path, expected):
        self.path = path
        self.rotation_events = expected
        # Lines end at LF and nowhere else; Python's splitlines knows more ends.
        lines = (path / "events" / "events.ndjson").read_text(encoding="utf-8").split("\n")
        self.events = [json.loads(line) for line in lines if line]

    def json(self, name):
        return json.loads((self.path / name).read_text(encoding="utf-8"))


def run_suite(file, path):
    """The suite as it is. Gives back how many tests ran, and what failed or was skipped."""
    spec = importlib.util.spec_from_file_location("backpack_compliance_v1", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    case = module.TestBackpackComplianceV1
    case.backpack_path = str(path)
    ended = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.TestLoader().loadTestsFromTestCase(case))
    wrong = [f"{test}: {text}" for test, text in ended.failures + ended.errors + ended.skipped]
    return ended.testsRun, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("vault", type=pathlib.Path)
    parser.add_argument("--rotation-events", type=int, help="how many of them the log has")
    parser.add_argument("--suite", type=pathlib.Path, help="the compliance suite, where it is at hand")
    given = parser.parse_args()
    vault = Vault(given.vault.resolve(), given.rotation_events)
    failed = False
    for check in COMPLIANCE + [rotation_events]:
        try:
            wrong = check(vault)
        except Exception as error:  # A check that cannot be made has failed, and the others go on.
            wrong = [f"{type(error).__name__}: {error}"]
        print(f"{'FAILED' if wrong else 'ok'} {check.__name__}", *wrong)
        failed = failed or bool(wrong)
    if given.suite and given.suite.is_file():
        count, wrong = run_suite(given.suite, vault.path)
        print(f"{'FAILED' if wrong or count != 18 else 'ok'} the suite itself, {count} tests", *wrong)
        failed = failed or bool(wrong) or count != 18
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
