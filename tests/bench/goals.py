"""What was promised, and whether these runs keep it. A goal is met when the whole 95 % interval is within it, missed when the
median is not, and open in between: more rounds would tell."""
from figures import Compared, difference, interval, median
from table import figures_of

OURS = ("observed", "enforced")


class Judge:
    def __init__(self, rows, results):
        self.rows, self.results = rows, results

    def chosen(self, *sections):
        return [row for row in self.rows if row.section in sections and self.results.get(row.name)]

    def compare(self, row, mode, base, most, how=None, attribute="figure"):
        """One line of the list, or none when one of both was not run."""
        samples = self.results[row.name]
        if not samples.get(mode) or not samples.get(base):
            return []
        arguments = (figures_of(samples[mode], attribute), figures_of(samples[base], attribute)) + ((how,) if how else ())
        compared = Compared(*arguments)
        return [(f"{row.name}: {mode} to {base}", compared.middle, compared.low, compared.high, compared.verdict(most))]

    def absolute(self, row, mode, most):
        values = list(figures_of(self.results[row.name].get(mode, {})).values())
        if not values:
            return []
        low, high = interval(values)
        middle = median(values)
        return [(f"{row.name}: {mode}, {row.unit}", middle, low, high,
                 "met" if high <= most else "missed" if middle > most else "open")]


def threads(row):
    return int(row.name.rsplit("/", 1)[1])


def judged(rows, results):
    """(title, lines) of each goal."""
    judge = Judge(rows, results)
    micro = judge.chosen("pairs", "cross")
    work = micro + judge.chosen("program", "known") + [row for row in judge.chosen("jvm") if "observed" in row.modes]
    account = {row.name.split("/", 1)[1]: row for row in judge.chosen("account")}

    def each(rows_, modes, base, most, **how):
        return [line for row in rows_ for mode in modes for line in judge.compare(row, mode, base, most, **how)]

    def account_lines(names, most):
        return [line for name in names if name in account for mode in account[name].modes
                for line in judge.absolute(account[name], mode, most)]

    goals = [
        ("tracked and exact at most 1.10 of jemalloc with the same options", each(work, OURS, "je-same", 1.10)),
        ("below glibc with several threads", each([row for row in micro if threads(row) > 1], OURS, "glibc", 1.0)),
        ("passed on at most 2 ns more than glibc",
         each(judge.chosen("pairs"), ("dormant", "passed"), "glibc", 2.0, how=difference)),
        ("a JVM with nothing to track below 1.01",
         each([row for row in judge.chosen("jvm") if "passed" in row.modes], ("dormant", "passed"), "glibc", 1.01)),
        ("peak of resident memory at most 1.05 of jemalloc",
         each([row for row in work if row not in micro], OURS, "jemalloc", 1.05, attribute="rss_kb")),
        ("across accounts at most 1.2 of within one", each(judge.chosen("strangers"), ("across",), "within", 1.2)),
        ("Java's Unsafe.allocateMemory and freeMemory: at most 5 ns more when nobody bound the thread, 15 when bound",
         each(judge.chosen("unsafe"), ("unbound",), "unwrapped", 5.0, how=difference)
         + each(judge.chosen("unsafe"), ("bound",), "unwrapped", 15.0, how=difference)),
        ("a JVM that starts with java:* takes at most 0.010 processor seconds more",
         each(judge.chosen("unsafe"), ("wrapped",), "plain", 0.010, how=difference)),
        ("bind and unbind below 2 us", account_lines(("bind+unbind",), 2.0)),
        ("a task's account below 60 us", account_lines(("task-recycled", "task-fresh"), 60.0)),
        ("a task's account below 150 KB", account_lines(("memory",), 150.0)),
        ("memory is back with the system within 100 ms", account_lines(("back-100MB-freed", "back-100MB-outliving"), 100.0)),
        ("nothing grows over 8,000 tasks: below 1 MB; with 1 MB of survivors: below 2 MB",
         account_lines(("growth",), 1024.0) + account_lines(("growth-survivors",), 2048.0)),
        ("resident at every sample within the limit of 128 MB, 5 % and 16 MB",
         [line for row in judge.chosen("resident") for line in judge.absolute(row, "enforced", 128 * 1.05 + 16)]),
    ]
    return [goal for goal in goals if goal[1]]
