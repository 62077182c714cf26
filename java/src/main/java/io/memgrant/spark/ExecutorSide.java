package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Memgrant;
import io.memgrant.Mode;
import io.memgrant.RocksDbCaches;
import io.memgrant.Say;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;

/**
 * Arms the preloaded library when the executor starts, and gives each task its account. Inert, after one line that says
 * why, where something is missing: then Spark runs as without it. No method lets anything out.
 */
final class ExecutorSide implements ExecutorPlugin {
    private static final long LOOK_MILLIS = 250;

    /** Null while nothing is counted. */
    private volatile Account executor;
    /** Null until this executor enforces for the first time. */
    private volatile Enforcement enforcement;
    private volatile boolean enforces;
    /** Null until it observes for the first time. */
    private volatile ScheduledFuture<?> observing;
    /** Null while nothing is counted. */
    private volatile ModeWatch mode;
    /** Null while nothing is counted. */
    private volatile Reporter reporter;
    /** Null where they are not counted. */
    private volatile PythonWorkers python;

    @Override
    public void init(PluginContext context, Map<String, String> extraConf) {
        try {
            Settings settings = new Settings(context.conf(), System.getenv());
            String wrong = settings.isOff() ? null : start(settings, context);
            if (wrong != null) {
                Say.once(wrong);
            }
        } catch (Throwable broken) {
            Say.once("nothing is granted in this executor", broken);
        }
    }

    /** Null, or what to tell people: why nothing is counted, or what is doubtful. */
    private String start(Settings settings, PluginContext context) throws Exception {
        if (settings.whatIsWrong() != null) {
            return settings.whatIsWrong();
        }
        String file = PreloadedLibrary.find();
        if (file == null) {
            return PreloadedLibrary.ABSENT;
        }
        String wrong = Memgrant.start(file, settings.forLibrary(context.executorID()));
        if (wrong != null) {
            return wrong;
        }
        if (settings.enforces()) {
            enforce(settings, context);
        } else {
            observe();
        }
        executor = Memgrant.root();
        python = PythonWorkers.start(settings, file, context.executorID());
        reporter = new Reporter(context, settings.report() != null);
        mode = new ModeWatch(context, settings, said -> switchTo(said, settings, context));
        return settings.whatIsDoubtful();
    }

    /** Tasks that run already stay what they are: nobody is denied what was only counted. */
    private void enforce(Settings settings, PluginContext context) {
        if (enforcement == null) {
            enforcement = new Enforcement(SparkEnv.get(), settings, context);
            if (settings.hasLever("rocksdb")) {
                RocksDbCaches.register();
            }
        }
        enforcement.resume();
        enforces = true;
        Mode.enforce(true);
    }

    private void observe() {
        enforces = false;
        if (enforcement != null) {
            enforcement.suspend(); // first: from what is said below on nobody is denied any more
        }
        Mode.enforce(false);
        if (observing == null) {
            observing = Watch.every(LOOK_MILLIS, LOOK_MILLIS, ObservedTask::lookAtDeclared);
        }
    }

    /** By the driver's word, while tasks run. */
    private void switchTo(String said, Settings settings, PluginContext context) {
        if (said.equals(enforces ? "enforce" : "observe")) {
            return;
        }
        String wrong = said.equals("enforce") ? settings.pool().whatIsWrong() : null;
        if (wrong != null) {
            Say.once(wrong);
        } else if (said.equals("enforce")) {
            enforce(settings, context);
        } else if (said.equals("observe")) {
            observe();
        }
    }

    @Override
    public void onTaskStart() {
        try {
            TaskContext context = TaskContext.get();
            if (executor == null || context == null) {
                return;
            }
            if (python != null) {
                python.watch(context);
            }
            Account account = executor.open(nameOf(context), Account.NO_LIMIT);
            if (account == null) {
                Say.once("there is no room for another task's account: such tasks are charged to nobody");
                return;
            }
            EnforcedTask task = null;
            if (enforces) {
                task = enforcement.start(context, account);
            } else {
                new ObservedTask(account, context).start(context);
            }
            if (python != null) {
                python.charge(context, account, task);
            }
        } catch (Throwable broken) {
            Say.once("a task's native memory is not counted", broken);
        }
    }

    @Override
    public void shutdown() {
        try {
            if (mode != null) {
                mode.close();
            }
            if (enforcement != null) {
                enforcement.close();
            }
            if (observing != null) {
                observing.cancel(false);
            }
            if (python != null) {
                python.close();
            }
            Memgrant.writeReport();
            if (reporter != null) {
                reporter.close();
            }
        } catch (Throwable broken) {
            Say.once("the report was not written", broken);
        }
    }

    private static String nameOf(TaskContext context) {
        return "task " + context.taskAttemptId() + " (stage " + context.stageId() + "." + context.stageAttemptNumber()
                + ", partition " + context.partitionId() + ", attempt " + context.attemptNumber() + ")";
    }
}
