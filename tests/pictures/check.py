#!/usr/bin/python3
"""check.py PROGRAM: each example's plan on recorded hosts, as Chromium draws it, light and dark: every label can be read, and none lies on another.

What is measured is what the browser says of its own drawing: a script at the end of the picture writes it into the document."""
import concurrent.futures
import html
import itertools
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
BROWSER = "chromium-headless-shell"
HOSTS = ("kvm-root", "no-kvm", "coco")
SCHEMES = {"light": (1, (255, 255, 255)), "dark": (0, (0x17, 0x18, 0x1C))}  # how Blink counts them; the ground
CONTRAST = 4.5  # between letters and what is behind them, as WCAG asks for
MEASURE = """<script>
const place = node => (({x, y, width, height}) => [x, y, width, height])(node.getBoundingClientRect());
document.documentElement.setAttribute('data-measured', JSON.stringify({
  size: place(document.documentElement),
  boxes: [...document.querySelectorAll('g')].map(g => ({
    box: place(g.querySelector('rect')), labels: [...g.querySelectorAll('text')].map(t => ({text: t.textContent, at: place(t)}))}))}));
</script></svg>"""


def inside(inner, outer, slack=1):
    (x, y, w, h), (ox, oy, ow, oh) = inner, outer
    return x >= ox - slack and y >= oy - slack and x + w <= ox + ow + slack and y + h <= oy + oh + slack


def overlap(a, b):
    """By more than what is no pixel: lines of text may touch."""
    return min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]) > 0.5 and min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]) > 0.5


def luminance(colour):
    parts = [value / 255 for value in colour[:3]]
    return sum(weight * (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4) for weight, v in zip((0.2126, 0.7152, 0.0722), parts))


def contrast(image):
    """Between the lightest and the darkest of its colours."""
    values = [luminance(colour) for _, colour in image.getcolors(image.width * image.height)]
    return (max(values) + 0.05) / (min(values) + 0.05)


def objections_to_places(measured):
    labels = [label for box in measured["boxes"] for label in box["labels"]]
    if len(labels) < 4:
        yield f"only {len(labels)} labels"
    for box in measured["boxes"]:
        if not inside(box["box"], measured["size"]):
            yield f"the box of {box['labels'][0]['text']} is not in the picture"
        for label in box["labels"]:
            if not label["text"] or not inside(label["at"], box["box"]):
                yield f"'{label['text']}' at {label['at']} leaves its box {box['box']}"
    for things, name in ((labels, "labels"), ([{"text": b["labels"][0]["text"], "at": b["box"]} for b in measured["boxes"]], "boxes")):
        for number, one in enumerate(things):
            for other in things[:number]:
                if overlap(one["at"], other["at"]):
                    yield f"the {name} '{one['text']}' and '{other['text']}' overlap"


def objections_to_look(picture, measured, ground):
    """Letters are there and stand out."""
    if picture.getpixel((2, 2)) != ground:
        yield f"the ground is {picture.getpixel((2, 2))} and not {ground}"
    for box in measured["boxes"]:
        for label in box["labels"]:
            x, y, width, height = label["at"]
            seen = contrast(picture.crop((math.floor(x), math.floor(y), math.ceil(x + width), math.ceil(y + height))))
            if seen < CONTRAST:
                yield f"'{label['text']}' has a contrast of {seen:.1f}"


def draw(svg, scheme, directory):
    """What the browser measured, and a picture."""
    number, ground = SCHEMES[scheme]
    page = directory / "picture.svg"
    page.write_text(svg.removesuffix("\n").removesuffix("</svg>") + MEASURE)
    width, height = (int(re.search(rf'<svg[^>]* {side}="(\d+)"', svg).group(1)) for side in ("width", "height"))
    command = [BROWSER, "--no-sandbox", f"--user-data-dir={directory}/profile", f"--blink-settings=preferredColorScheme={number}", "--hide-scrollbars",
               f"--window-size={width},{height}", f"--screenshot={directory}/picture.png", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env={**os.environ, "HOME": str(directory)})
    found = re.search('data-measured="([^"]*)"', done.stdout)
    if not found:
        raise RuntimeError(f"{BROWSER} measured nothing:\n{done.stdout[:2000]}\n{done.stderr[-2000:]}")
    return json.loads(html.unescape(found.group(1))), Image.open(directory / "picture.png").convert("RGB"), ground


def judge(title, svg, scheme):
    with tempfile.TemporaryDirectory(prefix="vmspawn-picture-") as directory:
        measured, picture, ground = draw(svg, scheme, pathlib.Path(directory))
        return [f"{title}, {scheme}: {why}" for why in (*objections_to_places(measured), *objections_to_look(picture, measured, ground))]


def plans(program, example):
    """One for each host that can run it."""
    for host in HOSTS:
        done = subprocess.run([program, "plan", example.name, f"--host={ROOT}/tests/hosts/{host}.json", "--format=svg"], cwd=example.parent,
                              capture_output=True, text=True, check=False)
        if done.returncode == 0:
            yield f"{example.name} on {host}", done.stdout


def pictures(program):
    """Of each example two."""
    for example in sorted((ROOT / "examples").glob("*.vmspawn")):
        drawn = list(itertools.islice(plans(program, example), 2))
        if not drawn:
            raise RuntimeError(f"no host has a plan of {example.name}")
        yield from drawn


def main():
    found = list(pictures(sys.argv[1]))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        judged = [pool.submit(judge, title, svg, scheme) for title, svg in found for scheme in SCHEMES]
        objections = [why for one in judged for why in one.result()]
    print("\n".join(objections) or f"{len(found)} pictures, light and dark, can be read")
    return bool(objections)


if __name__ == "__main__":
    sys.exit(main())
