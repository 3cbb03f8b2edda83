#!/bin/bash
# compiler/editors: the grammars have all words of the language, and no other ones; Vim reads its own.
. "$(dirname "$0")/common.sh"

expect 0 python3 "$here/editors.py" "$RVBC" "$root/compiler/editors"
# A word that is missing, and one too many, are seen.
cp -r "$root/compiler/editors" planted
sed -i 's/|conv1d|/|conv9d|/' planted/vscode/syntaxes/rvb.tmLanguage.json
sed -i 's/ softmax / /' planted/vim/syntax/rvb.vim
expect 1 python3 "$here/editors.py" "$RVBC" planted
says 'conv1d is called, and nothing in the TextMate grammar' 'conv9d is in the TextMate grammar, and no word' "softmax is missing in Vim's syntax"
if command -v node >/dev/null; then
  expect 0 node --check "$root/compiler/editors/vscode/extension.js"
fi
command -v nvim >/dev/null || {
  echo "note: nvim is not installed; its syntax was not tried"
  exit 0
}
printf 'network N(image: [1, 8, 8] repeated 2) {\n  x = image |> conv2d(4) // y\n}\n' >net.rvb
cat >try.vim <<'END'
set nocompatible
syntax on
edit net.rvb
let found = [synIDattr(synID(1, 1, 1), "name"), synIDattr(synID(2, 18, 1), "name"), synIDattr(synID(2, 28, 1), "name"), &filetype]
call writefile(found, "found")
qall!
END
expect 0 env HOME="$work" nvim --clean --headless --cmd "set runtimepath^=$root/compiler/editors/vim" -S try.vim
[ "$(tr '\n' ' ' <found)" = "rvbDefine rvbLayer rvbComment rvb " ] || die "$(cat found)"
