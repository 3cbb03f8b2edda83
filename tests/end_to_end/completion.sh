#!/bin/bash
# Completion in three shells and the manual page: what --help has, from the same table.
. "$(dirname "$0")/common.sh"
for shell in bash zsh fish; do "$RVBC" completion $shell >rvbc.$shell; done
mkdir files && cd files && touch net.rvb

# offers WORD... -- TYPED: completing TYPED offers each of these words; !WORD: not this one.
offers() {
  local words=() word found
  while [ "$1" != -- ]; do words+=("$1"); shift; done
  found=$(complete_"$shell" "$2")
  for word in "${words[@]}"; do
    if [[ $word = !* ]]; then
      ! grep -qxF -- "${word#!}" <<<"$found" || die "$shell offers ${word#!} after '$2'"
    else
      grep -qxF -- "$word" <<<"$found" || die "$shell does not offer $word after '$2', but: $found"
    fi
  done
}
complete_bash() {
  bash -c '
    . ../rvbc.bash
    read -ra COMP_WORDS <<<"$1"
    case $1 in *" ") COMP_WORDS+=("") ;; esac
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _rvbc
    printf "%s\n" "${COMPREPLY[@]}"' - "$1"
}
complete_fish() { HOME=$PWD/.. fish --no-config -c 'source ../rvbc.fish; complete -C $argv[1]' "$1" | cut -f1; }

for shell in bash fish; do
  [ $shell = bash ] || command -v $shell >/dev/null || continue
  offers deploy !build !--weights -- 'rvbc de'
  offers build deploy check summary pack new completion -- 'rvbc '
  offers f32 i32 i16 !--spikes -- 'rvbc deploy --spikes '
  offers i32 i16 !f32 -- 'rvbc deploy net.rvb --spikes i'
  offers --weights --spikes --verify-addonly !--mem-limit -- 'rvbc deploy --'
  offers --mem-limit !--weights -- 'rvbc net.rvb --'
  offers bash zsh fish -- 'rvbc completion '
  offers dot mermaid -- 'rvbc graph net.rvb --format '
done
if command -v zsh >/dev/null; then
  zsh -n ../rvbc.zsh
  [ "$(zsh -f -c 'autoload -Uz compinit && compinit -D -u && source ../rvbc.zsh && print $_comps[rvbc]')" = _rvbc ] ||
    die "zsh does not know the completion"
fi
cd ..

# The page: every command and option, and no mistake of troff.
"$RVBC" man >rvbc.1
for name in build deploy pack unpack new --spikes --calibrate --mem-limit --from; do
  grep -qF -- "${name//-/\\-}" rvbc.1 || die "$name is missing in the manual page"
done
if command -v groff >/dev/null; then
  groff -k -Kutf8 -man -Tutf8 -ww rvbc.1 >page 2>faults
  [ ! -s faults ] || { cat faults; die "troff complains"; }
fi
expect 2 "$RVBC" completion tcsh
expect 2 "$RVBC" completion
