import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.MiniYARNCluster;

/**
 * YARN's own resource manager and one node manager, which watches its containers' memory. Writes yarn-site.xml into a
 * folder, says "ready", and ends when its input does.
 */
final class OneNode {
    private static final Map<String, String> SETTINGS = Map.of(
            "yarn.minicluster.control-resource-monitoring", "true",
            "yarn.nodemanager.pmem-check-enabled", "true",
            // Containers are watched by polling, not by cgroups; with the default, true, nobody watches them then.
            "yarn.nodemanager.resource.memory.enforced", "false",
            "yarn.nodemanager.vmem-check-enabled", "false",
            "yarn.nodemanager.container-monitor.interval-ms", "100",
            // A disk that is nearly full is none to YARN.
            "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", "100",
            "yarn.scheduler.minimum-allocation-mb", "128",
            "yarn.scheduler.capacity.root.queues", "default",
            "yarn.scheduler.capacity.root.default.capacity", "100",
            "yarn.scheduler.capacity.maximum-am-resource-percent", "0.5");

    private OneNode() {}

    public static void main(String[] words) throws IOException {
        YarnConfiguration settings = new YarnConfiguration();
        SETTINGS.forEach(settings::set);
        MiniYARNCluster cluster = new MiniYARNCluster("memgrant", 1, 1, 1);
        cluster.init(settings);
        cluster.start();
        try (OutputStream out = Files.newOutputStream(Path.of(words[0], "yarn-site.xml"))) {
            cluster.getConfig().writeXml(out);
        }
        System.out.println("ready");
        System.in.transferTo(OutputStream.nullOutputStream());
        cluster.stop();
        System.exit(0);
    }
}
