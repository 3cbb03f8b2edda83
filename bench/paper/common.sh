# What the scripts of this folder share; to be sourced. Sets `rvbc`, the compiler of the build folder.
. "$(dirname "${BASH_SOURCE[0]}")/../../.ci/common.sh"
rvbc=$folder/bin/rvbc

# stale PROGRAM: it is missing, or older than the compiler or than a network's source.
stale() {
  [ ! -x "$1" ] || [ "$rvbc" -nt "$1" ] ||
    [ -n "$(find "$root/stdlib" "$root/bench/paper" -name '*.rvb' -newer "$1" -print -quit)" ]
}

# options "NAME..." ARGUMENT...: the value after each --NAME goes into the variable NAME. Data and JSON are paths, and stay
# right when the script goes elsewhere.
options() {
  local names=" $1 " name
  shift
  while [ $# -gt 0 ]; do
    case $1 in -h | --help) usage ;; esac
    name=${1#--}
    [[ $1 = --* && $names = *" $name "* ]] || die "unknown argument $1; see $0 --help"
    [ $# -gt 1 ] || die "$1 needs a value; see $0 --help"
    case $name in
      data) data=$(realpath "$2") ;;
      json) json=$(realpath -m "$2") ;;
      *) printf -v "$name" %s "$2" ;;
    esac
    shift 2
  done
}

# enter_empty NAME: into a folder of that name below the build folder, with nothing in it.
enter_empty() {
  local work=$folder/paper/$1
  rm -rf "$work"
  mkdir -p "$work"
  cd "$work"
}
