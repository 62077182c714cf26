#!/bin/bash
# Memory that Java's own code takes in tasks: Arrow's buffers are granted by Spark and denied; Tungsten's pages are charged once; what
# was denied is tried again when it fits. The executor's JVM checks each use of JNI.
. "$(dirname "$0")/plugin.bash"

run_on_cluster JavaOwn -Dspark.memgrant.targets='java:*' -Dspark.memgrant.boundaryWaitMs=500 -Dspark.executor.extraJavaOptions=-Xcheck:jni
