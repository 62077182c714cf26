/* What thunks_*.S and the C around them both know: the size of the pool and where things lie in a thunk and in the frame of a
 * call. Numbers only; pool.c asserts that the structs agree. Runs nowhere. */
#ifndef MG_THUNKS_LAYOUT_H
#define MG_THUNKS_LAYOUT_H

/* Native methods that can be wrapped in one process: RocksDB has about 1,300, DuckDB 40, Comet 60. */
#define MG_THUNKS 4096
/* One entry of the pool: a landing pad, the index, a jump. */
#define MG_THUNK_CODE_SIZE 16

/* struct mg_thunk */
#define MG_THUNK_SIZE_LOG2 5
#define MG_THUNK_FUNCTION 0
#define MG_THUNK_STACK_WORDS 8

/* struct mg_boundary_call, at the bottom of the frame */
#define MG_CALL_ENV 0
#define MG_CALL_THUNK 8
#define MG_CALL_SIZE 24

#endif
