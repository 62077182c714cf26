package io.memgrant.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;

/** memgrant's report of one process. */
public final class Report {
    private final JsonNode root;

    public Report(String text) throws JsonProcessingException {
        root = new ObjectMapper().readTree(text);
    }

    public JsonNode json() {
        return root;
    }

    public JsonNode executor() {
        return root.get("accounts").get(0);
    }

    /** What the executor's own account holds apart from its tasks: its figures less theirs. */
    public JsonNode own() {
        ObjectNode own = new ObjectMapper().createObjectNode();
        for (String field : List.of("used", "charged", "refunded", "allocations", "frees")) {
            long tasks = accounts().stream().skip(1).mapToLong(account -> figure(account, field)).sum();
            own.put(field, figure(executor(), field) - tasks);
        }
        return own;
    }

    public List<JsonNode> accounts() {
        return list(root.get("accounts"));
    }

    public List<JsonNode> libraries() {
        return list(root.get("libraries"));
    }

    /** The account of a task attempt, which is named "task ID"; null when there is none. */
    public JsonNode task(long id) {
        return find(accounts(), "task " + id);
    }

    /** A library's figures in the whole process, or in one account; null when it is not there. */
    public static JsonNode library(JsonNode of, String prefix) {
        return list(of.get("libraries")).stream().filter(library -> library.get("name").asText().startsWith(prefix))
                .findFirst().orElse(null);
    }

    private static JsonNode find(List<JsonNode> nodes, String name) {
        return nodes.stream().filter(node -> node.get("name").asText().equals(name)
                || node.get("name").asText().startsWith(name + " ")).findFirst().orElse(null);
    }

    public static List<JsonNode> list(JsonNode array) {
        return array == null ? new ArrayList<>() : StreamSupport.stream(array.spliterator(), false).toList();
    }

    /** A figure, 0 when the node or the field is missing. */
    public static long figure(JsonNode node, String field) {
        return node == null || node.get(field) == null ? 0 : node.get(field).asLong();
    }

    public long brokenInvariants() {
        return root.get("invariants_broken").asLong();
    }
}
