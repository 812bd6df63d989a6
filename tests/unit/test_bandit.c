/* The bandit of the explore slots: what it knows, whom it shows, with which probability, and how
 * its statistics come and go. */
#include "random_request.h"

#include "format/delta_read.h"
#include "serve/bandit.h"

#include <math.h>

enum { ITEMS = 600, CLUSTERS = 5, COUNT = 12 };
#define NOW (20000 * RK_MS_PER_DAY + 1000)

static const rk_bandit_options plain = {.prior_rate = 0.03f,
                                        .prior_trials = 20.0f,
                                        .half_life_days = 30.0f,
                                        .uniform = 0.01f,
                                        .rows = 600};

typedef struct world {
    rk_memory memory;
    rk_snapshot_content content;
    rk_source_config sources[RK_SOURCE_SLOTS];
    float popularity[ITEMS];
    uint32_t born[ITEMS];
    rk_engine *engine;
} world;

/* `explore`: every so many items are listed; events: of the log. */
static world *make_world(uint32_t explore, uint32_t tasks, uint64_t events, uint64_t seed) {
    world *made = calloc(1, sizeof *made);
    assert_non_null(made);
    snapshot_shape shape = {.items = ITEMS,
                            .dim = 32,
                            .neighbors = 10,
                            .popular_rows = 50,
                            .explore = explore,
                            .tasks = tasks,
                            .clusters = CLUSTERS,
                            .seed = seed};
    made->content = make_random_snapshot(shape, &made->memory);
    made->content.meta.events = events;
    /* Nobody has met what is listed. */
    memcpy(made->popularity, made->content.popularity, sizeof made->popularity);
    for (uint32_t i = 0; i < made->content.meta.explore_count; i++)
        made->popularity[made->content.explore[i]] = 0.0f;
    made->content.popularity = made->popularity;
    /* What is ranked does not depend on the draw of a request. */
    memcpy(made->sources, made->content.sources, sizeof made->sources);
    made->sources[RK_SOURCE_EXPLORE].weight = 0.0f;
    made->content.sources = made->sources;
    made->engine = engine_over(&made->content, &made->memory);
    return made;
}

static void end_world(world *made) {
    rk_memory_free(&made->memory);
    free(made);
}

static rk_bandit *open_bandit(world *in, const rk_bandit_options *options) {
    uint64_t bytes;
    rk_bandit *bandit = NULL;
    assert_int_equal(rk_bandit_measure(in->engine, options, &bytes, NULL), RK_OK);
    void *memory = TAKE(&in->memory, unsigned char, bytes);
    assert_int_equal(rk_bandit_open(in->engine, options, memory, bytes, &bandit, NULL), RK_OK);
    return bandit;
}

static void record(rk_bandit *bandit, uint32_t item, uint32_t shown, uint32_t rewarded) {
    for (uint32_t i = 0; i < shown; i++)
        assert_int_equal(rk_bandit_record(bandit, item, false, NOW, NULL), RK_OK);
    for (uint32_t i = 0; i < rewarded; i++)
        assert_int_equal(rk_bandit_record(bandit, item, true, NOW, NULL), RK_OK);
}

static uint32_t list_of(world *in, rk_bandit *bandit, uint64_t seed, const rk_event *session,
                        uint32_t events, rk_recommendation *out) {
    const rk_request request = {.session = session,
                                .session_count = events,
                                .count = COUNT,
                                .seed = seed,
                                .time_ms = NOW,
                                .bandit = bandit};
    uint32_t found;
    assert_int_equal(rk_recommend(in->engine, &request, out, &found, NULL), RK_OK);
    return found;
}

/* ---- propensities ---- */

/* The first slot of many lists under one policy: how often each item was drawn, beside the sum of
 * the propensities it had. Variances add up exactly, so a normal bound of 4.5 holds. */
