package io.podveil.sidecar.admin;

/** Builds Prometheus text. Labels come ready-made: all of ours are fixed words. */
final class PrometheusText {
  private final StringBuilder text = new StringBuilder(8192);

  void family(String name, String type, String help) {
    text.append("# HELP ").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }

  void sample(String name, String labels, Object value) {
    text.append(name).append('{').append(labels).append("} ").append(value).append('\n');
  }

  /** A family with one sample and no labels. */
  void single(String name, String type, String help, long value) {
    family(name, type, help);
    text.append(name).append(' ').append(value).append('\n');
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
