"""Every link of a page leads somewhere, and every file that a page names by its path is there: links.py [FOLDER].

A link may go to a file, a folder or a heading. A path in backticks is taken from the page's folder, the project's,
compiler/ or runtime/; NAME, * and … in it stand for something.
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
suffixes = "cpp h c def y l sh py txt md rvb svg png cmake".split()
faults = []


def anchors(page):
    """Headings as GitHub names them."""
    names = set()
    for heading in re.findall(r"^#+ (.*)$", page.read_text(), re.M):
        names.add(re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-"))
    return names


def check(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    where = page.relative_to(root)
    for link in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text):
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        if re.match(r"[a-z]+:", link):
            continue
        if not target.exists():
            faults.append(f"{where}: {link} leads nowhere")
        elif heading and heading not in anchors(target):
            faults.append(f"{where}: {link}: there is no such heading")
    for code in re.findall(r"`([^`\n]+)`", text):
        for path in re.findall(r"[\w.*…/-]+", code):
            named = "/" in path and path.rsplit(".")[-1] in suffixes and not path.startswith(("/", "./"))
            if named and not re.search(r"[*…]|(NAME|FILE|DIR|CLASS|DIGIT)", path):
                if not any((folder / path).exists() for folder in (page.parent, root, root / "compiler", root / "runtime")):
                    faults.append(f"{where}: there is no {path}")


pages = [page for page in sorted(root.rglob("*.md")) if not re.match(r"(build|\.)", str(page.relative_to(root)))]
for page in pages:
    check(page)
print("\n".join(faults) if faults else f"{len(pages)} pages, all links lead somewhere")
sys.exit(1 if faults or not pages else 0)
