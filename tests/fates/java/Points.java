/** Points of a square, and which half of it each lies in. */
final class Points {
    private Points() {}

    static float[] of(int count) {
        float[] points = new float[2 * count];
        java.util.Random random = new java.util.Random(7);
        for (int i = 0; i < points.length; i++) {
            points[i] = random.nextInt(1000) / 1000f;
        }
        return points;
    }

    /** 1 for the half with the larger first coordinate. */
    static float[] halves(int count) {
        float[] points = of(count);
        float[] halves = new float[count];
        for (int i = 0; i < count; i++) {
            halves[i] = points[2 * i] > 0.5 ? 1 : 0;
        }
        return halves;
    }
}
