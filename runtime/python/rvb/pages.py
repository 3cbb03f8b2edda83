"""What a notebook shows: drawings, pages and tables, with the methods that Jupyter looks for."""

from __future__ import annotations

import html
from typing import List


class Drawing:
    """A drawing as SVG; shown by a notebook, written by save()."""

    def __init__(self, svg: str):
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg[self.svg.index("<svg"):]

    def save(self, path: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.svg)


class Page:
    """A whole page of HTML, which loads nothing; a notebook shows it in a frame of its own."""

    def __init__(self, text: str, height: int = 600):
        self.html, self.height = text, height

    def _repr_html_(self) -> str:
        return (f'<iframe srcdoc="{html.escape(self.html)}" width="100%" height="{self.height}" '
                'style="border:1px solid #ddd"></iframe>')

    def save(self, path: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.html)


def _row(cells: List[str], tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def table_of(manifest: dict) -> str:
    """The layers of a network, and what it is deployed with."""
    steps = manifest["input"]["steps"]
    shape = "sequences of" if manifest["input"]["sequence"] else "images"
    rows = [_row(["layer", "kind", "output", "weights", "bytes", "multiply-adds", "additions"], "th")]
    for layer in manifest["layers"]:
        number = lambda key: f"{layer[key]:,}" if layer.get(key) else ""
        rows.append(_row([layer["path"], layer["kind"], str(layer["shape"]), layer.get("weights", ""), number("bytes"),
                          number("multiply_adds"), number("additions")]))
    about = f"{shape} {manifest['input']['shape']}, T = {steps}, {manifest['classes']} classes, {manifest['target']}"
    deployment = manifest.get("deployment")
    if deployment:
        about += f"; deployed, {deployment['weight_bytes']:,} bytes of weights, spikes {deployment['spikes']}"
    return f"<p><b>{html.escape(manifest['name'])}</b>: {html.escape(about)}</p>\n<table>{''.join(rows)}</table>\n"
