/* Item vectors: the loss falls, items of one cluster come together, threads change no bit. */
#include "log_builder.h"

#include "learn/train_sgns.h"
#include "simd/kernels.h"

#include <math.h>

static const rk_sgns_params params = {.dim = 8,
                                      .epochs = 6,
                                      .event_budget = 1000000,
                                      .window = 5,
                                      .negatives = 5.0f,
                                      .negative_exponent = 0.5f,
                                      .rate = 0.4f};

static rk_sgns_result train(const rk_log *log, const rk_sgns_params *with, uint64_t seed,
                            uint32_t threads, rk_memory *memory) {
    const rk_learn_options options = {.seed = seed, .threads = threads};
    rk_sgns_result result;
    assert_true(rk_train_sgns(log, with, &options, memory, &result));
    return result;
}

static double cosine(const float *a, const float *b, uint32_t dim) {
    return (double)(rk_dot_f32(a, b, dim) / (rk_norm_f32(a, dim) * rk_norm_f32(b, dim)));
}

enum { ITEMS = 40, CLUSTERS = 2 };

static void items_of_a_cluster_come_together(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 180);
    log_builder b = clustered_log(&rng, 250, ITEMS, CLUSTERS, 8);
    const rk_events_content content = log_content(&b);
    const rk_log log = log_of_content(&content, &b.memory);
    const rk_sgns_result result = train(&log, &params, test_seed(), 1, &b.memory);
    double same = 0.0, across = 0.0;
    uint32_t same_pairs = 0, across_pairs = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        for (uint32_t j = 0; j < i; j++) {
            const double near = cosine(result.vectors + i * params.dim,
                                       result.vectors + j * params.dim, params.dim);
            const bool together = i / (ITEMS / CLUSTERS) == j / (ITEMS / CLUSTERS);
            *(together ? &same : &across) += near;
            *(together ? &same_pairs : &across_pairs) += 1;
        }
    }
    print_message("cosine %.3f inside, %.3f across\n", same / same_pairs, across / across_pairs);
    assert_true(same / same_pairs > across / across_pairs + 0.4);
    rk_memory_free(&b.memory);
}

static void the_loss_falls(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 185);
    log_builder b = clustered_log(&rng, 250, ITEMS, CLUSTERS, 8);
    const rk_events_content content = log_content(&b);
    const rk_log log = log_of_content(&content, &b.memory);
    rk_sgns_params slow = params; // at the usual rate all is learnt within the first epoch
    slow.rate = 0.02f;
    const rk_sgns_result result = train(&log, &slow, test_seed(), 1, &b.memory);
    print_message("loss %.3f to %.3f\n", result.first.train, result.last.train);
    assert_true(result.last.train < 0.85 * result.first.train);
    rk_memory_free(&b.memory);
}

/* The untrained loss of a context: -log sigma(0) for itself and for each of its K negatives, less
 * the negatives that are the centre itself. */
static void the_first_loss_is_that_of_chance(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 181);
    log_builder b = random_log(&rng, 2000, 50, 400, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    const rk_events_content content = log_content(&b);
    const rk_log log = log_of_content(&content, &b.memory);
    rk_sgns_params still = params;
    still.epochs = 1;
    still.rate = 1e-9f;
    const rk_sgns_result result = train(&log, &still, 1, 1, &b.memory);
    const double ln_2 = 0.6931471805599453;
    assert_true(fabs(result.first.train / (6.0 * ln_2) - 1.0) < 0.02);
    assert_true(result.first.train == result.last.train);
    rk_memory_free(&b.memory);
}

