#!/bin/bash
# PySpark, with what Python workers take charged to their tasks: two workers of one task, a limit of the worker's own, and the mode switched meanwhile.
: "${ROOT:=$(cd "$(dirname "$0")/../.." && pwd)}"
. "$ROOT/tests/spark/python.bash"
with_workers 2 --conf spark.memgrant.pythonCharge=true --conf spark.memgrant.pythonLimit=1g --conf spark.task.maxFailures=1 --conf spark.memgrant.boundaryWaitMs=10000 \
    --conf spark.memory.offHeap.size=320m --conf spark.memgrant.modeFile="$WORK/mode" \
    --py-files "$ROOT/tests/spark/python/workers.py,$ROOT/tests/spark/python/charged.py" limits.py
