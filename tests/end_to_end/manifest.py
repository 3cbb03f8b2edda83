"""Holds runtime/manifest.md against manifests: manifest.py PAGE MANIFEST.json ..."""
import json
import re
import sys

page = open(sys.argv[1]).read()
example = json.loads(re.search(r"```json\n(.*?)```", page, re.S).group(1))
# Words in prose: `layers[].computed_steps` is one, and so are its parts.
words = {part for code in re.findall(r"`([^`]+)`", page.replace("```", "")) for part in re.split(r"[^A-Za-z0-9_]+", code)}
table = {}
for roles, where in re.findall(r"^\| (`[a-z`, ]+`) \| (.*?) \|", page, re.M):
    for role in re.findall(r"`([a-z]+)`", roles):
        table[role] = where

# Keys of these are names of the program's own, not of the format.
open_maps = {"functions", "constants", "profile"}
# Held by recipe/settings.def, or other pages.
elsewhere = {"recipe", "verification", "arena", "machine"}


def paths(value, at=""):
    """Every key with its way from the top: functions.*.results[].name"""
    if isinstance(value, dict):
        for key, inner in value.items():
            path = at + "." + ("*" if at.lstrip(".") in open_maps else key)
            yield path.lstrip(".")
            if key not in elsewhere:
                yield from paths(inner, path)
    if isinstance(value, list):
        for inner in value:
            yield from paths(inner, at + "[]")


faults = []
described, real = set(paths(example)), set()
for name in sys.argv[2:]:
    manifest = {key: value for key, value in json.load(open(name)).items() if key not in ("arena", "machine")}
    if manifest["schema"] != example["schema"]:
        faults.append(f"{name}: {manifest['schema']}, the page is about {example['schema']}")
    real |= set(paths(manifest))
    for function in manifest["functions"].values():
        for side in ("arguments", "results"):
            for port in function[side]:
                role = port["role"]
                if role not in table:
                    faults.append(f"role {role} is not described")
                elif side[:-1] not in table[role] and "both" not in table[role]:
                    faults.append(f"{role} is no {side[:-1]} by the table")
faults += [f"{path} is not described" for path in real - described if path.split(".")[-1].strip("[]*") not in words | {""}]
faults += [f"{path} is described, but no program has it" for path in described - real]
for fault in sorted(set(faults)):
    print(fault)
sys.exit(1 if faults else 0)
