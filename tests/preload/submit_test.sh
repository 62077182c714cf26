#!/bin/bash
# `memgrant submit` keeps each word of spark-submit's arguments, merges what is set already, and adds its own in front.
set -u
cd "$WORK" || exit
fail() { echo "$1"; echo "--- printed:"; cat out; exit 1; }
mkdir -p bin lib/memgrant build spark/bin spark/conf && cp "$ROOT/scripts/memgrant" bin/ && touch build/libmemgrant.so build/memgrant.jar
cp "$ROOT/scripts/memgrant-spark" lib/memgrant/
printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >spark/bin/spark-submit && chmod +x spark/bin/spark-submit
printf 'spark.executorEnv.LD_PRELOAD /usr/lib/x.so\n' >spark/conf/spark-defaults.conf
unset SPARK_HOME SPARK_CONF_DIR
export PATH="$WORK/spark/bin:$PATH"
here=$WORK/build plugin=io.memgrant.spark.MemgrantPlugin

# shellcheck disable=SC2016 # a word that must arrive as it is
bin/memgrant submit --limit 1g --target 'libduck*' --master yarn --conf spark.plugins=a.B --verbose \
    --conf "spark.executor.extraJavaOptions=-Da=1 -Db=2" --driver-class-path=/d.jar --conf=spark.memory.offHeap.size=3g \
    app.jar "select 1; echo INJECTED" '$HOME' --conf spark.plugins=of.the.application >out 2>notes || fail "it failed"
diff - out >difference <<END || { cat difference; fail "spark-submit got something else"; }
--conf
spark.plugins=a.B,$plugin
--conf
spark.yarn.dist.files=$here/libmemgrant.so,$here/memgrant.jar
--conf
spark.driver.extraClassPath=$here/memgrant.jar:/d.jar
--conf
spark.executor.extraClassPath={{PWD}}/memgrant.jar
--conf
spark.executorEnv.LD_PRELOAD={{PWD}}/libmemgrant.so:/usr/lib/x.so
--conf
spark.memory.offHeap.enabled=true
--conf
spark.memory.offHeap.size=1g
--conf
spark.memgrant.mode=enforce
--conf
spark.memgrant.targets=libduck*
--master
yarn
--verbose
--conf
spark.executor.extraJavaOptions=-Da=1 -Db=2
app.jar
select 1; echo INJECTED
\$HOME
--conf
spark.plugins=of.the.application
END

bin/memgrant submit --pool overhead --limit=1g --conf spark.memory.offHeap.enabled=true app.jar >out 2>notes || fail "it failed"
diff - <(grep offHeap out) <<END || fail "the container's overhead is not the pool"
spark.memory.offHeap.enabled=false
spark.memory.offHeap.size=1g
END
grep -qx spark.memgrant.pool=overhead out || fail "the plugin does not learn of the pool"

# Spark's own options without a value are none with one, and a properties file need not be the only one.
printf 'spark.plugins of.File\n' >properties
bin/memgrant submit --load-spark-defaults --properties-file properties app.jar >out 2>notes || fail "it failed"
grep -qx "spark.plugins=of.File,$plugin" out || fail "it lost the plugin of the properties file"
grep -qx "spark.executorEnv.LD_PRELOAD=$here/libmemgrant.so:/usr/lib/x.so" out || fail "it did not look into the defaults"
bin/memgrant submit --properties-file properties app.jar >out 2>notes || fail "it failed"
grep -q x.so out && fail "spark-submit does not look into the defaults here, and memgrant did"

bin/memgrant submit >out 2>&1 && fail "it submitted nothing"
grep -q 'nothing to submit' out || fail "it does not say that there is nothing to submit"
PATH=/usr/bin:/bin bin/memgrant submit app.jar >out 2>&1
[ $? = 127 ] || fail "without a spark-submit it ends with 127"
