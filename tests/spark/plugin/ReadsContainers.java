package io.memgrant.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What is read of memory cgroups: of files as the kernel writes them (copies, since a machine has one version only), and, where
 * a limit is given, of the container that this process is in.
 */
final class ReadsContainers {
    private static final long MB = 1 << 20;

    /** Of a container on Linux 6.1, shortened: what is left out is not read. */
    private static final String STAT_2 = """
            anon 104857600
            file 73400320
            kernel 8388608
            kernel_stack 1048576
            pagetables 2097152
            percpu 4096
            sock 0
            shmem 10485760
            file_mapped 20971520
            file_dirty 0
            inactive_anon 115343360
            active_anon 0
            inactive_file 41943040
            active_file 20971520
            unevictable 0
            slab_reclaimable 4194304
            slab_unreclaimable 1048576
            slab 5242880
            workingset_refault_anon 0
            pgfault 1024
            """;

    /** Of Linux 6.18. */
    private static final String STAT_1 = """
            cache 9818112
            rss 12558336
            rss_huge 0
            shmem 9068544
            mapped_file 7593984
            inactive_anon 0
            active_anon 1531904
            inactive_file 20480
            active_file 729088
            unevictable 20094976
            hierarchical_memory_limit 268435456
            total_cache 73400320
            total_rss 104857600
            total_shmem 10485760
            total_inactive_anon 115343360
            total_active_anon 0
            total_inactive_file 41943040
            total_active_file 20971520
            total_unevictable 0
            """;

    private static final String NONE_1 = "9223372036854771712\n";

    /** Properties: a folder to write in; the limit of the container, in bytes. */
    public static void main(String[] words) throws Exception {
        Path folder = Path.of(System.getProperty("folder"));
        Long limit = Long.getLong("limit");
        if (limit != null) {
            ofThisProcess(limit, folder);
            return;
        }
        secondVersion(folder.resolve("v2"));
        firstVersion(folder.resolve("v1"));
        nowhere();
    }

    private static void write(Path folder, Map<String, String> files) throws IOException {
        Files.createDirectories(folder);
        for (Map.Entry<String, String> file : files.entrySet()) {
            Files.writeString(folder.resolve(file.getKey()), file.getValue());
        }
    }

    private static String mount(String root, Path point, String system) {
        return "22 1 0:21 / /proc rw,relatime shared:5 - proc proc rw\n"
                + "36 35 0:31 " + root + " " + point + " rw,nosuid,nodev shared:9 - " + system + "\n";
    }

    private static void secondVersion(Path point) throws IOException {
        String mounts = mount("/", point, "cgroup2 cgroup2 rw,nsdelegate");
        Path own = point.resolve("kubepods/pod7/executor");
        write(own, Map.of("memory.max", "268435456\n", "memory.high", "max\n", "memory.current", "184549376\n",
                "memory.stat", STAT_2));
        Container own2 = Container.find("0::/kubepods/pod7/executor\n", mounts);
        // 176 MB less 60 of files and 4 of the kernel's caches.
        is(own2.left(), 256 * MB - 112 * MB, "v2: pages of files and caches of the kernel are left");
        is(own2.limit(), 256 * MB, "v2: the limit");

        write(point.resolve("kubepods/pod7"), Map.of("memory.max", "134217728\n", "memory.current", "125829120\n",
                "memory.stat", "active_file 0\ninactive_file 10485760\n"));
        Container nested = Container.find("0::/kubepods/pod7/executor\n", mounts);
        is(nested.left(), 128 * MB - 110 * MB, "v2: the nearest limit of all levels counts");
        is(nested.limit(), 128 * MB, "v2: the smallest limit of all levels");

        write(own, Map.of("memory.high", "125829120\n"));
        write(point.resolve("kubepods/pod7"), Map.of("memory.max", "max\n"));
        is(Container.find("0::/kubepods/pod7/executor\n", mounts).left(), 120 * MB - 112 * MB,
                "v2: from memory.high on everybody is slowed down");

        // With a namespace of its own a container sees itself at the root.
        is(Container.find("0::/\n", mount("/", own, "cgroup2 cgroup rw")).limit(), 120 * MB, "v2: in a namespace");
        // Without one its mount's root is the folder that it is called outside.
        is(Container.find("0::/kubepods/pod7/executor\n", mount("/kubepods/pod7/executor", own, "cgroup2 cgroup rw")).limit(),
                120 * MB, "v2: mounted from the container's own folder on");
        Files.delete(own.resolve("memory.current"));
        is(Math.min(0, Container.find("0::/\n", mount("/", own, "cgroup2 cgroup rw")).left()) < 0 ? 1 : 0, 1,
                "of a container that does not tell its use nothing is left");
    }

