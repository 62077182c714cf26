package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Memgrant;
import io.memgrant.Say;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.memory.SparkOutOfMemoryError;

/** How Spark's memory manager grants native memory in this executor: one for all of its tasks. Thread-safe. */
final class Enforcement {
    /** How often is looked for memory of no task that was freed by itself, and how often for room for what has none. */
    private static final long LOOK_MILLIS = 1_000;
    private static final int LOOKS_TO_ASK = 10;
    /** For how long no lever must have been pulled before any is told that memory is not short any more. */
    private static final long EASE_NANOS = TimeUnit.SECONDS.toNanos(10);
    /** What of Spark's memory stays free when levers are told. */
    private static final int EASE_PART = 8;

    private final SparkMemory memory;
    private final ExecutorMemory ofNoTask;
    private final ScheduledFuture<?> looking;
    private final ScheduledFuture<?> lookingForRoom;
    private final ScheduledFuture<?> callingIn;
    /** In the executor's container; null where Spark's word is the last one. */
    private final Room room;
    /** Between their start, where they may wait, and their end. */
    private final Set<EnforcedTask> tasks = ConcurrentHashMap.newKeySet();
    private final boolean waitsInMalloc;
    /** What a task is granted before it asks, in bytes. */
    private final long firstGrant;
    /** What an account has at hand at most. */
    private final long grantBatch;
    private final Admission admission;
    private final Retries retries;
    private final long overdraftCap;
    private final ExecutorLevers levers;
    private final long leverMillis;
    private volatile long pulledNanos = System.nanoTime();
    private volatile boolean suspended;
    private boolean hasDeclared;
    private int looks;

    /** Starts to grant what no task owns. */
    Enforcement(SparkEnv env, Settings settings, PluginContext plugin) {
        // Spark makes its block store when it is first touched, and storage memory needs it (SPARK-46947).
        env.blockManager().memoryStore();
        memory = new SparkMemory(env.memoryManager(), settings.boundaryWaitMillis(), settings.pollsUnmanagedMemory(),
                settings.sparkReserve());
        room = Room.of(Container.find(), memory, settings);
        waitsInMalloc = settings.waitsInMalloc();
        firstGrant = memory.mayAlwaysWait() ? 0 : settings.firstGrant(memory.size());
        overdraftCap = settings.overdraftCap();
        grantBatch = settings.grantBatch(memory.size());
        Denial.loadClasses();
        retries = new Retries(plugin);
        admission = new Admission(memory, settings, this::mostForOneTask);
        leverMillis = settings.leverWaitMillis();
        levers = new ExecutorLevers(leverMillis, this::giveBackFreed);
        ofNoTask = ExecutorMemory.from(memory, settings); // last: from now on something is granted
        looking = Watch.every(LOOK_MILLIS, LOOK_MILLIS, this::look);
        callingIn = Watch.everyUndisturbed(Room.LOOK_MILLIS, this::callInWhereFull);
        lookingForRoom = Watch.every(Room.LOOK_MILLIS, Room.LOOK_MILLIS, this::lookForRoom);
    }

    /** Its SparkContext ends. Tasks that still run are settled as ever. */
    void close() {
        looking.cancel(false);
        lookingForRoom.cancel(false);
        callingIn.cancel(false);
    }

    /** Nobody is denied or waits any more. What tasks have been granted stays theirs, and goes back as ever. */
    void suspend() {
        suspended = true;
    }

    /** Tasks that were not denied meanwhile are looked at again at their next boundaries. */
    void resume() {
        suspended = false;
        admission.running().forEach(task -> task.account().tolerate(0));
    }

    boolean isSuspended() {
        return suspended;
    }

    private long mostForOneTask() {
        return memory.nativeAtMost() - ofNoTask.own().held() - ofNoTask.overhead().held();
    }

