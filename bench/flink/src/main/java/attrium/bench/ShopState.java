package attrium.bench;

import java.math.BigDecimal;

/** The keyed state of one profile, grouped by what changes together, so that an event reads and writes few rows. All are POJOs to Flink. */
public final class ShopState {
    private ShopState() {}

    /** The value of one event: of the latest or of the earliest. */
    public static class Picked {
        public long at;
        public String eventId;
        public String value;

        public Picked() {}
    }

    /** Values that any event may bring. */
    public static class Latest {
        public Picked product;
        public Picked category;
        public Picked firstCampaign;
        public Picked currency;

        public Latest() {}
    }

    public static class Views {
        public long count;
        public BigDecimal value;
        public long expensive;
        public BigDecimal cheapest;
        public BigDecimal dearest;
        /** How many different categories there are in the map of categories. */
        public long categories;
        public String favourite;
        public long favouriteCount;
        public long favouriteAt;
        /** The latest different campaigns with their times, by time. */
        public String[] campaigns = new String[0];
        public long[] campaignsAt = new long[0];

        public Views() {}
    }

    public static class CategoryCount {
        public long count;
        public long at;

        public CategoryCount() {}
    }

    /** What is in a rolling window now. */
    public static class Inside {
        public long count;
        public BigDecimal sum = BigDecimal.ZERO;

        public Inside() {}
    }

    public static class Orders {
        public long count;
        public BigDecimal revenue;
        public long firstAt;
        public Picked lastCategory;
        public Inside recent = new Inside();

        public Orders() {}
    }
}
