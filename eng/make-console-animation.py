#!/usr/bin/env python3
"""Draws docs/images/console-reconnect.svg, a run whose frontend is killed while a browser shows its output: make-console-animation.py

The picture moves by CSS alone and begins anew every ten seconds. For readers who prefer no motion it shows the end.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

TARGET = Path(__file__).resolve().parent.parent / "docs" / "images" / "console-reconnect.svg"
WIDTH, HEIGHT, ROW, TOP = 760, 322, 22, 92
SECONDS = 10.0
# When each row of output appears, in seconds; the frontend is away between the two groups.
BEFORE = [0.3 + 0.35 * i for i in range(5)]
KILLED, BACK = 2.3, 4.6
AFTER = [BACK + 0.2, BACK + 0.2, BACK + 0.2, 5.3, 5.7]
SANS = "ui-sans-serif,system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"
MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"


def keyframes(name: str, start: float, end: float = SECONDS) -> str:
    """Shows something from one moment to another."""
    begin, stop = 100 * start / SECONDS, 100 * end / SECONDS
    tail = "100%{opacity:1}" if end >= SECONDS else f"{stop:.2f}%{{opacity:1}}{stop + 0.01:.2f}%,100%{{opacity:0}}"
    return f"@keyframes {name}{{0%,{begin:.2f}%{{opacity:0}}{begin + 0.01:.2f}%{{opacity:1}}{tail}}}.{name}{{animation:{name} {SECONDS:g}s infinite}}"


def draw() -> str:
    rules = [
        f"text{{font:13px {SANS};fill:#12151c}}.m{{font:12.5px {MONO}}}.q{{fill:#566070}}.card{{fill:#fff;stroke:#e1e5ec}}.b{{font-weight:600}}",
        ".good{fill:#12734a}.warn{fill:#8a5a00}.bad{fill:#b92336}",
        "@media(prefers-color-scheme:dark){text{fill:#eceff5}.q{fill:#a3adbd}.card{fill:#151922;stroke:#272d39}.good{fill:#55c98d}.warn{fill:#e2b24a}.bad{fill:#ff8a94}}",
        keyframes("l1", 0, KILLED), keyframes("l2", KILLED, BACK), keyframes("l3", BACK, AFTER[-1]), keyframes("l4", AFTER[-1]), keyframes("k1", 0, KILLED), keyframes("k2", KILLED),
    ]
    body = []
    for i, at in enumerate([*BEFORE, *AFTER]):
        rules.append(keyframes(f"r{i}", at))
        y = TOP + 26 + ROW * i
        seq = 37 + i
        is_last = i == len(BEFORE) + len(AFTER) - 1
        text = "exit 0" if is_last else f"step {36 + i}: loss {1 / (36 + i):.4f}"
        body.append(f'<g class="r{i}"><text class="m q" x="60" y="{y}" text-anchor="end">{seq}</text><text class="m q" x="76" y="{y}">14:51:{20 + 2 * i}.135</text><text class="m{" q" if is_last else ""}" x="192" y="{y}">{escape(text)}</text></g>')
    rules.append("@media(prefers-reduced-motion:reduce){*{animation:none!important}.l1,.l2,.l3,.k1{opacity:0}}")

    def light(name: str, color: str, text: str) -> str:
        return f'<g class="{name}"><circle class="{color}" cx="100" cy="67" r="4.5"/><text class="{color} b" x="112" y="71.5">{escape(text)}</text></g>'

    lights = [light("l1", "good", "Live"), light("l2", "warn", f"Reconnecting after event {36 + len(BEFORE)}"), light("l3", "good", "Live"), light("l4", "q", "Complete")]
    servers = [
        '<text class="k1 good b" x="20" y="24">frontend 1</text>', '<text class="k2 bad b" x="20" y="24" text-decoration="line-through">frontend 1</text>',
        '<text class="k2 bad" x="108" y="24">killed (SIGKILL)</text>', '<text class="b good" x="260" y="24">frontend 2</text>',
        '<text class="q" x="350" y="24">The run continues in its sandbox; no event is lost or repeated.</text>',
    ]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="The output of a run stops at event {36 + len(BEFORE)}, because a frontend is killed, and continues with event {37 + len(BEFORE)} through another one.">',
        f"<style>{''.join(rules)}</style>", *servers,
        f'<rect class="card" x=".5" y="42.5" width="{WIDTH - 1}" height="{HEIGHT - 44}" rx="10"/><path d="M1 {TOP}H{WIDTH - 1}" stroke="#8886" />',
        '<text class="b" x="20" y="72" style="font-size:16px">Output</text>', *lights, *body, "</svg>",
    ]) + "\n"


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(draw(), encoding="utf-8")
