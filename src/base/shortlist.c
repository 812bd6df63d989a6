/* Cutting a full buffer to about its better half.
 *
 * Problem: a scan of 100,000 rows for 800 fills the buffer half a dozen times, and selecting
 * exactly each time was more than half of what listing cost.
 * Idea: before the end it need not be exact. An entry somewhat below the middle of a sample is a
 * threshold; if at least `wanted` entries reach it, whatever is below cannot be among the best and
 * goes, in one pass without branches. If not (a bad sample, many ties), the exact selection does
 * it. R. Floyd and R. Rivest, "Expected Time Bounds for Selection" (1975), choose pivots so.
 *
 * Invariant: at least `wanted` of all entries added reach the threshold, once it is above -inf. */
#include "base/shortlist.h"

/* Of SAMPLE entries drawn evenly the one of this rank: its own rank is off by 1/16 (one standard
 * deviation), so five times in six enough entries reach it. */
#define SAMPLE      64u
#define SAMPLE_RANK 36u

static void cut_exactly(rk_shortlist *list) {
    rk_select_scored(list->entries, list->count, list->wanted);
    list->count = list->wanted;
    list->threshold = list->entries[list->wanted - 1].score;
}

/* Leaves those that reach the sample's threshold. False if that would be too few, or
 * hardly less than there are. */
static bool cut_by_sample(rk_shortlist *list) {
    rk_scored sample[SAMPLE], *entries = list->entries;
    const uint32_t count = list->count, stride = count / SAMPLE;
    for (uint32_t i = 0; i < SAMPLE; i++) sample[i] = entries[i * stride];
    rk_select_scored(sample, SAMPLE, SAMPLE_RANK);
    const float threshold = sample[SAMPLE_RANK - 1].score;
    uint32_t reaching = 0, kept = 0;
    for (uint32_t i = 0; i < count; i++) reaching += entries[i].score >= threshold;
    if (reaching < list->wanted || reaching > list->wanted + list->wanted / 2) return false;
    for (uint32_t i = 0; i < count; i++) {
        const rk_scored entry = entries[i];
        entries[kept] = entry;
        kept += entry.score >= threshold;
    }
    list->count = kept;
    list->threshold = threshold;
    return true;
}

void rk_shortlist_cut(rk_shortlist *list) {
    assert(list->count == 2 * list->wanted);
    if (list->wanted < 2 * SAMPLE || !cut_by_sample(list)) cut_exactly(list);
}

uint32_t rk_shortlist_finish(rk_shortlist *list) {
    if (list->count >= list->wanted) cut_exactly(list);
    return list->count;
}
