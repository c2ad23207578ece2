package attrium.bench;

import attrium.bench.ShopState.CategoryCount;
import attrium.bench.ShopState.Inside;
import attrium.bench.ShopState.Latest;
import attrium.bench.ShopState.Orders;
import attrium.bench.ShopState.Picked;
import attrium.bench.ShopState.Views;
import java.math.BigDecimal;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * The 20 definitions of `peer-catalogue.ts`, keyed by profile. Emits, encoded for the log, what changed with an event or with a window's timer.
 * Whatever the order of the events, the values are the same: the latest and earliest are by the event's own time and then by its id.
 */
public class Attributes extends KeyedProcessFunction<String, ShopEvent, byte[]> {
    private static final long ORDERS_WITHIN_MS = 7L * 86_400_000;
    private static final BigDecimal EXPENSIVE = new BigDecimal(150);
    private static final int CAMPAIGNS_MAX = 10;

    private final long cartsWithinMs;
    private transient ValueState<Latest> latestState;
    private transient ValueState<Views> viewsState;
    private transient MapState<String, CategoryCount> categories;
    private transient ValueState<Orders> ordersState;
    private transient ValueState<Inside> cartsState;
    /** What is inside the windows, by event time. */
    private transient MapState<Long, Inside> cartWindow;
    private transient MapState<Long, Inside> orderWindow;
    private transient ChangeSet changes;

    public Attributes(long cartsWithinMs) {
        this.cartsWithinMs = cartsWithinMs;
    }

    @Override
    public void open(OpenContext context) {
        latestState = getRuntimeContext().getState(new ValueStateDescriptor<>("latest", Types.POJO(Latest.class)));
        viewsState = getRuntimeContext().getState(new ValueStateDescriptor<>("views", Types.POJO(Views.class)));
        ordersState = getRuntimeContext().getState(new ValueStateDescriptor<>("orders", Types.POJO(Orders.class)));
        cartsState = getRuntimeContext().getState(new ValueStateDescriptor<>("carts", Types.POJO(Inside.class)));
        categories = getRuntimeContext()
                .getMapState(new MapStateDescriptor<>("categories", Types.STRING, Types.POJO(CategoryCount.class)));
        cartWindow = getRuntimeContext()
                .getMapState(new MapStateDescriptor<>("cart-window", Types.LONG, Types.POJO(Inside.class)));
        orderWindow = getRuntimeContext()
                .getMapState(new MapStateDescriptor<>("order-window", Types.LONG, Types.POJO(Inside.class)));
        changes = new ChangeSet();
    }

    @Override
    public void processElement(ShopEvent event, Context context, Collector<byte[]> out) throws Exception {
        changes.clear();
        foldLatest(event);
        if (event.kind == ShopEvent.PRODUCT_VIEWED) foldView(event);
        else if (event.kind == ShopEvent.CART_UPDATED) foldCart(event, context);
        else if (event.kind == ShopEvent.ORDER_COMPLETED) foldOrder(event, context);
        if (!changes.isEmpty()) {
            out.collect(changes.encode(context.getCurrentKey(), event.id, false, event.at, context.timestamp()));
        }
        Progress.EVENTS.increment();
    }

    @Override
    public void onTimer(long timestamp, OnTimerContext context, Collector<byte[]> out) throws Exception {
        changes.clear();
        Long ofCarts = timestamp - cartsWithinMs;
        Inside leavingCarts = cartWindow.get(ofCarts);
        if (leavingCarts != null) {
            cartWindow.remove(ofCarts);
            Inside carts = cartsState.value();
            changeCarts(carts, -leavingCarts.count, leavingCarts.sum.negate(), false);
            cartsState.update(carts);
        }
        Long ofOrders = timestamp - ORDERS_WITHIN_MS;
        Inside leavingOrders = orderWindow.get(ofOrders);
        if (leavingOrders != null) {
            orderWindow.remove(ofOrders);
            Orders orders = ordersState.value();
            changeRecentOrders(orders, -leavingOrders.count, leavingOrders.sum.negate(), false);
            ordersState.update(orders);
        }
        if (!changes.isEmpty()) {
            out.collect(changes.encode(context.getCurrentKey(), "timer:" + timestamp, true, timestamp, timestamp));
        }
    }

    private void foldLatest(ShopEvent event) throws Exception {
        Latest latest = latestState.value();
        if (latest == null) latest = new Latest();
        latest.product = latestOf("last_product", latest.product, event, event.sku);
        latest.category = latestOf("last_category", latest.category, event, event.category);
        latest.currency = latestOf("currency", latest.currency, event, event.currency);
        if (event.campaign != null) {
            Picked first = latest.firstCampaign;
            if (first == null || compare(event.at, event.id, first) < 0) {
                changes.text("first_campaign", first == null ? null : first.value, event.campaign);
                latest.firstCampaign = replaced(first, event, event.campaign);
            }
        }
        latestState.update(latest);
    }

    private void foldView(ShopEvent event) throws Exception {
        Views views = viewsState.value();
        boolean isFirst = views == null;
        if (isFirst) views = new Views();
        changes.count("views", isFirst ? ChangeSet.NONE : views.count, views.count + 1);
        views.count++;
        if (event.price != null) foldPrice(views, event.price);
        if (event.category != null) foldCategory(views, event.category, event.at);
        if (event.campaign != null) {
            String[] before = views.campaigns;
            RecentTexts.add(views, event.campaign, event.at, CAMPAIGNS_MAX);
            changes.latestFirst("campaigns_viewed", before, views.campaigns);
        }
        viewsState.update(views);
    }

