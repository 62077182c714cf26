#!/bin/bash
# RocksDB's charged bytes are those of a referee that walks the stack of every allocation, within 2 %.
. "$(dirname "$0")/spark.bash"

on_spark Referee --conf spark.memgrant.referee=true
