/* open_memstream for targets. libc's own grows its text while the stream is written to, which any function of stdio may
 * do, long after open_memstream has returned; ours grows in a function that knows whose the text is. */
#include "interpose.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FIRST_ROOM ((size_t)1024)

struct memstream {
    unsigned library;
    char **text; /* the caller's, as is length: both up to date after each flush */
    size_t *length;
    size_t room; /* of *text */
    size_t end, position;
    char buffer[4096]; /* stdio's: else it would be allocated for nobody, at the first write */
};

static void tell(struct memstream *stream)
{
    *stream->length = stream->position < stream->end ? stream->position : stream->end;
}

/* Room for that many bytes and the 0 behind them. */
static bool make_room(struct memstream *stream, size_t size)
{
    size_t room = stream->room;
    while (room <= size)
        room = room > SIZE_MAX / 2 ? SIZE_MAX : room * 2;
    if (room == stream->room)
        return true;
    char *moved = mg_realloc_from(stream->library, *stream->text, room);
    if (!moved)
        return false;
    memset(moved + stream->room, 0, room - stream->room);
    *stream->text = moved;
    stream->room = room;
    return true;
}

static ssize_t write_text(void *cookie, const char *bytes, size_t size)
{
    struct memstream *stream = cookie;
    size_t after;
    if (__builtin_add_overflow(stream->position, size, &after) || after == SIZE_MAX ||
        !make_room(stream, after)) {
        errno = ENOMEM;
        return 0;
    }
    memcpy(*stream->text + stream->position, bytes, size);
    stream->position = after;
    if (after > stream->end)
        stream->end = after;
    tell(stream);
    return (ssize_t)size;
}

static int seek_text(void *cookie, off64_t *offset, int whence)
{
    struct memstream *stream = cookie;
    int64_t from = whence == SEEK_SET ? 0 : (int64_t)(whence == SEEK_CUR ? stream->position : stream->end);
    int64_t to;
    if (__builtin_add_overflow(from, *offset, &to) || to < 0) {
        errno = EINVAL;
        return -1;
    }
    stream->position = (size_t)to;
    tell(stream);
    *offset = to;
    return 0;
}

static int close_text(void *cookie)
{
    struct memstream *stream = cookie;
    char *fitting = mg_realloc_from(stream->library, *stream->text, stream->end + 1);
    if (fitting)
        *stream->text = fitting;
    mg_free_any(stream);
    return 0;
}

FILE *mg_memstream_open(unsigned library, char **text, size_t *length)
{
    struct memstream *stream = mg_malloc_from(library, sizeof *stream);
    char *first = stream ? mg_malloc_from(library, FIRST_ROOM) : NULL;
    static const cookie_io_functions_t functions = { NULL, write_text, seek_text, close_text };
    FILE *file = first ? fopencookie(stream, "w", functions) : NULL;
    if (!file) {
        mg_free_any(first);
        mg_free_any(stream);
        return NULL;
    }
    memset(first, 0, FIRST_ROOM);
    *stream = (struct memstream){ .library = library, .text = text, .length = length, .room = FIRST_ROOM };
    *text = first;
    *length = 0;
    setvbuf(file, stream->buffer, _IOFBF, sizeof stream->buffer);
    return file;
}
