"""Rehearsals by seeds: kind, people and what goes wrong are thrown, everything else is real.

Each is one `ceremonyctl rehearse`: a daemon, a client for every act, a token store for everybody. What
it says is believed only after `ceremonyctl verify` has taken the evidence, and is then held against
the events themselves: who said no, and whose token was away, must not be found to have said yes.
"""

import concurrent.futures
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter

NAMES = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy"]
VERBS = ["witness", "accept", "execute", "answer", "attest"]
KINDS = [
    ["new-keeper-key"],
    ["key-rotation"],
    ["key-revocation"],
    ["halt-clear"],
    ["set-policy"],
    ["set-roster"],
    ["membership"],
    ["membership", "--set", "add=dave"],
    ["membership", "--set", "remove=carol"],
    ["membership", "--set", "renew=bob"],
    ["membership", "--set", "renew=all"],
    ["log-key-change"],
    ["membership", "--set", "remove=alice", "--set", "add=dave", "--set", "sign=3"],
]
# Exit status of a rehearsal whose ceremony went to an end: completed, its key not attested, ended otherwise.
ENDS = {0, 75, 81}
# A yes of somebody to a ceremony, and where it says whose.
YES = {"ceremony.witnessed": "witness", "ceremony.attested": "witness", "ceremony.accepted": "participant"}


def drawn(seed):
    """What a seed comes to: the arguments of `rehearse`, and whose yes must not be found."""
    dice = random.Random(seed)
    kind = dice.choice(KINDS)
    count = dice.randint(4, 8)
    people = NAMES[:count]
    declining = dice.sample(people, dice.choice([0, 0, 0, 1, 1, 2]))
    losing = dice.sample(people, dice.choice([0, 0, 0, 1, 1, 2]))
    crashing = dice.sample(VERBS, dice.choice([0, 0, 1, 1, 2]))
    arguments = kind + ["--people", str(count)]
    for option, values in (("--declines", declining), ("--loses", losing), ("--crash", crashing)):
        for value in values:
            arguments += [option, value]
    return arguments, set(declining) | set(losing)


def judged(told, events, barred):
    """What is wrong with what a rehearsal said, by the events of its log."""
    mine = [event for event in events if event["body"].get("ceremony") == told["ceremony"]]
    states = [event["body"]["to"] for event in mine if event["body"].get("to")]
    if not states or states[-1] != told["state"]:
        yield f"it says {told['state']}, and the log {states[-1:]}"
    yes = Counter()
    for event in mine:
        if event["type"] in YES:
            who = event["body"][YES[event["type"]]]
            yes[event["type"], who] += 1
            if who in barred:
                yield f"{who} could not or would not, and the log has {event['type']} of them"
    if told["state"] == "COMPLETED":
        statement = next(e for e in mine if e["type"] == "ceremony.opened")["body"]["document"]
        need = next(int(line.split()[1]) for line in statement if line.startswith("threshold: "))
        have = sum(1 for kind, _ in yes if kind == "ceremony.witnessed")
        if have < need:
            yield f"completed with {have} of {need} witnesses"


def rehearsed(client, seed):
    """Lives through one seed: its line, what is wrong, and how it ended."""
    arguments, barred = drawn(seed)
    with tempfile.TemporaryDirectory(prefix="rehearsals-") as folder:
        kept = pathlib.Path(folder, "kept")
        began = time.monotonic()
        line = f"seed {seed}: rehearse {' '.join(arguments)}"
        try:
            ended = subprocess.run(
                [client, "rehearse", *arguments, "--json", "--keep", str(kept)],
                capture_output=True, text=True, timeout=600)
        except subprocess.TimeoutExpired:
            return line, ["it has not ended after 600 s"], "trouble"
        took = time.monotonic() - began
        if ended.returncode not in ENDS:
            return line, [f"exit {ended.returncode}: {ended.stderr[-2000:]}"], "trouble"
        told = json.loads(ended.stdout)
        wrong = []
        # Once more, by a process that the rehearsal did not start, and never without the word for it.
        command = [client, "verify", str(kept / "evidence"), "--genesis", str(kept / "genesis")]
        for more, wanted in (["--rehearsal"], 0), ([], 1):
            verified = subprocess.run(command + more, capture_output=True, text=True, env={"HOME": folder})
            if verified.returncode != wanted:
                wrong.append(f"verify {more} ended with {verified.returncode}: {verified.stderr[-1000:]}")
        lines = (kept / "evidence/log/events.jsonl").read_text(encoding="utf-8").splitlines()
        wrong += judged(told, [json.loads(text) for text in lines], barred)
        end = told["state"] + (f" {told['reason']}" if told.get("reason") else "")
        return f"{line}: {end}, {len(lines)} events, {took:.1f} s", wrong, f"{arguments[0]} {end}"


def seeds(arguments):
    at = arguments.index("--processes") + 1
    text = arguments[at] if at < len(arguments) else ""
    first, dash, last = text.partition("-")
    if not first.isdigit() or (dash and not last.isdigit()) or len(arguments) != 2:
        sys.exit("--processes wants a number of seeds, or the first and the last: 17-17. It goes with --skip-build only.")
    return range(int(first), int(last) + 1) if dash else range(1, int(first) + 1)


def main(client, arguments):
    """Lives through the seeds; gives back the exit status."""
    wanted = seeds(arguments)
    began = time.monotonic()
    ends = Counter()
    failed = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for seed, (line, wrong, end) in zip(wanted, pool.map(lambda seed: rehearsed(client, seed), wanted)):
            ends[end] += 1
            print(line, flush=True)
            if wrong:
                failed.append(seed)
                for what in wrong:
                    print(f"  WRONG: {what}")
                print(f"  again: Scripts/simulate --processes {seed}-{seed}", flush=True)
    print(", ".join(f"{end} {count}" for end, count in sorted(ends.items())))
    seconds = time.monotonic() - began
    print(f"{len(wanted)} rehearsals, {len(failed)} failed, {seconds:.0f} s")
    return 1 if failed else 0
