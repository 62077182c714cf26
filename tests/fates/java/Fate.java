import io.memgrant.Account;
import io.memgrant.Memgrant;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One process of the table of fates: tasks that use a library while denials are injected, then one that is left alone, to
 * see whether the process can still be used. Says what happened line by line, so that a process that dies has said what it
 * did until then: <pre>
 *   task N M OUTCOME / DETAIL      under injection: N denials, of them M of bytes that the executor itself is charged (a pool's
 *                                  threads), which are counted only
 *   after OUTCOME / DETAIL         undisturbed
 * </pre>
 * Arguments: WORKLOAD MOST-DENIALS MOST-TASKS MOST-SECONDS TRIES SETTING=VALUE..., TRIES: how many tasks the undisturbed one is
 * looked for among. The library is FATE_LIB, as LD_PRELOAD.
 */
public final class Fate {
    private static final Pattern INJECTED = Pattern.compile("\"injected\":(\\d+)");
    /** As Spark calls its own: threads of libraries are often named after their creator. */
    private static final ExecutorService WORKER =
            Executors.newSingleThreadExecutor(work -> new Thread(work, "Executor task launch worker for task 0.0"));

    private Fate() {}

    public static void main(String[] arguments) throws Exception {
        Workload workload = Class.forName(arguments[0]).asSubclass(Workload.class)
                .getDeclaredConstructor(Path.class).newInstance(Path.of("").toAbsolutePath());
        String wrong = Memgrant.start(System.getenv("FATE_LIB"), Arrays.copyOfRange(arguments, 5, arguments.length));
        if (wrong != null) {
            throw new IllegalStateException(wrong);
        }
        Threads threads = Threads.watch();
        disturb(workload, Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
        leaveAlone(workload, Integer.parseInt(arguments[4]));
        WORKER.shutdown();
        threads.say();
        say("report " + Memgrant.report().replace('\n', ' '));
        say("done");
    }

    private static void disturb(Workload workload, int mostDenials, int mostTasks, int mostSeconds) throws Exception {
        long end = System.nanoTime() + mostSeconds * 1_000_000_000L;
        for (int task = 0; task < mostTasks && System.nanoTime() < end; task++) {
            Denials before = new Denials();
            String outcome = onWorker(workload);
            say("task " + before.since() + " " + outcome);
            if (mostDenials > 0 && denials() >= mostDenials) {
                return;
            }
        }
    }

    /** A task that meets no denial: with random ones, the first such. */
    private static void leaveAlone(Workload workload, int tries) throws Exception {
        for (int i = 0; i < tries; i++) {
            Denials before = new Denials();
            String outcome = onWorker(workload);
            if (before.areAll()) {
                say("after " + outcome);
                return;
            }
            say("task " + before.since() + " " + outcome);
        }
        if (tries > 0) {
            say("after disturbed / in all of " + tries + " tasks");
        }
    }

    private static String onWorker(Workload workload) throws Exception {
        Callable<String> task = () -> new Task().run(workload);
        return WORKER.submit(task).get();
    }

    static long denials() {
        Matcher injected = INJECTED.matcher(Memgrant.report());
        return injected.find() ? Long.parseLong(injected.group(1)) : 0;
    }

    /** How many there were at a moment. */
    static final class Denials {
        private final long all = denials();
        private final long executors = Memgrant.root().denials();

        boolean areAll() {
            return denials() == all;
        }

        String since() {
            return (denials() - all) + " " + (Memgrant.root().denials() - executors);
        }
    }

    static void say(String line) {
        System.out.println("fate: " + line);
        System.out.flush();
    }

    /** What Spark's plugin does for a task, with memory for all that is asked: only an injected denial is one. */
    private static final class Task {
        /** As io.memgrant.spark.EnforcedTask's. */
        private static final long CUSHION = 4 << 20;
        private static final long FURTHER = 4 << 20;

        private final Thread thread = Thread.currentThread();
        private final Budget budget = new Budget();
        private final Account account = Memgrant.root().open("task", Account.NO_LIMIT);
        private int thrown;

        String run(Workload workload) {
            account.onBoundary(this::reached);
            budget.giveTo(account, 8 << 20);
            account.startCourier(budget);
            account.bind();
            Throwable end = null;
            try {
                workload.run();
            } catch (Throwable thrownOut) {
                end = thrownOut;
            }
            return outcome(end, settle());
        }

        private Throwable reached(String library, boolean mayThrow) {
            if (Thread.currentThread() != thread) {
                return null;
            }
            if (mayThrow && account.takeInjectedDenial()) {
                thrown++;
                account.tolerate(FURTHER);
                return new Stop(library);
            }
            long missing = account.overdraft();
            if (missing > 0) {
                budget.giveTo(account, missing + CUSHION);
            }
            return null;
        }

        /** Whether a denial is left that no boundary threw. */
        private boolean settle() {
            Account.unbind();
            account.endCourier();
            boolean left = account.takeInjectedDenial();
            budget.releaseMemory(account.settle());
            if (budget.out() != 0) {
                throw new IllegalStateException(budget.out() + " bytes of grant did not come back");
            }
            return left;
        }

        private String outcome(Throwable end, boolean left) {
            if (end == null) {
                return thrown > 0 ? "swallowed / the stop was swallowed, the task went on to its end"
                        : left ? "end / no boundary was reached: it fails at its end" : "right / ";
            }
            if (end instanceof Workload.WrongAnswer) {
                return thrown > 0 || left ? "stopped-wrong / " + end.getMessage() : "wrong / " + end.getMessage();
            }
            for (Throwable cause = end; cause != null; cause = cause.getCause()) {
                if (cause instanceof Stop) {
                    return "stopped / " + (cause == end ? "" : "in " + end.getClass().getName());
                }
            }
            return (thrown > 0 ? "stopped / swallowed, then " : "exception / ") + firstLine(end);
        }

        private static String firstLine(Throwable end) {
            String line = end.toString().lines().findFirst().orElse("");
            StackTraceElement[] stack = end.getStackTrace();
            return line + (stack.length > 0 ? " at " + stack[0] : "");
        }
    }

    /** Of the same kind as Spark's SparkOutOfMemoryError. */
    private static final class Stop extends OutOfMemoryError {
        private static final long serialVersionUID = 1;

        Stop(String library) {
            super("denied, by injection, for " + library);
        }
    }
}
