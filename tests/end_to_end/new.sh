#!/bin/bash
# A network of the library as a start of one's own: each of them is formatted, checks, and says which commands follow.
. "$(dirname "$0")/common.sh"

expect 0 "$RVBC" new
says '  fashion ' '  resnet20 ' 'rvbc new DIR --from NAME'
cp said listed
names=$(sed -n 's/^  \([a-z0-9_]\+\) .*/\1/p' listed)
wanted=$(cd "$root" && ls examples/*.rvb stdlib/networks/*.rvb | xargs -n1 basename | sed 's/\.rvb$//' | sort)
[ "$(sort <<<"$names")" = "$wanted" ] || die "what is listed is not what there is: $names"
for name in $names; do
  expect 0 "$RVBC" new "started/$name" --from "$name"
  says "started/$name/$name.rvb: "
  expect 0 "$RVBC" fmt --check "started/$name/$name.rvb"
  (cd "started/$name" && expect 0 "$RVBC" check "$name.rvb")
  # All of the network is there, after the commands.
  if ! grep -v '^ *//' "$(ls "$root/examples/$name.rvb" "$root/stdlib/networks/$name.rvb" 2>/dev/null)" | grep . | diff -q - <(grep -v '^ *//' "started/$name/$name.rvb" | grep .); then
    die "started/$name is not the network $name"
  fi
  grep -qF "//   rvbc $name.rvb -o $name " "started/$name/$name.rvb" || die "the commands are missing in $name"
done

# The commands in the first lines of a file are commands: each with its real options.
cd started/fashion
says_first() { sed -n 's,^//   \(.*[^ ]\)   .*,\1,p' fashion.rvb; }
[ "$(says_first | wc -l)" -ge 5 ] || die "there are commands missing"
data=$(fashion_folder)
while read -r command; do
  command=${command//DIR/$data}
  command=${command/#rvbc/$RVBC}
  case $command in
    *train*) command+=" --limit 100 --epochs 1 --batch 50 --quiet" ;;
    *eval*) command+=" --limit 50" ;;
    *PICTURE*)
      /usr/bin/python3 -c 'from PIL import Image; Image.new("L", (28, 28), 90).save("picture.png")'
      command=${command/PICTURE/picture.png}
      ;;
  esac
  [[ $command != *train* ]] || rm -rf run
  expect 0 $command
done < <(says_first)
cd ../..

# A folder that is not empty is left alone, an empty one is used, and what is not there is named.
mkdir full empty
echo mine >full/notes
expect 2 "$RVBC" new full --from fashion
says 'is not empty'
[ "$(ls full)" = notes ] && [ "$(cat full/notes)" = mine ] || die "a full folder was touched"
expect 0 "$RVBC" new empty --from fashion
expect 2 "$RVBC" new full/notes --from fashion
says 'no folder'
expect 2 "$RVBC" new other --from resnet2
says 'did you mean `resnet20`?' 'the networks are: '
expect 2 "$RVBC" new other --from ../networks/resnet20
expect 2 "$RVBC" new other
says '--from NAME is needed'
expect 2 "$RVBC" new --from fashion
says 'the folder to make is missing'
[ ! -e other ] || die "a folder was made for nothing"
got=0
(ulimit -f 0 && exec "$RVBC" new limited --from fashion >/dev/null 2>&1) || got=$?
[ $got -eq 5 ] || die "where nothing can be written it ended with $got"
[ ! -e limited ] || die "a part of the files was left"
