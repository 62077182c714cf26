#!/bin/bash
# Tasks that are stopped at dangerous moments leave no lock held, no class unusable and no handle open.
. "$ROOT/tests/jvm/setup.bash"
build_library mgkeeper
build_library mgkeeper_lodger -DLODGER
build_classes
for java in $(jvms); do
    for profile in '' nested; do
        echo "$java $profile"
        # shellcheck disable=SC2086 # none, or one
        run_java "$java" io.memgrant.MomentsMain "$WORK/libmgkeeper_lodger.so" $profile || { cat "$WORK/output"; fail "moments"; }
        expect_lines 1 'moments: ok'
        expect_lines 0 memgrant:
        expect_lines 0 WARNING
    done
done
