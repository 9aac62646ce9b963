"""Plots as SVG, one for each group: a small panel for each figure, in it a bar for each contestant."""

import html

OURS = "podveil"
PANEL, ROW, LABEL, BAR, VALUE = 46, 22, 130, 420, 100
WIDTH = LABEL + BAR + VALUE
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 15px } .figure { font-weight: 600 }
  .note, .ratio { fill: #6e7781; font-size: 12px } .ground { fill: #ffffff }
  .ours { fill: #0969da } .other { fill: #afb8c1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note, .ratio { fill: #8b949e } .ground { fill: #0d1117 }
    .ours { fill: #4493f8 } .other { fill: #484f58 }
  }
"""


def draw(results, directory, date):
    """Writes GROUP.svg for each group, over an earlier one, and returns the paths."""
    groups = {}
    for name, load in results.loads.items():
        groups.setdefault(load.group, []).append(name)
    paths = []
    for group, names in groups.items():
        path = directory / f"{group}.svg"
        path.write_text(picture(results, group, names, date))
        paths.append(path)
    return paths


def picture(results, group, names, date):
    y, parts = 30, []
    parts.append(text(10, y, f"{group}, {date}", "title"))
    parts.append(text(10, y + 20, note(results, names), "note"))
    y += 40
    for name in names:
        load = results.loads[name]
        for metric in load.metrics:
            bars = values(results, load, metric)
            if bars:
                parts.append(panel(load, metric, bars, y))
                y += PANEL + ROW * len(bars)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}">'
        f'<style>{STYLE}</style><rect class="ground" width="100%" height="100%"/>'
        + "".join(parts)
        + "</svg>\n"
    )


def note(results, names):
    others = sorted(results.others(*names))
    disturbed = f"{others[len(others) // 2]:.0%}" if others else "an unknown share"
    return (
        f"medians of {results.rounds} interleaved rounds; processes without a part in it"
        f" used {disturbed} of the machine"
    )


def values(results, load, metric):
    """Name, label and value of everyone who has one; nothing is no figure but a missing sidecar."""
    found = []
    for name, label in results.contestants.items():
        value = results.median(load, name, metric.key)
        if value:
            found.append((name, label, value))
    return found


def panel(load, metric, bars, top):
    """No proxy at all is so far ahead that the others would shrink to nothing: its bar is cut."""
    scale = max([value for name, _, value in bars if name != "none"], default=bars[0][2])
    ours = next((value for name, _, value in bars if name == OURS), None)
    better = "more is better" if metric.more_is_better else "less is better"
    parts = [
        text(10, top + 24, f"{load.title}: {metric.title}, {metric.unit}", "figure"),
        text(WIDTH - 10, top + 24, better, "note", "end"),
    ]
    for row, (name, label, value) in enumerate(bars):
        y = top + 32 + row * ROW
        length = BAR * min(value / scale, 1)
        kind = "ours" if name == OURS else "other"
        parts.append(text(LABEL - 8, y + 15, label, "", "end"))
        parts.append(f'<rect class="{kind}" x="{LABEL}" y="{y + 2}" width="{length:.1f}" height="{ROW - 5}" rx="2"/>')
        if value > scale:
            parts.append(f'<path class="ground" d="M{LABEL + BAR - 30} {y}l6 0l-8 {ROW}l-6 0z"/>')
        shown = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        ratio = f" ({ours / value:.2f})" if ours and name != OURS else ""
        parts.append(text(LABEL + length + 6, y + 15, shown + ratio, "ratio"))
    return "".join(parts)


def text(x, y, words, kind, anchor="start"):
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}" text-anchor="{anchor}">{html.escape(words)}</text>'
