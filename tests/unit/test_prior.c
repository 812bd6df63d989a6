/* A source region as the prior of a target's learners: matching, pseudo-counts, vectors. */
#include "two_regions.h"

#include "learn/build_neighbors.h"
#include "learn/prior.h"
#include "model/item_neighbors.h"
#include "model/vectors.h"

#include <math.h>

/* ---- matching -------------------------------------------------------------------------------- */

static void ids_match_first(void **state) {
    (void)state;
    log_builder source = region_log(800, 60, same_items), target = region_log(801, 10, same_items);
    const rk_snapshot_view from = region_source(&source, same_items);
    target.items = REGION_ITEMS + 7; // the target has items of its own
    const rk_events_content content = region_content(&target, same_items);
    rk_matches matches;
    assert_true(rk_match_items(&from.content, &content, &target.memory, &matches));
    assert_int_equal(matches.by_id, REGION_ITEMS);
    assert_int_equal(matches.by_content, 0);
    for (uint32_t item = 0; item < target.items; item++)
        assert_int_equal(matches.source_item[item], item < REGION_ITEMS ? item : RK_NONE);
    rk_memory_free(&source.memory);
    rk_memory_free(&target.memory);
}

static void titles_match_where_ids_do_not(void **state) {
    (void)state;
    const region_items named = {.step = 1, .prefix = "i", .titled = true};
    const region_items renamed = {.step = 1, .prefix = "other-", .titled = true};
    log_builder source = region_log(802, 60, named), target = region_log(803, 10, renamed);
    const rk_snapshot_view from = region_source(&source, named);
    const rk_events_content content = region_content(&target, renamed);
    rk_matches matches;
    assert_true(rk_match_items(&from.content, &content, &target.memory, &matches));
    assert_int_equal(matches.by_id, 0);
    assert_int_equal(matches.by_content, REGION_ITEMS);
    for (uint32_t item = 0; item < REGION_ITEMS; item++)
        assert_int_equal(matches.source_item[item], item);
    rk_memory_free(&source.memory);
    rk_memory_free(&target.memory);
}

enum { WORDS = 12, TITLE_WORDS = 5, TITLED = 40 };
static const char *const words[WORDS] = {"red",  "blue",  "mug",  "cup", "big",  "small",
                                         "wood", "glass", "lamp", "bed", "sofa", "tin"};

/* Random titles of single words; bit w of the mask: word w is in it. */
static rk_strings random_titles(rk_rng *rng, uint32_t count, uint32_t *masks, rk_memory *memory) {
    const char **rows = TAKE(memory, const char *, count);
    for (uint32_t i = 0; i < count; i++) {
        char *text = TAKE(memory, char, 64);
        masks[i] = 0;
        for (uint32_t w = 0; w < WORDS; w++) {
            if (rk_rng_below(rng, 3)) continue;
            masks[i] |= 1u << w;
            snprintf(text + strlen(text), 64 - strlen(text), "%s.", words[w]);
        }
        rows[i] = text;
    }
    return strings_of(rows, count, memory);
}

static bool has_pair(uint32_t mask, uint32_t a, uint32_t b) {
    const uint32_t between = b > a + 1 ? (1u << b) - (1u << (a + 1)) : 0;
    return mask >> a & 1u && mask >> b & 1u && !(mask & between);
}

/* idf of every word and of every two that adjoin, over both catalogues; the cosine of two titles.
 */
static double naive_cosine(const uint32_t *source, const uint32_t *target, uint32_t s, uint32_t t) {
    double both = 0.0, of_s = 0.0, of_t = 0.0;
    for (uint32_t a = 0; a < WORDS; a++) {
        for (uint32_t b = a; b < WORDS; b++) {
            uint32_t df = 0;
            for (uint32_t i = 0; i < TITLED; i++) {
                df += a == b ? source[i] >> a & 1u : has_pair(source[i], a, b);
                df += a == b ? target[i] >> a & 1u : has_pair(target[i], a, b);
            }
            if (!df) continue;
            const double idf = log(1.0 + 2.0 * TITLED / df);
            const bool in_s = a == b ? source[s] >> a & 1u : has_pair(source[s], a, b);
            const bool in_t = a == b ? target[t] >> a & 1u : has_pair(target[t], a, b);
            of_s += in_s ? idf * idf : 0.0;
            of_t += in_t ? idf * idf : 0.0;
            both += in_s && in_t ? idf * idf : 0.0;
        }
    }
    return both > 0.0 ? both / sqrt(of_s * of_t) : 0.0;
}

