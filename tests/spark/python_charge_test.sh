#!/bin/bash
# PySpark: what a Python worker takes for a task is charged to the task's account in the executor, out of Spark's pool, while it does; what Spark refuses
# is a MemoryError there.
. "$(dirname "$0")/spark.bash"
timeout 900 "$ROOT/scripts/get-python" "$spark" || skip "there is no Python with numpy and PySpark: run scripts/get-python"
python=$BUILD/python-$spark/bin/python
pyspark=$(printf '%s:' "$BUILD/python-$spark"/spark/*.zip)
cd "$WORK" || exit

PYSPARK_PYTHON=$python PYTHONPATH=$pyspark SPARK_HOME=$spark_home "$spark_home/bin/spark-submit" --master 'local-cluster[1,2,1024]' \
    --jars "$tests_jar" --conf spark.plugins=io.memgrant.spark.MemgrantPlugin --conf spark.executorEnv.LD_PRELOAD="$LIB" \
    --conf spark.driver.extraClassPath="$BUILD/memgrant.jar" --conf spark.executor.extraClassPath="$BUILD/memgrant.jar" \
    --conf spark.executorEnv.PYTHONPATH="$BUILD/memgrant.jar:$pyspark" --conf spark.memgrant.python=true --conf spark.memgrant.pythonCharge=true \
    --conf spark.memgrant.mode=enforce --conf spark.memgrant.policy=strict --conf spark.memory.offHeap.enabled=true \
    --conf spark.memory.offHeap.size=512m --conf spark.ui.enabled=false --conf spark.task.maxFailures=2 \
    --py-files "$ROOT/tests/spark/python/workers.py" "$ROOT/tests/spark/python/charged.py" 2>log || {
    code=$?
    grep -E 'memgrant|Exception|Error|^\s+at ' log | tail -n 40
    fail "the application ended with $code"
}