    /** On the task's thread, when it starts. */
    EnforcedTask start(TaskContext context, Account account) {
        TaskMemory granted = new TaskMemory(memory, context.taskMemoryManager(), context.taskAttemptId(), account,
                grantBatch);
        EnforcedTask task = new EnforcedTask(context, account, granted, this);
        long need = Math.min(retries.need(context), mostForOneTask());
        tasks.add(task);
        task.listen(); // first: whatever fails after it is cleaned up
        Account.Wait wait = account.waitFor(need);
        try {
            admission.start(task, need);
        } finally {
            wait.close();
        }
        task.start(firstGrant > 0 ? Math.max(firstGrant, need) : 0, need);
        return task;
    }

    /** What a task may have beyond its grant, in bytes, until it comes to a boundary where it can be asked for. */
    long overdraftCap() {
        return overdraftCap;
    }

    Admission admission() {
        return admission;
    }

    Retries retries() {
        return retries;
    }

    /** Spark refused a task's courier memory. */
    void refused() {
        if (room != null) {
            room.refused();
        }
    }

    /** What Spark refused a task, its container lends, if it has room: it is looked up now. On any thread, without Spark's monitors. */
    boolean lend(Account account, long missing, long cushion) {
        return room != null && room.lend(account, missing, cushion);
    }

    /** The same out of what was seen last, which is not long ago while somebody waits. */
    boolean lendSeen(Account account, long missing) {
        return room != null && account.lend(missing);
    }

    /** A task is over, and its account has nothing: what Spark granted it goes back, and what it left behind is paid for. */
    void ended(EnforcedTask task) {
        tasks.remove(task);
        ofNoTask.inherit(() -> {
            try {
                task.memory().close();
            } finally {
                admission.end(task);
            }
        });
        giveBackSurplus(true);
        if (room != null) {
            room.sayIfLent();
        }
    }

    /** Memory of no task is freed by anybody, at any time, and memory that Spark had no room for may have come free. */
    private void look() {
        try {
            Memgrant.measureOverhead();
            lookAtDeclared();
            giveBackSurplus(true);
            if (++looks % LOOKS_TO_ASK == 0 && !suspended) {
                ofNoTask.askForMissing();
            }
            tasks.forEach(this::lookAtWait);
            lookAtLevers();
        } catch (Throwable broken) {
            Say.once("the executor's own memory was not looked at", broken);
        }
    }

    /** Somebody who wonders why nothing goes on finds who waits, and for how much. */
    private void lookAtWait(EnforcedTask task) {
        if (task.isEnding() && waitsInMalloc) {
            task.account().waitNoMore();
        }
        if (task.waitsForLong()) {
            Say.again(task.account() + " waits for " + task.account().waitingBytes() + " bytes of native memory, since "
                    + task.account().waitingNanos() / 1_000_000 + " ms. " + holders());
        }
    }

    private Holders holders() {
        return new Holders(memory, ofNoTask, admission.running());
    }

    /** What was lent is called in one by one, while what nobody promised begins to take the reserve. */
    private void lookForRoom() {
        try {
            if (room == null || suspended || !room.isShort() && !room.isLent()) {
                return;
            }
            room.sayIfLent();
            room.look();
            if (room.isExhausted() && !room.isFull()) {
                callOneIn();
            }
        } catch (Throwable broken) {
            Say.once("the container's room was not looked at", broken);
        }
    }

    /** The last resort, whoever holds up the other looks. */
    private void callInWhereFull() {
        try {
            if (room != null && !suspended && room.isLent() && room.isFull()) {
                callOneIn();
            }
        } catch (Throwable broken) {
            Say.once("the container's room was not looked at", broken);
        }
    }

    private void callOneIn() {
        admission.running().stream().filter(EnforcedTask::isLentTo).min(Admission.FIRST_TO_STOP).ifPresent(EnforcedTask::callIn);
    }

