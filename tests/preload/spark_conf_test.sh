#!/bin/bash
# `memgrant spark-conf` prints all that is needed and keeps what the user has, from arguments and from spark-defaults.conf.
set -u
cd "$WORK" || exit
fail() { echo "$1"; echo "--- printed:"; cat out; exit 1; }

prints() { # EXPECTED-LINE...: these lines and no others
    diff <(printf '%s\n' "$@") out >difference || { cat difference; fail "spark-conf printed something else"; }
}

mkdir -p bin lib/memgrant build conf && cp "$ROOT/scripts/memgrant" bin/ && touch build/libmemgrant.so build/memgrant.jar
cp "$ROOT/scripts/memgrant-spark" lib/memgrant/
here=$WORK/build plugin=io.memgrant.spark.MemgrantPlugin
export SPARK_CONF_DIR=$WORK/conf

bin/memgrant spark-conf >out 2>notes || fail "it failed"
prints "--conf spark.plugins=$plugin" \
    "--conf spark.driver.extraClassPath=$here/memgrant.jar" \
    "--conf spark.executor.extraClassPath=$here/memgrant.jar" \
    "--conf spark.executorEnv.LD_PRELOAD=$here/libmemgrant.so"
grep -q 'every node' notes || fail "it does not say how the library reaches the executors"

cat >conf/spark-defaults.conf <<'END'
# a comment
spark.plugins            com.example.First
spark.executorEnv.LD_PRELOAD=/usr/lib/libjemalloc.so.2 /opt/other.so
  spark.driver.extraClassPath : /opt/driver.jar
#spark.executor.extraClassPath /never.jar
spark.memory.offHeap.size 3g
END
bin/memgrant spark-conf --on-denial stop --target 'libduck*' --target librocksdb -- --class a.B \
    --conf spark.plugins=com.example.Second --conf spark.memgrant.mode=enforce app.jar --conf >out 2>notes || fail "it failed"
prints "--conf spark.plugins=com.example.Second,$plugin" \
    "--conf spark.driver.extraClassPath=$here/memgrant.jar:/opt/driver.jar" \
    "--conf spark.executor.extraClassPath=$here/memgrant.jar" \
    "--conf spark.executorEnv.LD_PRELOAD=$here/libmemgrant.so:/usr/lib/libjemalloc.so.2:/opt/other.so" \
    "--conf spark.memory.offHeap.enabled=true" \
    "--conf spark.memory.offHeap.size=3g" \
    "--conf spark.memgrant.mode=enforce" \
    "--conf spark.memgrant.targets='libduck*;librocksdb'" \
    "--conf spark.memgrant.onDenial=stop"

# What it printed, given back to it, comes out unchanged; paths may be those of the nodes.
eval "set -- $(tr '\n' ' ' <out)"
cp out first
bin/memgrant spark-conf --target 'libduck*;librocksdb' -- "$@" >out 2>notes && fail "a ';' in a SPEC passed"
bin/memgrant spark-conf --on-denial stop --target 'libduck*' --target librocksdb -- "$@" >out 2>notes || fail "it failed"
cmp first out || fail "merging twice is not merging once"
bin/memgrant spark-conf --library /opt/m/libmemgrant.so --jar /opt/m/memgrant.jar --limit 2g -- \
    --properties-file /dev/null --master 'local[2]' >out 2>notes || fail "it failed"
prints "--conf spark.plugins=$plugin" \
    "--conf spark.driver.extraClassPath=$here/memgrant.jar" \
    "--conf spark.executor.extraClassPath=/opt/m/memgrant.jar" \
    "--conf spark.executorEnv.LD_PRELOAD=/opt/m/libmemgrant.so" \
    "--conf spark.memory.offHeap.enabled=true" \
    "--conf spark.memory.offHeap.size=2g" \
    "--conf spark.memgrant.mode=enforce"
cp out enforced
# Observed for now: the pool is there for a switch. Without a limit none is.
bin/memgrant spark-conf --library /opt/m/libmemgrant.so --jar /opt/m/memgrant.jar --observe --limit 2g -- \
    --properties-file /dev/null --master 'local[2]' >out 2>notes || fail "it failed"