static void threads_change_no_bit(void **state) {
    (void)state;
    static const uint32_t threads[] = {1, 2, 3, 8};
    rk_rng rng = rk_rng_at(test_seed(), 182);
    log_builder b = random_log(&rng, 4000, 80, 120, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    const rk_events_content content = log_content(&b);
    rk_log log = log_of_content(&content, &b.memory);
    rk_log_cut(&log, 6000000);
    rk_sgns_params subsampled = params;
    subsampled.subsample = 0.01f;
    subsampled.epochs = 3;
    rk_sgns_result one = {0};
    for (uint32_t t = 0; t < 4; t++) {
        const rk_sgns_result result = train(&log, &subsampled, 7, threads[t], &b.memory);
        if (t == 0) one = result;
        assert_memory_equal(result.vectors, one.vectors,
                            (size_t)log.items * params.dim * sizeof(float));
        assert_memory_equal(&result.last.train, &one.last.train, sizeof(double));
        assert_int_equal(result.steps, one.steps);
    }
    const rk_sgns_result other = train(&log, &subsampled, 8, 1, &b.memory);
    assert_memory_not_equal(other.vectors, one.vectors,
                            (size_t)log.items * params.dim * sizeof(float));
    rk_memory_free(&b.memory);
}

/* Epochs stop before they would exceed the budget, but one always runs. */
static void the_budget_bounds_the_epochs(void **state) {
    (void)state;
    static const struct {
        uint64_t budget;
        uint32_t epochs;
    } cases[] = {{0, 1},    {1, 1},    {600, 1},  {1199, 1},
                 {1200, 2}, {3599, 5}, {3600, 6}, {1u << 30, 6}};
    rk_rng rng = rk_rng_at(test_seed(), 184);
    log_builder b = clustered_log(&rng, 100, 20, 2, 6);
    const rk_events_content content = log_content(&b);
    const rk_log log = log_of_content(&content, &b.memory);
    rk_sgns_params bounded = params;
    uint64_t one = 0;
    for (uint32_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        bounded.event_budget = cases[c].budget;
        const rk_sgns_result result = train(&log, &bounded, 1, 1, &b.memory);
        assert_int_equal(result.epochs, cases[c].epochs);
        if (c == 0) one = result.steps;
        assert_in_range(result.steps, one * cases[c].epochs - 6, one * cases[c].epochs + 6);
    }
    rk_memory_free(&b.memory);
}

static void all_finite(const rk_sgns_result *result, const rk_log *log) {
    for (uint32_t i = 0; i < log->items * params.dim; i++)
        assert_true(isfinite((double)result->vectors[i]));
    assert_true(isfinite(result->last.train));
}

/* Sessions of one event, of one item, and of more events than a chunk holds. */
static void odd_sessions(void **state) {
    (void)state;
    log_builder b = log_of(1400, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    for (uint32_t i = 0; i < 100; i++) add_event(&b, i, i % 30, VIEW, 0);
    for (uint32_t i = 0; i < 300; i++) add_event(&b, 100, 5, VIEW, 0);
    for (uint32_t i = 0; i < 1000; i++) add_event(&b, 101, i * 7 % 30, VIEW, 0);
    const rk_events_content content = log_content(&b);
    const rk_log log = log_of_content(&content, &b.memory);
    const rk_sgns_result result = train(&log, &params, 1, 2, &b.memory);
    all_finite(&result, &log);
    assert_true(result.last.train > 0.0);
    rk_memory_free(&b.memory);
}

static void nothing_to_pair(void **state) {
    (void)state;
    log_builder b = log_of(10, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    for (uint32_t i = 0; i < 10; i++) add_event(&b, i, i % 3, VIEW, 0);
    const rk_events_content content = log_content(&b);
    const rk_log log = log_of_content(&content, &b.memory);
    const rk_sgns_result result = train(&log, &params, 1, 1, &b.memory);
    all_finite(&result, &log);
    assert_true(result.first.train == 0.0 && result.last.train == 0.0);
    rk_memory_free(&b.memory);
}

/* Told of every epoch's work, never of more than there is. */
static uint64_t reports, last_done, last_total;

static void count_progress(void *context, const char *stage, uint64_t done, uint64_t total,
                           const char *unit) {
    (void)context;
    assert_string_equal(stage, "vectors");
    assert_string_equal(unit, "sessions");
    assert_true(done >= last_done && done <= total);
    last_done = done;
    last_total = total;
    reports++;
}

static void progress_ascends(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 183);
    log_builder b = clustered_log(&rng, 100, 20, 2, 6);
    const rk_events_content content = log_content(&b);
    const rk_log log = log_of_content(&content, &b.memory);
    const rk_learn_options options = {.seed = 1, .threads = 1, .progress = count_progress};
    rk_sgns_result result;
    assert_true(rk_train_sgns(&log, &params, &options, &b.memory, &result));
    assert_true(reports >= params.epochs);
    assert_int_equal(last_total, 100 * params.epochs);
    rk_memory_free(&b.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_of_a_cluster_come_together),
        cmocka_unit_test(the_loss_falls),
        cmocka_unit_test(the_first_loss_is_that_of_chance),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(the_budget_bounds_the_epochs),
        cmocka_unit_test(odd_sessions),
        cmocka_unit_test(nothing_to_pair),
        cmocka_unit_test(progress_ascends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
