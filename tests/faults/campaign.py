"""Makes the tries of all kinds and prints the table; run.sh says with which options."""
import argparse
import importlib
import json
import os
import random
import shutil
import sys
import tempfile
import time
import traceback

import common
import compiling

KINDS = ["calls", "moments", "outputs", "limits", "streams", "signals", "weights", "compiler", "disks", "cache", "data"]


def options():
    parser = argparse.ArgumentParser(prog="tests/faults/run.sh")
    parser.add_argument("--short", action="store_true", help="two minutes: a systematic sample")
    parser.add_argument("--only", metavar="NAME", action="append", help="this kind of fault (repeatable)")
    parser.add_argument("--try", metavar="WHAT", dest="one", help="this try of --only NAME")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the folders of lost tries, and say where")
    parser.add_argument("--jobs", type=int, default=min(2, len(os.sched_getaffinity(0))), help="kinds at the same time")
    parser.add_argument("--list", action="store_true", help="the kinds of faults")
    parser.add_argument("--rvbc", default=os.environ.get("RVBC"), help=argparse.SUPPRESS)
    return parser.parse_args()


def make_tries(module, shop, chosen, report):
    """All tries of one kind, in a separate process."""
    common.adopt_orphans()
    rng = random.Random(f"{chosen.seed} {module.NAME}")
    kind = module.Kind(shop)
    done, lost, skipped = 0, [], {}
    tries = [chosen.one] if chosen.one else kind.tries(rng, chosen.short)
    begin = time.monotonic()
    for what in tries:
        box = shop.box()
        why = None
        try:
            kind.attempt(what, box)
        except common.Lost as reason:
            why = str(reason)
        except common.Skipped as reason:
            skipped[str(reason)] = skipped.get(str(reason), 0) + 1
            done -= 1
        except Exception:  # a mistake of the campaign: seen, not counted as survived
            why = "the campaign itself: " + traceback.format_exc()
        done += 1
        if why is not None:
            lost.append(what)
            place = f"  [{box}]" if chosen.keep else ""
            print(f"LOST {module.NAME} {what}: {why}{place}\n"
                  f"  again: tests/faults/run.sh --only {module.NAME} --seed {chosen.seed} --try '{what}'", flush=True)
        if why is None or not chosen.keep:
            shutil.rmtree(box, ignore_errors=True)
            for ending in (".counter", ".log"):
                if os.path.exists(box + ending):
                    os.unlink(box + ending)
    common.write(report, json.dumps({"tries": done, "lost": len(lost), "skipped": skipped,
                                     "seconds": time.monotonic() - begin}).encode())


def main():
    chosen = options()
    modules = [importlib.import_module("kind_" + name) for name in KINDS]
    if chosen.list:
        for module in modules:
            print(f"{module.NAME:10} {module.ABOUT}")
        return 0
    known = [module.NAME for module in modules]
    for name in chosen.only or []:
        if name not in known:
            sys.exit(f"there is no kind of fault `{name}`: {', '.join(known)}")
    if chosen.one and len(chosen.only or []) != 1:
        sys.exit("--try needs the one --only NAME that it belongs to")
    modules = [m for m in modules if not chosen.only or m.NAME in chosen.only]
    if not chosen.rvbc or not os.access(chosen.rvbc, os.X_OK):
        sys.exit("RVBC must name the compiler")

    folder = tempfile.mkdtemp(prefix="rvb-faults-")
    begin = time.monotonic()
    totals = [0, 0, 0, 0]
    try:
        shop = common.Workshop(folder, os.path.abspath(chosen.rvbc), random.Random(chosen.seed))
        if any(hasattr(module, "COMPILES") for module in modules):
            shop.compilations = compiling.all_compilations(shop)
        running, waiting, failed = {}, list(modules), []
        while running or waiting:
            while waiting and len(running) < max(1, chosen.jobs):
                module = waiting.pop(0)
                sys.stdout.flush()
                pid = os.fork()
                if pid == 0:
                    code = 1
                    try:
                        make_tries(module, shop, chosen, os.path.join(folder, module.NAME + ".json"))
                        code = 0
                    except BaseException:
                        traceback.print_exc()
                    sys.stdout.flush()
                    os._exit(code)
                running[pid] = module
            pid, status = os.wait()
            module = running.pop(pid)
            if status != 0:
                failed.append(module.NAME)
        print(f"\n{'what':10} {'tries':>7} {'survived':>9} {'lost':>6} {'skipped':>8} {'seconds':>8}")
        for module in modules:
            if module.NAME in failed:
                print(f"{module.NAME:10} did not come to its end")
                continue
            row = json.loads(common.read(os.path.join(folder, module.NAME + ".json")))
            skipped = sum(row["skipped"].values())
            why = "; ".join(f"{reason} ({count})" for reason, count in row["skipped"].items())
            print(f"{module.NAME:10} {row['tries']:7} {row['tries'] - row['lost']:9} {row['lost']:6} {skipped:8} "
                  f"{row['seconds']:8.0f}{'  skipped: ' + why if why else ''}")
            for i, n in enumerate((row["tries"], row["tries"] - row["lost"], row["lost"], skipped)):
                totals[i] += n
        print(f"{'all':10} {totals[0]:7} {totals[1]:9} {totals[2]:6} {totals[3]:8} {time.monotonic() - begin:8.0f}")
        return 1 if totals[2] or failed else 0
    finally:
        if chosen.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main())
