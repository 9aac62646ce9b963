"""One table, and a file of all figures."""

import collections
import datetime
import json
import statistics
import sys

OURS = "podveil"
LABEL, COLUMN = 46, 20


class Results:
    """Every figure of every round."""

    def __init__(self, machine, rounds, seconds):
        self.machine, self.rounds, self.seconds = machine, rounds, seconds
        self.contestants = {}
        self.loads = {}
        self.found = collections.defaultdict(lambda: collections.defaultdict(list))

    def add(self, load, contestant, figures, span):
        self.loads[load.name] = load
        if span is not None:
            figures = figures | {"others": span.others, "seconds": span.seconds}
        self.found[load.name][contestant].append(figures)

    def median(self, load, contestant, key):
        values = [figures[key] for figures in self.found[load.name].get(contestant, []) if key in figures]
        return statistics.median(values) if values else None

    def others(self, *names):
        """The share of the machine that nobody in the test used, each load of each round."""
        return [
            figures["others"]
            for name in names or self.found
            for runs in self.found[name].values()
            for figures in runs
            if "others" in figures
        ]

    def failed(self, contestant):
        return any(not figures for runs in self.found.values() for figures in runs.get(contestant, []))

    def as_json(self):
        return {
            "date": datetime.date.today().isoformat(),
            "machine": self.machine,
            "rounds": self.rounds,
            "seconds": self.seconds,
            "others": summary(self.others()),
            "loads": {
                name: {
                    "title": load.title,
                    "units": {metric.key: metric.unit for metric in load.metrics},
                    "medians": {
                        who: {m.key: rounded(self.median(load, who, m.key)) for m in load.metrics}
                        for who in self.found[name]
                    },
                    "rounds": {
                        who: [{k: rounded(v) for k, v in figures.items()} for figures in runs]
                        for who, runs in self.found[name].items()
                    },
                }
                for name, load in self.loads.items()
            },
        }


def summary(values):
    if not values:
        return {}
    return {"median": rounded(statistics.median(values)), "worst": rounded(max(values))}


def rounded(value):
    return float(f"{value:.5g}") if isinstance(value, float) else value


def table(results):
    names = results.contestants
    lines = [" " * LABEL + "".join(f"{label:>{COLUMN}}" for label in names.values())]
    for name, load in results.loads.items():
        disturbed = summary(results.others(name))
        noise = f"others used {disturbed['median']:.0%}, at worst {disturbed['worst']:.0%}" if disturbed else ""
        lines.append(f"{load.title} ({noise})")
        for metric in load.metrics:
            cells = [cell(results, load, metric, who) for who in names]
            title = f"  {metric.title}, {metric.unit}"
            lines.append(f"{title:<{LABEL}}" + "".join(f"{text:>{COLUMN}}" for text in cells))
    return "\n".join(lines)


def cell(results, load, metric, who):
    value = results.median(load, who, metric.key)
    if value is None or (value == 0 and who != OURS):
        return "–"
    ours = results.median(load, OURS, metric.key)
    if who == OURS or not ours:
        return shown(value) + " " * 8
    ratio = ours / value
    return f"{shown(value)} {f'({ratio:.2f})' if ratio < 10 else f'({ratio:.0f})':>7}"


def shown(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def head(results):
    about, versions = results.machine, results.machine["versions"]
    return "\n".join(
        [
            f"{about['cpu']}, {about['memory']}; Linux {about['kernel']}, {about['system']}",
            ", ".join(f"{name} {version}" for name, version in versions.items()),
            f"Medians of {results.rounds} interleaved rounds of {results.seconds} s."
            " In parentheses: Podveil's figure divided by this one.",
            quiet(results),
        ]
    )


def quiet(results):
    disturbed = summary(results.others())
    if not disturbed:
        return "Nothing was measured."
    return (
        f"Of the machine, processes that have no part in this used {disturbed['median']:.0%}"
        f" (median of all measurements), at worst {disturbed['worst']:.0%}."
    )


def write(results, directory, draw):
    text = f"{head(results)}\n\n{table(results)}\n"
    progress("")
    print(text)
    directory.mkdir(parents=True, exist_ok=True)
    found = results.as_json()
    path = directory / f"{found['date']}.json"
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    (directory / "table.txt").write_text(text)
    drawn = draw(results, directory, found["date"])
    print(f"In {directory.parent.name}/{directory.name}: all figures ({path.name}), this table, {len(drawn)} plots")


def progress(text):
    """One line that the next one takes the place of, where somebody is watching."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
