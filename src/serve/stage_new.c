/* Items that nobody has met: the rankers have learnt from items with events and say nothing of the
 * others, whose popularity, neighbours and rates are all missing; the order that they would give
 * them is noise (src/README.md has the numbers). An item that people have only disliked is none of
 * them: its rates say so. The blend knows how to compare such an item with
 * any other, by content or because the session has it, so it keeps the place that the blend gives
 * it: after as many of the known items as are before it in the blend.
 *
 *   blend       a  N  b  c  M  d        N, M: new
 *   ranker      c  a  d  b              the known ones, by score
 *   together    c  N  a  d  M  b
 *
 * What a ranker says of it is drawn on the line between its neighbours, so that scores still
 * descend and a value is still the sum of its terms. Where all are new there is no line: the scores
 * they have are dealt out by the blend. O(candidates * log) where there is a new one, else
 * O(candidates). */
#include "serve/stages.h"

/* Above the first and below the last there is half a line: to a score further off by this, or to
 * probabilities this share of the way to their best or worst. */
#define BEYOND 0.5f

/* One ordering under way. by_blend: all of the list; by_score: its known items, or all if there is
 * none. */
typedef struct ordering {
    rk_engine *engine;
    const float *weights; /* (width) of the rows in a value */
    float *scores, *rows;
    uint32_t width, count, known;
    const uint32_t *fixed; /* (fixed_count) places whose numbers stay */
    uint32_t fixed_count;
    rk_scored *by_blend, *by_score;
} ordering;

static uint32_t place_of(const ordering *o, uint32_t item) {
    return o->engine->candidates.slot[item] - 1u;
}

static bool is_new(const ordering *o, uint32_t item) {
    return rk_stage_is_new(o->engine, item);
}

static bool is_fixed(const ordering *o, uint32_t place) {
    for (uint32_t i = 0; i < o->fixed_count; i++) {
        if (o->fixed[i] == place) return true;
    }
    return false;
}

/* By score, all of them are new: the best score to the first of the blend, and so on. */
static void deal(const ordering *o) {
    uint32_t width = o->width;
    float *kept = o->engine->fresh_rows;
    for (uint32_t k = 0; k < o->count && width; k++)
        memcpy(kept + k * width, o->rows + place_of(o, o->by_score[k].item) * width,
               width * sizeof *kept);
    for (uint32_t k = 0; k < o->count; k++) {
        uint32_t place = place_of(o, o->by_blend[k].item);
        if (is_fixed(o, place)) continue;
        o->scores[place] = o->by_score[k].score;
        if (width) memcpy(o->rows + place * width, kept + k * width, width * sizeof *kept);
    }
}

/* A row's number `t` of the known item of rank `at`, or (beyond the ends) further up or down. */
static float row_at(const ordering *o, uint32_t at, uint32_t t, bool above, bool below) {
    float p = o->rows[place_of(o, o->by_score[at].item) * o->width + t];
    bool to_one = above == (o->weights[t] > 0.0f);
    if (!(above || below) || o->weights[t] == 0.0f) return p;
    return to_one ? p + (1.0f - p) * BEYOND : p * BEYOND;
}

/* New item `item`, the share `along` of the way from known item `before` - 1 to known item
 * `before`. */
static void insert(const ordering *o, uint32_t item, uint32_t before, float along) {
    bool above = before == 0, below = before == o->known;
    uint32_t upper = above ? 0 : before - 1, lower = below ? o->known - 1 : before;
    uint32_t place = place_of(o, item);
    if (is_fixed(o, place)) return;
    float high = o->by_score[upper].score + (above ? BEYOND : 0.0f);
    float low = o->by_score[lower].score - (below ? BEYOND : 0.0f);
    o->scores[place] = high + (low - high) * along;
    for (uint32_t t = 0; t < o->width; t++) {
        high = row_at(o, upper, t, above, false);
        low = row_at(o, lower, t, false, below);
        o->rows[place * o->width + t] = high + (low - high) * along;
    }
}

static void insert_all(const ordering *o) {
    uint32_t before = 0;
    for (uint32_t i = 0, run; i < o->count; i += run) {
        run = 1;
        if (!is_new(o, o->by_blend[i].item)) {
            before++;
            continue;
        }
        while (i + run < o->count && is_new(o, o->by_blend[i + run].item)) run++;
        for (uint32_t k = 0; k < run; k++)
            insert(o, o->by_blend[i + k].item, before, (float)(k + 1) / (float)(run + 1));
    }
}

void rk_stage_order_new(rk_engine *engine, const uint32_t *places, uint32_t count, uint32_t fixed,
                        float *scores, float *rows, const float *weights, uint32_t width) {
    ordering o = {.engine = engine,
                  .weights = weights,
                  .scores = scores,
                  .rows = rows,
                  .width = width,
                  .count = count,
                  .fixed = places,
                  .fixed_count = fixed,
                  .by_blend = engine->fresh,
                  .by_score = engine->fresh + RK_MAX_CANDIDATES};
    for (uint32_t i = 0; i < count; i++)
        o.known += !is_new(&o, engine->candidates.item[places ? places[i] : i]);
    if (o.known == count) return;
    assert(places || !fixed);
    uint32_t listed = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = places ? places[i] : i, item = engine->candidates.item[place];
        o.by_blend[i] = (rk_scored){.score = engine->blends[place], .item = item};
        if (o.known == 0 || !is_new(&o, item))
            o.by_score[listed++] = (rk_scored){.score = scores[place], .item = item};
    }
    rk_sort_scored(o.by_blend, count);
    rk_sort_scored(o.by_score, listed);
    if (o.known) {
        insert_all(&o);
    } else {
        deal(&o);
    }
}