static void the_nearest_title_above_the_threshold(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 804);
    rk_memory memory = {0};
    uint32_t source_mask[TITLED], target_mask[TITLED], matched = 0, unmatched = 0;
    rk_snapshot_content source = {.meta = {.items = TITLED}};
    source.items = numbered_strings("a", TITLED, &memory);
    source.titles = random_titles(&rng, TITLED, source_mask, &memory);
    rk_events_content target = {.meta = {.items = TITLED}};
    target.items = numbered_strings("b", TITLED, &memory);
    target.titles = random_titles(&rng, TITLED, target_mask, &memory);
    rk_matches matches;
    assert_true(rk_match_items(&source, &target, &memory, &matches));
    for (uint32_t t = 0; t < TITLED; t++) {
        double best = 0.0;
        for (uint32_t s = 0; s < TITLED; s++)
            best = fmax(best, naive_cosine(source_mask, target_mask, s, t));
        const uint32_t found = matches.source_item[t];
        if (fabs(best - (double)RK_MATCH_COSINE) < 1e-4) continue;
        assert_int_equal(found != RK_NONE, best > (double)RK_MATCH_COSINE);
        matched += found != RK_NONE;
        unmatched += found == RK_NONE;
        if (found == RK_NONE) continue;
        assert_true(naive_cosine(source_mask, target_mask, found, t) > best - 1e-4);
    }
    assert_true(matched > 2 && unmatched > 2);
    rk_memory_free(&memory);
}

/* ---- pseudo-counts --------------------------------------------------------------------------- */

/* A source of `items` items with these popularities and no more. */
static rk_snapshot_content popular_source(const float *popularity, uint32_t items,
                                          rk_memory *memory) {
    rk_snapshot_content source = {.meta = {.items = items, .events = 1000},
                                  .popularity = popularity};
    source.items = numbered_strings("i", items, memory);
    return source;
}

/* Counts drawn from shares that are drawn around the source's with concentration m: what is found
 * is m again, within the error of so many items. */
static void the_concentration_of_the_regions_is_found(void **state) {
    (void)state;
    enum { ITEMS = 400, EVENTS = 20000 };
    rk_rng rng = rk_rng_at(test_seed(), 805);
    rk_memory memory = {0};
    float *popularity = TAKE(&memory, float, ITEMS), *start = TAKE(&memory, float, ITEMS);
    double *share = TAKE(&memory, double, ITEMS);
    const double m = 300.0;
    double sum = 0.0;
    for (uint32_t i = 0; i < ITEMS; i++) popularity[i] = 1.0f;
    /* Gamma of shape m / ITEMS < 1, by J. Ahrens and U. Dieter (1974): a Dirichlet's coordinates.
     */
    for (uint32_t i = 0; i < ITEMS; i++) {
        const double shape = m / ITEMS, edge = 1.0 + shape / exp(1.0);
        for (double x;;) {
            const double p = edge * rk_rng_f64(&rng), u = rk_rng_f64(&rng);
            x = p <= 1.0 ? pow(p, 1.0 / shape) : -log((edge - p) / shape);
            if (u > (p <= 1.0 ? exp(-x) : pow(x, shape - 1.0))) continue;
            share[i] = x;
            break;
        }
        sum += share[i];
    }
    rk_snapshot_content source = popular_source(popularity, ITEMS, &memory);
    rk_log log = {.items = ITEMS, .events = EVENTS};
    log.item_events = TAKE(&memory, uint32_t, ITEMS);
    log.file_item = TAKE(&memory, uint32_t, ITEMS);
    for (uint32_t i = 0; i < ITEMS; i++) log.file_item[i] = i;
    for (uint32_t e = 0; e < EVENTS; e++) {
        double u = rk_rng_f64(&rng) * sum;
        uint32_t i = 0;
        for (; i + 1 < ITEMS && u >= share[i]; i++) u -= share[i];
        log.item_events[i]++;
    }
    rk_events_content events = {.meta = {.items = ITEMS}};
    events.items = source.items;
    rk_prior prior;
    assert_true(rk_prior_take(&source, &events, &memory, &prior));
    const float found = rk_prior_popularity(&prior, &log, start);
    print_message("concentration %g, found %g\n", m, (double)found);
    assert_true((double)found > 0.7 * m && (double)found < 1.4 * m);
    assert_true(fabsf(start[0] - found / ITEMS) < 1e-3f);
    /* The cap bounds it, whatever the regions say. */
    prior.cap = 0.1f;
    assert_true(rk_prior_popularity(&prior, &log, start) <= 0.1f * ITEMS + 1e-3f);
    rk_memory_free(&memory);
}

