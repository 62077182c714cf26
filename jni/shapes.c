#include "shapes.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* The methods that give something back, by a word of their names. */
static const char *const closers[] = { "close",    "deallocate", "destroy", "disconnect", "dispose", "drop",
                                       "finalize", "free",       "release", "shutdown",   "unlock" };

/* Registers for whole numbers and addresses: System V has six, AAPCS64 eight. Both have eight for floating point, and words
 * of eight bytes on the stack for what is left, in its order. */
#if defined(__aarch64__)
enum { INTEGERS = 8, FLOATS = 8 };
#else
enum { INTEGERS = 6, FLOATS = 8 };
#endif

static bool begins_word(const char *name, const char *at)
{
    return at == name || at[-1] == '_' || (isupper((unsigned char)at[0]) && !isupper((unsigned char)at[-1]));
}

/* Whether a word begins here that ends where its name ends or the next word begins. */
static bool is_word(const char *at, const char *word)
{
    size_t length = strlen(word);
    return strncasecmp(at, word, length) == 0 && !islower((unsigned char)at[length]);
}

/* What deletes by a key or a name writes, as RocksDB.delete(handle, key) does: a million of them need
 * memory too. */
static bool takes_data(const char *signature)
{
    return strcspn(signature, "[L") < strcspn(signature, ")");
}

bool mg_shape_closes(const char *name, const char *signature)
{
    for (const char *at = name; *at; at++) {
        if (!begins_word(name, at))
            continue;
        if (is_word(at, "delete") && !takes_data(signature))
            return true;
        for (size_t i = 0; i < sizeof closers / sizeof closers[0]; i++)
            if (is_word(at, closers[i]))
                return true;
    }
    return false;
}

/* The first character after the type that begins here. */
static const char *skip_type(const char *type)
{
    while (*type == '[')
        type++;
    return *type == 'L' ? strchr(type, ';') + 1 : type + 1;
}

uint32_t mg_shape_stack_words(const char *signature)
{
    unsigned integers = 2, floats = 0; /* JNIEnv and the object or class */
    uint32_t words = 0;
    for (const char *type = signature + 1; *type != ')'; type = skip_type(type)) {
        bool is_float = *type == 'F' || *type == 'D';
        if (is_float ? floats < FLOATS : integers < INTEGERS)
            (*(is_float ? &floats : &integers))++;
        else
            words++;
    }
    return words;
}

enum mg_result mg_shape_result(const char *signature)
{
    const char *type = strchr(signature, ')') + 1;
    if (strcmp(type, "[B") == 0 || strcmp(type, "Ljava/lang/String;") == 0)
        return MG_RESULT_VALUE;
    return strchr("JL[", *type) ? MG_RESULT_HANDLE : MG_RESULT_VALUE;
}
