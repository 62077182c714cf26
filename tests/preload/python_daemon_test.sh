#!/bin/bash
# The Python daemon of memgrant.jar with a PySpark of a few lines: what it leaves of each task and when, and that it is pyspark.daemon where
# nobody asks for more, and where anything is wrong.
set -eu
cd "$WORK"
jar=$BUILD/memgrant.jar
[ -f "$jar" ] || { echo "there is no memgrant.jar"; exit 77; }
python=$(command -v python3) || { echo "there is no python3"; exit 77; }
"$python" -c 'import ctypes, zlib' 2>/dev/null || { echo "this python3 has no ctypes or no zlib"; exit 77; }

mkdir -p pyspark local/memgrant-python
touch pyspark/__init__.py
cat >pyspark/taskcontext.py <<'END'
class TaskContext:
    _stageId = _partitionId = _attemptNumber = _taskAttemptId = None
END
cat >pyspark/worker.py <<'END'
import os
import sys

from pyspark.taskcontext import TaskContext


def left(ending):
    return sorted(name for name in os.listdir("local/memgrant-python") if name.endswith(ending))


def main(infile, outfile):
    context = TaskContext()
    context._stageId, context._partitionId, context._attemptNumber, context._taskAttemptId = 1, 2, 0, infile
    block = bytearray(8 << 20)
    print("working %d: %d begun, %d ended" % (infile, len(left(".begun")), len(left(".json"))), flush=True)
    del block
    if infile == 11:
        sys.exit(-1)
END
cat >pyspark/daemon.py <<'END'
import os


def worker(sock, authenticated):
    from pyspark.worker import left, main

    try:
        main(sock, None)
    except SystemExit:
        print("a task failed", flush=True)
    print("ended: %d begun, %d ended" % (len(left(".begun")), len(left(".json"))), flush=True)


def manager():
    print("manager: " + os.environ.get("LD_PRELOAD", "") + "".join(name for name in os.environ if "MEMGRANT" in name), flush=True)
    child = os.fork()
    if child == 0:
        for number in (10, 11):
            worker(number, True)
        os._exit(0)
    os.waitpid(child, 0)
END

run() { # NAME=VALUE...: into out and said
    env PYTHONPATH="$jar:$WORK" SPARK_LOCAL_DIRS="$WORK/local,/nowhere" "$@" "$python" -m memgrant_daemon pyspark.worker >out 2>said || {
        cat out said
        echo "FAILED - the daemon ended with an error"
        exit 1
    }
}
same() { # WHAT EXPECTED: that this is what the daemon wrote
    [ "$(cat out)" = "$2" ] || { cat out said; echo "FAILED - $1"; exit 1; }
    echo "ok - $1"
}
untouched='manager: 
working 10: 0 begun, 0 ended
ended: 0 begun, 0 ended
working 11: 0 begun, 0 ended
a task failed
ended: 0 begun, 0 ended'

run
same "where the plugin left nothing it is pyspark.daemon" "$untouched"

printf 'LD_PRELOAD=%s\nMEMGRANT_MODE=observe\nMEMGRANT_TARGETS=*\n' "$LIB" >local/memgrant-python/environment
run
same "each task begins and ends, also one that fails; programs that it starts are without the library" 'manager: 
working 10: 1 begun, 0 ended
ended: 0 begun, 1 ended
working 11: 1 begun, 1 ended
a task failed
ended: 0 begun, 2 ended'
"$python" - local/memgrant-python/*.json <<'END'
import json, sys
for number, path in zip((10, 11), sorted(sys.argv[1:])):
    who, task, worker = [json.loads(line) for line in open(path)]
    assert who["task"] == number and who["name"] == task["name"] == "task %d (stage 1, partition 2, attempt 0)" % number, (who, task)
    assert task["peak"] >= 8 << 20 and task["used"] < 8 << 20, task
    assert sum(library["charged"] for library in task["libraries"]) >= 8 << 20, task
    assert worker["name"] == "process" and worker["peak"] >= task["peak"] - (1 << 20), worker
print("ok - the files say whose it was, and what the task used")
END
rm local/memgrant-python/*.json

run PYSPARK_EXECUTOR_MEMORY_MB=512
same "workers whose addresses are limited are not counted" "$untouched"
grep -q 'spark.executor.pyspark.memory' said || { cat said; echo "FAILED - nobody says why"; exit 1; }

printf 'LD_PRELOAD=%s\nMEMGRANT_MODE=observe\nMEMGRANT_TARGETS=*\n' "$WORK/gone/libmemgrant.so" >local/memgrant-python/environment
run
same "without the library it is pyspark.daemon" "$untouched"
grep -q 'memgrant: Python workers are not counted' said || { cat said; echo "FAILED - nobody says why"; exit 1; }

printf 'LD_PRELOAD=%s\nMEMGRANT_TARGETS=*\nMEMGRANT_INERT=true\n' "$LIB" >local/memgrant-python/environment
run
same "where the library is inert too" "${untouched/manager: /manager: MEMGRANT_INERT}"

printf '\xff\xfe' >local/memgrant-python/environment
run
same "where the settings are damaged too" "$untouched"
