"""Holds compiler/WALK.md against the tree and the compiler: walk.py PAGE ROOT. Runs in a folder with the data.

Every file that the page names exists, every `function` (`file`) is a word of that file. The first block is the network;
blocks of `console` are commands and what they print: … stands for anything in a line, or for any lines where it is one.
"""
import pathlib
import re
import subprocess
import sys

page, root = pathlib.Path(sys.argv[1]).read_text(), pathlib.Path(sys.argv[2])
faults = []


def check_names(prose):
    for path in set(re.findall(r"`((?:compiler|runtime|stdlib|tests)/[^`]+)`", prose)):
        if not (root / path).exists():
            faults.append(f"{path} does not exist")
    doors = re.findall(r"`([A-Za-z_]+)`\s\(`([^`]+)`\)", prose)
    for name, path in doors:
        file = root / path
        if file.is_file() and not re.search(rf"\b{name}\b", file.read_text()):
            faults.append(f"{path} does not know {name}")
    if len(doors) < 30:
        faults.append(f"only {len(doors)} doors were recognised")


def matches(shown, line):
    return re.fullmatch(".*".join(re.escape(part) for part in shown.split("…")), line) is not None


def difference(shown, printed):
    """The first line of the page that is not printed where it should be; None when all are."""
    at, anywhere = 0, False
    for line in shown:
        if line == "…":
            anywhere = True
            continue
        while anywhere and at < len(printed) and not matches(line, printed[at]):
            at += 1
        if at == len(printed) or not matches(line, printed[at]):
            return line
        at, anywhere = at + 1, False
    return None if anywhere or at == len(printed) else f"(nothing) instead of: {printed[at]}"


def run(block):
    lines = block.splitlines()
    commands = [line[2:] for line in lines if line.startswith("$ ")]
    ran = subprocess.run(["bash", "-ec", "set -o pipefail\n" + "\n".join(commands)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True)
    if ran.returncode != 0:
        faults.append(f"{commands}: exit code {ran.returncode}\n{ran.stdout}")
        return
    printed = ran.stdout.splitlines()
    fault = difference([line for line in lines if not line.startswith("$ ")], printed)
    if fault is not None:
        faults.append(f"{commands[-1]}: not printed: {fault}")


blocks = re.findall(r"^```(.*)\n((?:.*\n)*?)```$", page, re.M)
check_names(re.sub(r"^```.*\n(?:.*\n)*?```$", "", page, flags=re.M))
pathlib.Path("walk.rvb").write_text(blocks[0][1])
for kind, block in blocks[1:]:
    if kind == "console":
        run(block)
print("\n".join(faults))
sys.exit(1 if faults else 0)
