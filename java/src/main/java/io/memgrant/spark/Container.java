package io.memgrant.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The memory cgroups that this process is in, v1 or v2: its own and those around it, of which each may have a limit.
 *
 * <p>What counts against a limit is what the kernel can't take back when memory is short: everything but the pages of files and
 * the kernel's caches. {@code memory.current} alone would say that a container is full after it has read some files.
 */
final class Container {
    /** v1 says "no limit" by the largest number of pages. Of a container that tells nothing nothing is left. */
    private static final long NONE = 1L << 60;

    private final List<Path> levels;
    private final boolean isFirstVersion;

    private Container(List<Path> levels, boolean isFirstVersion) {
        this.levels = levels;
        this.isFirstVersion = isFirstVersion;
    }

    /** This process's, without levels where there is none or it can't be read. */
    static Container find() {
        try {
            String cgroups = Files.readString(Path.of("/proc/self/cgroup"));
            // YARN limits most of its containers by itself, and the cgroup, if any, is the node manager's.
            String yarns = System.getenv("CONTAINER_ID");
            if (yarns != null && !cgroups.contains(yarns)) {
                return new Container(List.of(), false);
            }
            return find(cgroups, Files.readString(Path.of("/proc/self/mountinfo")));
        } catch (IOException | RuntimeException unreadable) {
            return new Container(List.of(), false);
        }
    }

    /**
     * @param cgroups text of /proc/self/cgroup
     * @param mounts text of /proc/self/mountinfo
     */
    static Container find(String cgroups, String mounts) {
        for (String line : cgroups.split("\n")) {
            String[] fields = line.split(":", 3); // number, controllers, path
            if (fields.length == 3 && List.of(fields[1].split(",")).contains("memory")) {
                return new Container(levels(fields[2], mounts, "cgroup", "memory"), true);
            }
        }
        String path = cgroups.lines().filter(line -> line.startsWith("0::")).findFirst().orElse("0::/").substring(3);
        return new Container(levels(path, mounts, "cgroup2", ""), false);
    }

    /** The folders of a cgroup and of those around it, as far as they are mounted here. */
    private static List<Path> levels(String cgroup, String mounts, String kind, String option) {
        List<Path> levels = new ArrayList<>();
        for (String line : mounts.split("\n")) {
            String[] halves = line.split(" - ", 2); // "id parent device root point options..." - "kind source options"
            String[] place = halves[0].split(" ");
            String[] system = halves.length == 2 ? halves[1].split(" ") : new String[0];
            if (system.length < 3 || !system[0].equals(kind) || place.length < 5
                    || !option.isEmpty() && !List.of(system[2].split(",")).contains(option)) {
                continue;
            }
            // In a container the mount's root is the container's cgroup, whatever it is called outside.
            Path point = Path.of(place[4]);
            String inside = place[3].equals("/") ? cgroup
                    : cgroup.startsWith(place[3]) ? cgroup.substring(place[3].length()) : "";
            Path folder = point.resolve(inside.replaceFirst("^/+", "")).normalize();
            for (; folder != null && folder.startsWith(point); folder = folder.getParent()) {
                levels.add(folder);
            }
            break;
        }
        return levels;
    }

    /** The smallest limit of all levels, in bytes; Long.MAX_VALUE when none has one. */
    long limit() {
        return levels.stream().mapToLong(this::limit).min().orElse(Long.MAX_VALUE);
    }

    boolean isLimited() {
        return limit() != Long.MAX_VALUE;
    }

    /** Bytes up to the limit that is nearest, pages that the kernel can take back not counted; Long.MAX_VALUE without one. */
    long left() {
        long left = Long.MAX_VALUE;
        for (Path level : levels) {
            long limit = limit(level);
            if (limit != Long.MAX_VALUE) {
                left = Math.min(left, limit - unreclaimable(level));
            }
        }
        return left;
    }

