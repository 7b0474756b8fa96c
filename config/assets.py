"""Copy what the desk needs out of node_modules into a git-ignored static folder.

Run as `python -m config.assets`, with `--all` for what only tests need as well. Plain Python: it
needs no Django and no database.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from xml.etree import ElementTree

BASE_DIR = Path(__file__).resolve().parent.parent
PACKAGES = BASE_DIR / "node_modules"
DESK = BASE_DIR / "api" / "desk"
VENDOR = DESK / "static" / "vendor"
ICON_NAMES = DESK / "icons.txt"

COPIES = {
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "@event-calendar/build/dist/event-calendar.min.js": "event-calendar.js",
    "@event-calendar/build/dist/event-calendar.min.css": "event-calendar.css",
    "open-props/open-props.min.css": "open-props.css",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
}
SVG = "http://www.w3.org/2000/svg"
# The manifest storage would look for the map that such a comment names, and maps are not shipped.
SOURCE_MAP = re.compile(r"(//|/\*)# sourceMappingURL=\S+( \*/)?")


def install_packages(*more: str) -> None:
    """`npm ci` by the Node.js of the locked wheel: nobody needs a Node.js of their own."""
    npm = Path(sysconfig.get_path("scripts")) / "npm"
    if not npm.exists():
        sys.exit("The locked packages are not installed: run `make run` or `make test` first.")
    command = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([*command, *more], cwd=BASE_DIR, check=True)


def copy_files() -> None:
    for source, target in COPIES.items():
        if source.endswith(".woff2"):
            shutil.copyfile(PACKAGES / source, VENDOR / target)
        else:
            text = (PACKAGES / source).read_text(encoding="utf-8")
            (VENDOR / target).write_text(SOURCE_MAP.sub("", text), encoding="utf-8")


def write_sprite() -> None:
    """One SVG holding each icon named in icons.txt as `<symbol id=name>`; stroke is the text's."""
    ElementTree.register_namespace("", SVG)
    sprite = ElementTree.Element(f"{{{SVG}}}svg")
    for name in ICON_NAMES.read_text(encoding="utf-8").split():
        path = PACKAGES / "lucide-static" / "icons" / f"{name}.svg"
        if not path.exists():
            sys.exit(f"{ICON_NAMES.relative_to(BASE_DIR)} names an unknown icon: {name}")
        drawing = ElementTree.parse(path).getroot()  # noqa: S314 - a locked package, not input
        symbol = ElementTree.SubElement(sprite, f"{{{SVG}}}symbol", id=name)
        for key in ("viewBox", "fill", "stroke", "stroke-width"):
            symbol.set(key, drawing.attrib[key])
        symbol.set("stroke-linecap", "round")
        symbol.set("stroke-linejoin", "round")
        symbol.extend(drawing)
    ElementTree.ElementTree(sprite).write(VENDOR / "icons.svg", encoding="utf-8")


if __name__ == "__main__":
    install_packages(*([] if "--all" in sys.argv else ["--omit=dev"]))
    VENDOR.mkdir(parents=True, exist_ok=True)
    copy_files()
    write_sprite()
