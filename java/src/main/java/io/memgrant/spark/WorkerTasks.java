package io.memgrant.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.memgrant.Say;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What Python workers used for tasks: of those that used most, for the executor's report. Bounded, however many there are. Thread-safe. */
final class WorkerTasks {
    private static final int MOST = 100;
    private static final int MOST_LIBRARIES = 100;
    private static final int LONGEST_NAME = 95;
    private static final String[] LIBRARY_FIGURES = {"used", "charged", "refunded", "allocations", "frees"};
    private static final Comparator<JsonNode> BY_PEAK = Comparator.comparingLong((JsonNode task) -> task.path("peak").asLong(task.path("resident_peak").asLong())).reversed();

    /**
     * A worker in a task.
     *
     * @param resident of its own memory, the most that was seen
     * @param atFirst when it was seen first in the task
     * @param now when it was seen last
     */
    record Working(int pid, long task, String name, long resident, long atFirst, long now) {
        private static final long NEVER_SEEN = -1;

        Working(int pid, long task, String name) {
            this(pid, task, name, 0, NEVER_SEEN, 0);
        }

        Working seenWith(long bytes) {
            return new Working(pid, task, name, Math.max(resident, bytes), atFirst == NEVER_SEEN ? bytes : atFirst, bytes);
        }

        /** What is resident now and was not when it was seen first, soon after it began the task. */
        long grown() {
            return Math.max(0, now - atFirst);
        }
    }

    private final ObjectMapper json = new ObjectMapper();
    private final List<ObjectNode> tasks = new ArrayList<>();
    /** By worker, those that were heard of last; bounded, since workers come and go. */
    private final Map<Integer, Long> denied = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Long> eldest) {
            return size() > 10 * MOST;
        }
    };
    private long leftOut;

    /** Three lines that a worker left: who did what, the task's account, the worker's. False: they are none. */
    synchronized boolean add(String text) {
        try {
            String[] lines = text.split("\n", 3);
            if (lines.length < 3) {
                throw new IllegalArgumentException("it said " + lines.length + " lines");
            }
            keep(taskOf(json.readTree(lines[0]), json.readTree(lines[1]), json.readTree(lines[2])));
            return true;
        } catch (JsonProcessingException | IllegalArgumentException damaged) {
            Say.once("what a Python worker said cannot be read", damaged);
            return false;
        }
    }

    /** Who has begun a task and not ended it, as he left it; null where that can't be read. */
    Working working(String text) {
        try {
            JsonNode who = text == null ? null : json.readTree(text);
            return who == null ? null : new Working(who.path("pid").asInt(), who.path("task").asLong(), nameOf(who));
        } catch (JsonProcessingException damaged) {
            Say.once("what a Python worker said cannot be read", damaged);
            return null;
        }
    }

    /** One that has not ended its task, which has ended without it. */
    synchronized void add(Working worker) {
        if (tasks.stream().anyMatch(one -> one.path("pid").asInt() == worker.pid() && one.path("task").asLong() == worker.task())) {
            return; // it has told meanwhile
        }
        add(json.createObjectNode().put("task", worker.task()).put("name", worker.name()).put("pid", worker.pid())
                .put("resident_peak", worker.resident()).put("unfinished", true));
    }

    private static String nameOf(JsonNode one) {
        String name = one.path("name").asText();
        return name.substring(0, Math.min(name.length(), LONGEST_NAME));
    }

    private ObjectNode taskOf(JsonNode who, JsonNode account, JsonNode worker) {
        int pid = who.path("pid").asInt();
        ObjectNode task = json.createObjectNode().put("task", who.path("task").asLong()).put("name", nameOf(account)).put("pid", pid);
        task.put("used", account.path("used").asLong()).put("peak", account.path("peak").asLong());
        task.put("denials", deniedSinceTheLast(pid, worker.path("denials").asLong()));
        task.put("worker_used", worker.path("used").asLong()).put("worker_peak", worker.path("peak").asLong());
        task.set("worker_limit", worker.path("limit").isNumber() ? worker.path("limit") : null);
        ArrayNode libraries = task.putArray("libraries");
        for (JsonNode library : account.path("libraries")) {
            if (libraries.size() < MOST_LIBRARIES) {
                ObjectNode to = libraries.addObject().put("name", nameOf(library));
                for (String figure : LIBRARY_FIGURES) {
                    to.put(figure, library.path(figure).asLong());
                }
            }
        }
        return task;
    }

    /** The limit is the worker's, and so the denials are: those since its last task are this one's. */
    private long deniedSinceTheLast(int pid, long denials) {
        Long before = denied.put(pid, denials);
        return before == null || before > denials ? denials : denials - before;
    }

    private void keep(ObjectNode task) {
        tasks.removeIf(before -> before.has("unfinished") && before.get("pid").equals(task.get("pid")) && before.get("task").equals(task.get("task")));
        add(task);
        EndedTasks.HERE.add(new EndedTasks.Task(task.path("name").asText() + " in Python worker " + task.path("pid").asInt(),
                task.path("peak").asLong(), task.path("denials").asLong()));
    }

    private void add(ObjectNode task) {
        tasks.add(task);
        if (tasks.size() > 2 * MOST) {
            keepMost();
        }
    }

    private void keepMost() {
        tasks.sort(BY_PEAK);
        if (tasks.size() > MOST) {
            leftOut += tasks.size() - MOST;
            tasks.subList(MOST, tasks.size()).clear();
        }
    }

    /** An array, those that used most first. */
    synchronized String json() throws JsonProcessingException {
        keepMost();
        ArrayNode array = json.createArrayNode();
        array.addAll(tasks);
        if (leftOut > 0) {
            array.addObject().put("left_out", leftOut);
        }
        return json.writeValueAsString(array);
    }
}
