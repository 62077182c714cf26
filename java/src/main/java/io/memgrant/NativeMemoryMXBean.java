package io.memgrant;

import java.util.Map;

/**
 * What is counted in this process, for JMX: {@code io.memgrant:type=NativeMemory}. Nothing can be set. All sizes are bytes.
 */
public interface NativeMemoryMXBean {
    /** What a library has. */
    interface Library {
        long getUsed();

        long getPeak();

        long getDenials();
    }

    /** What all accounts use now. */
    long getUsed();

    /** The most that they used at any time. */
    long getPeak();

    /** What the accountant, on Spark its memory manager, has granted the process's own account; of tasks, see the libraries and the report. */
    long getGranted();

    /** What the container lends now, beyond that. */
    long getLent();

    /** The most that was used beyond the grant. */
    long getOverdraftPeak();

    /** How often memory was denied. */
    long getDenials();

    /** What heaps keep resident beyond the blocks in use. */
    long getOverhead();

    /** By the library's name, as in the report; those that ever used anything. */
    Map<String, Library> getLibraries();
}
