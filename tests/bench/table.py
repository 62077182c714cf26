"""The table: printed row by row, and kept in a file."""
import sys

import machine
from figures import Compared, median
from modes import EXPLAINED

NAME, CELL = 26, 10


def figures_of(samples, attribute="figure"):
    return {round_: getattr(sample, attribute) for round_, sample in samples.items()}


def number(value):
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


class Printer:
    def __init__(self, path, rounds, commit):
        self.file = open(path, "w")
        self.section = self.unit = None
        self.line(f"memgrant {commit} on {machine.described()}; load {machine.load():.1f} at the start")
        self.line(f"Medians of {rounds} interleaved rounds. The first column is the figure itself, others are ratios to it; "
                  "~ marks a ratio whose 95 % interval is wider than a tenth of it.")
        self.line(f"More than {machine.PROCESSORS} threads take turns: rows of 4, 16 and 64 say little of contention here."
                  if machine.PROCESSORS < 4 else "")

    def line(self, text=""):
        print(text, flush=True)
        self.file.write(text + "\n")
        self.file.flush()

    def head(self, row):
        self.section, self.unit = (row.section, row.modes), row.unit
        self.line()
        if not row.ways:
            for mode in row.modes if row.section == "pairs" else ():
                self.line(f"  {mode:<9} {EXPLAINED[mode]}")
        self.line(f"{row.section + ', ' + row.unit:<{NAME}}" + "".join(f"{mode:>{CELL}}" for mode in row.modes))

    def row(self, row, samples):
        if (row.section, row.modes) != self.section:
            self.head(row)
        cells = []
        for mode in row.modes:
            if not samples.get(mode):
                cells.append("-")
            elif mode == row.base or row.section in ("account", "resident"):
                cells.append(number(median(figures_of(samples[mode]).values())))
            else:
                against = Compared(figures_of(samples[mode]), figures_of(samples[row.base]))
                cells.append(f"{against.middle:.2f}" + ("~" if against.high - against.low > 0.1 * against.middle else " "))
        name = row.name.split("/", 1)[1] + ("" if row.unit == self.unit else f", {row.unit}")
        self.line(f"  {name:<{NAME - 2}}" + "".join(f"{cell:>{CELL}}" for cell in cells))

    def memory(self, rows, results):
        """Peaks of resident memory of the same runs."""
        rows = [row for row in rows if row.section in ("program", "known", "jvm") and results.get(row.name)]
        if not rows:
            return
        modes = [mode for mode in EXPLAINED if any(mode in results[row.name] for row in rows)]
        self.line()
        self.line(f"{'peak resident, MB':<{NAME}}" + "".join(f"{mode:>{CELL}}" for mode in modes))
        for row in rows:
            cells = []
            for mode in modes:
                samples = results[row.name].get(mode)
                base = results[row.name].get(row.base)
                rss = median(figures_of(samples, "rss_kb").values()) if samples else None
                cells.append("-" if rss is None else number(rss / 1024) if mode == row.base
                             else f"{rss / median(figures_of(base, 'rss_kb').values()):.2f} ")
            self.line(f"  {row.name:<{NAME - 2}}" + "".join(f"{cell:>{CELL}}" for cell in cells))

    def goals(self, verdicts):
        self.line()
        self.line(f"{'goal':<64}{'median':>9}{'95 % interval':>19}  verdict")
        for title, lines in verdicts:
            self.line(f"{title}")
            for name, middle, low, high, verdict in lines:
                between = f"{number(low)} .. {number(high)}"
                self.line(f"  {name:<62}{number(middle):>9}{between:>19}  {verdict}")

    def troubles(self, troubles):
        if troubles:
            self.line()
        for name, why in troubles.items():
            self.line(f"not run: {name}: {why}")
        if troubles:
            sys.stderr.write("memgrant: not everything could be run; see the lines above\n")
