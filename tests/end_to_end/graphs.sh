#!/bin/bash
# The formats of `rvbc graph`, read by what is not ours: every layer is a node, every input an edge.
. "$(dirname "$0")/common.sh"

model="$here/tiny.rvb"
for format in json dot mermaid graphml; do
  expect 0 "$RVBC" graph "$model" --format $format -o "graph.$format"
done
python3 - <<'END'
import json, re
import xml.etree.ElementTree as tree

nodes = json.load(open("graph.json"))["nodes"]
assert len(nodes) > 5
edges = sorted((source, node["id"]) for node in nodes for source in node["inputs"])
number = lambda name: int(name[1:])

dot = open("graph.dot").read()
assert sorted((int(a), int(b)) for a, b in re.findall(r"n(\d+) -> n(\d+) ", dot)) == edges
mermaid = open("graph.mermaid").read()
assert sorted((int(a), int(b)) for a, b in re.findall(r"n(\d+) -->\|[^|]*\| n(\d+)", mermaid)) == edges

space = "{http://graphml.graphdrawing.org/xmlns}"
graph = tree.parse("graph.graphml").getroot().find(space + "graph")
found = {number(node.get("id")): {each.get("key"): each.text for each in node} for node in graph.iter(space + "node")}
assert {i: data["kind"] for i, data in found.items()} == {node["id"]: node["kind"] for node in nodes}
assert {i: data["layer"] for i, data in found.items()} == {n["id"]: n["path"] or n["label"] for n in nodes}
assert sorted((number(e.get("source")), number(e.get("target"))) for e in graph.iter(space + "edge")) == edges
assert {data["weights"] for data in found.values() if "weights" in data} == {"binary", "real"}, found
END
expect 2 "$RVBC" graph "$model" --format nonsense
says graphml
