import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.apache.spark.SecurityManager;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.k8s.KubernetesConf;
import org.apache.spark.deploy.k8s.KubernetesExecutorConf;
import org.apache.spark.deploy.k8s.SparkPod;
import org.apache.spark.resource.ResourceProfile;
import org.apache.spark.resource.ResourceProfile$;
import org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBuilder;
import scala.Option;

/** Prints, as JSON, the pod that Spark's driver would ask Kubernetes for with these settings. Nobody is asked. */
final class ExecutorPod {
    private ExecutorPod() {}

    /** Words: --conf KEY=VALUE, as often as there are settings. */
    public static void main(String[] words) {
        SparkConf conf = new SparkConf(false).set("spark.app.name", "pod").set("spark.driver.host", "driver")
                .set("spark.kubernetes.container.image", "an/image");
        for (int i = 1; i < words.length; i += 2) {
            String[] setting = words[i].split("=", 2);
            conf.set(setting[0], setting[1]);
        }
        KubernetesExecutorConf executor = KubernetesConf.createExecutorConf(conf, "1", "spark-app", Option.empty(), 0);
        SecurityManager security =
                new SecurityManager(conf, Option.empty(), SecurityManager.$lessinit$greater$default$3());
        ResourceProfile profile = ResourceProfile$.MODULE$.getOrCreateDefaultProfile(conf);
        try (KubernetesClient nobody = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder().withMasterUrl("https://127.0.0.1:1").build()).build()) {
            SparkPod built = new KubernetesExecutorBuilder()
                    .buildFromFeatures(executor, security, nobody, profile).pod();
            Pod pod = new PodBuilder(built.pod()).editSpec().addToContainers(built.container()).endSpec().build();
            System.out.println(Serialization.asJson(pod));
        }
    }
}
