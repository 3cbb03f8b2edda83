# What the scripts of this project share; to be sourced. Sets `root`, the project's folder, and `folder`, the build folder;
# both, and RVB_DATA, are absolute, so that they stay right when a script goes elsewhere.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$(realpath -m "${RVB_BUILD:-$root/build}")
[ -z "${RVB_DATA:-}" ] || export RVB_DATA=$(realpath -m "$RVB_DATA")

say() { printf '\n== %s\n' "$*" >&2; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# usage [STATUS]: prints the comment that the script begins with, and ends.
usage() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
  exit "${1:-0}"
}

# The packages of the named groups that are not installed.
missing_packages() {
  local name groups group
  while read -r name groups; do
    for group in $groups; do
      case " $* " in
        *" $group "*)
          [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
          break
          ;;
      esac
    done
  done < <(grep -v '^#' "$root/.ci/packages.txt")
}

# install_missing GROUP...: asks apt only when something is missing.
install_missing() {
  local -a missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || die "these packages are missing, and there is no apt-get: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "these packages are missing; install them as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  # standard output carries results, so apt's chatter goes to standard error
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

# configure FOLDER OPTION...
configure() {
  local folder=$1 generator=()
  shift
  if [ ! -f "$folder/CMakeCache.txt" ] && command -v ninja >/dev/null; then
    generator=(-G Ninja)
  fi
  cmake -S "$root" -B "$folder" "${generator[@]}" "$@" >&2
}

# build FOLDER [TARGET...]
build() {
  local folder=$1
  shift
  cmake --build "$folder" --parallel "$(nproc)" ${1:+--target "$@"} >&2
}

# The folder with Fashion-MNIST's four files.
fashion_folder() {
  if [ -n "${RVB_DATA:-}" ]; then
    echo "$RVB_DATA"
    return
  fi
  local file
  file=$(dpkg -L dataset-fashion-mnist | grep '/train-images-idx3-ubyte.gz$') || die "dataset-fashion-mnist is not installed"
  dirname "$file"
}