static void propensities_are_what_happens(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    for (uint32_t with_session = 0; with_session < 2; with_session++) {
        world *in = make_world(10, 0, 0, seed + with_session);
        rk_bandit_options options = plain;
        options.impressions = 5;
        rk_bandit *bandit = open_bandit(in, &options);
        for (uint32_t i = 0; i < 20; i++)
            record(bandit, in->content.explore[3 * i % in->content.meta.explore_count], 6 + i,
                   i % 4);
        rk_event session[2] = {{.item = 1, .type = TYPE_LIKE}, {.item = 2, .type = TYPE_LIKE}};
        double drawn[ITEMS] = {0}, expected[ITEMS] = {0}, variance[ITEMS] = {0};
        enum { LISTS = 4000 };
        rk_recommendation out[COUNT];
        float of_item[ITEMS] = {0};
        for (uint64_t l = 0; l < LISTS; l++) {
            list_of(in, bandit, rk_mix64(seed, l), session, with_session ? 2 : 0, out);
            uint32_t slot = 0;
            while (out[slot].propensity == 0.0f) slot++;
            drawn[out[slot].item] += 1.0;
            of_item[out[slot].item] = out[slot].propensity;
        }
        double sum = 0.0;
        for (uint32_t i = 0; i < ITEMS; i++) {
            expected[i] = LISTS * (double)of_item[i];
            variance[i] = expected[i] * (1.0 - (double)of_item[i]);
            sum += (double)of_item[i];
            if (of_item[i] > 0.0f)
                assert_true(fabs(drawn[i] - expected[i]) <= 4.5 * sqrt(variance[i]) + 1.0);
        }
        /* What was drawn at all has nearly all of the probability. */
        assert_true(sum > 0.97 && sum < 1.0 + 1e-4);
        end_world(in);
    }
}

static void one_request_one_answer(void **state) {
    (void)state;
    world *in = make_world(4, 3, 500, test_seed());
    rk_bandit *a = open_bandit(in, &plain), *b = open_bandit(in, &plain);
    rk_event session[1] = {{.item = 5, .type = TYPE_LIKE}};
    rk_recommendation first[COUNT], second[COUNT];
    for (uint32_t round = 0; round < 50; round++) {
        const uint32_t m = list_of(in, a, round, session, 1, first);
        const uint32_t n = list_of(in, b, round, session, 1, second);
        assert_int_equal(m, n);
        assert_memory_equal(first, second, n * sizeof *first);
        for (uint32_t i = 0; i < n; i++) {
            if (first[i].propensity == 0.0f) continue;
            assert_int_equal(rk_bandit_record(a, first[i].item, false, NOW, NULL), RK_OK);
            assert_int_equal(rk_bandit_record(b, first[i].item, false, NOW, NULL), RK_OK);
        }
    }
    end_world(in);
}

/* ---- what it learns ---- */

static uint32_t draws_of(world *in, rk_bandit *bandit, uint32_t item, uint32_t lists) {
    rk_recommendation out[COUNT];
    uint32_t draws = 0;
    for (uint64_t l = 0; l < lists; l++) {
        const uint32_t found = list_of(in, bandit, l, NULL, 0, out);
        for (uint32_t i = 0; i < found; i++)
            draws += out[i].item == item && out[i].propensity > 0.0f;
    }
    return draws;
}

static void rewards_count_for_items_and_their_clusters(void **state) {
    (void)state;
    world *in = make_world(3, 0, 0, test_seed());
    rk_bandit *bandit = open_bandit(in, &plain);
    rk_recommendation out[COUNT];
    list_of(in, bandit, 1, NULL, 0, out);
    const uint32_t good = in->content.explore[0], bad = in->content.explore[1];
    const uint32_t before = draws_of(in, bandit, good, 100);
    rk_bandit_evidence known, stranger, cousin;
    record(bandit, good, 40, 20);
    record(bandit, bad, 200, 0);
    rk_bandit_known(bandit, good, &known);
    assert_true(known.trials == 40.0 && known.rewards == 20.0);
    assert_true(known.alpha > known.beta * 0.2);
    assert_true(rk_bandit_lift(bandit, good) > 2.0f);
    assert_true(rk_bandit_lift(bandit, bad) < 0.5f);
    assert_true(draws_of(in, bandit, good, 100) > 2 * before + 20);
    /* Items of the same cluster that nobody was shown, once the pool is made anew. */
    bandit->stale = true;
    list_of(in, bandit, 1, NULL, 0, out);
    uint32_t same = 0, other = 0;
    for (uint32_t i = ITEMS - 60; i < ITEMS; i++) {
        if (i % CLUSTERS == good % CLUSTERS) same = i;
        if (i % CLUSTERS != good % CLUSTERS && i % CLUSTERS != bad % CLUSTERS) other = i;
    }
    rk_bandit_known(bandit, same, &cousin);
    rk_bandit_known(bandit, other, &stranger);
    assert_true(cousin.alpha / cousin.beta > 1.5 * stranger.alpha / stranger.beta);
    end_world(in);
}

