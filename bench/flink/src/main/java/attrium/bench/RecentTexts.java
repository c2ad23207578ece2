package attrium.bench;

import attrium.bench.ShopState.Views;
import java.util.Arrays;

/** The different texts that came most recently, each at its latest time, in the order of times and then of texts. */
final class RecentTexts {
    private RecentTexts() {}

    static void add(Views views, String text, long at, int max) {
        String[] texts = views.campaigns;
        long[] times = views.campaignsAt;
        int known = -1;
        for (int index = 0; index < texts.length; index++) if (texts[index].equals(text)) known = index;
        if (known >= 0 && times[known] >= at) return;
        int size = known >= 0 ? texts.length : texts.length + 1;
        String[] newTexts = new String[size];
        long[] newTimes = new long[size];
        int filled = 0;
        boolean isPlaced = false;
        for (int index = 0; index < texts.length; index++) {
            if (index == known) continue;
            boolean isAfter = times[index] > at || times[index] == at && texts[index].compareTo(text) > 0;
            if (!isPlaced && isAfter) {
                newTexts[filled] = text;
                newTimes[filled++] = at;
                isPlaced = true;
            }
            newTexts[filled] = texts[index];
            newTimes[filled++] = times[index];
        }
        if (!isPlaced) {
            newTexts[filled] = text;
            newTimes[filled] = at;
        }
        int from = Math.max(0, size - max);
        views.campaigns = from == 0 ? newTexts : Arrays.copyOfRange(newTexts, from, size);
        views.campaignsAt = from == 0 ? newTimes : Arrays.copyOfRange(newTimes, from, size);
    }
}
