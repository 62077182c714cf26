#!/bin/bash
# PySpark: what numpy and pyarrow take in a Python worker has the name of the task that the worker serves, and beyond a limit it is a MemoryError.
: "${ROOT:=$(cd "$(dirname "$0")/../.." && pwd)}"
. "$ROOT/tests/spark/python.bash"
with_workers 1 --conf spark.memgrant.pythonLimit=1g --conf spark.memory.offHeap.size=128m --conf spark.task.maxFailures=1 workers.py
