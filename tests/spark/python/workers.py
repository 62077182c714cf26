"""The driver of python_test.sh: tasks whose memory is a Python worker's, and what the report of their executor says of it."""
import json
import os
import signal
import sys

import pandas
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf
from pyspark.sql.types import StringType

MB = 1 << 20


def above(pid):
    """The process that started that one."""
    with open("/proc/%d/stat" % pid) as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[1])


def seen():
    """In a task: its number, its worker, the executor, and whether programs that it starts would have the library too."""
    from pyspark import TaskContext

    handed_on = [name for name in os.environ if name.startswith("MEMGRANT_")] + [os.environ.get("LD_PRELOAD", "")]
    return json.dumps([TaskContext.get().taskAttemptId(), os.getpid(), above(os.getppid()), "".join(handed_on)])


@pandas_udf(StringType())
def takes_much(numbers: pandas.Series) -> pandas.Series:
    import numpy

    block = numpy.ones(24 * MB // 8)
    return pandas.Series([seen() if block.sum() > 0 else ""] * len(numbers))


@pandas_udf(StringType())
def takes_too_much(numbers: pandas.Series) -> pandas.Series:
    import numpy

    return pandas.Series([str(numpy.ones(2048 * MB // 8).sum())] * len(numbers))


@pandas_udf(StringType())
def is_killed(numbers: pandas.Series) -> pandas.Series:
    os.kill(os.getpid(), signal.SIGKILL)
    return numbers


def check(good, what, *facts):
    print("%s - %s%s" % ("ok" if good else "FAILED", what, "" if good else ": " + repr(facts)), flush=True)
    if not good:
        sys.exit(1)


def run(spark, udf, count):
    rows = spark.range(0, count, 1, count).select(udf("id").alias("seen")).collect()
    return [json.loads(row.seen) for row in rows]


def failure(spark, udf):
    try:
        return str(spark.range(0, 1, 1, 1).select(udf("id")).collect())
    except Exception as failed:
        return str(failed)


def charged(task, library):
    return sum(row["charged"] for row in task["libraries"] if library in row["name"])


def has_its_name(tasks, number, pid):
    task = tasks.get(number)
    return task and task["pid"] == pid and task["name"].startswith("task %d (stage " % number)


def main():
    spark = SparkSession.builder.getOrCreate()
    jvm, context = spark.sparkContext._jvm, spark.sparkContext._jsc
    seen = run(spark, takes_much, 3)
    denied = failure(spark, takes_too_much)
    killed = failure(spark, is_killed)
    later = run(spark, takes_much, 1)
    report = json.loads(jvm.io.memgrant.tests.ExecutorReport.read(context))
    tasks = {task["task"]: task for task in report["workers"]}

    check(all(has_its_name(tasks, number, pid) for number, pid, _, _ in seen + later),
          "the executor's report has each task's name for what its Python worker took", seen, later, tasks)
    mine = [tasks[number] for number, _, _, _ in seen + later]
    check(all(task["peak"] >= 24 * MB and charged(task, "_multiarray_umath") >= 24 * MB for task in mine), "numpy's in numpy's", mine)
    check(all(charged(task, "libarrow.so") > 0 for task in mine), "pyarrow's in pyarrow's", mine)
    of = {}
    for task in mine:
        of.setdefault(task["pid"], []).append(task)
    reused = [served for served in of.values() if len(served) > 1]
    check(reused, "a worker served several tasks", mine)
    check(all(served[0]["used"] > served[1]["used"] for served in reused), "what the first one imported is not the others'", mine)
    check(not any(handed_on for _, _, _, handed_on in seen), "programs that a task starts are without the library", seen)

    check("MemoryError" in denied, "what is more than the worker's limit is a MemoryError in it", denied)
    check([number for number, task in tasks.items() if task.get("denials")] == [len(seen)], "the report says whose it was", tasks)
    check([number for number, task in tasks.items() if task.get("unfinished")] == [len(seen) + 1],
          "and whose worker was killed", killed, tasks)
    check(len({executor for _, _, executor, _ in seen + later}) == 1, "the executor lives, and later tasks have what they need", seen, later)
    check(report["invariants_broken"] == 0, "nothing is broken", report)
    spark.stop()


if __name__ == "__main__":
    main()