sed 's/^--conf spark.memgrant.mode=observe/--conf spark.memgrant.mode=enforce/' out | cmp - enforced || fail "another pool than that of enforcing"
bin/memgrant spark-conf --observe -- --properties-file /dev/null --master 'local[2]' >out 2>notes || fail "it failed"
grep -q offHeap out && fail "a pool of no size"
# An amount of the container's overhead: Spark's own memory stays on heap.
bin/memgrant spark-conf --pool overhead --limit 2g -- --conf spark.memory.offHeap.enabled=true >out 2>notes || fail "it failed"
grep -A 9 LD_PRELOAD out >pool
diff - pool <<END || fail "other lines for the overhead"
--conf spark.executorEnv.LD_PRELOAD=$here/libmemgrant.so:/usr/lib/libjemalloc.so.2:/opt/other.so
--conf spark.memory.offHeap.enabled=false
--conf spark.memory.offHeap.size=2g
--conf spark.memgrant.mode=enforce
--conf spark.memgrant.pool=overhead
END
grep -q 'enabled=false in place of your true' notes || fail "it does not say that it replaces a setting"
bin/memgrant spark-conf -- --conf spark.memgrant.pool=overhead --conf spark.memgrant.mode=enforce >out 2>notes || fail "it failed"
grep -q offHeap.enabled=false out || fail "the user's own spark.memgrant.pool is not looked at"
bin/memgrant spark-conf --pool heap >out 2>notes && fail "a pool that is none passed"
grep -q "'heap' is not offheap or overhead" notes || fail "it does not say which pools there are"

bin/memgrant spark-conf --library /opt/m/libmemgrant.so --jar /opt/m/memgrant.jar --limit 2g -- \
    --properties-file /dev/null --master 'local[2]' >out 2>notes || fail "it failed"
grep -q 'local mode.*LD_PRELOAD=/opt/m/libmemgrant.so' notes || fail "it says nothing of local mode"

# Each manager: YARN carries both files, others expect them; a driver on the cluster has the cluster's paths.
paths() { # ARGUMENTS OF spark-submit...: the lines with paths
    bin/memgrant spark-conf ${named[@]+"${named[@]}"} -- --properties-file /dev/null "$@" >all 2>notes || fail "it failed"
    grep -v plugins all >out
}
named=()
paths --master yarn --conf spark.yarn.dist.files=hdfs:///a.txt
prints "--conf spark.yarn.dist.files=$here/libmemgrant.so,$here/memgrant.jar,hdfs:///a.txt" \
    "--conf spark.driver.extraClassPath=$here/memgrant.jar" \
    "--conf spark.executor.extraClassPath='{{PWD}}/memgrant.jar'" \
    "--conf spark.executorEnv.LD_PRELOAD='{{PWD}}/libmemgrant.so'"
grep -q 'YARN carries.*libmemgrant.so and .*memgrant.jar' notes || fail "it does not say what YARN carries"
paths --master yarn --deploy-mode cluster
grep -qx -- "--conf spark.driver.extraClassPath='{{PWD}}/memgrant.jar'" out || fail "the driver in a container has no jar"
named=(--library /opt/m/libmemgrant.so --jar /opt/m/memgrant.jar)
paths --master yarn
prints "--conf spark.driver.extraClassPath=$here/memgrant.jar" "--conf spark.executor.extraClassPath=/opt/m/memgrant.jar" \
    "--conf spark.executorEnv.LD_PRELOAD=/opt/m/libmemgrant.so"
paths --master k8s://https://host --conf spark.submit.deployMode=cluster
prints "--conf spark.driver.extraClassPath=/opt/m/memgrant.jar" "--conf spark.executor.extraClassPath=/opt/m/memgrant.jar" \
    "--conf spark.executorEnv.LD_PRELOAD=/opt/m/libmemgrant.so"
grep -q "executors' image" notes || fail "it does not say that the image must have the files"

mkdir -p 'a,b/bin' 'a,b/build' && cp -r bin lib 'a,b' && cp build/* 'a,b/build'
'a,b/bin/memgrant' spark-conf -- --master yarn >out 2>notes && fail "a list can't have a comma in a path"
grep -q "YARN can't carry it" notes || fail "it does not say why"
