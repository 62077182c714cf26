package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.BoundaryHandler;
import io.memgrant.NativeMemoryAccountant;
import io.memgrant.Say;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.TaskContext;
import org.apache.spark.memory.SparkOutOfMemoryError;
import org.apache.spark.util.TaskCompletionListener;

/**
 * One task whose native memory Spark grants, from onTaskStart to its completion listener, which was registered first and
 * so runs last: after everything that the task opened was closed, and before Spark looks for leaks.
 *
 * <p>At a boundary there are two states. <em>Hoping</em>: Spark is asked for what is missing. <em>Denied</em>: Spark said
 * no, and the task is stopped at the first boundary where it may be, unless other tasks leave it there what it lacks
 * ({@link Admission}). A task that swallows the exception is hoping again until its overdraft has grown by {@link #FURTHER}.
 * Task thread only, but for what names it.
 */
final class EnforcedTask implements TaskCompletionListener, BoundaryHandler, NativeMemoryAccountant {
    /** Asked for beyond what is missing, so that Spark spills seldom and much rather than often and little. */
    private static final long CUSHION = 4 << 20;
    /** Overdraft that a stopped task may still take to clean up, and after which it is stopped again. */
    private static final long FURTHER = 4 << 20;
    private static final long SAY_AFTER_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final TaskContext context;
    private final Thread thread = Thread.currentThread();
    private final Account account;
    private final TaskMemory memory;
    private final Enforcement enforcement;
    private final TaskGrant granted;
    private Denial denied;
    /** In Spark's pool, before that denial. */
    private long waitedNanos;
    /** What was thrown last out of a native method. */
    private Denial stoppedBy;
    /** What it would have used, had it had what it was denied last: more than its peak where Java's code asks first. */
    private long wanted;
    /** The most that it would have used, had its workers had what they were denied. */
    private final AtomicLong wantedByWorkers = new AtomicLong();
    /** What it was lent is needed elsewhere. Set by others. */
    private volatile boolean calledIn;
    /** Whether its present wait was said. Of one thread, that looks now and then. */
    private boolean saidWaiting;

    EnforcedTask(TaskContext context, Account account, TaskMemory memory, Enforcement enforcement) {
        this.context = context;
        this.account = account;
        this.memory = memory;
        this.enforcement = enforcement;
        this.granted = new TaskGrant(account, memory);
    }

    /** On the task's thread, before anything else, so that its end is learnt of whatever comes of its start. */
    void listen() {
        context.addTaskCompletionListener(this);
    }

    /**
     * On the task's thread, when it was admitted.
     *
     * @param firstGrant what to have before anything asks, at most; 0 leaves it to the courier
     * @param need what of it stays the task's, whether it uses it or not
     */
    void start(long firstGrant, long need) {
        granted.promise(need);
        if (firstGrant > 0) {
            memory.takeAnchor();
            grant(memory.acquireFree(firstGrant));
        }
        account.onBoundary(this);
        account.startCourier(this);
        account.bind();
    }

    Account account() {
        return account;
    }

    Thread thread() {
        return thread;
    }

    long id() {
        return context.taskAttemptId();
    }

    /** 0 for the first. */
    int attempt() {
        return context.attemptNumber();
    }

    /** Whether Spark starts all tasks of its stage together, or none. */
    boolean isBarrier() {
        return context instanceof BarrierTaskContext;
    }

    TaskMemory memory() {
        return memory;
    }

    @Override
    public Throwable reached(String library, boolean mayThrow) {
        // Inside Spark's own spilling or evicting there is nobody to ask, and an exception would cost Spark its books.
        if (Thread.currentThread() != thread || memory.isBeingManagedByThisThread()) {
            return null;
        }
        if (isEnding()) {
            account.tolerate(Long.MAX_VALUE);
            return null;
        }
        if (mayThrow && account.takeInjectedDenial() && !spillsRefused()) {
            denied = injected(library);
            return stop();
        }
        memory.lookAtDeclared();
        long overdraft = account.overdraft();
        if (overdraft <= 0) {
            denied = null;
            calledIn = false;
            account.tolerate(0); // not of interest any more, until there is a new one
            return null;
        }
        Account.Wait wait = account.waitFor(overdraft);
        try {
            if (denied == null) {
                long start = System.nanoTime();
                denied = ask(overdraft, CUSHION, library);
                waitedNanos = System.nanoTime() - start;
            }
            return denied != null && mayThrow ? waitOrStop() : null;
        } finally {
            wait.close();
        }
    }

