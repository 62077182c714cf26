package io.memgrant;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** The events themselves: loaded when somebody records. */
final class Recorded {
    private static final String PROCESS = "process";

    private Recorded() {}

    @Name("memgrant.Grant")
    @Label("Native Memory Grant")
    @Category("memgrant")
    @Description("An accountant, on Spark its memory manager, was asked for native memory for an account")
    @StackTrace(false)
    static final class Grant extends Event {
        @Label("Account")
        String account;
        @Label("Asked")
        @DataAmount
        long asked;
        @Label("Granted")
        @DataAmount
        long granted;
        @Label("Waited")
        @Timespan(Timespan.NANOSECONDS)
        long waited;
    }

    @Name("memgrant.Denial")
    @Label("Native Memory Denial")
    @Category("memgrant")
    @Description("The accountant's final no to an account, which stops a task; what malloc denied since counts in memgrant.Usage")
    static final class Denial extends Event {
        @Label("Account")
        String account;
        @Label("Library")
        String library;
        @Label("Used")
        @DataAmount
        long used;
        @Label("Granted")
        @DataAmount
        long granted;
    }

    @Name("memgrant.Usage")
    @Label("Native Memory Usage")
    @Category("memgrant")
    @Description("What a library has, and what all accounts of the process have together")
    @Period("1 s")
    @StackTrace(false)
    static final class Usage extends Event {
        @Label("Library")
        @Description("Its name, as in the report; 'process' is all together")
        String library;
        @Label("Used")
        @DataAmount
        long used;
        @Label("Peak")
        @DataAmount
        long peak;
        @Label("Denials")
        long denials;
    }

    static void granted(String account, long asked, long granted, long waitNanos) {
        Grant grant = new Grant();
        if (grant.shouldCommit()) {
            grant.account = account;
            grant.asked = asked;
            grant.granted = granted;
            grant.waited = waitNanos;
            grant.commit();
        }
    }

    static void denied(Account account) {
        Denial denial = new Denial();
        if (denial.shouldCommit()) {
            denial.account = account.toString();
            denial.library = account.culprit();
            denial.used = account.used();
            denial.granted = account.granted();
            denial.commit();
        }
    }

    /** Called by JFR, on a thread of its own, as often as the recording wants. */
    static void usage() {
        Account root = Memgrant.root();
        usage(PROCESS, root.used(), root.peak(), Memgrant.denials());
        Memgrant.libraries().forEach(library -> usage(library.name(), library.used(), library.peak(), library.denials()));
    }

    private static void usage(String library, long used, long peak, long denials) {
        Usage usage = new Usage();
        usage.library = library;
        usage.used = used;
        usage.peak = peak;
        usage.denials = denials;
        usage.commit();
    }
}
