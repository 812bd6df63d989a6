/* Blocks that are given back together; and every allocation of the training failing in turn: the
 * answer is OUT_OF_MEMORY, nothing leaks (the sanitizer looks), nothing half-done is used. */
#include "log_builder.h"

static void blocks_are_zeroed_aligned_and_apart(void **state) {
    (void)state;
    rk_memory memory = {0};
    unsigned char *blocks[50];
    for (uint32_t i = 0; i < 50; i++) {
        blocks[i] = rk_memory_take(&memory, i, 3);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 64, 0);
        for (uint32_t k = 0; k < 3 * i; k++) assert_int_equal(blocks[i][k], 0);
        memset(blocks[i], (int)(i + 1), 3 * i);
    }
    for (uint32_t i = 0; i < 50; i++) {
        for (uint32_t k = 0; k < 3 * i; k++) assert_int_equal(blocks[i][k], i + 1);
    }
    rk_memory_free(&memory);
    assert_null(memory.blocks);
    uint64_t *again = RK_NEW(&memory, uint64_t, 4); // it may be used again
    assert_non_null(again);
    assert_true(again[0] == 0 && again[3] == 0);
    rk_memory_free(&memory);
    rk_memory_free(&memory); // freeing nothing is harmless
}

static void sizes_that_overflow_are_refused(void **state) {
    (void)state;
    rk_memory memory = {0};
    assert_null(rk_memory_take(&memory, UINT64_MAX, 2));
    assert_null(rk_memory_take(&memory, UINT64_MAX / 2 + 1, 2));
    assert_null(rk_memory_take(&memory, UINT64_MAX, 1));
    assert_null(rk_memory_take(&memory, UINT64_MAX - 100, 1));
    assert_null(rk_memory_take(&memory, 1, UINT64_MAX - 64));
    assert_null(memory.blocks);
    rk_memory_free(&memory);
}

static void takes_fail_on_demand(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_memory_fail_after(2);
    assert_non_null(rk_memory_take(&memory, 1, 1));
    assert_non_null(rk_memory_take(&memory, 1, 1));
    assert_null(rk_memory_take(&memory, 1, 1));
    assert_null(rk_memory_take(&memory, 1, 1));
    rk_memory_fail_after(UINT64_MAX);
    assert_non_null(rk_memory_take(&memory, 1, 1));
    rk_memory_free(&memory);
}

/* ---- training with one take fewer than it needs ---- */

static bool items_only; /* as protocol_tried: what tiny_log makes */

/* With something of everything: times, places, what experts say, attributes and features of the
 * users. */
