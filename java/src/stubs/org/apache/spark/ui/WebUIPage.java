package org.apache.spark.ui;

/**
 * As Spark 3.5 has it, for the compiler alone: what overrides this method has Spark 3.5's signature by a bridge, and Spark 4's by a method of
 * its own. Not packed.
 */
public abstract class WebUIPage {
    public WebUIPage(String prefix) {}

    public abstract scala.collection.Seq<scala.xml.Node> render(javax.servlet.http.HttpServletRequest request);
}
