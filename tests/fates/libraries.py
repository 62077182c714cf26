"""Which libraries the table has: what Maven calls them, what their files are called, and what they are put to."""
import collections
import os

ROOT = os.environ.get("ROOT") or os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build")

# `files`: SPECs of its libraries, as setting `targets` takes them. `maven`: GROUP:ARTIFACT:VERSION[:CLASSIFIER], what it needs comes
# along. `options`: for java. `heap`: MB. `spark`: the folder of the Spark that has to drive it. `last_java`: on which it runs at all.
Library = collections.namedtuple("Library", "name version files workload maven options heap spark last_java", defaults=((), 256, None, None))

# What spark-submit opens.
SPARKS = tuple(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in ("java.lang", "java.lang.invoke", "java.nio", "java.util", "java.net",
                                                                      "java.util.concurrent", "sun.nio.ch"))
OPENED = ("--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED")


def of(group, artifact, version, *more):
    """Coordinates of one version, and of files that come with it."""
    return (f"{group}:{artifact}:{version}",) + tuple(f"{group}:{artifact}:{version}:{classifier}" for classifier in more)


LIBRARIES = [
    Library("rocksdbjni", version, "librocksdbjni*", "RocksDb", of("org.rocksdb", "rocksdbjni", version))
    for version in ("8.3.2", "9.8.4", "11.8.1")
] + [
    Library("duckdb_jdbc", version, "libduckdb_java*", "DuckDb", of("org.duckdb", "duckdb_jdbc", version))
    for version in ("1.1.3", "2.0.0.1")
] + [
    Library("zstd-jni", version, "libzstd-jni*", "Zstd", of("com.github.luben", "zstd-jni", version))
    for version in ("1.5.5-4", "1.5.7-7")
] + [
    Library("lz4-java", version, "liblz4-java*", "Lz4", of(group, "lz4-java", version))
    for group, version in (("org.lz4", "1.8.0"), ("at.yawk.lz4", "1.11.0"))
] + [
    Library("snappy-java", version, "snappy-*", "Snappy", of("org.xerial.snappy", "snappy-java", version))
    for version in ("1.1.10.5", "1.1.10.8")
] + [
    Library("leveldbjni", "1.8", "libleveldbjni*", "LevelDb", of("org.fusesource.leveldbjni", "leveldbjni-all", "1.8")),
    Library("sqlite-jdbc", "3.54.1.0", "sqlite-*", "Sqlite", of("org.xerial", "sqlite-jdbc", "3.54.1.0")),
    Library("lmdbjava", "0.9.1", "lmdbjava*;libjffi*;jffi*", "Lmdb", of("org.lmdbjava", "lmdbjava", "0.9.1"), OPENED),
    Library("brotli4j", "1.18.0", "libbrotli*", "Brotli",
            of("com.aayushatharva.brotli4j", "brotli4j", "1.18.0") + of("com.aayushatharva.brotli4j", "native-linux-x86_64", "1.18.0")),
    Library("onnxruntime", "1.19.2", "libonnxruntime*", "Onnx", of("com.microsoft.onnxruntime", "onnxruntime", "1.19.2")),
    Library("xgboost4j", "2.1.4", "libxgboost4j*", "XgBoost", of("ml.dmlc", "xgboost4j_2.12", "2.1.4")),
    Library("lightgbm4j", "4.3.0-1", "lib_lightgbm*", "LightGbm", of("io.github.metarank", "lightgbm4j", "4.3.0-1")),
    Library("openblas", "0.3.31", "libopenblas*;libjniopenblas*;libjnijavacpp*", "OpenBlas",
            of("org.bytedeco", "openblas", "0.3.31-1.5.13", "linux-x86_64") + of("org.bytedeco", "javacpp", "1.5.13", "linux-x86_64")),
    Library("djl-tokenizers", "0.38.0", "libdjl_tokenizer*;libtokenizers*", "Tokenizers", of("ai.djl.huggingface", "tokenizers", "0.38.0")),
    Library("opendal", "0.48.0", "libopendal_java*", "OpenDal", of("org.apache.opendal", "opendal", "0.48.0", "linux-x86_64")),
    Library("tantivy4java", "0.31.0", "tantivy4java*", "Tantivy", of("io.indextables", "tantivy4java", "0.31.0")),
    Library("lance-core", "0.39.0", "liblance_jni*", "Lance", of("com.lancedb", "lance-core", "0.39.0"), OPENED),
    Library("arrow-dataset", "18.3.0", "jnilib-*", "ArrowDataset",
            of("org.apache.arrow", "arrow-dataset", "18.3.0") + of("org.apache.arrow", "arrow-memory-unsafe", "18.3.0"), OPENED),
    Library("comet-spark", "0.12.0", "libcomet*", "SparkFate", of("org.apache.datafusion", "comet-spark-spark3.5_2.12", "0.12.0"),
            SPARKS, 1024, "spark-3.5.9", 21),  # Spark's Hadoop asks Java for what 24 refuses (Subject.getSubject)
]


def file_of(library):
    """Where its jars are, or will be."""
    return os.path.join(BUILD, "fates", "jars", f"{library.name}-{library.version}")


# What could not be had, and what was tried.
NOT_HAD = [
    ("arrow-gandiva", "16.1.0, the newest on Maven Central, is loaded but can't compile an expression (`Could not create LLJIT instance: Symbols "
                      "not found: llvm_orc_registerEHFrameSectionWrapper`), with memgrant or without"),
    ("Gluten with Velox", "Maven Central has no bundle of it under the names tried (gluten-velox-bundle-spark3.5_2.12)"),
]
