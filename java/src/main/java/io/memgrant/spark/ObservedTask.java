package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Memgrant;
import io.memgrant.Mode;
import io.memgrant.Say;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/** One task whose native memory is counted, and of which Spark learns nothing. */
final class ObservedTask implements TaskCompletionListener {
    private static final Set<ObservedTask> RUNNING = ConcurrentHashMap.newKeySet();

    private final Thread thread = Thread.currentThread();
    private final Account account;
    private final Declared declared;

    ObservedTask(Account account, TaskContext context) {
        this.account = account;
        this.declared = new Declared(context.taskMemoryManager());
    }

    /** What those that run use now. */
    static long used() {
        return RUNNING.stream().mapToLong(task -> task.account.used()).sum();
    }

    /** Of that, what libraries use that charge Spark themselves. */
    static long measured() {
        return RUNNING.stream().mapToLong(task -> task.account.measured()).sum();
    }

    /** Notes for the report what libraries that charge Spark themselves have declared; what was measured is there already. */
    static void lookAtDeclared() {
        try {
            if (Memgrant.root().measured() > 0) {
                RUNNING.forEach(task -> task.account.cover(task.declared.bytes(), 0, 0));
            }
        } catch (Throwable broken) {
            Say.once("what libraries declare to Spark themselves is not in the report", broken);
        }
    }

    /** On the task's thread. */
    void start(TaskContext context) {
        context.addTaskCompletionListener(this);
        RUNNING.add(this);
        Mode.observe(account);
        account.bind();
    }

    @Override
    public void onTaskCompletion(TaskContext context) {
        RUNNING.remove(this);
        try {
            if (Thread.currentThread() == thread) {
                Account.unbind();
            }
            account.endCourier();
            account.settle();
            EndedTasks.HERE.add(account);
        } catch (Throwable broken) {
            Say.once("a task was not settled", broken);
        }
    }
}