    private static void firstVersion(Path point) throws IOException {
        String cgroups = "9:name=systemd:/docker/12\n5:cpu,cpuacct:/docker/12\n4:memory:/docker/12\n0::/\n";
        String mounts = mount("/docker/12", Path.of("/nowhere"), "cgroup cgroup rw,cpu,cpuacct")
                + mount("/docker/12", point, "cgroup cgroup rw,memory");
        write(point, Map.of("memory.limit_in_bytes", "268435456\n", "memory.usage_in_bytes", "184549376\n", "memory.stat", STAT_1));
        Container container = Container.find(cgroups, mounts);
        is(container.limit(), 256 * MB, "v1: the limit");
        is(container.left(), 256 * MB - 116 * MB, "v1: pages of files are left");

        write(point, Map.of("memory.limit_in_bytes", NONE_1));
        is(Container.find(cgroups, mounts).isLimited() ? 1 : 0, 0, "v1: the largest number is no limit");
        write(point.resolve("slice/unit"), Map.of("memory.limit_in_bytes", NONE_1));
        write(point.resolve("slice"), Map.of("memory.limit_in_bytes", "134217728\n", "memory.usage_in_bytes", "1048576\n"));
        is(Container.find("4:memory:/slice/unit\n", mount("/", point, "cgroup cgroup rw,memory")).limit(), 128 * MB,
                "v1: a limit around it");
    }

    private static void nowhere() {
        is(Container.find("", "").left(), Long.MAX_VALUE, "no cgroups: no limit");
        is(Container.find("0::/\n", mount("/", Path.of("/nowhere"), "cgroup2 cgroup2 rw")).left(), Long.MAX_VALUE,
                "no memory in the only cgroup: no limit");
    }

    private static void ofThisProcess(long limit, Path folder) throws Exception {
        Container container = Container.find();
        is(container.limit(), limit, "the limit of the container that this process is in");
        long before = container.left();
        Path file = folder.resolve("large"); // by a child, in the same container
        int ended = new ProcessBuilder("dd", "if=/dev/zero", "of=" + file, "bs=1M", "count=100").redirectErrorStream(true).start().waitFor();
        long after = container.left();
        is(ended == 0 ? Files.size(file) : 0, 100 * MB, "a file is written");
        near(before - after, 0, "the pages of a file take nothing from what is left of it");
        java.nio.ByteBuffer touched = java.nio.ByteBuffer.allocateDirect((int) (100 * MB));
        near(after - container.left(), 100 * MB, "memory of the process does, from when it is zeroed: " + touched.capacity() / MB + " MB");
        Files.delete(file);
    }

    private static void near(long seen, long expected, String what) {
        say(Math.abs(seen - expected) <= 12 * MB, what, seen, expected);
    }

    private static void is(long seen, long expected, String what) {
        say(seen == expected, what, seen, expected);
    }

    private static void say(boolean holds, String what, long seen, long expected) {
        System.out.println((holds ? "ok - " : "FAILED - ") + what + " (" + seen + ", expected " + expected + ")");
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