    /** What libraries declared for tasks, but use in the executor's account: on threads that serve all tasks. */
    private void lookAtDeclared() {
        long measured = Memgrant.root().measured() - ObservedTask.measured();
        if (measured == 0 && !hasDeclared) {
            return;
        }
        hasDeclared = measured > 0;
        long elsewhere = 0;
        for (EnforcedTask task : admission.running()) {
            task.memory().lookAtDeclared();
            measured -= task.account().measured();
            elsewhere += task.memory().declaredElsewhere();
        }
        ofNoTask.cover(elsewhere, Math.max(0, Math.min(measured, elsewhere)));
    }

    /** What the executor has beyond its grant, levers are to free; what Spark has free for long, they may take. */
    private void lookAtLevers() {
        long missing = Memgrant.root().overdraft();
        if (missing > 0 && !suspended) {
            pulledNanos = System.nanoTime();
            levers.pull(missing);
        } else if (System.nanoTime() - pulledNanos > EASE_NANOS) {
            levers.ease((memory.free() - memory.size() / EASE_PART) / 2);
        }
    }

    /**
     * Pulls levers for a task that lacks memory: its own, then the executor's. On the task's thread, at a boundary.
     *
     * @return how much less the task's account uses now; what else came free, Spark has
     */
    long pullLevers(Account account, long missing) {
        pulledNanos = System.nanoTime();
        long freed = 0;
        if (account.hasLevers()) {
            freed = account.pullLevers(missing, leverMillis, BoundedWait.isPossible());
            giveBackFreed(); // perhaps what an earlier task left to the executor
        }
        if (freed < missing && Memgrant.root().hasLevers()) {
            levers.pullAndWait(missing - freed);
        }
        return freed;
    }

    /** Pulls the executor's levers alone. On any thread that may wait for them. Whether there are any. */
    boolean pullExecutorLevers(long missing) {
        boolean any = missing > 0 && Memgrant.root().hasLevers();
        if (any) {
            pulledNanos = System.nanoTime();
            levers.pullAndWait(missing);
        }
        return any;
    }

    /** Pulls the levers of the account in a task's whose limit refused. On the task's thread, at a boundary. Whether it is within its limit then. */
    boolean pullRefusersLevers(Account account) {
        return account.pullRefusersLevers(leverMillis, BoundedWait.isPossible());
    }

    /** All that was freed of the executor's, and of heaps' pages: somebody needs it now. On any thread, without Spark's monitors. */
    void giveBackFreed() {
        Memgrant.measureOverhead(); // takes in what was freed by threads that are not the account's
        giveBackSurplus(false);
    }

    /**
     * What other tasks were granted and do not use goes back to Spark, up to so much as one lacks and Spark would give it then: not where its share ends, nor
     * what is free. On any thread. Whether there was any.
     */
    boolean takeBackUnused(EnforcedTask lacks, long missing) {
        Set<EnforcedTask> running = admission.running();
        long share = memory.shareAmong(running.size()) - lacks.memory().heldWithAnchor();
        long wanted = memory.mayAlwaysWait() ? 0 : Math.min(missing, share) - memory.freeForNative();
        long left = wanted;
        for (EnforcedTask other : running) {
            left -= other == lacks || left <= 0 ? 0 : other.granted().giveBackUnused(left);
        }
        return left < wanted;
    }

    private void giveBackSurplus(boolean keeps) {
        ofNoTask.giveBackSurplus(admission.running().stream().mapToLong(open -> open.account().used()).sum() + ObservedTask.used(), keeps);
    }

    /** Counts a denial. What the task is stopped with. */
    SparkOutOfMemoryError deny(Account account, Denial denial) {
        account.deny();
        return exceptionOf(account, denial);
    }

    /** What there is to say of a denial that throws nothing here. */
    String textOf(Account account, Denial denial) {
        return exceptionOf(account, denial).getMessage();
    }

    private SparkOutOfMemoryError exceptionOf(Account account, Denial denial) {
        return denial.exception(account, () -> memory.shareAmong(admission.running().size()),
                () -> holders() + (room == null ? "" : "; " + room));
    }
}