static float weight_in(const rk_neighbor_table *table, uint32_t from, uint32_t to) {
    const rk_snapshot_content content = {
        .neighbors = {table->core_offsets, table->core_entries},
        .neighbors_more = {table->more_offsets, table->more_entries}};
    float weights[RK_NEIGHBOR_CODES];
    rk_neighbor_weights(table->scale, weights);
    return rk_neighbor_weight(&content, weights, from, to);
}

/* The rows of a target with a prior are those of its log with counts added as the header says. */
static void rows_are_counts_of_both(void **state) {
    (void)state;
    log_builder source = region_log(806, 80, same_items), target = region_log(807, 12, same_items);
    const rk_snapshot_view from = region_source(&source, same_items);
    const rk_events_content content = region_content(&target, same_items);
    rk_log log = log_of_content(&content, &target.memory);
    rk_prior prior;
    assert_true(rk_prior_take(&from.content, &content, &target.memory, &prior));
    prior.cap = 7.0f;
    rk_neighbor_params params = {
        .window = 4, .top = 64, .forward = 0.8f, .backward = 0.5f, .norm = 0.3f};
    rk_neighbor_params raw = params;
    raw.norm = 0.0f;
    params.prior = &prior;
    rk_neighbor_table both, own, same;
    assert_true(rk_build_neighbors(&log, &params, 1, &target.memory, &both));
    assert_true(rk_build_neighbors(&log, &params, 3, &target.memory, &same));
    assert_true(rk_build_neighbors(&log, &raw, 1, &target.memory, &own));
    float weights[RK_NEIGHBOR_CODES];
    rk_neighbor_weights(from.content.meta.neighbor_scale, weights);
    uint32_t seen = 0;
    for (uint32_t a = 0; a < REGION_ITEMS; a++) {
        for (uint32_t b = 0; b < REGION_ITEMS; b++) {
            const double n_a = (double)prior.events[a], n_b = (double)prior.events[b];
            const double stored = (double)rk_neighbor_weight(&from.content, weights, a, b);
            const double norm = (double)prior.neighbor_norm, f_a = fmin(1.0, 7.0 / n_a);
            const double count =
                (double)weight_in(&own, a, b) + f_a * stored * pow((n_a + 5) * (n_b + 5), norm);
            const double e_a = log.item_events[a] + fmin(n_a, 7.0);
            const double e_b = log.item_events[b] + fmin(n_b, 7.0);
            const double expected = count / pow((e_a + 5) * (e_b + 5), 0.3);
            const double found = (double)weight_in(&both, a, b);
            assert_true(found == (double)weight_in(&same, a, b));
            if (found == 0.0) continue;
            assert_true(fabs(found / expected - 1.0) < 0.06); // two roundings of a code
            seen += stored > 0.0;
        }
    }
    assert_true(seen > 100);
    rk_memory_free(&source.memory);
    rk_memory_free(&target.memory);
}

/* ---- vectors, settings ----------------------------------------------------------------------- */

