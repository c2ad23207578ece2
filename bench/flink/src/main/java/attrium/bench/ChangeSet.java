package attrium.bench;

import java.math.BigDecimal;
import java.util.Arrays;

/** The changes of one profile at one instant, encoded as an entry of a pack of the log. A value that stays as it was is no change. */
final class ChangeSet {
    /** No count, no time. */
    static final long NONE = Long.MIN_VALUE;

    private final Wire changes = new Wire(1024);
    private final Wire change = new Wire(256);
    private final Wire value = new Wire(128);
    private final Wire list = new Wire(256);
    private final Wire entity = new Wire(64);
    private final Wire record = new Wire(1024);
    private final Wire entry = new Wire(1024);

    void clear() {
        changes.clear();
    }

    boolean isEmpty() {
        return changes.size() == 0;
    }

    void count(String name, long before, long after) {
        if (before == after) return;
        begin(name);
        if (before != NONE) {
            value.fixed(2, before);
            put(2);
        }
        value.fixed(2, after);
        put(3);
        end();
    }

    void number(String name, BigDecimal before, BigDecimal after) {
        if (before == after || before != null && after != null && before.compareTo(after) == 0) return;
        begin(name);
        if (before != null) putNumber(2, before);
        if (after != null) putNumber(3, after);
        end();
    }

    void time(String name, long before, long after) {
        if (before == after) return;
        begin(name);
        if (before != NONE) {
            value.varint(5, before);
            put(2);
        }
        value.varint(5, after);
        put(3);
        end();
    }

    void text(String name, String before, String after) {
        if (after.equals(before)) return;
        begin(name);
        if (before != null) {
            value.text(4, before);
            put(2);
        }
        value.text(4, after);
        put(3);
        end();
    }

    /** Lists are kept with the latest last and shown with the latest first. */
    void latestFirst(String name, String[] before, String[] after) {
        if (Arrays.equals(before, after)) return;
        begin(name);
        if (before.length > 0) putList(2, before);
        putList(3, after);
        end();
    }

    /** The entry with its tag, as it stands in a pack. */
    byte[] encode(String profileId, String cause, boolean isWindow, long effectiveAt, long recordedAt) {
        entity.clear();
        entity.text(1, "shop");
        entity.varint(2, 1);
        entity.text(3, profileId);
        record.clear();
        record.message(1, entity);
        record.varint(2, effectiveAt);
        record.varint(3, recordedAt);
        record.varint(4, isWindow ? 4 : 1);
        record.text(5, cause);
        record.varint(6, 1);
        // The changes are encoded as fields of the record already.
        byte[] content = changes.toBytes();
        record.raw(content);
        entry.clear();
        entry.text(1, cause);
        entry.message(4, record);
        change.clear();
        change.message(2, entry);
        return change.toBytes();
    }

    private void begin(String name) {
        change.clear();
        change.text(1, name);
    }

    private void end() {
        changes.message(7, change);
    }

    private void put(int field) {
        change.message(field, value);
        value.clear();
    }

    private void putNumber(int field, BigDecimal number) {
        double nearest = number.doubleValue();
        if (BigDecimal.valueOf(nearest).compareTo(number) == 0) value.fixed(2, nearest);
        else value.text(3, number.stripTrailingZeros().toPlainString());
        put(field);
    }

    private void putList(int field, String[] texts) {
        list.clear();
        for (int index = texts.length - 1; index >= 0; index--) list.text(1, texts[index]);
        value.message(6, list);
        put(field);
    }
}