    /** The limit of an account inside the task refused, and levers of that account have brought it below: nobody need be stopped. */
    private boolean spillsRefused() {
        return !HeldMonitors.isInsideSpark() && enforcement.pullRefusersLevers(account);
    }

    /** For its courier. */
    @Override
    public long acquireMemory(long bytes) {
        long got = memory.acquireMemory(bytes);
        long missing = Math.min(bytes, account.overdraft()) - got;
        if (missing > 0 && enforcement.takeBackUnused(this, missing)) {
            got += memory.acquireMemory(missing);
        }
        if (got < bytes) {
            enforcement.refused();
        }
        return got;
    }

    @Override
    public void releaseMemory(long bytes) {
        memory.releaseMemory(bytes);
    }

    /** What it was granted, as others ask for it. */
    TaskGrant granted() {
        return granted;
    }

    /**
     * Where {@link TaskGrant#grantForWorker} could not: what heaps keep and other tasks do not use goes back to Spark, the executor's levers are pulled, and other tasks are waited
     * for. Nobody of this task's spills: its operators are in the middle of something, on threads of their own. The container lends nothing: what a worker has
     * can't be called in. Whether it may have it, also because nobody is denied any more.
     *
     * @param waitedNanos how long the process has waited in vain already; when that is as long as it may, it only takes what is free or not used
     */
    boolean waitForWorker(long waitedNanos) {
        if (isEnding()) {
            return true;
        }
        if (enforcement.admission().hasWaited(waitedNanos)) {
            return takeMissingForWorker() || isEnding();
        }
        Account.Wait wait = account.waitFor(account.workersAhead());
        try {
            enforcement.giveBackFreed();
            return takeMissingForWorker() || enforcement.pullExecutorLevers(account.workerLacks()) && granted.grantForWorker()
                    || enforcement.admission().awaitMissing(this, waitedNanos, this::takeMissingForWorker) || isEnding();
        } finally {
            wait.close();
        }
    }

    private boolean takeMissingForWorker() {
        return granted.grantForWorker() || enforcement.takeBackUnused(this, account.workerLacks()) && granted.grantForWorker();
    }

    /** Spark's no to such a process, which asked for so many bytes. What there is to say of it. */
    String denyWorker(String worker, long bytes) {
        account.denyWorker();
        wantedByWorkers.accumulateAndGet(account.used() + account.workersAhead(), Math::max);
        return enforcement.textOf(account, new Denial(worker, bytes, 0));
    }

    /** Takes back what the container lent: it stops by at its next boundary. On any thread. */
    void callIn() {
        calledIn = true;
        account.callIn();
    }

    boolean isLentTo() {
        return account.lent() > 0 && account.culprit() != null;
    }

    /** Whether it has been waiting for some seconds, and nobody was told yet. */
    boolean waitsForLong() {
        boolean waits = account.waitingNanos() > SAY_AFTER_NANOS;
        boolean isNew = waits && !saidWaiting;
        saidWaiting = waits;
        return isNew;
    }

    /** Null when other tasks left what was missing, or when Spark ends the task meanwhile. */
    private Throwable waitOrStop() {
        boolean hasMissing =
                !calledIn && !HeldMonitors.isInsideSpark() && enforcement.admission().awaitMissing(this, waitedNanos, this::takeMissing)
                || account.overdraft() <= 0 || enforcement.lend(account, account.overdraft(), 0);
        if (hasMissing || isEnding() || thread.isInterrupted()) {
            denied = null;
            return null;
        }
        return stop();
    }

    /** Takes what is free, if that is enough. On the task's thread, with Spark's monitor held. */
    private boolean takeMissing() {
        long missing = account.overdraft();
        grant(memory.acquireFree(missing + CUSHION));
        missing = account.overdraft();
        if (missing > 0 && enforcement.takeBackUnused(this, missing)) {
            grant(memory.acquireFree(missing));
            missing = account.overdraft();
        }
        return missing <= 0 || enforcement.lendSeen(account, missing);
    }

    /** A task that is done, or that Spark ends by itself, is not to be stopped in the middle of closing what it has. */
    boolean isEnding() {
        return context.isCompleted() || context.isFailed() || context.isInterrupted() || enforcement.isSuspended();
    }

