#!/bin/bash
# The tab "Memgrant" in Spark's UI and in the History Server, with the one jar that there is; tests/spark/spark35_test.sh has it on Spark 3.5.
. "$(dirname "$0")/plugin.bash"

mkdir "$WORK/events"
LD_PRELOAD=$LIB run io.memgrant.tests.Tabs -Dspark.master='local[1]' -Dspark.app.name=Tabs -Dspark.ui.enabled=true -Dspark.ui.port=0 \
    -Dspark.ui.contentSecurityPolicy.enabled=true -Dspark.eventLog.enabled=true -Dspark.eventLog.dir="file:$WORK/events" -Dfolder="$WORK" -Dspark.memgrant.report="$WORK/application.json" \
    -Dspark.plugins=io.memgrant.spark.MemgrantPlugin -Dspark.memgrant.targets='libtarget*' -Dbrowser="$(command -v chromium-headless-shell || true)"
! grep 'memgrant: ' "$WORK/log" || fail "something was said"

# A driver that is its own executor has its report, too.
python3 - "$WORK/application.json" <<'END' || fail "the application's report"
import json, sys
executor, = json.load(open(sys.argv[1]))["executors"]
assert (executor["id"], executor["state"]) == ("driver", "ended"), executor
assert any(library["name"].startswith("libtarget") for library in executor["report"]["libraries"]), executor
END
echo "ok - the driver's own report is in that of the application"