    /** What counts against the limit that is nearest; 0 without one. */
    long held() {
        return isLimited() ? limit() - left() : 0;
    }

    /** Where the kernel counts whom it killed for want of memory, of the innermost level that has a limit; "" where it does not. */
    String eventsFile() {
        return levels.stream().filter(level -> limit(level) != Long.MAX_VALUE).findFirst()
                .map(level -> level.resolve(isFirstVersion ? "memory.oom_control" : "memory.events").toString()).orElse("");
    }

    /** How many it killed, of such a file; -1 where it can't be read. */
    static long kills(String eventsFile) {
        return eventsFile.isEmpty() ? -1 : statistics(Path.of(eventsFile)).getOrDefault("oom_kill", -1L);
    }

    /** The same if the file's folder is that one still; -1 on another node, and in another container, where the path is another's. */
    static long kills(String eventsFile, String folder) {
        return !folder.isEmpty() && folder.equals(folderOf(eventsFile)) ? kills(eventsFile) : -1;
    }

    /** Which folder such a file is in: a path says little, since each container may see itself at the root. "" unknown. */
    static String folderOf(String eventsFile) {
        try {
            Path folder = eventsFile.isEmpty() ? null : Path.of(eventsFile).getParent();
            return folder == null ? "" : Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).trim() + " "
                    + Files.getAttribute(folder, "unix:dev") + " " + Files.getAttribute(folder, "unix:ino");
        } catch (IOException | RuntimeException unreadable) {
            return "";
        }
    }

    /** The processes in the container, by their numbers: those of the innermost level that has a limit, and of all within. */
    Stream<String> processes() {
        for (Path level : levels) {
            if (limit(level) != Long.MAX_VALUE) {
                try (Stream<Path> within = Files.walk(level)) {
                    return within.filter(Files::isDirectory).toList().stream().flatMap(Container::processesOf);
                } catch (IOException | UncheckedIOException gone) {
                    return processesOf(level);
                }
            }
        }
        return Stream.of();
    }

    private static Stream<String> processesOf(Path level) {
        try {
            return Files.readString(level.resolve("cgroup.procs")).lines();
        } catch (IOException gone) {
            return Stream.of();
        }
    }

    private long limit(Path level) {
        if (isFirstVersion) {
            long limit = number(level.resolve("memory.limit_in_bytes"), Long.MAX_VALUE);
            return limit < NONE ? limit : Long.MAX_VALUE;
        }
        // Beyond the second nobody is killed, but all are slowed down.
        return Math.min(number(level.resolve("memory.max"), Long.MAX_VALUE),
                number(level.resolve("memory.high"), Long.MAX_VALUE));
    }

    private long unreclaimable(Path level) {
        Map<String, Long> stat = statistics(level.resolve("memory.stat"));
        if (isFirstVersion) {
            return number(level.resolve("memory.usage_in_bytes"), NONE) - stat.getOrDefault("total_active_file", 0L)
                    - stat.getOrDefault("total_inactive_file", 0L);
        }
        return number(level.resolve("memory.current"), NONE) - stat.getOrDefault("active_file", 0L)
                - stat.getOrDefault("inactive_file", 0L) - stat.getOrDefault("slab_reclaimable", 0L);
    }

    /** "max", or no such file, is the other one. */
    private static long number(Path file, long otherwise) {
        try {
            String text = Files.readString(file).trim();
            return text.equals("max") ? otherwise : Long.parseLong(text);
        } catch (IOException | NumberFormatException none) {
            return otherwise;
        }
    }

    private static Map<String, Long> statistics(Path file) {
        try (var lines = Files.lines(file)) {
            return lines.map(line -> line.split(" ")).filter(line -> line.length == 2)
                    .collect(Collectors.toMap(line -> line[0], line -> Long.parseLong(line[1]), (first, second) -> first));
        } catch (IOException | RuntimeException unreadable) {
            return Map.of();
        }
    }
}