static void few_impressions_come_first_and_worn_out_items_leave(void **state) {
    (void)state;
    world *in = make_world(3, 0, 0, test_seed());
    rk_bandit_options options = plain;
    options.impressions = 10;
    options.most_impressions = 50;
    rk_bandit *bandit = open_bandit(in, &options);
    const uint32_t *listed = in->content.explore, n = in->content.meta.explore_count;
    for (uint32_t i = 0; i + 2 < n; i++) record(bandit, listed[i], 10, 1);
    record(bandit, listed[n - 1], 60, 30);
    rk_recommendation out[COUNT];
    list_of(in, bandit, 1, NULL, 0, out);
    rk_bandit_evidence lacking, worn;
    rk_bandit_known(bandit, listed[n - 2], &lacking);
    rk_bandit_known(bandit, listed[n - 1], &worn);
    assert_int_equal(lacking.pooled, 1);
    assert_int_equal(worn.pooled, 0);
    /* The only one under its impressions has half of the first slot, whatever Thompson thinks. */
    uint32_t first = 0;
    for (uint64_t l = 0; l < 400; l++) {
        list_of(in, bandit, l, NULL, 0, out);
        first += out[0].item == listed[n - 2];
    }
    assert_true(first > 150);
    end_world(in);
}

static void old_items_leave(void **state) {
    (void)state;
    world *in = make_world(3, 0, 0, test_seed());
    for (uint32_t i = 0; i < ITEMS; i++)
        in->born[i] = (uint32_t)((NOW - (i % 2 ? 5 : 50) * RK_MS_PER_DAY) / 60000);
    in->content.born = in->born;
    in->engine = engine_over(&in->content, &in->memory);
    rk_bandit_options options = plain;
    options.most_days = 10;
    rk_bandit *bandit = open_bandit(in, &options);
    rk_recommendation out[COUNT];
    for (uint64_t l = 0; l < 50; l++) {
        const uint32_t found = list_of(in, bandit, l, NULL, 0, out);
        for (uint32_t i = 0; i < found; i++)
            if (out[i].propensity > 0.0f) assert_int_equal(out[i].item % 2, 1);
    }
    end_world(in);
}

/* ---- slots without rules ---- */

static uint32_t explored(const rk_recommendation *out, uint32_t count) {
    uint32_t draws = 0;
    for (uint32_t i = 0; i < count; i++) draws += out[i].propensity > 0.0f;
    return draws;
}

static void exploration_gives_way_to_evidence(void **state) {
    (void)state;
    static const struct {
        uint64_t events;
        uint32_t alone, with_session;
    } cases[] = {{0, 12, 6}, {1000, 6, 6}, {11000, 1, 1}, {100000, 0, 0}};
    rk_event session[1] = {{.item = 7, .type = TYPE_LIKE}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        world *in = make_world(3, 3, cases[c].events, test_seed());
        rk_bandit *bandit = open_bandit(in, &plain);
        rk_recommendation out[COUNT];
        for (uint64_t l = 0; l < 20; l++) {
            assert_int_equal(list_of(in, bandit, l, NULL, 0, out), COUNT);
            assert_int_equal(explored(out, COUNT), cases[c].alone);
            assert_int_equal(list_of(in, bandit, l, session, 1, out), COUNT);
            assert_int_equal(explored(out, COUNT), cases[c].with_session);
            for (uint32_t i = 0; i < COUNT; i++) {
                assert_int_not_equal(out[i].item, 7);
                for (uint32_t j = 0; j < i; j++) assert_int_not_equal(out[i].item, out[j].item);
            }
        }
        end_world(in);
    }
}

