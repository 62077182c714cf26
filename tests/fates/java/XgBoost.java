import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import ml.dmlc.xgboost4j.java.Booster;
import ml.dmlc.xgboost4j.java.DMatrix;
import ml.dmlc.xgboost4j.java.XGBoost;

/** Learns which half of a square a point lies in, and tells it of the points that it learned from. */
public final class XgBoost implements Workload {
    private static final int ROWS = 2_000;

    public XgBoost(Path folder) {}

    @Override
    public void run() throws Exception {
        DMatrix points = new DMatrix(Points.of(ROWS), ROWS, 2, Float.NaN);
        try {
            points.setLabel(Points.halves(ROWS));
            Map<String, Object> parameters = new HashMap<>(Map.of("objective", "binary:logistic", "max_depth", 3, "nthread", 2));
            Booster booster = XGBoost.train(points, parameters, 5, Map.of(), null, null);
            try {
                float[][] told = booster.predict(points);
                int right = 0;
                for (int i = 0; i < ROWS; i++) {
                    right += told[i][0] > 0.5 == Points.halves(ROWS)[i] > 0.5 ? 1 : 0;
                }
                Workload.check(true, right > 0.99 * ROWS, "points told rightly, " + right + " of " + ROWS);
            } finally {
                booster.dispose();
            }
        } finally {
            points.dispose();
        }
    }
}
