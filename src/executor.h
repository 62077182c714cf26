/* The executor, asked from outside: a process that works for one of its tasks, as a Python worker does, takes no more than what that
 * task's account is charged for it. Only where this process has no JVM.
 *
 * What the process has when it joins is its own. For what it takes on top of that it asks, over a socket: 16 bytes, two numbers, the most
 * significant byte first.
 *     NEED > 0, WANT >= NEED   asks for NEED bytes, and up to WANT if there is plenty. The answer, 8 bytes, is a number: from NEED to WANT,
 *                              granted and charged; or 0, a denial.
 *     0, BACK > 0              gives so many of those back. There is no answer.
 * The socket's end, however it comes, gives all back.
 *
 * Unlike a courier's, this request is awaited inside malloc: who answers lives in another process, waits for nothing of this one's, and answers in
 * bounded time. Runs inside malloc. */
#ifndef MG_EXECUTOR_H
#define MG_EXECUTOR_H

#include "accounts.h"

extern _Atomic(bool) mg_executor_joined;
/* Asks for what the process lacks to take so much. True: there is as much by now, or it is free to take what it likes: the caller looks again. */
bool mg_executor_ask(int64_t need);
/* Gives back what is granted and not used, if that is much. Never waits. */
void mg_executor_give_back(void);
/* The child works for nobody. */
void mg_executor_after_fork_in_child(void);

/* For each charge that finds too little, and each refund that is looked at. */
static inline bool mg_executor_is_joined(void)
{
    return MG_UNLIKELY(atomic_load_explicit(&mg_executor_joined, memory_order_acquire));
}

#endif