static log_builder tiny_log(void) {
    enum { EVENTS = 24, ITEMS = 23 };
    static const char *const attribute[] = {"tags"}, *const feature[] = {"country"};
    static const char *const countries[] = {"DE", NULL};
    static const uint8_t kind[] = {RK_ATTRIBUTE_TAGS};
    log_builder b = log_of(EVENTS, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    float *place = TAKE(&b.memory, float, 2 * ITEMS), *boost = TAKE(&b.memory, float, ITEMS);
    uint32_t *begin = TAKE(&b.memory, uint32_t, ITEMS + 1);
    uint32_t *related = TAKE(&b.memory, uint32_t, ITEMS);
    const char **tags = TAKE(&b.memory, const char *, ITEMS);
    uint32_t *context = TAKE(&b.memory, uint32_t, EVENTS);
    for (uint32_t i = 0; i < EVENTS; i++) {
        add_event(&b, i / 6, i * 5 % ITEMS, VIEW, i * 1000);
        context[i] = i / 6 % 2;
    }
    for (uint32_t item = 0; item < ITEMS; item++) {
        place[2 * item] = place[2 * item + 1] = item % 3 ? (float)item : RK_NO_PLACE;
        tags[item] = item % 2 ? "a|b" : "b|c";
        boost[item] = (float)(item % 4);
        related[item] = (item + 5) % ITEMS;
        begin[item + 1] = item + 1;
    }
    b.boost = boost;
    b.related_begin = begin;
    b.related = related;
    b.place = place;
    b.attributes = b.features = 1;
    b.attribute_names = attribute;
    b.attribute_kinds = kind;
    b.attribute_values = tags;
    b.feature_names = feature;
    b.contexts = 2;
    b.context_values = countries;
    b.context = context;
    if (items_only) b.events = b.users = 0;
    return b;
}

static void no_prediction(void *context, const char *user, uint32_t user_bytes, uint32_t case_index,
                          uint32_t history_events, uint32_t rank, const char *item,
                          uint32_t item_bytes, float score) {
    (void)context, (void)user, (void)user_bytes, (void)case_index, (void)history_events;
    (void)rank, (void)item, (void)item_bytes, (void)score;
}

typedef rk_status train_fn(const rk_events_view *view, const rk_learn_options *options,
                           rk_memory *memory, rk_error *error);

static rk_status train_snapshot(const rk_events_view *view, const rk_learn_options *options,
                                rk_memory *memory, rk_error *error) {
    unsigned char *bytes;
    uint64_t size;
    return rk_learn_snapshot(view, "eu", options, memory, &bytes, &size, error);
}

/* What train_and_evaluate does; a parameter of fail_each in all but name. */
static rk_protocol protocol_tried;

static rk_status train_and_evaluate(const rk_events_view *view, const rk_learn_options *options,
                                    rk_memory *memory, rk_error *error) {
    const rk_evaluate_options how = {
        .protocol = protocol_tried,
        .cutoffs = {5},
        .cutoff_count = 1,
        .sample = 1.0,
        .prediction = protocol_tried == RK_PROTOCOL_COLD_USER ? NULL : no_prediction};
    char *json;
    uint64_t bytes;
    return rk_learn_evaluate(view, options, &how, memory, &json, &bytes, error);
}

/* Trains with takes 0, 1, 2, ... failing until it succeeds; returns how many takes it made. Beyond
 * `all` takes only every `stride`th fails, from a place that the seed chooses. */
static uint64_t fail_each(train_fn *train, const rk_learn_options *options, uint64_t all,
                          uint64_t stride) {
    log_builder b = tiny_log();
    const rk_events_view view = log_view(&b);
    uint64_t take = 0;
    for (;;) {
        rk_memory memory = {0};
        rk_error error = {0};
        rk_memory_fail_after(take);
        const rk_status status = train(&view, options, &memory, &error);
        rk_memory_fail_after(UINT64_MAX);
        rk_memory_free(&memory);
        if (status == RK_OK) break;
        if (status != RK_OUT_OF_MEMORY || error.status != RK_OUT_OF_MEMORY)
            fail_msg("take %llu: %s", (unsigned long long)take, rk_status_name(status));
        assert_true(strlen(error.detail) > 0);
        if (take == all) take += test_seed() % stride;
        take += take < all ? 1 : stride;
    }
    rk_memory_free(&b.memory);
    return take;
}

static rk_learn_options smallest(uint32_t validation_cases) {
    rk_learn_options options = rk_learn_defaults();
    options.dim = 8;
    options.sgns_epochs = options.encoder_epochs = options.tower_epochs = 1;
    options.validation_cases = validation_cases;
    return options;
}

/* Without validation there is no search: few takes, and each of them fails. */
static void a_snapshot_survives_every_failure(void **state) {
    (void)state;
    const rk_learn_options options = smallest(0);
    const uint64_t takes = fail_each(train_snapshot, &options, UINT64_MAX, 1);
    print_message("%llu takes\n", (unsigned long long)takes);
    assert_true(takes > 50);
}

static void an_items_file_survives_every_failure(void **state) {
    (void)state;
    const rk_learn_options options = smallest(20);
    items_only = true;
    const uint64_t takes = fail_each(train_snapshot, &options, UINT64_MAX, 1);
    items_only = false;
    print_message("%llu takes\n", (unsigned long long)takes);
    assert_true(takes > 40);
}

/* All takes of the training; then a sample. */
static void an_evaluation_survives_every_failure(void **state) {
    (void)state;
    const rk_learn_options options = smallest(0);
    for (uint32_t p = 0; p < RK_PROTOCOLS; p++) {
        protocol_tried = (rk_protocol)p;
        /* Most takes are those of the engines of one measurement after the other. */
        const uint64_t takes = fail_each(train_and_evaluate, &options, 250, 11);
        print_message("%s: %llu takes\n", rk_protocol_name(protocol_tried),
                      (unsigned long long)takes);
        assert_true(takes > 300);
    }
}

/* The search evaluates dozens of settings, all by the same takes: the first ones one by one, then
 * a sample that walks with the seed. */
static void the_search_survives_failures(void **state) {
    (void)state;
    const rk_learn_options options = smallest(2);
    const uint64_t takes = fail_each(train_snapshot, &options, 150, 37);
    print_message("%llu takes\n", (unsigned long long)takes);
    assert_true(takes > 1500);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_aligned_and_apart),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(takes_fail_on_demand),
        cmocka_unit_test(a_snapshot_survives_every_failure),
        cmocka_unit_test(an_items_file_survives_every_failure),
        cmocka_unit_test(an_evaluation_survives_every_failure),
        cmocka_unit_test(the_search_survives_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
