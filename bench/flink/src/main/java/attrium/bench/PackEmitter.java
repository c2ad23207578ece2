package attrium.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.source.SourceOutput;
import org.apache.flink.connector.base.source.reader.RecordEmitter;

/** Decodes a pack and emits its resolved events, of which it reads only what the definitions need. Field numbers: log.proto. */
final class PackEmitter implements RecordEmitter<LogMessage, ShopEvent, PartitionSplit.State> {
    private static final JsonFactory JSON = new JsonFactory();

    @Override
    public void emitRecord(LogMessage message, SourceOutput<ShopEvent> output, PartitionSplit.State state)
            throws IOException {
        output.emitWatermark(new Watermark(message.appendedAt - 1));
        CodedInputStream pack = CodedInputStream.newInstance(message.pack);
        for (int tag = pack.readTag(); tag != 0; tag = pack.readTag()) {
            if (WireFormat.getTagFieldNumber(tag) == 2) {
                int outer = enter(pack);
                readEntry(pack, message, output);
                pack.popLimit(outer);
            } else {
                pack.skipField(tag);
            }
        }
        state.next = message.sequence + 1;
    }

    private void readEntry(CodedInputStream pack, LogMessage message, SourceOutput<ShopEvent> output)
            throws IOException {
        for (int tag = pack.readTag(); tag != 0; tag = pack.readTag()) {
            int field = WireFormat.getTagFieldNumber(tag);
            if (field == 3) {
                int outer = enter(pack);
                ShopEvent event = readResolved(pack, message.pack);
                pack.popLimit(outer);
                if (event != null) output.collect(event, message.appendedAt);
            } else if (field == 16) {
                int outer = enter(pack);
                if (pack.readTag() != 0) output.emitWatermark(new Watermark(pack.readInt64()));
                pack.popLimit(outer);
            } else {
                pack.skipField(tag);
            }
        }
    }

    /** Null for an event of an account, or of another type than track. */
    private ShopEvent readResolved(CodedInputStream pack, byte[] bytes) throws IOException {
        ShopEvent event = new ShopEvent();
        boolean isOfProfile = false;
        boolean isTrack = false;
        for (int tag = pack.readTag(); tag != 0; tag = pack.readTag()) {
            int field = WireFormat.getTagFieldNumber(tag);
            if (field == 1) {
                int outer = enter(pack);
                isOfProfile = readEntity(pack, event);
                pack.popLimit(outer);
            } else if (field == 3) {
                int outer = enter(pack);
                isTrack = readEvent(pack, bytes, event);
                pack.popLimit(outer);
            } else {
                pack.skipField(tag);
            }
        }
        return isOfProfile && isTrack ? event : null;
    }

    private static boolean readEntity(CodedInputStream pack, ShopEvent event) throws IOException {
        int kind = 0;
        for (int tag = pack.readTag(); tag != 0; tag = pack.readTag()) {
            int field = WireFormat.getTagFieldNumber(tag);
            if (field == 2) kind = pack.readEnum();
            else if (field == 3) event.profileId = pack.readString();
            else pack.skipField(tag);
        }
        return kind == 1;
    }

    private boolean readEvent(CodedInputStream pack, byte[] bytes, ShopEvent event) throws IOException {
        int type = 0;
        for (int tag = pack.readTag(); tag != 0; tag = pack.readTag()) {
            int field = WireFormat.getTagFieldNumber(tag);
            if (field == 1) event.id = pack.readString();
            else if (field == 4) type = pack.readEnum();
            else if (field == 5) event.kind = ShopEvent.kindOf(pack.readString());
            else if (field == 6) event.at = pack.readInt64();
            else if (field == 12) {
                int length = pack.readRawVarint32();
                readPayload(bytes, pack.getTotalBytesRead(), length, event);
                pack.skipRawBytes(length);
            } else pack.skipField(tag);
        }
        return type == 2;
    }

    private static void readPayload(byte[] bytes, int offset, int length, ShopEvent event) throws IOException {
        try (JsonParser parser = JSON.createParser(bytes, offset, length)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) return;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean isProperties = parser.currentName().equals("properties");
                if (parser.nextToken() == JsonToken.START_OBJECT && isProperties) {
                    readProperties(parser, event);
                    // Nothing else of the payload is asked for.
                    return;
                }
                parser.skipChildren();
            }
        }
    }

    private static void readProperties(JsonParser parser, ShopEvent event) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken token = parser.nextToken();
            if (token == JsonToken.VALUE_STRING) {
                if (name.equals("sku")) event.sku = parser.getText();
                else if (name.equals("category")) event.category = parser.getText();
                else if (name.equals("campaign")) event.campaign = parser.getText();
                else if (name.equals("currency")) event.currency = parser.getText();
            } else if (token.isNumeric() && name.equals("price")) {
                event.price = parser.getDecimalValue();
            } else {
                parser.skipChildren();
            }
        }
    }

    private static int enter(CodedInputStream pack) throws IOException {
        return pack.pushLimit(pack.readRawVarint32());
    }
}
