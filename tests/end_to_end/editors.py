"""Colours of editors against the language: every keyword, layer and function that `rvbc lsp` completes is in both grammars.
editors.py RVBC FOLDER"""
import json
import re
import subprocess
import sys

rvbc, folder = sys.argv[1], sys.argv[2]


def message(**fields):
    body = json.dumps({"jsonrpc": "2.0", **fields}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


document = {"uri": "file:///nowhere/empty.rvb"}
asked = (message(id=1, method="initialize", params={})
         + message(method="textDocument/didOpen", params={"textDocument": {**document, "text": "", "languageId": "rvb", "version": 1}})
         + message(id=2, method="textDocument/completion", params={"textDocument": document, "position": {"line": 0, "character": 0}}))  # fmt: skip
said = subprocess.run([rvbc, "lsp"], input=asked, capture_output=True, check=True).stdout.decode()
items = next(json.loads(text)["result"] for text in re.split(r"Content-Length: \d+\r\n\r\n", said) if '"id":2' in text)
words = {kind: {item["label"] for item in items if item["kind"] == kind} for kind in (3, 6, 14)}
keywords, calls, kinds = words[14], words[3], words[6]
assert len(keywords) == 26 and len(calls) > 45 and kinds == {"real", "binary", "ternary", "alpha"}, words

grammar = json.load(open(f"{folder}/vscode/syntaxes/rvb.tmLanguage.json"))
faults = []
parts = grammar["repository"]
for include in grammar["patterns"]:
    assert include["include"][1:] in parts, include
assert len(grammar["patterns"]) == len(parts)


def rules(rule):
    return [each for inner in rule["patterns"] for each in rules(inner)] if "patterns" in rule else [rule]


def scope(word):
    """Of the first rule that matches all of the word, in the grammar's order."""
    for include in grammar["patterns"]:
        for rule in rules(parts[include["include"][1:]]):
            if "match" in rule and re.fullmatch(rule["match"], word):
                return rule.get("name", "")
    return ""


for word in keywords:
    wanted = r"constant\.language" if word in ("true", "false") else r"keyword|storage"
    if not re.match(wanted, scope(word)):
        faults.append(f"{word} is a keyword, and {scope(word) or 'nothing'} in the TextMate grammar")
faults += [f"{word} is called, and {scope(word) or 'nothing'} in the TextMate grammar" for word in calls if not scope(word).startswith("support.function")]
faults += [f"{word}: {scope(word)}" for word in kinds if not scope(word).startswith("support.type")]
for word, wanted in (("1e-4", "constant.numeric"), ("0.25", "constant.numeric"), ("encode", ""), ("// if", "comment"), ('"a.rvb"', "string"), ("|>", "keyword.operator"), ("conv2d_2", "")):
    if not scope(word).startswith(wanted) or (not wanted and scope(word)):
        faults.append(f"{word} is {scope(word)}")
listed = {word for rule in ("keywords", "layers", "functions") for each in rules(parts[rule]) for word in re.findall(r"\w{2,}", each["match"].replace("\\b", " "))}
faults += [f"{word} is in the TextMate grammar, and no word of the language" for word in listed - keywords - calls]

vim = {}
for group, line in re.findall(r"^syn keyword (\w+) (.*)$", open(f"{folder}/vim/syntax/rvb.vim").read(), re.M):
    for word in line.split():
        vim[word] = group
faults += [f"{word} is missing in Vim's syntax" for word in (keywords | calls | kinds) - vim.keys()]
faults += [f"{word} is in Vim's syntax, and no word of the language" for word in vim.keys() - keywords - calls - kinds - {"input"}]

package = json.load(open(f"{folder}/vscode/package.json"))
json.load(open(f"{folder}/vscode/language-configuration.json"))
assert package["contributes"]["grammars"][0]["scopeName"] == grammar["scopeName"]
assert '"lsp"' in open(f"{folder}/vscode/{package['main']}").read()
for fault in sorted(faults):
    print(fault)
sys.exit(1 if faults else 0)
