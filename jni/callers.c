#include "callers.h"

#include "base.h"
#include "memgrant.h"
#include "say.h"

#include <string.h>

enum { FRAMES = 64, LONGEST = 8192 };

static jvmtiEnv *jvmti_used;

void mg_callers_use(jvmtiEnv *jvmti)
{
    jvmti_used = jvmti;
}

/* What the names are made in: FRAMES of them, and less where they are long. */
struct names {
    char text[LONGEST];
    size_t length;
};

static void drop(jvmtiEnv *jvmti, void *memory)
{
    if (memory)
        (*jvmti)->Deallocate(jvmti, memory);
}

/* Always there in HotSpot, but to be asked for. What is refused is told without lines. */
static void want_lines(jvmtiEnv *jvmti)
{
    static _Atomic(bool) asked;
    if (MG_LIKELY(MG_LOAD(asked)))
        return;
    jvmtiCapabilities lines = { .can_get_line_numbers = 1 }, files = { .can_get_source_file_name = 1 };
    (void)(*jvmti)->AddCapabilities(jvmti, &lines);
    (void)(*jvmti)->AddCapabilities(jvmti, &files);
    MG_STORE(asked, true);
}

/* 0: it is not known. */
static jint line_of(jvmtiEnv *jvmti, const jvmtiFrameInfo *frame)
{
    jint count = 0, line = 0;
    jlocation best = -1;
    jvmtiLineNumberEntry *lines = NULL;
    if (frame->location < 0 ||
        (*jvmti)->GetLineNumberTable(jvmti, frame->method, &count, &lines) != JVMTI_ERROR_NONE)
        return 0;
    for (jint i = 0; i < count; i++) {
        if (lines[i].start_location > frame->location || lines[i].start_location < best)
            continue;
        best = lines[i].start_location;
        line = lines[i].line_number;
    }
    drop(jvmti, lines);
    return line;
}

/* "org.rocksdb.Options.<init>(Options.java:44)" */
static void print_name(jvmtiEnv *jvmti, const jvmtiFrameInfo *frame, const char *class, const char *method,
                       const char *file, struct names *names)
{
    char dotted[256];
    size_t length = strnlen(class, sizeof dotted - 1);
    memcpy(dotted, class, length);
    dotted[length] = '\0';
    if (length && dotted[length - 1] == ';')
        dotted[length - 1] = '\0';
    for (char *c = dotted; *c; c++)
        *c = *c == '/' ? '.' : *c;
    const char *name = dotted + (*dotted == 'L');
    char text[600];
    jint line = line_of(jvmti, frame);
    if (frame->location < 0)
        mg_print(text, sizeof text, "%s.%s(native)", name, method);
    else if (file && line)
        mg_print(text, sizeof text, "%s.%s(%s:%d)", name, method, file, line);
    else
        mg_print(text, sizeof text, "%s.%s", name, method);
    size_t size = strlen(text) + 1;
    if (size > sizeof names->text - names->length)
        return;
    memcpy(names->text + names->length, text, size);
    names->length += size;
}

static void add_name(jvmtiEnv *jvmti, JNIEnv *env, const jvmtiFrameInfo *frame, struct names *names)
{
    char *method = NULL, *class = NULL, *file = NULL;
    jclass declaring = NULL;
    if ((*jvmti)->GetMethodName(jvmti, frame->method, &method, NULL, NULL) == JVMTI_ERROR_NONE &&
        (*jvmti)->GetMethodDeclaringClass(jvmti, frame->method, &declaring) == JVMTI_ERROR_NONE &&
        (*jvmti)->GetClassSignature(jvmti, declaring, &class, NULL) == JVMTI_ERROR_NONE) {
        if ((*jvmti)->GetSourceFileName(jvmti, declaring, &file) != JVMTI_ERROR_NONE)
            file = NULL;
        print_name(jvmti, frame, class, method, file, names);
    }
    if (declaring)
        (*env)->DeleteLocalRef(env, declaring);
    drop(jvmti, method);
    drop(jvmti, class);
    drop(jvmti, file);
}

static uint64_t hash_of(const jvmtiFrameInfo *frames, jint count)
{
    uint64_t hash = (uint64_t)count;
    for (jint i = 0; i < count; i++) {
        hash = (hash ^ (uintptr_t)frames[i].method) * 0xbf58476d1ce4e5b9u;
        hash = (hash ^ hash >> 29 ^ (uint64_t)frames[i].location) * 0x94d049bb133111ebu;
    }
    return (hash ^ hash >> 32) | 1;
}

static uint32_t look(JNIEnv *env, jvmtiEnv *jvmti)
{
    jvmtiFrameInfo frames[FRAMES];
    jint count = 0;
    if ((*jvmti)->GetStackTrace(jvmti, NULL, 0, FRAMES, frames, &count) != JVMTI_ERROR_NONE || count < 1)
        return 0;
    uint64_t hash = hash_of(frames, count);
    uint32_t number = mg_callers_find(hash);
    if (number)
        return number;
    struct names names = { .length = 0 };
    want_lines(jvmti);
    for (jint i = 0; i < count; i++)
        add_name(jvmti, env, &frames[i], &names);
    return mg_callers_add(hash, names.text, names.length);
}

MG_NOINLINE void mg_callers_note(JNIEnv *env, unsigned before)
{
    jvmtiEnv *jvmti = jvmti_used;
    /* What JVMTI asks malloc for is not the library's, and may be a sample itself. */
    unsigned library = mg_library_entered(0);
    mg_sampled_below(before, jvmti ? look(env, jvmti) : 0);
    mg_library_left(library);
}
