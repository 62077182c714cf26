#!/bin/bash
# The executor's pod that Spark's own code builds from `memgrant submit`'s settings, and with the template of
# docs/kubernetes.md, is what that page says. There is no Kubernetes here: nobody starts the pod.
. "$(dirname "$0")/spark.bash"
sed -n '/^```yaml/,/^```$/{/^```/!p}' "$ROOT/docs/kubernetes.md" >"$WORK/memgrant.yaml"

pod() { # FILE OPTIONS-OF-memgrant... -- OPTIONS-OF-spark-submit...: asks Spark for the pod with the lines that are added
    local file=$1 lines
    shift
    lines=$("$ROOT/scripts/memgrant" spark-conf --library /opt/memgrant/libmemgrant.so --jar /opt/memgrant/memgrant.jar \
        --report /reports/job.json "$@" 2>"$WORK/notes") || fail "spark-conf ended with $?: $(cat "$WORK/notes")"
    grep -q "executors' image" "$WORK/notes" || fail "it does not say where the files are expected"
    ask "$file" "$lines"
}

ask() { # FILE LINES
    local settings volume=spark.kubernetes.executor.volumes.persistentVolumeClaim.reports
    eval "settings=($(tr '\n' ' ' <<<"$2"))"
    # shellcheck disable=SC2154 # of spark.bash
    "$(scripts/find-java)/bin/java" -cp "$spark_home/jars/*" tests/spark/kubernetes/ExecutorPod.java \
        "${settings[@]}" --conf spark.executor.memory=2g --conf spark.files=/a/carried.file \
        --conf spark.kubernetes.executor.podTemplateFile="$WORK/memgrant.yaml" \
        --conf $volume.options.claimName=NAME --conf $volume.mount.path=/reports >"$WORK/$1" 2>"$WORK/log" ||
        { tail -n 20 "$WORK/log"; fail "Spark built no pod"; }
}

on_cluster=(-- --master k8s://https://host --deploy-mode cluster --properties-file /dev/null)
pod offheap --limit 1g "${on_cluster[@]}"
pod overhead --pool overhead --limit 256m "${on_cluster[@]}"
ask without ""

cd "$WORK" && python3 - <<'END_OF_PYTHON'
import json

def load(name):
    pod = json.load(open(name))["spec"]
    container = pod["containers"][-1]
    return pod, container, {variable["name"]: variable.get("value") for variable in container["env"]}

def that(holds, sentence, seen):
    print("ok -" if holds else "FAILED -", sentence, f"({seen})")
    assert holds

pod, container, environment = load("offheap")
that(environment["LD_PRELOAD"] == "/opt/memgrant/libmemgrant.so", "the executor's container preloads the library",
     environment["LD_PRELOAD"])
that(environment["SPARK_CLASSPATH"] == "/opt/memgrant/memgrant.jar", "its class path has the jar", environment["SPARK_CLASSPATH"])
mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
that(mounts.get("/opt/memgrant") == "memgrant" and "/reports" in mounts, "both volumes are mounted", mounts)
volumes = {volume["name"]: volume for volume in pod["volumes"]}
that("emptyDir" in volumes["memgrant"], "the template's volume is the pod's", sorted(volumes))
that([first["name"] for first in pod["initContainers"]] == ["memgrant"], "the files are copied before Spark starts",
     pod["initContainers"][0]["command"])
that("carried.file" not in json.dumps(pod),
     "spark.files reach no pod before it runs", container["args"])
for name, size in ("without", "2432Mi"), ("offheap", "3456Mi"), ("overhead", "2432Mi"):
    resources = load(name)[1]["resources"]
    that(resources["limits"]["memory"] == resources["requests"]["memory"] == size, f"the pod's size: {name}", size)
that("LD_PRELOAD" not in load("without")[2], "nothing is left when it is undone", "no LD_PRELOAD")
END_OF_PYTHON
