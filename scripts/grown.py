"""A report's history, how what is used grew, for charts: of which everything has its type, and of bounded size. Used by `memgrant chart` and
`memgrant stacks`."""

import reports

POINTS, SERIES = 600, 16  # what a chart has at most


def is_figure(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def column(record, name, length, may_lack=False):
    """A list of figures, one for each point; None where there may be none."""
    found = record.get(name)
    if not isinstance(found, list) or len(found) != length or not all(is_figure(one) or may_lack and one is None for one in found):
        raise reports.BadInput(f"the history has no {name} that could be used")
    return found


def highest(figures):
    return max((one for one in figures if one is not None), default=None)


class History:
    """`seconds` of each point, and of each figure the highest since the point before, as lists: `used`, `granted` and `limit` (None: there is
    none), `denials` until then; `libraries` and `accounts` as (name, list), the largest first."""

    def __init__(self, report):
        history = report["history"]
        if not isinstance(history, dict) or not isinstance(history.get("ms"), list):
            raise reports.BadInput("the history is none that could be read")
        count = len(history["ms"])
        ms = column(history, "ms", count)
        if not ms or ms != sorted(ms):
            raise reports.BadInput("the history has no points, or they are in no order")
        step = -(-count // POINTS)
        self.groups = [(at, min(at + step, count)) for at in range(0, count, step)]
        self.seconds = [ms[to - 1] / 1000 for _, to in self.groups]
        self.used, self.denials = self.thinned(column(history, "used", count)), self.thinned(column(history, "denials", count))
        self.granted, self.limit = (self.thinned(column(history, name, count, True)) for name in ("granted", "limit"))
        self.libraries = self.largest(list(self.libraries_of(history, count)))
        self.accounts = self.largest(list(self.accounts_of(history, count, names_of_accounts(report))))

    def thinned(self, figures):
        return [highest(figures[at:to]) for at, to in self.groups]

    def libraries_of(self, history, count):
        libraries = history.get("libraries")
        if not isinstance(libraries, list) or not all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in libraries):
            raise reports.BadInput("the history has no libraries that could be used")
        for one in libraries:
            yield one["name"], self.thinned(column(one, "used", count))
        others = self.thinned(column(history, "others", count))
        if any(others):
            yield "(other libraries)", others

    def accounts_of(self, history, count, names):
        accounts, found = history.get("accounts"), {}
        if not isinstance(accounts, list) or len(accounts) != count:
            raise reports.BadInput("the history has no accounts that could be used")
        for at, (begin, end) in enumerate(self.groups):
            for pair in (pair for point in accounts[begin:end] for pair in (point if isinstance(point, list) else [None])):
                if not isinstance(pair, list) or len(pair) != 2 or not all(map(is_figure, pair)):
                    raise reports.BadInput("what an account used is not two numbers")
                used = found.setdefault(pair[0], {})
                used[at] = max(used.get(at, 0), pair[1])
        # Few of many have a chance to be among the largest: only these become lists.
        for number in sorted(found, key=lambda one: -max(found[one].values()))[:SERIES]:
            yield names.get(number, f"account {number}"), [found[number].get(at, 0) for at in range(len(self.groups))]
        if found:
            yield "(all others)", None

    def largest(self, series):
        """As many as a chart has, the last of them all others'."""
        rest = [name for name, figures in series if figures is None]
        series = sorted((one for one in series if one[1] is not None), key=lambda one: -highest(one[1]))
        kept, others = series[:SERIES - 1], series[SERIES - 1:]
        if rest:  # of a part of what is used: the rest is known
            return kept + [(rest[0], [max(0, used - sum(figures[at] for _, figures in kept)) for at, used in enumerate(self.used)])]
        return kept + ([("(others)", [sum(figures) for figures in zip(*(figures for _, figures in others))])] if others else [])

    def for_page(self):
        """What chart.js draws. The first point ends the time that it is of."""
        def drawn(series):
            return [{"name": name, "used": figures[:1] + figures} for name, figures in series]
        charts = [{"by": "library", "series": drawn(self.libraries)}, {"by": "task or scope", "series": drawn(self.accounts)}]
        return {"seconds": [0] + self.seconds, "charts": [chart for chart in charts if chart["series"]],
                **{name: figures[:1] + figures for name, figures in (("used", self.used), ("granted", self.granted), ("limit", self.limit))},
                "denials": [0] + self.denials}


def names_of_accounts(report):
    accounts = report.get("accounts")
    return {one["id"]: one["name"] for one in accounts if isinstance(one, dict) and is_figure(one.get("id")) and
            isinstance(one.get("name"), str)} if isinstance(accounts, list) else {}


def history_of(report):
    """None: the report has none."""
    return History(report) if report.get("history") is not None else None
