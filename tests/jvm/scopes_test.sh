#!/bin/bash
# Accounts for a part of a task's work, in Java: try (Account a = task.child("parse", limit)).
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
passes scopes io.memgrant.ScopesMain