    /**
     * Null when Spark granted what was missing, when the container lends it, or when an interrupt that is not ours kept it from
     * answering: the next boundary asks again. What is free is taken first, so that nobody spills or waits for the cushion, what
     * heaps still keep of what was freed, and what other tasks were granted and do not use; then levers are pulled, which costs less than a spill or a wait. In the middle of
     * something of Spark's nobody frees, spills or waits at all: a boundary behind it does, unless too much is missing.
     */
    private Denial ask(long lacking, long cushion, String library) {
        long missing = lacking;
        long got = grant(memory.acquireFree(missing + cushion));
        boolean isInsideSpark = got < missing && HeldMonitors.isInsideSpark();
        if (got < missing && !isInsideSpark) {
            enforcement.giveBackFreed();
            got += grant(memory.acquireFree(missing - got + cushion));
        }
        if (got < missing && enforcement.takeBackUnused(this, missing - got)) {
            got += grant(memory.acquireFree(missing - got));
        }
        if (got < missing && !isInsideSpark) {
            missing -= enforcement.pullLevers(account, missing - got + cushion);
            got += grant(memory.acquireFree(missing - got + cushion));
        }
        if (got < missing && !isInsideSpark && !context.isInterrupted()) {
            got += grant(memory.ask(missing - got + cushion));
        }
        if (got >= missing || thread.isInterrupted() || context.isInterrupted()
                || enforcement.lend(account, missing - got, cushion)
                || isInsideSpark && missing - got <= enforcement.overdraftCap()) {
            return null;
        }
        return new Denial(library, missing + cushion, got);
    }

    /** One for a test, or by the limit of an account that is nested in the task's. */
    private Denial injected(String library) {
        String refusal = account.takeRefusal();
        String text = refusal == null ? library : library + " (refused by " + refusal + ")";
        return new Denial(text, CUSHION, 0);
    }

    private long grant(long bytes) {
        if (bytes > 0) {
            account.grant(bytes);
        }
        return bytes;
    }

    private Throwable stop() {
        Throwable stop = enforcement.deny(account, denied);
        // Of what Java's code asked for, nothing was taken: whoever catches that may do without, as after any OutOfMemoryError.
        stoppedBy = account.ahead() > 0 ? stoppedBy : denied;
        wanted = account.used() + account.ahead();
        denied = null;
        account.tolerate(FURTHER);
        return stop;
    }

    /** Settles. Throws only when everything is settled. */
    @Override
    public void onTaskCompletion(TaskContext completed) {
        SparkOutOfMemoryError stop = null;
        try {
            if (Thread.currentThread() == thread) {
                Account.unbind();
            }
            if (!account.endCourier()) {
                Say.once("a courier did not end", account);
            }
            stop = lastWord();
        } catch (Throwable broken) {
            Say.once("a task's last overdraft was not looked at", broken);
        } finally {
            settle();
        }
        // After it has given everything back: the driver may take its time.
        if (account.denials() > 0 && (stop != null || context.isFailed())) {
            // What it had then is what it needs at least. Twice as much, since how much more it would have taken nobody knows.
            enforcement.retries().denied(context, 2 * Math.max(account.peak(), Math.max(wanted, wantedByWorkers.get())) + CUSHION);
        }
        if (stop != null) {
            throw stop;
        }
    }

    /**
     * What the boundaries did not reach: a task that a library in mode stop brought beyond its grant, and that was never
     * stopped; Spark is asked once more, and if it refuses, the task fails. One that was stopped and went on fails in any case:
     * what it was doing then is half done, whoever caught the exception. Null when it may succeed.
     */
    private SparkOutOfMemoryError lastWord() {
        if (context.isFailed() || context.isInterrupted()) {
            return null;
        }
        if (stoppedBy != null) {
            return enforcement.deny(account, stoppedBy);
        }
        String library = account.culprit();
        if (library == null || enforcement.isSuspended()) {
            return null;
        }
        if (account.takeInjectedDenial()) {
            return enforcement.deny(account, injected(library));
        }
        memory.lookAtDeclared();
        long missing = account.overdraft();
        if (missing <= 0) {
            missing = account.unmet();
        }
        Denial last = missing > 0 ? ask(missing, 0, library) : null;
        return last == null ? null : enforcement.deny(account, last);
    }

    private void settle() {
        try {
            memory.settle();
            granted.settle();
            EndedTasks.HERE.add(account);
        } catch (Throwable broken) {
            Say.once("a task was not settled", broken);
        }
        try {
            enforcement.ended(this);
        } catch (Throwable broken) {
            Say.once("a task's grant was not given back", broken);
        }
    }
}
