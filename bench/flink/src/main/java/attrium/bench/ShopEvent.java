package attrium.bench;

import java.math.BigDecimal;

/** What the definitions read of one resolved event. A property that it lacks is null. */
public class ShopEvent {
    public static final int OTHER = 0;
    public static final int PRODUCT_VIEWED = 1;
    public static final int CART_UPDATED = 2;
    public static final int ORDER_COMPLETED = 3;

    public String profileId;
    public String id;
    public int kind;
    /** The event's own time, ms. */
    public long at;
    public String sku;
    public String category;
    public String campaign;
    public String currency;
    public BigDecimal price;

    public ShopEvent() {}

    static int kindOf(String name) {
        switch (name) {
            case "Product Viewed":
                return PRODUCT_VIEWED;
            case "Cart Updated":
                return CART_UPDATED;
            case "Order Completed":
                return ORDER_COMPLETED;
            default:
                return OTHER;
        }
    }
}
