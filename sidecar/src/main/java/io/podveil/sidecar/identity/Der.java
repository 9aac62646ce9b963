package io.podveil.sidecar.identity;

import java.io.ByteArrayOutputStream;

/** Writes the little DER (ITU-T X.690) that keys and signing requests take. */
final class Der {

  static final int BOOLEAN = 0x01;
  static final int INTEGER = 0x02;
  static final int BIT_STRING = 0x03;
  static final int OCTET_STRING = 0x04;
  static final int OBJECT_IDENTIFIER = 0x06;
  static final int SEQUENCE = 0x30;
  static final int SET = 0x31;

  private Der() {}

  /** One element: its tag, its length, and what it holds. */
  static byte[] element(int tag, byte[]... contents) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (byte[] content : contents) {
      body.writeBytes(content);
    }
    ByteArrayOutputStream element = new ByteArrayOutputStream();
    element.write(tag);
    writeLength(element, body.size());
    element.writeBytes(body.toByteArray());
    return element.toByteArray();
  }

  static byte[] objectIdentifier(int... arcs) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.write(arcs[0] * 40 + arcs[1]);
    for (int i = 2; i < arcs.length; i++) {
      writeBase128(body, arcs[i]);
    }
    return element(OBJECT_IDENTIFIER, body.toByteArray());
  }

  /** In as few octets as it takes, which is what makes BER into DER. */
  private static void writeLength(ByteArrayOutputStream out, int length) {
    if (length < 0x80) {
      out.write(length);
      return;
    }
    int octets = (Integer.SIZE - Integer.numberOfLeadingZeros(length) + 7) / 8;
    out.write(0x80 | octets);
    for (int i = octets - 1; i >= 0; i--) {
      out.write(length >> (8 * i));
    }
  }

  private static void writeBase128(ByteArrayOutputStream out, int arc) {
    for (int shift = 28; shift > 0; shift -= 7) {
      if (arc >> shift > 0) {
        out.write(0x80 | (arc >> shift));
      }
    }
    out.write(arc & 0x7f);
  }
}
