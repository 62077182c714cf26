package io.memgrant.spark;

import com.fasterxml.jackson.databind.JsonNode;
import io.memgrant.Say;
import java.lang.reflect.Method;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.ui.SparkUITab;
import org.apache.spark.ui.WebUIPage;
import scala.Function0;
import scala.Option;
import scala.collection.immutable.Seq;
import scala.xml.Node;
import scala.xml.Unparsed;

/**
 * The tab's page, for Spark 3.5 (whose requests are javax's) and 4 (jakarta's): the JVM never resolves the method of the other one. The header
 * is found by its name, since its parameters differ between versions.
 */
final class Page extends WebUIPage {
    private static final String TITLE = "Native memory";

    private final SparkUITab tab;
    private final Callable<List<JsonNode>> executors;

    Page(SparkUITab tab, Callable<List<JsonNode>> executors) {
        super("");
        this.tab = tab;
        this.executors = executors;
    }

    public Seq<Node> render(javax.servlet.http.HttpServletRequest request) {
        return page(request);
    }

    public Seq<Node> render(jakarta.servlet.http.HttpServletRequest request) {
        return page(request);
    }

    private Seq<Node> page(Object request) {
        String text;
        try {
            text = PageText.of(executors.call());
        } catch (Exception broken) {
            Say.once("native memory is not shown in Spark's UI", broken);
            text = "<p>Nothing can be shown; the driver's log says why.</p>";
        }
        Seq<Node> content = new Unparsed(text);
        try {
            return framed(request, content);
        } catch (ReflectiveOperationException | RuntimeException other) {
            Say.once("native memory is shown without the head of Spark's UI", other);
            return content;
        }
    }

    @SuppressWarnings("unchecked")
    private Seq<Node> framed(Object request, Seq<Node> content) throws ReflectiveOperationException {
        Class<?> utils = Class.forName("org.apache.spark.ui.UIUtils$");
        for (Method method : utils.getMethods()) {
            if (method.getName().equals("headerSparkPage")) {
                Class<?>[] types = method.getParameterTypes();
                Object[] values = new Object[types.length];
                for (int i = 0; i < types.length; i++) {
                    values[i] = value(types[i], request, content);
                }
                return (Seq<Node>) method.invoke(utils.getField("MODULE$").get(null), values);
            }
        }
        throw new NoSuchMethodException("headerSparkPage");
    }

    private Object value(Class<?> type, Object request, Seq<Node> content) {
        if (type == boolean.class) {
            return false;
        }
        if (type == String.class) {
            return TITLE;
        }
        if (type == Function0.class) {
            return (Function0<Seq<Node>>) () -> content;
        }
        if (type == Option.class) {
            return Option.empty();
        }
        return type.isInstance(tab) ? tab : type.isInstance(request) ? request : null;
    }
}