static void vectors_are_the_sources(void **state) {
    (void)state;
    log_builder source = region_log(808, 60, same_items), target = region_log(809, 10, same_items);
    const rk_snapshot_view from = region_source(&source, same_items);
    const uint32_t dim = from.content.meta.dim;
    target.items = REGION_ITEMS + 1;
    add_event(&target, 0, REGION_ITEMS, VIEW, 1700000000001); // an item that the source lacks
    const rk_events_content content = region_content(&target, same_items);
    const rk_log log = log_of_content(&content, &target.memory);
    rk_prior prior;
    assert_true(rk_prior_take(&from.content, &content, &target.memory, &prior));
    float *vectors = TAKE(&target.memory, float, (uint64_t)log.items *dim);
    rk_prior_vectors(&prior, &log, true, vectors);
    for (uint32_t item = 0; item < REGION_ITEMS; item++) {
        float x[RK_MAX_DIM] = {0};
        double along = 0.0, length = 0.0, own = 0.0;
        rk_vector_accumulate(&from.content, item, 1.0f, x);
        for (uint32_t d = 0; d < dim; d++) {
            const double v = (double)vectors[item * dim + d];
            along += v * (double)x[d];
            length += v * v;
            own += (double)x[d] * (double)x[d];
        }
        assert_true(fabs(length - 1.0) < 1e-5 && fabs(along / sqrt(own) - 1.0) < 1e-5);
    }
    for (uint32_t d = 0; d < dim; d++) assert_true(vectors[REGION_ITEMS * dim + d] == 0.0f);
    /* What the source lacks lies among what it appears with. */
    rk_prior_join(&prior, &log, vectors);
    double sum = 0.0;
    for (uint32_t d = 0; d < dim; d++)
        sum += (double)vectors[REGION_ITEMS * dim + d] * (double)vectors[REGION_ITEMS * dim + d];
    assert_true(fabs(sum - 1.0) < 1e-5);
    rk_memory_free(&source.memory);
    rk_memory_free(&target.memory);
}

static void settings_come_from_the_report(void **state) {
    (void)state;
    static const char report[] =
        "{\"a\":\"b\",\"window\":12.5,\"deep\":{\"norm\":-0.25},\"end\":7}";
    const rk_snapshot_content source = {.report = report, .report_bytes = sizeof report - 1};
    const rk_snapshot_content silent = {.report_bytes = 0};
    assert_true(rk_prior_setting(&source, "window", 0.0, 20.0, 1.0) == 12.5);
    assert_true(rk_prior_setting(&source, "window", 0.0, 12.0, 1.0) == 1.0); // out of range
    assert_true(rk_prior_setting(&source, "norm", -1.0, 1.0, 1.0) == -0.25);
    assert_true(rk_prior_setting(&source, "end", 0.0, 9.0, 1.0) == 7.0);
    assert_true(rk_prior_setting(&source, "a", 0.0, 9.0, 2.0) == 2.0); // no number
    assert_true(rk_prior_setting(&source, "nd", 0.0, 9.0, 3.0) == 3.0);
    assert_true(rk_prior_setting(&silent, "window", 0.0, 9.0, 4.0) == 4.0);
    /* A report that is cut off anywhere is read no further than its end. */
    for (uint64_t bytes = 0; bytes < sizeof report; bytes++) {
        char *copy = malloc(bytes ? (size_t)bytes : 1);
        memcpy(copy, report, (size_t)bytes);
        const rk_snapshot_content cut = {.report = copy, .report_bytes = bytes};
        rk_prior_setting(&cut, "end", 0.0, 9.0, 1.0);
        rk_prior_setting(&cut, "window", 0.0, 9.0, 1.0);
        free(copy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_match_first),
        cmocka_unit_test(titles_match_where_ids_do_not),
        cmocka_unit_test(the_nearest_title_above_the_threshold),
        cmocka_unit_test(the_concentration_of_the_regions_is_found),
        cmocka_unit_test(rows_are_counts_of_both),
        cmocka_unit_test(vectors_are_the_sources),
        cmocka_unit_test(settings_come_from_the_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
