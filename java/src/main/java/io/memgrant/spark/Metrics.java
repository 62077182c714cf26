package io.memgrant.spark;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Figures as gauges of a plugin's registry, from which Spark's sinks take them. New names appear as they come. Thread-safe. */
final class Metrics {
    private final MetricRegistry registry;
    private final Map<String, Long> values = new ConcurrentHashMap<>();

    Metrics(MetricRegistry registry) {
        this.registry = registry;
    }

    synchronized void show(String prefix, Map<String, Long> figures) {
        figures.forEach((name, value) -> {
            String full = prefix + name;
            if (values.put(full, value) == null) {
                registry.register(full, (Gauge<Long>) () -> values.getOrDefault(full, 0L));
            }
        });
    }

    synchronized void forget(String prefix) {
        registry.removeMatching((name, metric) -> name.startsWith(prefix));
        values.keySet().removeIf(name -> name.startsWith(prefix));
    }
}
