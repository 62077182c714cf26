/* Texts and pages as somebody hostile might write them: of good ones, by a generator that plays the same again. */
#ifndef MG_MUTATIONS_H
#define MG_MUTATIONS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mutations_state = 1;

static inline uint64_t mutations_next(uint64_t below)
{
    mutations_state ^= mutations_state << 13;
    mutations_state ^= mutations_state >> 7;
    mutations_state ^= mutations_state << 17;
    return mutations_state % below;
}

/* FUZZ_ROUNDS times as many rounds as in `make test`. */
static inline long mutations_rounds(long rounds)
{
    const char *times = getenv("FUZZ_ROUNDS");
    return times ? rounds * strtol(times, NULL, 10) : rounds;
}

static inline void mutations_swap(char *bytes, size_t from, size_t to, size_t length)
{
    char between[64];
    length = length < sizeof between ? length : sizeof between;
    memcpy(between, bytes + from, length);
    memmove(bytes + from, bytes + to, length);
    memcpy(bytes + to, between, length);
}

/* Changes some of the bytes, and how many there are, up to `room`. Returns how many there are then. */
static inline size_t mutations_apply(char *bytes, size_t length, size_t room, const char *const *words,
                                     size_t count)
{
    for (uint64_t changes = 1 + mutations_next(6); changes; changes--) {
        size_t at = mutations_next(length + 1), left = length - at;
        switch (mutations_next(6)) {
        case 0:
            if (left)
                bytes[at] = (char)mutations_next(256);
            break;
        case 1:
            if (left)
                bytes[at] = (char)(bytes[at] ^ (1 << mutations_next(8)));
            break;
        case 2: { /* a piece goes */
            size_t gone = mutations_next((left < 40 ? left : 40) + 1);
            memmove(bytes + at, bytes + at + gone, left - gone);
            length -= gone;
            break;
        }
        case 3: { /* a piece comes again */
            size_t piece = mutations_next(left + 1);
            piece = piece < room - length ? piece : room - length;
            memmove(bytes + at + piece, bytes + at, left);
            length += piece;
            break;
        }
        case 4: { /* a word comes in between */
            const char *word = words[mutations_next(count)];
            size_t size = strlen(word);
            if (size > room - length)
                break;
            memmove(bytes + at + size, bytes + at, left);
            memcpy(bytes + at, word, size);
            length += size;
            break;
        }
        default:
            if (left > 1)
                mutations_swap(bytes, at, at + left / 2, left / 2);
        }
    }
    return length;
}

#endif
