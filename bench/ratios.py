#!/usr/bin/python3
"""ratios.py OURS.jsonl THEIRS.jsonl [ROWS.json]: medians over the rounds, side by side."""
import json
import statistics
import sys


def load(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def medians(rows, key, value):
    groups = {}
    for row in rows:
        groups.setdefault(key(row), []).append(value(row))
    return {name: (statistics.median(values), max(values) / min(values) - 1) for name, values in groups.items()}


def speed(row):
    return row["images_per_second"]


def main():
    ours_rows, their_rows = load(sys.argv[1]), load(sys.argv[2])
    ours = medians(ours_rows, lambda r: (r["command"], r["batch"], r["threads"], r["program"]), speed)
    theirs = medians(their_rows, lambda r: (r["work"], r["batch"], r["threads"], r["peer"]), speed)
    modes = {(r["work"], r["batch"], r["threads"], r["peer"]): r["mode"] for r in their_rows}
    rows = []
    for (command, batch, threads, program), (value, spread) in sorted(ours.items(), key=str):
        for (work, peer_batch, peer_threads, peer), (peer_value, peer_spread) in sorted(theirs.items(), key=str):
            if (work, peer_batch, peer_threads) != (command, batch, threads):
                continue
            name = {"train": "training step", "infer": "inference"}[command]
            rows.append(
                {
                    "work": f"{name}, {program} program, batch {batch}, {threads} thread{'s' if threads > 1 else ''}",
                    "peer": peer,
                    "peer_value": round(peer_value, 1),
                    "ours": round(value, 1),
                    "unit": "images/s",
                    "ratio": round(value / peer_value, 3),
                    "peer_mode": modes[work, peer_batch, peer_threads, peer],
                    "spread_of_rounds": round(max(spread, peer_spread), 3),
                }
            )
    print("| work | peer | peer, images/s | ours, images/s | ratio | spread of the rounds |")
    print("|---|---|---:|---:|---:|---:|")
    for r in rows:
        print(
            f"| {r['work']} | {r['peer']} ({r['peer_mode']}) | {r['peer_value']:.0f} | {r['ours']:.0f} | "
            f"{r['ratio']:.2f} | {100 * r['spread_of_rounds']:.0f} % |"
        )
    print()
    for r in rows:
        print(json.dumps(r))
    if len(sys.argv) > 3:
        with open(sys.argv[3], "w") as file:
            json.dump(rows, file, indent=2)


if __name__ == "__main__":
    main()
