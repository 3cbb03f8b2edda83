"""The kernels of bench/kernels under the roofs of the machine they ran on, as a table and as SVG."""
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 620, 70, 250, 50, 60
COLOURS = {
    "conv2d": "#1f77b4", "conv2d_input_gradient": "#17becf", "conv2d_weight_gradient": "#2ca02c",
    "binary_conv2d": "#d62728", "binary_linear": "#ff7f0e", "linear": "#9467bd"}  # fmt: skip
OTHER = "#7f7f7f"


def row_of(kernel):
    return kernel["name"].split("/process_time")[0]


def kernel_table(kernels):
    lines = ["| kernel | best ms | G/s | of its bound |", "|---|---:|---:|---:|"]
    for k in kernels:
        if "best_ms" in k:
            lines.append(f"| {row_of(k)} | {k['best_ms']:.4g} | {k['G/s']:.4g} | {100 * k['of_bound']:.0f} % |")
    return "\n".join(lines)


class Scale:
    """Logarithmic on both axes."""

    def __init__(self, xs, ys):
        self.x0, self.x1 = math.floor(math.log10(min(xs))), math.ceil(math.log10(max(xs)))
        self.y0, self.y1 = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))

    def x(self, value):
        return LEFT + (math.log10(value) - self.x0) / (self.x1 - self.x0) * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        return HEIGHT - BOTTOM - (math.log10(value) - self.y0) / (self.y1 - self.y0) * (HEIGHT - TOP - BOTTOM)


def colour(name):
    family = name.split(" ")[0]
    for known in sorted(COLOURS, key=len, reverse=True):
        if family.startswith(known):
            return COLOURS[known]
    return OTHER


def draw(kernels, machine):
    points = [k for k in kernels if k.get("work")]
    multiply, lookup = float(machine["multiply_adds_per_second"]), float(machine["lookup_synapses_per_second"])
    bandwidths = (("memory", float(machine["bytes_per_second_memory"])),
                  ("caches of one core", float(machine["bytes_per_second_cache"])))  # fmt: skip
    roofs = [("multiply-adds", multiply, "#1f77b4")] + ([("lookups", lookup, "#d62728")] if lookup else [])
    intensity = {id(k): k["work"] / k["bytes"] for k in points}
    s = Scale(
        list(intensity.values()) + [0.1],
        [k["G/s"] for k in points] + [r / 1e9 for _, r, _ in roofs] + [2 * max(multiply, lookup) / 1e9])  # fmt: skip
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="16">Kernels under the roofs of one core</text>',
    ]
    for d in range(s.x0, s.x1 + 1):
        x = s.x(10**d)
        out.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#eee"/>')
        out.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{10.0**d:g}</text>')
    for d in range(s.y0, s.y1 + 1):
        y = s.y(10**d)
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#eee"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**d:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    out.append(f'<text x="{middle}" y="{HEIGHT - 16}" text-anchor="middle">synapses (multiply-adds) a byte of input, '
               "weights and output</text>")  # fmt: skip
    out.append(f'<text transform="translate(18 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">10⁹ synapses a second'
               "</text>")  # fmt: skip
    low, high = 10.0**s.x0, 10.0**s.x1
    top = max(r for _, r, _ in roofs)
    for index, (name, rate) in enumerate(bandwidths):
        left, right = max(low, 10.0**s.y0 * 1e9 / rate), top / rate
        out.append(f'<line x1="{s.x(left):.1f}" y1="{s.y(rate * left / 1e9):.1f}" x2="{s.x(right):.1f}" '
                   f'y2="{s.y(top / 1e9):.1f}" stroke="#555" stroke-dasharray="{"" if index else "6 4"}"/>')  # fmt: skip
        out.append(f'<text x="{WIDTH - RIGHT + 14}" y="{TOP + 96 + 18 * index}" fill="#555">'
                   f'{"—" if index else "- -"} {name}: {rate / 1e9:.0f} GB/s</text>')  # fmt: skip
    for index, (name, rate, stroke) in enumerate(roofs):
        y = s.y(rate / 1e9)
        left = max(low, min(high, rate / bandwidths[1][1]))
        out.append(f'<line x1="{s.x(left):.1f}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{stroke}"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 14}" y="{TOP + 48 + 18 * index}" fill="{stroke}">— {name}: '
                   f"{rate / 1e9:.0f} G/s</text>")  # fmt: skip
    families = []
    for k in points:
        name = row_of(k)
        family = name.split(" ")[0]
        if family not in families:
            families.append(family)
        out.append(f'<circle cx="{s.x(intensity[id(k)]):.1f}" cy="{s.y(k["G/s"]):.1f}" r="4" fill="{colour(name)}" '
                   f'fill-opacity="0.7"><title>{name}: {k["G/s"]:.1f} G/s, {100 * k["of_bound"]:.0f} % of its bound'
                   "</title></circle>")  # fmt: skip
    for index, family in enumerate(families):
        y = TOP + 160 + 18 * index
        out.append(f'<circle cx="{WIDTH - RIGHT + 20}" cy="{y - 4}" r="4" fill="{colour(family)}"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 30}" y="{y}">{family}</text>')
    return "\n".join(out) + "\n</svg>\n"
