#!/bin/bash
# The Debian package in a clean Debian 12: it installs with what it depends on, compiles a network, trains and deploys it.
# As root, with debootstrap and Debian's archive; takes minutes, so it is not in the suite.
#
#   tests/package.sh [ROOT]      ROOT: a folder for the clean system, used again where it is there (default: a temporary one)
set -euo pipefail
. "$(dirname "$0")/../.ci/common.sh"
case ${1:-} in -h | --help) usage ;; esac
archive=${RVB_DEBIAN_ARCHIVE:-$(apt-get indextargets --format '$(REPO_URI)' | sed -n 1p)} # where this system's packages come from
work=$(mktemp -d)
clean=$(realpath -m "${1:-$work/root}")
finish() {
  ! mountpoint -q "$clean/proc" || umount "$clean/proc"
  rm -rf "$work"
}
trap finish EXIT
[ "$(id -u)" -eq 0 ] || die "a clean system is made by root"
command -v debootstrap >/dev/null || die "debootstrap is not installed"

say "packing $folder"
(cd "$folder" && cpack -G DEB -B "$work/package" >&2)
package=$(ls "$work"/package/*.deb)
if [ ! -x "$clean/usr/bin/apt-get" ]; then
  say "a clean Debian 12 in $clean"
  debootstrap --variant=minbase bookworm "$clean" "$archive" >&2
fi
mountpoint -q "$clean/proc" || mount -t proc proc "$clean/proc"
cp "$package" "$clean/tmp/rvb.deb"
inside() { chroot "$clean" /usr/bin/env -i HOME=/root PATH=/usr/bin:/bin:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive sh -euc "$1"; }
say "installing the package"
inside 'apt-get update -q && apt-get install -q -y --no-install-recommends /tmp/rvb.deb' >&2
say "a network, as a new user has it"
inside '
  rm -rf /root/mine && cd /root
  rvbc --version
  rvbc new mine --from fashion
  cd mine
  rvbc fashion.rvb -q -o fashion
  ./fashion train --data synthetic:256 --epochs 1 --run-dir run -q
  ./fashion eval --data synthetic:256 --weights run/last.safetensors | head -1
  rvbc deploy fashion.rvb -q --weights run/last.safetensors -o fashion.infer --verify-addonly
  ./fashion.infer infer -i random:1:1
  rvbc deploy fashion.rvb -q --weights run/last.safetensors --emit=lib,header -o fashion
  cp /usr/share/rvb/examples/embed.c .
  cc -I. embed.c fashion.a -fopenmp -lm -o embed
  rvbc man >/dev/null
  rvbc completion bash >/dev/null'
say "the package works: $(stat -c %s "$package") bytes"
