/* Where stacks are taken a scope that ends with blocks in use says who asked for them, once for each scope and for so many of them; what is
 * printed of an account says so too. */
#include "libs/libs.h"
#include "test.h"

#include <memgrant_scope.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { KB = 1 << 10, MB = 1 << 20, SCOPES = 30 };

static char text[64 * KB];
static int file, before;

static void listen(void)
{
    CHECK((file = open("said", O_CREAT | O_TRUNC | O_RDWR, 0600)) >= 0);
    before = dup(2);
    CHECK(dup2(file, 2) == 2);
}

/* How many lines were said that begin so. */
static int said(const char *what)
{
    int lines = 0;
    CHECK(dup2(before, 2) == 2);
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    for (const char *at = text; (at = strstr(at, what)); at++)
        lines++;
    close(file);
    return lines;
}

static void *leak(mg_scope *scope)
{
    *scope = mg_scope_begin("forgetful", MG_SCOPE_NO_LIMIT);
    mg_scope inner = mg_scope_begin("inside it", MG_SCOPE_NO_LIMIT);
    void *block = target_malloc(2 * MB);
    CHECK_EQ(mg_scope_used(inner), 2 * MB);
    return block;
}

static void what_is_left_is_said_with_its_stack(void)
{
    mg_scope scope;
    void *block = leak(&scope);
    listen();
    CHECK_EQ(mg_scope_end(scope), 2 * MB);
    CHECK_EQ(said("memgrant: forgetful ended with 2097152 bytes in use, of "), 1);
    CHECK(strstr(text, "bytes in 1 blocks of libtarget.so, asked for by libtarget.so+0x"));
    CHECK(strstr(text, " leaks_test+0x"));
    target_free(block);
}

static void an_account_is_printed_with_stacks(void)
{
    mg_scope scope;
    void *block = leak(&scope);
    listen();
    CHECK(mg_account_print(scope, 2));
    CHECK_EQ(said("forgetful: used 2097152, "), 1);
    CHECK(strstr(text, "bytes in 1 blocks of libtarget.so, asked for by libtarget.so+0x"));
    target_free(block);
    listen();
    CHECK(mg_account_print(scope, 2));
    CHECK_EQ(mg_scope_end(scope), 0);
    CHECK_EQ(said("asked for by"), 0);
    CHECK_EQ(said("ended with"), 0);
}

static void it_is_not_said_without_end(void)
{
    void *blocks[SCOPES];
    listen();
    for (int i = 0; i < SCOPES; i++) {
        mg_scope scope;
        blocks[i] = leak(&scope);
        CHECK_EQ(mg_scope_end(scope), 2 * MB);
    }
    int lines = said("forgetful ended with");
    CHECK(lines > 0 && lines < SCOPES);
    for (int i = 0; i < SCOPES; i++)
        target_free(blocks[i]);
}

int main(void)
{
    what_is_left_is_said_with_its_stack();
    an_account_is_printed_with_stacks();
    it_is_not_said_without_end();
    return 0;
}