static void excluded_items_are_not_drawn(void **state) {
    (void)state;
    world *in = make_world(30, 0, 0, test_seed());
    rk_bandit *bandit = open_bandit(in, &plain);
    const uint32_t n = in->content.meta.explore_count;
    rk_request request = {
        .exclude = in->content.explore, .exclude_count = n - 1, .count = COUNT, .bandit = bandit};
    rk_recommendation out[COUNT];
    uint32_t found;
    for (request.seed = 0; request.seed < 30; request.seed++) {
        assert_int_equal(rk_recommend(in->engine, &request, out, &found, NULL), RK_OK);
        assert_int_equal(explored(out, found), 1);
        for (uint32_t i = 0; i < found; i++) {
            if (out[i].propensity == 0.0f) continue;
            assert_int_equal(out[i].item, in->content.explore[n - 1]);
            assert_true(out[i].propensity == 1.0f);
        }
    }
    end_world(in);
}

/* Who asks for none of the source gets none, by slots neither. */
static void a_quota_of_nothing_is_obeyed(void **state) {
    (void)state;
    world *in = make_world(3, 0, 0, test_seed());
    rk_request request = {
        .count = COUNT, .flags = RK_REQUEST_SOURCE_QUOTAS, .bandit = open_bandit(in, &plain)};
    request.source_quotas[RK_SOURCE_POPULAR] = 50;
    rk_recommendation out[COUNT];
    uint32_t found;
    assert_int_equal(rk_recommend(in->engine, &request, out, &found, NULL), RK_OK);
    assert_int_equal(found, COUNT);
    assert_int_equal(explored(out, found), 0);
    end_world(in);
}

/* ---- statistics ---- */

/* A device that never syncs counts on: what no reader would count makes room. */
static void what_is_forgotten_makes_room(void **state) {
    (void)state;
    world *in = make_world(3, 0, 0, test_seed());
    rk_bandit_options options = plain;
    options.rows = 16;
    rk_bandit *bandit = open_bandit(in, &options);
    rk_recommendation out[COUNT];
    for (uint32_t day = 0; day < 1000; day += 100) {
        rk_request request = {
            .count = COUNT, .time_ms = NOW + day * RK_MS_PER_DAY, .bandit = bandit};
        uint32_t found;
        assert_int_equal(rk_recommend(in->engine, &request, out, &found, NULL), RK_OK);
        for (uint32_t i = 0; i < 3; i++)
            assert_int_equal(
                rk_bandit_record(bandit, in->content.explore[i], false, request.time_ms, NULL),
                RK_OK);
    }
    end_world(in);
}

static void batches_leave_and_the_region_answers(void **state) {
    (void)state;
    world *in = make_world(3, 0, 0, test_seed());
    memcpy(in->engine->description.region, "eu", 3);
    rk_bandit *device = open_bandit(in, &plain), *region = open_bandit(in, &plain);
    const uint32_t item = in->content.explore[2];
    rk_bandit_evidence known;
    assert_false(rk_bandit_freeze(device));
    record(device, item, 8, 2);
    assert_true(rk_bandit_freeze(device));
    record(device, item, 4, 0);
    assert_false(rk_bandit_freeze(device)); /* one batch is in flight */
    const uint64_t bytes = rk_bandit_batch_bytes(device);
    unsigned char *file = TAKE(&in->memory, unsigned char, bytes);
    unsigned char *scratch = TAKE(&in->memory, unsigned char, bytes);
    rk_bandit_batch_write(device, 1, 2900, scratch, file);
    rk_delta_view view;
    assert_int_equal(rk_delta_read(file, bytes, &view, NULL), RK_OK);
    assert_int_equal(view.meta.arm_rows, 2); /* the item and its cluster */
    assert_int_equal(view.meta.seq, 1);
    assert_int_equal(view.meta.epoch, 2900);
    /* The region has it; everything still counts once on the device. */
    assert_int_equal(rk_bandit_replace(region, file, bytes, NULL), RK_OK);
    rk_bandit_known(region, item, &known);
    assert_true(known.trials == 8.0 && known.rewards == 2.0);
    rk_bandit_acknowledge(device);
    assert_int_equal(rk_bandit_replace(device, file, bytes, NULL), RK_OK);
    rk_bandit_known(device, item, &known);
    assert_true(known.trials == 12.0 && known.rewards == 2.0);
    /* Over another engine. */
    rk_bandit *moved = open_bandit(in, &plain);
    assert_int_equal(rk_bandit_adopt(moved, device, NULL), RK_OK);
    rk_bandit_known(moved, item, &known);
    assert_true(known.trials == 12.0 && known.rewards == 2.0);
    /* Another region's statistics, a damaged file, too many rows: refused, and nothing changes. */
    rk_error error;
    memcpy(in->engine->description.region, "us", 3);
    assert_int_equal(rk_bandit_replace(device, file, bytes, &error), RK_BAD_ARGUMENT);
    memcpy(in->engine->description.region, "eu", 3);
    file[bytes - 1] ^= 1;
    assert_int_not_equal(rk_bandit_replace(device, file, bytes, &error), RK_OK);
    rk_bandit_options narrow = plain;
    narrow.rows = 1;
    rk_bandit *small = open_bandit(in, &narrow);
    file[bytes - 1] ^= 1;
    assert_int_equal(rk_bandit_replace(small, file, bytes, &error), RK_TOO_LARGE);
    assert_int_equal(rk_bandit_adopt(small, device, &error), RK_TOO_LARGE);
    assert_int_equal(rk_bandit_record(small, item, false, NOW, &error), RK_TOO_LARGE);
    rk_bandit_known(small, item, &known);
    assert_true(known.trials == 0.0);
    rk_bandit_known(device, item, &known);
    assert_true(known.trials == 12.0);
    end_world(in);
}

