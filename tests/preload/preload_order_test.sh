#!/bin/bash
# Beside another malloc, before it and behind it in LD_PRELOAD, and beside ourselves, programs work as alone.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
python=$(python3 -c 'import sys; print(sys.executable)')
program='import threading
lists = []
threads = [threading.Thread(target=lambda: lists.append([str(i) for i in range(20000)])) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sum(map(len, lists)))'

works() { # WHAT PRELOADED
    local others=${2//"$LIB"/}
    for tried in errno zero_size alignment thread_exit new_delete realloc_owners first_operation; do
        # What the other malloc alone does not pass says nothing about us.
        { LD_PRELOAD=${others//:/} "$BUILD/preload/${tried}_test" >out || continue; } 2>/dev/null
        MEMGRANT_TARGETS='*' LD_PRELOAD=$2 \
            "$BUILD/preload/${tried}_test" >out 2>&1 || fail "$1: $tried: $? $(cat out)"
    done
    MEMGRANT_TARGETS='*' LD_PRELOAD=$2 "$python" -c "$program" >out 2>errors
    [ "$(cat out)" = 80000 ] || fail "$1: python: $(cat out errors)"
    [ "$(wc -l <errors)" -le 1 ] || fail "$1: more than a line: $(cat errors)"
}

found=0
for other in libjemalloc.so.2 libmimalloc.so.2.0 libtcmalloc_minimal.so.4; do
    path=$(find /usr/lib -name "$other" 2>/dev/null | head -n 1)
    [ -n "$path" ] || { echo "there is no $other here"; continue; }
    found=$((found + 1))
    works "before $other" "$LIB:$path"
    works "behind $other" "$path:$LIB"
done
works "twice by one name" "$LIB:$LIB"
ln -s "$LIB" link.so
works "twice, once by a symlink" "$LIB:$WORK/link.so"
cp "$LIB" copy.so
works "beside a copy" "$LIB:$WORK/copy.so"
[ $found -gt 0 ] || { echo "no other malloc is installed here (libjemalloc2, libmimalloc2.0, libtcmalloc-minimal4)"; exit 77; }
