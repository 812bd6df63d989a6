/* The query path never allocates: not a single malloc in rk_recommend, with a bandit or without,
 * rk_bandit_record and rk_similar, counted by the sanitizer's hooks. */
#include "random_request.h"

#include "serve/bandit.h"

/* Of the sanitizer's run-time library; gcc ships it without the header. */
int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void *, size_t),
                                              void (*released)(const volatile void *));

enum { ITEMS = 500 };

static uint64_t allocations, releases;

static void count_allocation(const volatile void *block, size_t bytes) {
    (void)block, (void)bytes;
    allocations++;
}

static void count_release(const volatile void *block) {
    (void)block;
    releases++;
}

static void queries_do_not_allocate(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_rng rng = rk_rng_at(test_seed(), 110);
    const snapshot_shape shape = {
        .items = ITEMS, .dim = 64, .neighbors = 30, .popular_rows = 50, .seed = 4};
    const rk_snapshot_content content = make_random_snapshot(with_all_parts(shape), &memory);
    rk_engine *engine = engine_over(&content, &memory);
    const rk_bandit_options options = {
        .prior_rate = 0.03f, .prior_trials = 20.0f, .impressions = 5, .rows = 1000};
    rk_bandit *bandit;
    uint64_t bytes;
    assert_int_equal(rk_bandit_measure(engine, &options, &bytes, NULL), RK_OK);
    void *room = TAKE(&memory, unsigned char, bytes);
    assert_int_equal(rk_bandit_open(engine, &options, room, bytes, &bandit, NULL), RK_OK);
    random_request *asked = TAKE(&memory, random_request, 1);
    static rk_recommendation list[RK_MAX_COUNT];
    uint32_t found, answers = 0;
    assert_true(__sanitizer_install_malloc_and_free_hooks(count_allocation, count_release) > 0);
    for (uint32_t round = 0; round < 1000; round++) {
        make_request(&rng, &content, REQUEST_ANY, asked);
        asked->request.bandit = round % 2 ? bandit : NULL;
        const uint64_t before = allocations + releases;
        const rk_status status = rk_recommend(engine, &asked->request, list, &found, NULL);
        const rk_status counted = rk_bandit_record(bandit, round % ITEMS, round % 3 == 0, 0, NULL);
        const rk_status similar = rk_similar(engine, round % ITEMS, 10, list, &found, NULL);
        assert_int_equal(allocations + releases - before, 0);
        assert_int_equal(status, RK_OK);
        assert_int_equal(counted, RK_OK);
        assert_int_equal(similar, RK_OK);
        answers += found;
    }
    assert_true(answers > 1000);
    /* The hooks do count. */
    void *volatile block = malloc(10);
    free(block);
    assert_true(allocations > 0 && releases > 0);
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(queries_do_not_allocate)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