static void bad_arguments_are_refused(void **state) {
    (void)state;
    world *in = make_world(3, 0, 0, test_seed()), *elsewhere = make_world(3, 0, 0, 77);
    rk_error error;
    uint64_t bytes;
    const struct {
        float rate, trials, half_life, uniform;
        uint32_t rows, offset;
    } bad[] = {{0.0f, 20, 30, 0, 10, 0},
               {1.0f, 20, 30, 0, 10, 0},
               {NAN, 20, 30, 0, 10, 0},
               {0.1f, 0, 30, 0, 10, 1},
               {0.1f, NAN, 30, 0, 10, 1},
               {0.1f, 20, -1, 0, 10, 2},
               {0.1f, 20, INFINITY, 0, 10, 2},
               {0.1f, 20, 30, 2, 10, 3},
               {0.1f, 20, 30, NAN, 10, 3},
               {0.1f, 20, 30, 0, 0, 4},
               {0.1f, 20, 30, 0, RK_BANDIT_MOST_ROWS + 1, 4}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const rk_bandit_options options = {.prior_rate = bad[i].rate,
                                           .prior_trials = bad[i].trials,
                                           .half_life_days = bad[i].half_life,
                                           .uniform = bad[i].uniform,
                                           .rows = bad[i].rows};
        assert_int_equal(rk_bandit_measure(in->engine, &options, &bytes, &error), RK_BAD_ARGUMENT);
        assert_int_equal(error.offset, bad[i].offset);
    }
    rk_bandit *bandit = open_bandit(in, &plain), *strange = open_bandit(elsewhere, &plain);
    assert_int_equal(rk_bandit_record(bandit, ITEMS, false, NOW, &error), RK_BAD_ARGUMENT);
    assert_int_equal(rk_bandit_record(bandit, 0, false, -1, &error), RK_BAD_ARGUMENT);
    assert_int_equal(rk_bandit_record(bandit, 0, false, INT64_MAX, &error), RK_BAD_ARGUMENT);
    const rk_request request = {.count = 1, .bandit = strange};
    rk_recommendation out;
    uint32_t found;
    assert_int_equal(rk_recommend(in->engine, &request, &out, &found, &error), RK_BAD_ARGUMENT);
    end_world(in);
    end_world(elsewhere);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(propensities_are_what_happens),
        cmocka_unit_test(one_request_one_answer),
        cmocka_unit_test(rewards_count_for_items_and_their_clusters),
        cmocka_unit_test(few_impressions_come_first_and_worn_out_items_leave),
        cmocka_unit_test(old_items_leave),
        cmocka_unit_test(exploration_gives_way_to_evidence),
        cmocka_unit_test(excluded_items_are_not_drawn),
        cmocka_unit_test(a_quota_of_nothing_is_obeyed),
        cmocka_unit_test(what_is_forgotten_makes_room),
        cmocka_unit_test(batches_leave_and_the_region_answers),
        cmocka_unit_test(bad_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
