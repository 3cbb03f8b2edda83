"""From samples to rows, a table, and a comparison with an earlier run."""
import statistics

UNSTEADY = 0.10  # with a larger spread no speed-up is claimed


def quartiles(values):
    values = sorted(values)
    if len(values) < 4:
        return values[0], values[-1]
    quarters = statistics.quantiles(values, n=4)
    return quarters[0], quarters[2]


def summary(values):
    """(median, distance of the quartiles as a part of it)"""
    middle = statistics.median(values)
    low, high = quartiles(values)
    return middle, (high - low) / middle


def row(work, peer, peer_value, ours_name, ours, unit, goal=None, spread=0.0, higher_is_better=False, **more):
    ratio = (ours / peer_value if higher_is_better else peer_value / ours) if peer_value else None
    return {
        "work": work,
        "peer": peer,
        "peer_value": peer_value,
        "ours": ours,
        "unit": unit,
        "ratio": ratio,
        "goal": goal,
        "program": ours_name,
        "spread": spread,
        **more,
    }


def number(value):
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 1000 else f"{value:.4g}"


def verdict(r):
    if r["goal"] is None:
        return ""
    if r.get("at_most"):
        return "yes" if r["ours"] <= r["goal"] else "no"
    if r["spread"] > UNSTEADY:
        return "unsteady"
    return "yes" if r["ratio"] >= r["goal"] else "no"


def ratio_text(r):
    if r["ratio"] is None:
        return "–"
    # Conventions: a speed-up is not claimed when the measurements spread widely.
    return f"({r['ratio']:.2f}?)" if r["spread"] > UNSTEADY else f"{r['ratio']:.2f}"


def goal_text(r):
    if r["goal"] is None:
        return ""
    return f"≤ {number(r['goal'])} {r['unit']}" if r.get("at_most") else f"≥ {r['goal']:g}"


def markdown(rows):
    lines = [
        "| work | ours | peer | peer's value | our value | unit | ratio | goal | met | spread |",
        "|---|---|---|---:|---:|---|---:|---:|---|---:|",
    ]
    for r in rows:
        peer = r["peer"] + (f" ({r['mode']})" if r.get("mode") else "")
        lines.append(
            f"| {r['work']} | {r['program']} | {peer} | {number(r['peer_value'])} | {number(r['ours'])} | {r['unit']} | "
            f"{ratio_text(r)} | {goal_text(r)} | {verdict(r)} | {100 * r['spread']:.0f} % |"
        )
    return "\n".join(lines)


def compare(new, old):
    """What changed since the earlier run; a change within the spread is not called one."""

    def key(r):
        return r["work"], r["program"], r["peer"]

    before = {key(r): r for r in old}
    lines = ["| work | ours | earlier | now | change | spread | |", "|---|---|---:|---:|---:|---:|---|"]
    seen = set()
    for r in new:
        earlier = before.get(key(r))
        if earlier is None or (r["work"], r["program"]) in seen:
            continue
        seen.add((r["work"], r["program"]))
        spread = max(r["spread"], earlier["spread"])
        change = r["ours"] / earlier["ours"] - 1
        real = "real" if abs(change) > spread else "within the spread: no difference shown"
        lines.append(
            f"| {r['work']} | {r['program']} | {number(earlier['ours'])} | {number(r['ours'])} {r['unit']} | "
            f"{100 * change:+.1f} % | {100 * spread:.0f} % | {real} |"
        )
    return "\n".join(lines)
