#!/bin/bash
# What libraries declare to Spark themselves, read from Spark's books of one task.
. "$(dirname "$0")/plugin.bash"

run io.memgrant.spark.Declarations
