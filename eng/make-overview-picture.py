#!/usr/bin/env python3
"""Draws docs/overview-light.svg and docs/overview-dark.svg, the picture of the README: make-overview-picture.py [--check]

Left: a stream that is cut after event 2 and continues with event 3 on another server. Right: one trace from the caller's agent
to a span that the sandboxed code made. With --check it writes nothing and fails if a file differs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.sax.saxutils import escape

FOLDER = Path(__file__).resolve().parent.parent / "docs"
WIDTH, HEIGHT = 960, 300
SANS = "-apple-system,BlinkMacSystemFont,'Segoe UI',Helvetica,Arial,sans-serif"
MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"

THEMES = {
    "light": {"panel": "#f6f8fa", "line": "#d0d7de", "text": "#1f2328", "quiet": "#59636e", "blue": "#0969da", "green": "#1a7f37", "red": "#cf222e", "purple": "#8250df", "orange": "#bc4c00", "on": "#ffffff"},
    "dark": {"panel": "#151b23", "line": "#3d444d", "text": "#f0f6fc", "quiet": "#9198a1", "blue": "#4493f8", "green": "#3fb950", "red": "#f85149", "purple": "#ab7df8", "orange": "#db6d28", "on": "#0d1117"},
}

# Name, start and end in milliseconds, colour, and depth. The bars keep the proportions of a run; the names are those of real spans.
SPANS = [
    ("your agent: answer question", 0, 100, "quiet", 0),
    ("POST /v1/sandboxes/{id}/exec", 12, 92, "blue", 1),
    ("execute_tool run_code", 18, 90, "blue", 2),
    ("podflare.run.execute", 24, 88, "blue", 3),
    ("your code: load_csv", 34, 58, "purple", 4),
    ("your code: fit_model", 58, 84, "purple", 4),
]


class Picture:
    def __init__(self, colours: dict[str, str]) -> None:
        self.colours = colours
        self.parts: list[str] = []

    def rect(self, x: float, y: float, width: float, height: float, fill: str, stroke: str | None = None, radius: float = 6) -> None:
        edge = f' stroke="{self.colours[stroke]}"' if stroke else ""
        self.parts.append(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" fill="{self.colours[fill]}"{edge}/>')

    def text(self, x: float, y: float, text: str, colour: str = "text", size: int = 13, font: str = SANS, weight: int = 400, anchor: str = "start") -> None:
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" fill="{self.colours[colour]}" font-family="{font}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" xml:space="preserve">{escape(text)}</text>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str, dash: str = "", width: float = 1.5) -> None:
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{self.colours[colour]}" stroke-width="{width:g}"{dashes}/>')

    def svg(self, title: str) -> str:
        body = "\n".join(self.parts)
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n<title>{escape(title)}</title>\n{body}\n</svg>\n'


def stream(picture: Picture, x: float, width: float) -> None:
    picture.rect(x, 0.5, width, HEIGHT - 1, "panel", "line")
    picture.text(x + 20, 32, "A stream survives the server that sent it", weight=600, size=15)
    picture.text(x + 20, 62, "frontend-1", "quiet", 12)
    for number, y in ((1, 82), (2, 104)):
        event(picture, x + 20, y, number)
    picture.line(x + 20, 122, x + width - 20, 122, "red", "4 4")
    picture.rect(x + 20, 132, 154, 22, "red", radius=11)
    picture.text(x + 97, 147, "connection lost", "on", 12, weight=600, anchor="middle")
    picture.text(x + 186, 147, "GET …/events?after=2&follow=true", "quiet", 12, MONO)
    picture.text(x + 20, 182, "frontend-2", "quiet", 12)
    for number, y in ((3, 202), (4, 224)):
        event(picture, x + 20, y, number)
    picture.text(x + 20, 250, '{"type":"exit","data":0,"seq":5}', "text", 13, MONO)
    picture.text(x + 20, 281, "Every event once, in order. The code kept running.", "green", 13, weight=600)


def event(picture: Picture, x: float, y: float, number: int) -> None:
    picture.text(x, y, f'{{"type":"stdout","data":"step {number}\\n","seq":{number}}}', "text", 13, MONO)


def trace(picture: Picture, x: float, width: float) -> None:
    picture.rect(x, 0.5, width, HEIGHT - 1, "panel", "line")
    picture.text(x + 20, 32, "One trace, from your agent into its code", weight=600, size=15)
    left, scale = x + 20, (width - 40) / 100
    for index, (name, start, end, colour, _) in enumerate(SPANS):
        y = 52 + index * 35
        picture.text(left + start * scale, y + 10, name, "text", 12, MONO)
        picture.rect(left + start * scale, y + 15, (end - start) * scale, 9, colour, radius=3)
    picture.text(x + 20, 281, "W3C Trace Context in, OpenTelemetry out.", "green", 13, weight=600)


def draw(theme: str) -> str:
    picture = Picture(THEMES[theme])
    half = (WIDTH - 20) / 2
    stream(picture, 0.5, half - 1)
    trace(picture, half + 20, half - 1)
    return picture.svg("Left: a stream of events is cut after event 2 and continues with event 3 on another server. Right: a trace waterfall from the caller's agent to spans made by the sandboxed code.")


def main() -> int:
    if sys.argv[1:] not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    stale = []
    for theme in THEMES:
        path = FOLDER / f"overview-{theme}.svg"
        drawn = draw(theme)
        if sys.argv[1:]:
            if not path.exists() or path.read_text(encoding="utf-8") != drawn:
                stale.append(path.name)
        else:
            path.write_text(drawn, encoding="utf-8")
    for name in stale:
        print(f"docs/{name} is out of date; run eng/make-overview-picture.py and commit the result", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
