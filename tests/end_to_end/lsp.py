"""Speaks the Language Server Protocol with `rvbc lsp`: lsp.py RVBC ROOT, in an empty folder."""
import json
import os
import re
import subprocess
import sys

rvbc, root = sys.argv[1], sys.argv[2]
here = "file://" + os.path.realpath(".")


class Server:
    def __init__(self):
        self.process = subprocess.Popen([rvbc, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.number = 0
        self.published = {}

    def send_raw(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, **message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.send_raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def read(self):
        length = None
        while (line := self.process.stdout.readline().strip()):
            name, value = line.split(b": ")
            assert name == b"Content-Length", line
            length = int(value)
        assert length is not None, "the server is gone"
        message = json.loads(self.process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.published[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message

    def ask(self, method, **params):
        self.number += 1
        self.send(id=self.number, method=method, params=params)
        while "id" not in (answer := self.read()):
            pass
        assert answer["id"] == self.number
        return answer

    def result(self, method, **params):
        answer = self.ask(method, **params)
        assert "result" in answer, answer
        return answer["result"]

    def tell(self, method, **params):
        self.send(method=method, params=params)

    def open(self, name, text, new=True):
        uri = f"{here}/{name}"
        document = {"uri": uri, "languageId": "rvb", "version": 1, "text": text}
        if new:
            self.tell("textDocument/didOpen", textDocument=document)
        else:
            self.tell("textDocument/didChange", textDocument={"uri": uri, "version": 2}, contentChanges=[{"text": text}])
        while self.read().get("method") != "textDocument/publishDiagnostics":
            pass
        return self.published[uri]

    def end(self):
        self.result("shutdown")
        self.tell("exit")
        return self.process.wait(10)


def at(name, text, word, place=0, inside=1):
    """Of the place-th occurrence of the word, in UTF-16 units."""
    offset = -1
    for _ in range(place + 1):
        offset = text.index(word, offset + 1)
    before = text[: offset + inside]
    column = len(before[before.rfind("\n") + 1 :].encode("utf-16-le")) // 2
    return {"textDocument": {"uri": f"{here}/{name}"}, "position": {"line": before.count("\n"), "character": column}}


def apply(text, edits):
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    place = lambda p: starts[p["line"]] + p["character"]
    for edit in sorted(edits, key=lambda e: -place(e["range"]["start"])):
        text = text[: place(edit["range"]["start"])] + edit["newText"] + text[place(edit["range"]["end"]) :]
    return text


net = """// A comment with 🦓.
import neurons
import "parts.rvb"

param T = 2

block Unit(x, channels) {
  y = x |> conv2d(channels, padding = 1, weights = binary(alpha)) |> batchnorm
  return y |> reverb
}

network Small(image: [1, 28, 28] repeated T) {
  x = image |> conv2d(8, kernel = 3, stride = 2, padding = 1) as encode |> batchnorm |> reverb
  x = Unit(x, channels = 16) as unit1 |> Halve
  return x |> flatten |> linear(10) as classifier |> mean_over_time
}
"""
open("parts.rvb", "w").write("// Half the size.\nblock Halve(x) {\n  return x |> avgpool(2)\n}\n")

s = Server()
assert s.ask("textDocument/hover")["error"]["code"] == -32002
can = s.result("initialize", processId=None, rootUri=None, capabilities={})["capabilities"]
assert can["positionEncoding"] == "utf-16" and can["textDocumentSync"]["change"] == 1
s.tell("initialized")

# Mistakes as the command line has them: codes, words and places.
assert s.open("net.rvb", net) == []
broken = net.replace("linear(10)", "linaer(10)").replace("conv2d(8,", "conv2d(0,")
found = s.open("net.rvb", broken, new=False)
open("broken.rvb", "w").write(broken)
said = subprocess.run([rvbc, "check", "broken.rvb", "--diagnostics", "json"], capture_output=True, text=True).stderr
lines = [json.loads(line) for line in said.splitlines()]
assert [d["code"] for d in found] == [line["code"]["code"] for line in lines] and len(found) == 2, found
for diagnostic, line in zip(found, lines):
    span = next(each for each in line["spans"] if each["is_primary"])
    assert diagnostic["range"]["start"] == {"line": span["line_start"] - 1, "character": span["column_start"] - 1}, diagnostic
    assert line["message"] in diagnostic["message"] and diagnostic["severity"] == 1
assert "did you mean `linear`" in found[1]["message"]
assert [d["code"] for d in s.open("net.rvb", net + "}", new=False)] == ["RVB0007"]
assert s.open("parts.rvb", open("parts.rvb").read()) == []  # a file without a network
zebra = s.open("z.rvb", '// none\nlet a = 1 /* 🦓 */ + b\n')
assert zebra[0]["range"] == {"start": {"line": 1, "character": 21}, "end": {"line": 1, "character": 22}}, zebra
s.open("net.rvb", net, new=False)

# Hover: the manual's equation and the shapes.
text = lambda *where, **more: s.result("textDocument/hover", **at("net.rvb", net, *where, **more))["contents"]["value"]
conv = text("conv2d(8")
assert conv.startswith("```\nconv2d(channels, kernel = 3") and "y[o, i, j] = bias[o]" in conv and "encode: [8, 14, 14]" in conv, conv
assert "unit1.conv2d: [16, 14, 14]" in text("conv2d(channels")
assert "[8, 14, 14]" in text("x, channels = 16") and "[1, 28, 28]" in text("image |>")
assert "classifier: [10]" in text("linear(10") and "block Unit(x, channels)" in text("Unit(x, channels = 16")
assert "Half the size." in text("Halve") and "mean_over_time" in text("mean_over_time")
assert "neuron reverb(tau = 0.25, threshold = 0)" in text("reverb\n}\n\nnetwork") and "param T = 2" in text("T) {")
for nothing in ("// A comment", "= image"):
    assert s.result("textDocument/hover", **at("net.rvb", net, nothing, inside=0)) is None

# Completion: layers, keywords, names of the text and of imports, files of the library.
labels = lambda name, body, *where: {i["label"]: i for i in s.result("textDocument/completion", **at(name, body, *where))}
items = labels("net.rvb", net, "flatten")
keywords = set(re.findall(r'^"(\w+)"\s+TOKEN', open(f"{root}/compiler/syntax/lexer.l").read(), re.M))
assert len(keywords) == 26 and keywords <= items.keys(), keywords - items.keys()
assert {"Unit", "Halve", "reverb", "lif", "T", "x", "image", "sigmoid", "conv1d"} <= items.keys()
assert items["conv2d"]["detail"].startswith("conv2d(channels, kernel = 3")
made = {"input", "neuron", "operation", "trained", "latent", "cell_input", "cell_state", "cell"}  # otherwise than by a call
rows = set(re.findall(r"^LAYER\((\w+)\)", open(f"{root}/compiler/layers/layers.def").read(), re.M)) - made
assert len(rows) > 20 and rows <= items.keys(), rows - items.keys()
for name in rows:
    assert items[name].get("detail"), f"the manual has no heading for {name}"
half = net.replace("|> flatten", "|> fla (")  # while something is typed
assert s.open("net.rvb", half, new=False)
assert {"Unit", "Halve", "flatten", "x"} <= labels("net.rvb", half, "fla (").keys()
s.open("z.rvb", "import ", new=False)
assert {"neurons", "resnet19", "agmm_gate"} <= labels("z.rvb", "import ", "import", 0).keys() or True
files = {i["label"] for i in s.result("textDocument/completion", textDocument={"uri": f"{here}/z.rvb"}, position={"line": 0, "character": 7})}
assert {"neurons", "resnet19", "agmm_gate"} <= files and "conv2d" not in files
s.open("net.rvb", net, new=False)

# Definitions, into imports too.
def defined(*where, **more):
    place = s.result("textDocument/definition", **at("net.rvb", net, *where, **more))
    return place["uri"], place["range"]["start"]["line"]
assert defined("Unit(x, channels = 16") == (f"{here}/net.rvb", 6)
assert defined("Halve") == (f"{here}/parts.rvb", 1)
assert defined("parts.rvb", inside=2) == (f"{here}/parts.rvb", 0)
uri, line = defined("reverb\n}\n\nnetwork")
assert uri.endswith("/stdlib/neurons.rvb") and open(uri[7:]).read().split("\n")[line].startswith("neuron reverb")
assert defined("neurons")[0] == uri and defined("channels, padding") == (f"{here}/net.rvb", 6)
assert defined("channels = 16") == (f"{here}/net.rvb", 6) and defined("y |>") == (f"{here}/net.rvb", 7)
assert s.result("textDocument/definition", **at("net.rvb", net, "conv2d(8")) is None

# Renaming gives the same program; what would give another one is refused.
def renamed(new, *where, **more):
    edits = s.result("textDocument/rename", newName=new, **at("net.rvb", net, *where, **more))["changes"]
    assert list(edits) == [f"{here}/net.rvb"]
    return apply(net, edits[f"{here}/net.rvb"])
summary = lambda: subprocess.run([rvbc, "summary", "other.rvb", "--json"], capture_output=True, text=True, check=True).stdout
open("other.rvb", "w").write(net)
before = summary()
for new, where in (("width", ("channels)",)), ("steps", ("T = 2",)), ("Piece", ("Unit(x, channels)",)), ("made", ("y = x",)), ("h", ("x = image",)), ("width", ("channels = 16",))):
    changed = renamed(new, *where)
    open("other.rvb", "w").write(changed)
    assert changed != net and re.search(rf"\b{new}\b", changed)
    hide = lambda t: re.sub(r'"(source_hash|constants)": ?("[^"]*"|\{[^}]*\}),?', "", t)
    assert hide(summary()) == hide(before), new
assert renamed("width", "channels)").count("width") == 3 and "Unit(x, width = 16)" in renamed("width", "channels)")
refused = lambda new, *where, **more: s.ask("textDocument/rename", newName=new, **at("net.rvb", net, *where, **more))["error"]
for new in ("", "1x", "a b", "network", "conv2d", "x" * 200, "Halve", "reverb"):
    assert refused(new, "Unit(x, channels)")["code"] == -32803, new
assert "rename it there" in refused("Other", "Halve")["message"]
two = "network N(x: [1, 8, 8] repeated 2) {\n  a = x |> avgpool(2)\n  b = x |> maxpool(2)\n  return a + b |> flatten |> linear(2) |> mean_over_time\n}\n"
s.open("two.rvb", two)
clash = s.ask("textDocument/rename", newName="b", **at("two.rvb", two, "a = x", inside=0))
assert "another program" in clash["error"]["message"], clash
assert refused("other", "conv2d(8")["code"] == -32803
assert s.result("textDocument/prepareRename", **at("net.rvb", net, "Unit(x, channels)"))["placeholder"] == "Unit"

# rvbc fmt's form; a text with mistakes stays.
ugly = net.replace("  return y |> reverb", "return   y|>reverb")
s.open("net.rvb", ugly, new=False)
document = {"textDocument": {"uri": f"{here}/net.rvb"}, "options": {"tabSize": 8, "insertSpaces": False}}
formatted = subprocess.run([rvbc, "fmt", "-"], input=ugly, capture_output=True, text=True, check=True).stdout
assert apply(ugly, s.result("textDocument/formatting", **document)) == formatted != ugly
s.open("net.rvb", formatted, new=False)
assert s.result("textDocument/formatting", **document) == []
s.open("net.rvb", ugly + "{", new=False)
assert s.result("textDocument/formatting", **document) is None
s.tell("textDocument/didClose", textDocument={"uri": f"{here}/net.rvb"})
assert s.ask("textDocument/hover", **at("net.rvb", net, "Unit"))["error"]["code"] == -32602
assert s.published[f"{here}/net.rvb"] == []

# What no client should send: answered, and the next request is served.
codes = []
def hurt(data):
    s.send_raw(data)
    codes.append(s.read()["error"]["code"])
    assert s.open("net.rvb", net) == []
framed = lambda body: b"Content-Length: %d\r\n\r\n" % len(body) + body
hurt(framed(b"{"))
hurt(framed(b""))
hurt(framed(b"[1, 2]"))
hurt(framed(b'{"id": 1}'))
hurt(framed(b'{"id": 1, "method": 7}'))
hurt(framed(b'{"id": 1, "method": "\xff\xfe"}'))
hurt(framed(b"[" * 100000))
hurt(framed(b'{"a": ' * 5000))
hurt(b"Content-Length: twelve\r\n\r\n")
hurt(b"Content-Length: -5\r\n\r\n")
hurt(b"Content-Length: 99999999999999999999\r\n\r\n")
hurt(b"Something: else\r\n\r\n")
hurt(b"x" * 100000 + b"\r\n\r\n")
hurt(b"Content-Length: 70000000\r\n\r\n" + b" " * 70000000)
hurt(framed(b'{"jsonrpc": "2.0", "id": 5, "method": "textDocument/hover", "params": [1]}'))
hurt(framed(b'{"jsonrpc": "2.0", "id": 5, "method": "textDocument/hover", "params": {"textDocument": 1}}'))
hurt(framed(json.dumps({"id": 5, "method": "textDocument/hover", "params": {"textDocument": {"uri": f"{here}/net.rvb"}, "position": {"line": "a"}}}).encode()))
hurt(framed(b'{"jsonrpc": "2.0", "id": "w", "method": "workspace/whatever"}'))
assert codes[:2] == [-32700, -32700] and codes[-1] == -32601, codes
for position in ({"line": -1, "character": -1}, {"line": 10**15, "character": 10**15}, {"line": 3, "character": 10**18}):
    for method in ("hover", "completion", "definition"):
        assert "result" in s.ask(f"textDocument/{method}", textDocument={"uri": f"{here}/net.rvb"}, position=position)
s.tell("$/cancelRequest", id=3)
s.tell("textDocument/didChange", textDocument={"uri": f"{here}/net.rvb"}, contentChanges=[])
s.tell("textDocument/didChange", textDocument={"uri": f"{here}/net.rvb"}, contentChanges=[{"range": {}, "text": ""}])
s.tell("textDocument/didChange", textDocument={"uri": "nowhere"}, contentChanges=[{"text": ""}])
for text_ in ("", "\0", "{" * 3000, "network", "import \"net.rvb\"", "neuron n { state u = 0 emit u }\n" * 2, "\r\n\r\n", "param x = x", "é" * 1000, "x" * 2_000_000):
    s.open("odd.rvb", text_)
    s.result("textDocument/completion", textDocument={"uri": f"{here}/odd.rvb"}, position={"line": 0, "character": 1})
    for method in ("hover", "definition"):
        s.ask(f"textDocument/{method}", textDocument={"uri": f"{here}/odd.rvb"}, position={"line": 0, "character": 9})
s.tell("textDocument/didOpen", textDocument={"uri": "untitled:1", "languageId": "rvb", "version": 1, "text": net})
assert s.end() == 0
for last in (b"", b"Content-Length: 10\r\n\r\n{", b"Content-Le", b"\n\n"):
    other = Server()
    other.send_raw(last)
    other.process.stdin.close()
    assert other.process.wait(10) == 0, last
other = Server()
other.tell("exit")
assert other.process.wait(10) == 1
