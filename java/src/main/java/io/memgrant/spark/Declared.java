package io.memgrant.spark;

import io.memgrant.Say;
import java.lang.reflect.Field;
import java.util.Collection;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.memory.MemoryConsumer;
import org.apache.spark.memory.TaskMemoryManager;

/**
 * What a library that charges Spark itself has declared to Spark for one task. Comet does so by a consumer whose own counter
 * stays 0; the object around it counts. Read without Spark's monitors, which may be held for as long as a task waits: a
 * consumer that was just added may be found at the next look only. Thread-safe.
 */
final class Declared {
    private static final String DECLARER = "org.apache.spark.CometTaskMemoryManager";
    private static final Field CONSUMERS = consumers();

    private final TaskMemoryManager task;
    private final Set<Object> declarers = ConcurrentHashMap.newKeySet();

    Declared(TaskMemoryManager task) {
        this.task = task;
    }

    private static Field consumers() {
        try {
            Field field = TaskMemoryManager.class.getDeclaredField("consumers");
            field.setAccessible(true);
            return field;
        } catch (ReflectiveOperationException | RuntimeException unknown) {
            Say.once("what libraries declare to Spark themselves is not known, and is charged once more", unknown);
            return null;
        }
    }

    /** In bytes, now. */
    long bytes() {
        try {
            look();
        } catch (ConcurrentModificationException | NoSuchElementException meanwhile) {
            // the next look finds it; those that are known count
        } catch (ReflectiveOperationException | RuntimeException unknown) {
            Say.once("what a library declares to Spark itself is not known, and is charged once more", unknown);
        }
        long bytes = 0;
        for (Object declarer : declarers) {
            bytes += Math.max(0, used(declarer));
        }
        return bytes;
    }

    private static long used(Object declarer) {
        try {
            return (Long) declarer.getClass().getMethod("getUsed").invoke(declarer);
        } catch (ReflectiveOperationException | RuntimeException unknown) {
            Say.once("what a library declares to Spark itself is not known, and is charged once more", unknown);
            return 0;
        }
    }

    private void look() throws ReflectiveOperationException {
        if (CONSUMERS == null) {
            return;
        }
        for (Object consumer : List.copyOf((Collection<?>) CONSUMERS.get(task))) {
            Class<?> outer = consumer.getClass().getEnclosingClass();
            if (outer != null && outer.getName().equals(DECLARER)) {
                declarers.add(around((MemoryConsumer) consumer, outer));
            }
        }
    }

    private static Object around(MemoryConsumer consumer, Class<?> outer) throws ReflectiveOperationException {
        for (Field field : consumer.getClass().getDeclaredFields()) {
            if (field.getType() == outer) {
                field.setAccessible(true);
                return field.get(consumer);
            }
        }
        throw new NoSuchFieldException("of " + outer.getName() + " in " + consumer.getClass().getName());
    }
}
