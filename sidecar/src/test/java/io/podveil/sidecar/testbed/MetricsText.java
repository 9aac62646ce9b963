package io.podveil.sidecar.testbed;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the Prometheus exposition format 0.0.4 as strictly as its description allows: what bends a
 * rule here, some scraper refuses.
 */
public final class MetricsText {
  private static final Pattern HELP = Pattern.compile("# HELP ([a-z_]+) (\\S.*)");
  private static final Pattern TYPE = Pattern.compile("# TYPE ([a-z_]+) (counter|gauge|histogram)");
  private static final Pattern SAMPLE =
      Pattern.compile(
          "([a-z_]+)(?:\\{([a-z_]+=\"[^\"\\\\\\n]*\"(?:,[a-z_]+=\"[^\"\\\\\\n]*\")*)\\})? (\\S+)");
  private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"([^\"]*)\"");

  private final Map<String, String> types = new HashMap<>();
  private final Map<String, Double> samples = new HashMap<>();
  private final Map<String, Set<String>> labels = new HashMap<>();
  private final Map<String, Double> lastBucket = new HashMap<>();
  private final Map<String, Double> lastBound = new HashMap<>();
  private final Set<String> helped = new HashSet<>();
  private String family = "";

  private MetricsText() {}

  /** Fails with the line that breaks a rule. */
  public static MetricsText parse(String text) {
    if (!text.endsWith("\n")) {
      throw new AssertionError("the last line does not end");
    }
    MetricsText metrics = new MetricsText();
    text.lines().forEach(metrics::line);
    return metrics;
  }

  /** Every metric family. */
  public Set<String> families() {
    return Set.copyOf(types.keySet());
  }

  /** The values that a label has anywhere. */
  public Set<String> values(String label) {
    return labels.getOrDefault(label, Set.of());
  }

  /** Every label. */
  public Set<String> labels() {
    return labels.keySet();
  }

  private void line(String line) {
    Matcher help = HELP.matcher(line);
    Matcher type = TYPE.matcher(line);
    Matcher sample = SAMPLE.matcher(line);
    if (help.matches()) {
      family = help.group(1);
      require(helped.add(family), "explained twice", line);
    } else if (type.matches()) {
      require(type.group(1).equals(family), "type without help before it", line);
      require(types.put(family, type.group(2)) == null, "two types", line);
    } else if (sample.matches()) {
      sample(line, sample);
    } else {
      throw new AssertionError("neither help nor type nor sample: " + line);
    }
  }

  private void sample(String line, Matcher sample) {
    String name = sample.group(1);
    String set = sample.group(2) == null ? "" : sample.group(2);
    double value = Double.parseDouble(sample.group(3));
    String type = types.getOrDefault(family, "none");
    Set<String> allowed =
        type.equals("histogram")
            ? Set.of(family + "_bucket", family + "_sum", family + "_count")
            : Set.of(family);
    require(allowed.contains(name), "not of the family " + family, line);
    require(samples.put(name + set, value) == null, "twice", line);
    require(!type.equals("counter") || name.endsWith("_total"), "counter without _total", line);
    require(!type.equals("counter") || value >= 0, "negative counter", line);
    Matcher label = LABEL.matcher(set);
    while (label.find()) {
      labels.computeIfAbsent(label.group(1), l -> new TreeSet<>()).add(label.group(2));
    }
    if (name.endsWith("_bucket")) {
      bucket(line, set, value);
    } else if (name.endsWith("_count")) {
      require(lastBucket.getOrDefault(family + set, -1.0) == value, "not its last bucket", line);
    }
  }

  private void bucket(String line, String set, double value) {
    int le = set.lastIndexOf(",le=\"");
    String series = family + set.substring(0, le);
    String bound = set.substring(le + 5, set.length() - 1);
    require(!bound.contains("E"), "a bound that nobody would write so", line);
    double upTo = bound.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(bound);
    require(upTo > lastBound.getOrDefault(series, -1.0), "bounds that do not rise", line);
    require(value >= lastBucket.getOrDefault(series, 0.0), "buckets that do not add up", line);
    lastBound.put(series, upTo);
    lastBucket.put(series, value);
  }

  private static void require(boolean kept, String broken, String line) {
    if (!kept) {
      throw new AssertionError(broken + ": " + line);
    }
  }

  @Override
  public String toString() {
    return List.copyOf(new TreeSet<>(samples.keySet())).toString();
  }
}
