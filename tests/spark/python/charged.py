"""The driver of python_charge_test.sh: tasks whose memory is a Python worker's, and who is charged for it."""
import json
import os
import signal

import pandas
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf
from pyspark.sql.types import StringType

from workers import MB, check, failure, seen

WORKERS = "Python workers"


def block_of(megabytes):
    import numpy

    return numpy.ones(megabytes * MB // 8)


def udf(work):
    """A task's number, worker and executor, when it has done that."""
    @pandas_udf(StringType())
    def in_worker(numbers: pandas.Series) -> pandas.Series:
        return pandas.Series([json.dumps([work()] + json.loads(seen()))] * len(numbers))

    return in_worker


def much():
    return bool(block_of(48).sum() > 0)


def more_than_half():
    return bool(block_of(250).sum() > 0)


def too_much():
    return bool(block_of(2048).sum() > 0)


def too_much_but_goes_on():
    try:
        return bool(block_of(2048).sum() > 0)
    except MemoryError:
        return "denied"


def dies():
    block = block_of(48)
    os.kill(os.getpid(), signal.SIGKILL)
    return len(block)


def intrudes():
    """What the executor answers others than its workers: to a hello, and to what comes after it."""
    import socket
    import struct

    from pyspark import TaskContext

    with open(os.path.join(os.environ["SPARK_LOCAL_DIRS"].split(",")[0], "memgrant-python", "charge"), encoding="ascii") as file:
        host, port, secret = file.read().split()

    def answer(task, words, after):
        with socket.create_connection((host, int(port)), 60) as connection:
            connection.sendall(words.encode("ascii") + struct.pack(">qq", task, 1))
            welcome = connection.recv(1)
            try:
                connection.sendall(struct.pack(">qq", *after) if welcome else b"")
                return welcome.decode("ascii") + connection.recv(8).hex()
            except ConnectionError:
                return "reset"

    mine = TaskContext.get().taskAttemptId()
    big = (1 << 63) - 1
    return [answer(mine, "0" * len(secret), (1, 1)), answer(mine + 1000, secret, (1, 1))] + [
        answer(mine, secret, after) for after in ((-1, 5), (5, 4), (0, 0), (0, -1), (0, 1), (-big - 1, -big - 1), (big, big), (1, 2))]


def run(spark, work, count):
    rows = spark.range(0, count, 1, count).select(udf(work)("id").alias("seen")).collect()
    return [json.loads(row.seen) for row in rows]


def of_workers(account):
    return sum(row["charged"] for row in account["libraries"] if row["name"] == WORKERS)


def attempts(accounts, stage):
    return [account for account in accounts.values() if "(stage %d." % stage in account["name"]]


def main():
    spark = SparkSession.builder.getOrCreate()
    jvm, context = spark.sparkContext._jvm, spark.sparkContext._jsc
    done = run(spark, much, 4)
    together = run(spark, more_than_half, 2)
    denied = failure(spark, udf(too_much))
    went_on = run(spark, too_much_but_goes_on, 1)
    killed = failure(spark, udf(dies))
    intruded = run(spark, intrudes, 1)
    later = run(spark, much, 1)
    report = json.loads(jvm.io.memgrant.tests.ExecutorReport.read(context))
    accounts = {int(account["name"].split()[1]): account for account in report["accounts"] if account["name"].startswith("task ")}
    workers = {row["task"]: row for row in report["workers"]}

    mine = [(accounts[number], workers[number]) for _, number, _, _, _ in done + together + later]
    # A worker that gives back some of what it had before has that again for nothing.
    check(all(account["peak"] + 8 * MB >= worker["peak"] >= 48 * MB for account, worker in mine), "a task's account has had what its worker took", mine)
    check(all(account["denials"] == 0 for account, _ in mine), "and a task that finished was refused nothing", mine)
    check(len(together) == 2 and len(attempts(accounts, 1)) <= 3, "of two that could not have all they need at once one went first", accounts)
    check(all(account["used"] == 0 and account["granted"] == 0 for account in accounts.values() if account is not accounts[max(accounts)]),
          "all of it has gone back", accounts)  # the last one reads the report
    of_all = next(row for row in report["libraries"] if row["name"] == WORKERS)
    check(of_all["charged"] > 5 * 48 * MB and of_all["used"] == 0 and of_all["peak"] < 512 * MB, "the executor's libraries have it, as %s" % WORKERS, of_all)

    check("MemoryError" in denied, "what Spark does not grant is a MemoryError in the worker", denied)
    check(went_on[0][0] == "denied", "whoever catches that goes on, and its task succeeds", went_on)
    check(len(attempts(accounts, 2)) == 2 and all(account["denials"] for account in attempts(accounts, 2) + attempts(accounts, 3)),
          "the accounts say whose it was", accounts)
    check(all(account["peak"] >= 40 * MB for account in attempts(accounts, 4)), "a worker that was killed had its task charged until then", killed, accounts)
    check(intruded[0][0] == ["", ""] + ["y"] * 6 + ["y" + "0" * 16, "y" + "0" * 15 + "2"],
          "a stranger is not heard, and what can't be a request ends the connection", intruded)
    check(len({executor for _, _, _, executor, _ in done + together + went_on + later}) == 1, "the executor lives, and later tasks have what they need", later)
    check(report["invariants_broken"] == 0, "nothing is broken", report)
    spark.stop()


if __name__ == "__main__":
    main()
