"""The driver of python_limits_test.sh: two workers of one task, a worker's own limit beside Spark's grant, and the mode switched while workers are charged."""
import json
import os
import threading

import pandas
from pyspark.sql import SparkSession

from charged import attempts, of_workers, run, udf
from workers import MB, check, failure, seen

# Spark's pool has 320 MB, and a worker's own limit is 1 GB. A task has one attempt, and waits so long at most.
WAIT_NS = 10 * 10 ** 9


def both_keep(spark, megabytes):
    """One task whose rows go through two workers, each of which keeps that much: what the two had seen."""
    def keeps(frames):
        import builtins

        import numpy

        builtins.kept = numpy.ones(megabytes * MB // 8)
        for frame in frames:
            words = frame["words"] if "words" in frame else [""] * len(frame)
            yield pandas.DataFrame({"words": [word + seen() + "\n" for word in words]})

    through = spark.range(0, 1, 1, 1).mapInPandas(keeps, "words string").mapInPandas(keeps, "words string")
    return [json.loads(line) for line in through.collect()[0].words.splitlines()]


def fills():
    """What is denied to a worker that takes little at a time and goes on."""
    import numpy

    kept, denials = [], 0
    while denials < 6:
        try:
            kept.append(numpy.ones(300 << 10, dtype="int8"))
        except MemoryError:
            denials += 1
    return denials


def taking(megabytes):
    def take():
        import numpy

        return bool(numpy.ones(megabytes * MB // 8).sum() > 0)

    return take


def around(spark, at, before, act, after):
    """What a task has seen that took so much, waited until something was done, and took so much more; and what that something came to."""
    has, goes = at + ".has", at + ".goes"
    os.mkfifo(has)
    os.mkfifo(goes)

    def work():
        import numpy

        first = numpy.ones(before * MB // 8)
        with open(has, "w", encoding="ascii"), open(goes, encoding="ascii"):
            second = numpy.ones(after * MB // 8)
        return bool(first.sum() + second.sum() > 0)

    seen_there = []
    task = threading.Thread(target=lambda: seen_there.extend(run(spark, work, 1)), daemon=True)
    task.start()
    with open(has, encoding="ascii"):
        pass
    came_to = act()
    with open(goes, "w", encoding="ascii"):
        pass
    task.join()
    return seen_there, came_to


class Switch:
    """The mode, by its file, while a task that has a block waits for that."""

    def __init__(self, spark):
        self.file = spark.conf.get("spark.memgrant.modeFile")
        self.report = lambda: json.loads(spark.sparkContext._jvm.io.memgrant.tests.ExecutorReport.read(spark.sparkContext._jsc))
        self.spark = spark

    def under_task(self, mode, before, after):
        """What a task has seen that took so much before the mode was this, and so much after it."""
        return around(self.spark, self.file + "." + mode, before, lambda: self.to(mode), after)[0]

    def to(self, mode):
        with open(self.file + ".new", "w", encoding="ascii") as file:
            file.write(mode + "\n")
        os.rename(self.file + ".new", self.file)
        while self.report()["mode"] != mode:
            pass


def main():
    spark = SparkSession.builder.getOrCreate()
    switch = Switch(spark)
    run(spark, taking(1), 2)  # what is imported first
    both = both_keep(spark, 100)
    # Before any worker ends: these two have imported what they need.
    filled = around(spark, switch.file + ".filled", 150, lambda: run(spark, fills, 1), 0)[1]
    limited = failure(spark, udf(taking(1100)))
    refused = failure(spark, udf(taking(400)))
    observed = switch.under_task("observe", 100, 400)
    counted = run(spark, taking(400), 1)
    before = switch.under_task("enforce", 100, 100)
    denied = failure(spark, udf(taking(400)))
    report = switch.report()
    accounts = {int(account["name"].split()[1]): account for account in report["accounts"] if account["name"].startswith("task ")}

    check(len({(row[0], row[1]) for row in both}) == 2 and both[0][0] == both[1][0], "a task had two workers", both)
    mine = accounts[both[0][0]]
    check(200 * MB <= mine["peak"] + 16 * MB and of_workers(mine) >= 184 * MB and mine["denials"] == 0, "its account has had what both of them took", mine)
    rows = [row for row in report["workers"] if row["task"] == both[0][0]]
    check(len(rows) == 2 and all(row["peak"] >= 92 * MB for row in rows), "the report has each of them", rows)

    one, other = attempts(accounts, 4), attempts(accounts, 5)
    check("MemoryError" in limited and len(one) == 1 and one[0]["denials"] == 0,
          "what is more than a worker's own limit is a MemoryError, and Spark was not asked", limited, accounts)
    check("MemoryError" in refused and len(other) == 1 and other[0]["denials"] > 0,
          "what is less than that and more than Spark has is one, and it was", refused, accounts)

    waited = accounts[filled[0][1]]["waited_ns"]
    check(filled[0][0] == 6 and WAIT_NS <= waited < 2 * WAIT_NS, "a worker that takes little at a time waits once, and not for each of its allocations", waited)
    check(observed and accounts[observed[0][1]]["denials"] == 0, "a task that was granted what its worker took is not denied once the mode is observe", observed)
    check(counted and accounts[counted[0][1]]["peak"] >= 392 * MB, "of one that starts then all is charged, and nothing denied", counted, accounts)
    check(before and accounts[before[0][1]]["denials"] == 0, "a task that was only counted is not denied once the mode is enforce", before)
    check("MemoryError" in denied, "one that starts then is denied what Spark has not", denied)
    check(all(account["used"] == 0 and account["granted"] == 0 for account in accounts.values() if account is not accounts[max(accounts)]),
          "all of it has gone back", accounts)  # the last one reads the report
    check(report["invariants_broken"] == 0, "nothing is broken", report)
    spark.stop()


main()
