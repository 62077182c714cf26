package io.memgrant;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.openmbean.TabularData;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import mgtarget.Target;

/** What JMX and Flight Recorder see of grants, denials and use. Without a recording Flight Recorder is not even started. */
final class WatchedMain {
    private static final long MB = 1 << 20;
    private static final long BUDGET = 8 * MB;

    private static void beanShowsWhatIsCounted() throws Exception {
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        ObjectName name = new ObjectName("io.memgrant:type=NativeMemory");
        long before = (long) server.getAttribute(name, "Used");
        Target.take(3 * MB);
        long used = (long) server.getAttribute(name, "Used") - before;
        Armed.check(used >= 3 * MB && used < 4 * MB, "3 MB more: " + used);
        Armed.check((long) server.getAttribute(name, "Peak") >= used, "the peak");
        TabularData libraries = (TabularData) server.getAttribute(name, "Libraries");
        CompositeData library = (CompositeData) libraries.get(new Object[] {"libmgtarget"}).get("value");
        Armed.check((long) library.get("used") >= 3 * MB && (long) library.get("denials") == 0, "the library's: " + library);
        for (var attribute : server.getMBeanInfo(name).getAttributes()) {
            Armed.check(attribute.isReadable() && !attribute.isWritable(), attribute.toString());
            server.getAttribute(name, attribute.getName());
        }
        Armed.equal(8, server.getMBeanInfo(name).getAttributes().length, "attributes");
        Armed.equal(0, server.getMBeanInfo(name).getOperations().length, "operations");
    }

    /** An account whose library takes 12 MB, of which its accountant has 8 beyond the first 2. Returns what was granted when nobody asks any more. */
    private static long grantAndDeny(String name) {
        Account account = Memgrant.root().open(name, Account.NO_LIMIT);
        account.grant(2 * MB);
        account.startCourier(Accountants.fixed(BUDGET));
        account.bind();
        for (int i = 0; i < 12; i++) {
            Target.take((int) MB);
        }
        while (account.granted() == 2 * MB) {
            Thread.onSpinWait(); // a courier is on its way: what is missing was asked for
        }
        account.deny();
        Account.unbind();
        Armed.check(account.endCourier(), "the courier has ended"); // and all that it did is done
        return account.settle();
    }

    /** Nobody has used anything of it, and no library is to blame. */
    private static void denialOfNothingCounts() {
        Account account = Memgrant.root().open("never granted", Account.NO_LIMIT);
        long before = Memgrant.denials();
        account.deny();
        Armed.equal(before + 1, Memgrant.denials(), "denials");
        account.settle();
    }

    private static List<RecordedEvent> events(Path file, String name) throws Exception {
        return RecordingFile.readAllEvents(file).stream().filter(event -> event.getEventType().getName().equals("memgrant." + name)).toList();
    }

    private static void recordingHasGrantsDenialsAndUse(Path file) throws Exception {
        long granted;
        try (Recording recording = new Recording()) {
            recording.enable("memgrant.Usage").with("period", "endChunk");
            recording.start();
            granted = grantAndDeny("recorded");
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> grants = events(file, "Grant");
        Armed.check(grants.stream().allMatch(event -> event.getString("account").equals("recorded")), "whose grants: " + grants);
        Armed.equal(granted, grants.stream().mapToLong(event -> event.getLong("granted")).sum(), "what was granted");
        Armed.check(grants.size() > 1 && granted > 2 * MB, "a courier's grants: " + grants);
        Armed.check(grants.stream().allMatch(event -> event.getLong("asked") >= event.getLong("granted")), "what was asked for: " + grants);
        List<RecordedEvent> denials = events(file, "Denial");
        Armed.equal(1, denials.size(), "denials");
        RecordedEvent denial = denials.get(0);
        Armed.check(denial.getString("account").equals("recorded") && denial.getLong("used") >= 12 * MB
                && denial.getLong("granted") > 2 * MB && "libmgtarget".equals(denial.getString("library")), denial.toString());
        Armed.check(denial.getStackTrace().getFrames().stream().anyMatch(frame -> frame.getMethod().getName().equals("grantAndDeny")),
                "where it was denied: " + denial);
        List<RecordedEvent> uses = events(file, "Usage");
        Armed.check(uses.stream().anyMatch(event -> event.getString("library").equals("libmgtarget") && event.getLong("used") >= 12 * MB)
                && uses.stream().anyMatch(event -> event.getString("library").equals("process") && event.getLong("denials") >= 1), "use: " + uses);
    }

    public static void main(String[] words) throws Exception {
        Armed.equal(null + "", Memgrant.start(System.getenv("LIB"), Armed.ENFORCING) + "", "start");
        Armed.loadTarget();
        beanShowsWhatIsCounted();
        denialOfNothingCounts();
        grantAndDeny("unseen");
        Armed.check(!FlightRecorder.isInitialized(), "nobody records, and Flight Recorder was started");
        Path file = Files.createTempFile(Path.of(System.getenv("WORK")), "recording", ".jfr");
        recordingHasGrantsDenialsAndUse(file);
        System.out.println("watched: ok");
    }
}
