package io.memgrant.spark;

import io.memgrant.Account;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Of tasks that have ended, those that used most. Bounded, however many there are. Thread-safe. */
final class EndedTasks {
    private static final int MOST = 20;
    private static final Comparator<Task> BY_PEAK = Comparator.comparingLong(Task::peak).reversed();

    /** Those of this executor since they were last told. */
    static final EndedTasks HERE = new EndedTasks();

    record Task(String name, long peak, long denials) implements Serializable {}

    private final List<Task> tasks = new ArrayList<>();

    synchronized void add(Task task) {
        if (task.peak() > 0) {
            tasks.add(task);
        }
        if (tasks.size() > 2 * MOST) {
            keepMost();
        }
    }

    /** A task's account, which is settled. */
    void add(Account account) {
        add(new Task(account.toString(), account.peak(), account.denials()));
    }

    /** Those that used most, the largest first. */
    synchronized List<Task> most() {
        keepMost();
        return List.copyOf(tasks);
    }

    /** The same, and none of them any more. */
    synchronized ArrayList<Task> take() {
        keepMost();
        ArrayList<Task> taken = new ArrayList<>(tasks);
        tasks.clear();
        return taken;
    }

    private void keepMost() {
        tasks.sort(BY_PEAK);
        if (tasks.size() > MOST) {
            tasks.subList(MOST, tasks.size()).clear();
        }
    }
}
