package io.memgrant;

import static io.memgrant.Armed.check;
import static io.memgrant.Armed.equal;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import mgtarget.Target;

/** Tasks take and free memory while the JVM starts processes, in the way that jdk.lang.Process.launchMechanism says. */
final class LaunchMain {
    private static final int TASKS = 4, PROCESSES = 40;
    private static final AtomicBoolean ended = new AtomicBoolean();

    public static void main(String[] args) throws Exception {
        Armed.arm("mode=observe", "targets=*", "report=" + System.getenv("WORK") + "/report.json", "lane_batch=16k");
        Armed.loadTarget();
        List<Thread> tasks = new ArrayList<>();
        for (int i = 0; i < TASKS; i++) {
            Thread task = new Thread(LaunchMain::task);
            task.start();
            tasks.add(task);
        }
        for (int i = 0; i < PROCESSES; i++) {
            freedByAnother(Target.take(100));
            equal("hello\n", output("sh", "-c", "echo hello"), "what the process said");
            notThere();
        }
        ended.set(true);
        for (Thread task : tasks)
            task.join();
        System.out.println("launch: ok");
    }

    /** The next one that runs short of credit takes the block in and locks the books: mostly the child of fork, at its first. */
    private static void freedByAnother(long block) throws InterruptedException {
        long account = Native.open("another", Native.root(), -1);
        Thread other = new Thread(() -> {
            Native.bind(account);
            Target.release0(block);
            Native.unbind();
        });
        other.start();
        other.join();
        Native.settle(account);
    }

    /** One account after the other, each with what it frees in the end. */
    private static void task() {
        while (!ended.get()) {
            long account = Native.open("task", Native.root(), -1);
            Native.bind(account);
            long[] blocks = new long[100];
            for (int i = 0; i < blocks.length; i++)
                blocks[i] = Target.take(100 + 200L * i);
            for (long block : blocks)
                Target.release0(block);
            Native.unbind();
            Native.settle(account);
            long[] figures = Native.read(account);
            check(figures[Native.CHARGED] > 0 && figures[Native.USED] == 0, "the books: " + java.util.Arrays.toString(figures));
        }
    }

    /** The child finds that it can't execute, says so and ends, in its parent's memory or in a copy of it. */
    private static void notThere() {
        try {
            new ProcessBuilder("/no/such/program").start();
            check(false, "a program that is not there was started");
        } catch (IOException expected) {
            check(expected.getMessage().contains("No such file"), "why it can't be: " + expected);
        }
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).start();
        String text = new String(process.getInputStream().readAllBytes());
        equal(0, process.waitFor(), "how the process ended");
        return text;
    }
}