    private void foldPrice(Views views, BigDecimal price) {
        BigDecimal value = views.value == null ? price : views.value.add(price);
        changes.number("viewed_value", views.value, value);
        views.value = value;
        if (price.compareTo(EXPENSIVE) > 0) {
            changes.count("expensive_views", views.expensive == 0 ? ChangeSet.NONE : views.expensive, views.expensive + 1);
            views.expensive++;
        }
        if (views.cheapest == null || price.compareTo(views.cheapest) < 0) {
            changes.number("cheapest_view", views.cheapest, price);
            views.cheapest = price;
        }
        if (views.dearest == null || price.compareTo(views.dearest) > 0) {
            changes.number("dearest_view", views.dearest, price);
            views.dearest = price;
        }
    }

    /** The most frequent category; of equals the one that came most recently, and then the greater text. Counts only grow, so no other one has to be looked at. */
    private void foldCategory(Views views, String category, long at) throws Exception {
        CategoryCount known = categories.get(category);
        if (known == null) {
            known = new CategoryCount();
            known.at = at;
            changes.count("categories_viewed", views.categories == 0 ? ChangeSet.NONE : views.categories, views.categories + 1);
            views.categories++;
        }
        known.count++;
        known.at = Math.max(known.at, at);
        categories.put(category, known);
        if (!category.equals(views.favourite) && !exceeds(category, known, views)) return;
        changes.text("favourite_category", views.favourite, category);
        views.favourite = category;
        views.favouriteCount = known.count;
        views.favouriteAt = known.at;
    }

    private static boolean exceeds(String category, CategoryCount known, Views views) {
        if (views.favourite == null || known.count != views.favouriteCount) return known.count > views.favouriteCount;
        return known.at == views.favouriteAt ? category.compareTo(views.favourite) > 0 : known.at > views.favouriteAt;
    }

    private void foldCart(ShopEvent event, Context context) throws Exception {
        if (event.at + cartsWithinMs <= context.timerService().currentWatermark()) return;
        Inside carts = cartsState.value();
        boolean isFirst = carts == null;
        if (isFirst) carts = new Inside();
        BigDecimal price = event.price == null ? BigDecimal.ZERO : event.price;
        changeCarts(carts, 1, price, isFirst);
        cartsState.update(carts);
        enter(cartWindow, event.at, price);
        context.timerService().registerEventTimeTimer(event.at + cartsWithinMs);
    }

    private void foldOrder(ShopEvent event, Context context) throws Exception {
        Orders orders = ordersState.value();
        boolean isFirst = orders == null;
        if (isFirst) orders = new Orders();
        changes.count("orders", isFirst ? ChangeSet.NONE : orders.count, orders.count + 1);
        orders.count++;
        BigDecimal price = event.price == null ? BigDecimal.ZERO : event.price;
        if (event.price != null) {
            BigDecimal revenue = orders.revenue == null ? price : orders.revenue.add(price);
            changes.number("revenue", orders.revenue, revenue);
            orders.revenue = revenue;
        }
        if (isFirst || event.at < orders.firstAt) {
            changes.time("first_order_at", isFirst ? ChangeSet.NONE : orders.firstAt, event.at);
            orders.firstAt = event.at;
        }
        orders.lastCategory = latestOf("last_order_category", orders.lastCategory, event, event.category);
        if (event.at + ORDERS_WITHIN_MS > context.timerService().currentWatermark()) {
            changeRecentOrders(orders, 1, price, isFirst);
            enter(orderWindow, event.at, price);
            context.timerService().registerEventTimeTimer(event.at + ORDERS_WITHIN_MS);
        }
        ordersState.update(orders);
    }

    private void changeCarts(Inside carts, long count, BigDecimal sum, boolean isFirst) {
        changes.count("carts_recent", isFirst ? ChangeSet.NONE : carts.count, carts.count + count);
        BigDecimal total = carts.sum.add(sum);
        changes.number("cart_value_recent", isFirst ? null : carts.sum, total);
        carts.count += count;
        carts.sum = total;
    }

    private void changeRecentOrders(Orders orders, long count, BigDecimal sum, boolean isFirst) {
        Inside recent = orders.recent;
        changes.count("orders_7d", isFirst ? ChangeSet.NONE : recent.count, recent.count + count);
        BigDecimal total = recent.sum.add(sum);
        changes.number("revenue_7d", isFirst ? null : recent.sum, total);
        recent.count += count;
        recent.sum = total;
    }

    private static void enter(MapState<Long, Inside> window, long at, BigDecimal price) throws Exception {
        Inside entry = window.get(at);
        if (entry == null) entry = new Inside();
        entry.count++;
        entry.sum = entry.sum.add(price);
        window.put(at, entry);
    }

    private Picked latestOf(String name, Picked picked, ShopEvent event, String value) {
        if (value == null || picked != null && compare(event.at, event.id, picked) <= 0) return picked;
        changes.text(name, picked == null ? null : picked.value, value);
        return replaced(picked, event, value);
    }

    private static Picked replaced(Picked picked, ShopEvent event, String value) {
        Picked now = picked == null ? new Picked() : picked;
        now.at = event.at;
        now.eventId = event.id;
        now.value = value;
        return now;
    }

    private static int compare(long at, String eventId, Picked picked) {
        return at == picked.at ? eventId.compareTo(picked.eventId) : Long.compare(at, picked.at);
    }
}
