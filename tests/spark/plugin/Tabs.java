package io.memgrant.tests;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.SecurityManager;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.deploy.history.FsHistoryProvider;
import org.apache.spark.deploy.history.HistoryServer;
import scala.Option;

/**
 * The tab "Memgrant" in the UI of an application whose executor is this JVM, and afterwards in a History Server that reads its event log. Properties:
 * the browser, if there is one, and the folder of event logs.
 */
final class Tabs {
    private static final long MB = 1 << 20;
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private static HttpResponse<String> get(String url) throws IOException, InterruptedException {
        return CLIENT.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
    }

    /** What comes at that address when it has all the words: at once, or when the next news of an executor are there. */
    private static String page(String url, String... words) throws Exception {
        while (true) {
            HttpResponse<String> answer = get(url);
            if (answer.statusCode() == 200 && Stream.of(words).allMatch(answer.body()::contains)) {
                return answer.body();
            }
            if (answer.statusCode() == 500) {
                throw new AssertionError(answer.body());
            }
            Thread.onSpinWait();
        }
    }

    /** A page is long: it is shown where it is wrong. */
    private static void that(boolean holds, String what, String page) {
        Check.that(holds, what, "%s", holds ? page.length() + " characters" : page);
    }

    private static void shows(String text, String where, String url) throws Exception {
        that(text.contains("<table") && text.contains("id=\"memgrant-executors\"") && text.contains("id=\"memgrant-libraries\""),
                where + " has the tables", text);
        that(text.matches("(?s).*<td>libtarget</td><td>driver</td><td>[0-9.]+ MB</td><td>[0-9.]+ MB</td>.*"), where + " has the library", text);
        that(text.matches("(?s).*<a [^>]*href=\"[^\"]*/memgrant/?\"[^>]*>\\s*Memgrant\\s*</a>.*"), where + " links to the tab", text);
        String browser = System.getProperty("browser", "");
        if (browser.isEmpty()) {
            System.out.println("not tried in a browser: there is no chromium-headless-shell");
            return;
        }
        List<String> command = new ArrayList<>(List.of(browser, "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                "--user-data-dir=" + System.getProperty("folder") + "/browser", "--dump-dom", url));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().remove("LD_PRELOAD");
        Process shown = builder.start();
        String dom = new String(shown.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        shown.waitFor();
        that(dom.matches("(?s).*<table[^>]*id=\"memgrant-libraries\".*<tbody>.*<td>libtarget</td>.*"), where + " is shown by a browser", dom);
    }

    public static void main(String[] words) throws Exception {
        String id;
        try (JavaSparkContext spark = new JavaSparkContext()) {
            id = spark.sc().applicationId();
            String tab = spark.sc().uiWebUrl().get() + "/memgrant/";
            Check.that(get(tab).statusCode() == 200, "the tab is there from the start", "%d", get(tab).statusCode());
            spark.parallelize(List.of(1), 1).foreach(one -> Target.allocate(5 * MB));
            shows(page(tab, "<td>libtarget</td>", "<td>task "), "Spark's UI", tab);
        }
        SparkConf conf = new SparkConf().set("spark.history.fs.logDirectory", "file:" + System.getProperty("folder") + "/events");
        FsHistoryProvider provider = new FsHistoryProvider(conf);
        HistoryServer server = new HistoryServer(conf, provider, new SecurityManager(conf, Option.empty(),
                SecurityManager.$lessinit$greater$default$3()), 0);
        server.initialize();
        server.bind();
        provider.start();
        String tab = "http://localhost:" + server.boundPort() + "/history/" + id + "/memgrant/";
        shows(page(tab, "<td>libtarget</td>"), "the History Server", tab);
        System.exit(0); // the server's threads go on for ever
    }
}
