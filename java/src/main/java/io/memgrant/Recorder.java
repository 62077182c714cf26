package io.memgrant;

import jdk.jfr.FlightRecorder;

/**
 * Events for JDK Flight Recorder, which cost nothing, and load nothing of it, unless somebody has recorded in this process. Never on
 * a thread that is inside malloc. A JVM without Flight Recorder has none.
 */
public final class Recorder {
    private static volatile boolean isAbsent;
    private static boolean isHooked;

    private Recorder() {}

    /** Whether events are wanted; from the first time on JFR asks by itself for what is used. To be asked now and then. */
    public static boolean isOn() {
        if (isAbsent || !Memgrant.isActive()) {
            return false;
        }
        try {
            if (!FlightRecorder.isInitialized()) {
                return false;
            }
            hook();
            return true;
        } catch (Throwable missing) {
            isAbsent = true;
            return false;
        }
    }

    private static synchronized void hook() {
        if (!isHooked) {
            isHooked = true;
            FlightRecorder.addPeriodicEvent(Recorded.Usage.class, Recorded::usage);
        }
    }

    /** An account was granted memory, or nothing of what was asked for. */
    static void granted(String account, long asked, long granted, long waitNanos) {
        try {
            if (isOn()) {
                Recorded.granted(account, asked, granted, waitNanos);
            }
        } catch (Throwable broken) {
            say(broken);
        }
    }

    /** The accountant's final no to an account. */
    static void denied(Account account) {
        try {
            if (isOn()) {
                Recorded.denied(account);
            }
        } catch (Throwable broken) {
            say(broken);
        }
    }

    /** An event that is missing must not end a courier, nor what an account's owner does. */
    private static void say(Throwable broken) {
        Say.once("Flight Recorder was not told of a grant or a denial", broken);
    }
}
