#!/bin/bash
# PySpark: what a Python worker takes for a task is charged to the task's account in the executor, out of Spark's pool, while it does; what Spark refuses
# is a MemoryError there.
: "${ROOT:=$(cd "$(dirname "$0")/../.." && pwd)}"
. "$ROOT/tests/spark/python.bash"
with_workers 2 --conf spark.memgrant.pythonCharge=true --conf spark.memory.offHeap.size=512m --conf spark.task.maxFailures=2 \
    --py-files "$ROOT/tests/spark/python/workers.py" charged.py
