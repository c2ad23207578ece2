package attrium.bench;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes protobuf: a buffer that grows, with the few field types that the records of the log have. */
final class Wire {
    private byte[] bytes;
    private int size;

    Wire(int capacity) {
        bytes = new byte[capacity];
    }

    int size() {
        return size;
    }

    void clear() {
        size = 0;
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }

    void varint(int field, long value) {
        tag(field, 0);
        plain(value);
    }

    void fixed(int field, double value) {
        tag(field, 1);
        room(8);
        long bits = Double.doubleToRawLongBits(value);
        for (int shift = 0; shift < 64; shift += 8) bytes[size++] = (byte) (bits >>> shift);
    }

    void text(int field, String text) {
        bytes(field, text.getBytes(StandardCharsets.UTF_8));
    }

    void bytes(int field, byte[] content) {
        append(field, content, content.length);
    }

    void message(int field, Wire content) {
        append(field, content.bytes, content.size);
    }

    /** What is already encoded with its tags. */
    void raw(byte[] content) {
        room(content.length);
        System.arraycopy(content, 0, bytes, size, content.length);
        size += content.length;
    }

    private void append(int field, byte[] content, int length) {
        tag(field, 2);
        plain(length);
        room(length);
        System.arraycopy(content, 0, bytes, size, length);
        size += length;
    }

    private void tag(int field, int type) {
        plain((long) field << 3 | type);
    }

    private void plain(long value) {
        room(10);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[size++] = (byte) (rest & 0x7f | 0x80);
            rest >>>= 7;
        }
        bytes[size++] = (byte) rest;
    }

    private void room(int more) {
        if (size + more > bytes.length) bytes = Arrays.copyOf(bytes, Math.max(size + more, bytes.length * 2));
    }
}
