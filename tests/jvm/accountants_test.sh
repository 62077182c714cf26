#!/bin/bash
# Accountants that are not Spark's.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
passes accountants io.memgrant.AccountantsMain
