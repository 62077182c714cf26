package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Say;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/** One task whose native memory is counted, and of which Spark learns nothing. */
final class ObservedTask implements TaskCompletionListener {
    private final Thread thread = Thread.currentThread();
    private final Account account;

    ObservedTask(Account account) {
        this.account = account;
    }

    /** On the task's thread. */
    void start(TaskContext context) {
        context.addTaskCompletionListener(this);
        account.bind();
    }

    @Override
    public void onTaskCompletion(TaskContext context) {
        try {
            if (Thread.currentThread() == thread) {
                Account.unbind();
            }
            account.endCourier();
            account.settle();
        } catch (Throwable broken) {
            Say.once("a task was not settled", broken);
        }
    }
}
