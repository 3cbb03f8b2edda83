#!/bin/bash
# The Dockerfile: each of its instructions is one, its shell is shell, and its packages are those of .ci/packages.txt, which a
# stand-in for apt-get is asked for. Nothing is built.
. "$(dirname "$0")/common.sh"

python3 - "$root" <<'END'
import json, re, subprocess, sys
root = sys.argv[1]
text = open(f"{root}/runtime/packaging/Dockerfile").read()
lines = [line for line in re.sub(r"\\\n", " ", text).splitlines() if line and not line.startswith("#")]
known = {"FROM", "SHELL", "WORKDIR", "COPY", "RUN", "CMD", "ENTRYPOINT"}
stages, runs = [], []
for line in lines:
    word, rest = line.split(" ", 1)
    assert word in known, line
    if word == "FROM":
        base, *name = re.fullmatch(r"(\S+)(?: AS (\w+))?", rest).groups()
        assert base == "debian:12" or base in stages, line
        stages.append(name[0])
    elif word in ("SHELL", "CMD", "ENTRYPOINT"):
        assert all(isinstance(part, str) for part in json.loads(rest)), line
    elif word == "RUN":
        subprocess.run(["bash", "-n", "-c", rest], check=True)
        assert "apt-get install" not in rest, "packages are those of .ci/packages.txt"
        runs.append(rest)
command = next(json.loads(line[4:]) for line in lines if line.startswith("CMD "))[-1]
readme = re.search(r"```\n(.*?)```", open(f"{root}/README.md").read(), re.S).group(1)
wanted = [line.split("#")[0].strip() for line in readme.splitlines()]
assert sorted(command.split(" && ")) == sorted(wanted), (command, wanted)
open("groups", "w").write("\n".join(re.findall(r"install_missing ([a-z ]+?) &&", "\n".join(runs))) + "\n")
END
[ "$(tr '\n' ' ' <groups)" = "build test " ] || die "these groups are installed: $(cat groups)"

# On a machine where nothing is installed.
mkdir bin
printf '#!/bin/sh\nexit 1\n' >bin/dpkg-query
printf '#!/bin/sh\n[ "$1" != install ] || printf "%%s\\n" "$@" >>"$ASKED"\n' >bin/apt-get
printf '#!/bin/sh\n[ "$*" = -u ] && echo 0\n' >bin/id
chmod +x bin/*
while read -r group; do
  ASKED=$PWD/asked PATH=$PWD/bin:$PATH bash -euo pipefail -c ". '$root/.ci/common.sh' && install_missing $group" 2>/dev/null
done <groups
awk '!/^#/ && (/ build/ || / test/) {print $1}' "$root/.ci/packages.txt" | sort -u >wanted
grep -v -e '^-' -e '^install$' asked | sort -u >found
diff wanted found || die "other packages than .ci/packages.txt says"

# What docker itself says, where there is one that answers.
if command -v docker >/dev/null && docker buildx version >/dev/null 2>&1 && timeout 5 docker info >/dev/null 2>&1; then
  docker build --check -f "$root/runtime/packaging/Dockerfile" "$root" || die "docker refuses the Dockerfile"
else
  echo "note: no docker answers here; the Dockerfile was read and not built"
fi
