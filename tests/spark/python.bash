# What the tests on PySpark share; sourced by NAME_test.sh in the place of spark.bash.
# shellcheck shell=bash
# shellcheck source=tests/spark/spark.bash
. "$ROOT/tests/spark/spark.bash"
timeout 900 "$ROOT/scripts/get-python" "$spark" || skip "there is no Python with numpy and PySpark: run scripts/get-python"
python=$BUILD/python-$spark/bin/python
pyspark=$(printf '%s:' "$BUILD/python-$spark"/spark/*.zip)
cd "$WORK" || exit

# with_workers CORES [spark-submit options] PROGRAM: on one executor of so many cores, which enforces and whose Python workers are counted.
with_workers() {
    local code cores=$1 program=${*: -1}
    PYSPARK_PYTHON=$python PYTHONPATH=$pyspark SPARK_HOME=$spark_home "$spark_home/bin/spark-submit" --master "local-cluster[1,$cores,1024]" \
        --jars "$tests_jar" --conf spark.plugins=io.memgrant.spark.MemgrantPlugin --conf spark.executorEnv.LD_PRELOAD="$LIB" \
        --conf spark.driver.extraClassPath="$BUILD/memgrant.jar" --conf spark.executor.extraClassPath="$BUILD/memgrant.jar" \
        --conf spark.executorEnv.PYTHONPATH="$BUILD/memgrant.jar:$pyspark" --conf spark.memgrant.python=true \
        --conf spark.memgrant.mode=enforce --conf spark.memgrant.policy=strict --conf spark.memory.offHeap.enabled=true \
        --conf spark.ui.enabled=false "${@:2:$#-2}" "$ROOT/tests/spark/python/$program" 2>log || {
        code=$?
        grep -E 'memgrant|Exception|Error|^\s+at ' log | tail -n 40
        fail "the application ended with $code"
    }
}
