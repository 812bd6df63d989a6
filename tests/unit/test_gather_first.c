/* What the first stage learns from, and its place in the funnel: candidates, inputs and vectors are
 * the engine's own, values are the second stage's, samples are fair, and a first stage that was put
 * into the snapshot ranks as its formula says. */
#include "random_request.h"

#include "learn/gather_first.h"
#include "model/rank_mtml.h"
#include "model/session_encoder.h"
#include "model/user_tower.h"
#include "serve/features.h"
#include "serve/merge.h"

#include <math.h>

enum { ITEMS = 500, DIM = 16, REQUESTS = 40, MOST = RK_MAX_CANDIDATES };

static rk_memory memory;
static random_request requests[REQUESTS];

static int free_memory(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

static rk_snapshot_content make_content(uint64_t seed) {
    return make_random_snapshot(
        with_all_parts((snapshot_shape){
            .items = ITEMS, .dim = DIM, .neighbors = 12, .popular_rows = 200, .seed = seed}),
        &memory);
}

static void make_requests(const rk_snapshot_content *content, uint64_t seed) {
    rk_rng rng = rk_rng_at(seed, 620);
    for (uint32_t r = 0; r < REQUESTS; r++) make_request(&rng, content, REQUEST_ANY, &requests[r]);
}

static rk_request request_of(void *context, uint32_t shard, uint32_t index) {
    (void)context;
    assert_true(shard < 8);
    return requests[index].request;
}

static rk_first_data gather(const rk_snapshot_content *content, uint32_t most, uint64_t seed,
                            uint32_t threads) {
    rk_first_data data;
    assert_true(
        rk_first_gather(content, request_of, NULL, REQUESTS, most, seed, threads, &memory, &data));
    assert_int_equal(data.requests, REQUESTS);
    assert_int_equal(data.begin[0], 0);
    return data;
}

/* Feature by feature, unit by unit. */
static double naive_value(const rk_snapshot_content *content, const float *features) {
    const rk_mtml model = rk_mtml_of(content);
    const uint32_t columns = rk_mtml_columns(&model), hidden = model.experts * model.units;
    double value = 0.0, sums[RK_MAX_EXPERTS * RK_MAX_UNITS + RK_MAX_TASKS * 9];
    for (uint32_t c = 0; c < columns; c++) {
        sums[c] = (double)model.bias[c];
        for (uint32_t i = 0; i < model.inputs; i++) {
            const uint32_t feature = content->rank_feature[i];
            if (feature < RK_FEATURE_COUNT)
                sums[c] += (double)features[feature] * (double)model.matrix[i * columns + c];
        }
    }
    for (uint32_t t = 0; t < model.tasks; t++) {
        double all = 0.0, logit = sums[hidden + model.tasks * model.experts + t];
        for (uint32_t e = 0; e < model.experts; e++)
            all += exp(sums[hidden + t * model.experts + e]);
        for (uint32_t e = 0; e < model.experts; e++) {
            const double gate = exp(sums[hidden + t * model.experts + e]) / all;
            for (uint32_t u = 0; u < model.units; u++)
                logit += gate * fmax(0.0, sums[e * model.units + u]) *
                         (double)model.head[t * model.units + u];
        }
        const rk_task *task = &content->tasks[t];
        value += (double)task->weight /
                 (1.0 + exp(-((double)task->scale * logit + (double)task->offset)));
    }
    return value;
}

/* The unit vector of a source, or zero, compared with what was gathered. */
static void check_vectors(const rk_snapshot_content *content, rk_engine *engine,
                          const random_request *asked, const float *session, const float *user) {
    uint32_t liked[RK_MAX_SESSION], count = 0;
    float weights[RK_MAX_SESSION], expected[2][DIM] = {{0}};
    const rk_request *request = &asked->request;
    for (uint32_t i = request->session_count; i-- > 0;) {
        const float weight = content->type_weight[request->session[i].type];
        bool disliked = false;
        for (uint32_t j = 0; j < request->session_count; j++)
            disliked |= request->session[j].item == request->session[i].item &&
                        content->type_weight[request->session[j].type] < 0.0f;
        if (weight <= 0.0f || disliked) continue;
        liked[count] = request->session[i].item;
        weights[count++] = weight;
    }
    rk_funnel funnel;
    rk_engine_funnel(engine, &funnel);
    if (funnel.available >> RK_SOURCE_SESSION & 1u)
        rk_session_encode(content, liked, weights, count, expected[0]);
    if (funnel.available >> RK_SOURCE_USER & 1u)
        rk_user_encode(content, liked, weights, count, request->features, request->feature_count,
                       expected[1]);
    assert_memory_equal(session, expected[0], sizeof expected[0]);
    assert_memory_equal(user, expected[1], sizeof expected[1]);
}

static void all_candidates_are_the_engines(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    const rk_snapshot_content content = make_content(seed);
    rk_engine *engine = engine_over(&content, &memory);
    uint32_t *items = TAKE(&memory, uint32_t, MOST), with_vectors = 0, without = 0;
    float *features = TAKE(&memory, float, MOST *RK_FEATURE_COUNT);
    make_requests(&content, seed);
    const rk_first_data data = gather(&content, 0, 5, 2);
    for (uint32_t r = 0; r < REQUESTS; r++) {
        const uint32_t count =
            rk_engine_examples(engine, &requests[r].request, NULL, 0, MOST, items, features);
        const uint64_t first = data.begin[r];
        assert_int_equal(data.begin[r + 1] - first, count);
        for (uint32_t i = 0; i < count; i++) {
            const float *x = features + i * RK_FEATURE_COUNT;
            assert_int_equal(data.item[first + i], items[i]);
            assert_memory_equal(data.inputs + (first + i) * RK_FIRST_INPUTS, x,
                                RK_FIRST_INPUTS * sizeof *x);
            const double value = naive_value(&content, x);
            assert_true(fabs((double)data.value[first + i] - value) < 1e-4);
        }
        check_vectors(&content, engine, &requests[r], data.session + r * DIM, data.user + r * DIM);
        bool any = false;
        for (uint32_t d = 0; d < DIM; d++) any |= data.session[r * DIM + d] != 0.0f;
        with_vectors += any;
        without += !any;
    }
    assert_true(with_vectors > 0 && without > 0);
}

/* What is sampled is what is gathered whole, the first half of it the best; elsewhere each
 * candidate is as likely as another. */
static void samples_are_fair(void **state) {
    (void)state;
    enum { ROUNDS = 200, WANTED = 40 };
    const uint64_t seed = test_seed();
    const rk_snapshot_content content = make_content(seed);
    make_requests(&content, seed);
    const rk_first_data all = gather(&content, 0, 5, 1);
    static uint32_t drawn[MOST];
    uint32_t widest = 0, long_requests = 0;
    for (uint32_t r = 0; r < REQUESTS; r++) {
        if (all.begin[r + 1] - all.begin[r] > all.begin[widest + 1] - all.begin[widest]) widest = r;
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const rk_first_data some = gather(&content, WANTED, round, 1);
        for (uint32_t r = 0; r < REQUESTS; r++) {
            const uint64_t count = some.begin[r + 1] - some.begin[r];
            uint64_t at = all.begin[r];
            assert_int_equal(count, RK_MIN(WANTED, all.begin[r + 1] - all.begin[r]));
            long_requests += count == WANTED;
            for (uint64_t i = 0; i < count; i++, at++) {
                const uint64_t from = some.begin[r] + i;
                while (all.item[at] != some.item[from]) at++;
                assert_true(at < all.begin[r + 1]);
                if (i < WANTED / 2) assert_int_equal(at - all.begin[r], i);
                if (r == widest) drawn[at - all.begin[r]]++;
                assert_memory_equal(&some.value[from], &all.value[at], sizeof(float));
                assert_memory_equal(some.inputs + from * RK_FIRST_INPUTS,
                                    all.inputs + at * RK_FIRST_INPUTS,
                                    RK_FIRST_INPUTS * sizeof(float));
            }
        }
    }
    const uint64_t rest = all.begin[widest + 1] - all.begin[widest] - WANTED / 2;
    const double share = (double)WANTED / 2 / (double)rest,
                 spread = sqrt(ROUNDS * share * (1.0 - share));
    assert_true(long_requests > 0 && rest > WANTED);
    for (uint64_t i = WANTED / 2; i < WANTED / 2 + rest; i++)
        assert_true(fabs(drawn[i] - ROUNDS * share) < 5.0 * spread);
}

static void threads_change_no_bit(void **state) {
    (void)state;
    const rk_snapshot_content content = make_content(3);
    make_requests(&content, 3);
    const rk_first_data one = gather(&content, 60, 9, 1);
    for (uint32_t threads = 2; threads <= 3; threads++) {
        const rk_first_data other = gather(&content, 60, 9, threads);
        const uint64_t rows = one.begin[REQUESTS];
        assert_memory_equal(other.begin, one.begin, (REQUESTS + 1) * sizeof *one.begin);
        assert_memory_equal(other.item, one.item, rows * sizeof *one.item);
        assert_memory_equal(other.value, one.value, rows * sizeof *one.value);
        assert_memory_equal(other.inputs, one.inputs, rows * RK_FIRST_INPUTS * sizeof *one.inputs);
        assert_memory_equal(other.session, one.session, sizeof(float[REQUESTS * DIM]));
        assert_memory_equal(other.user, one.user, sizeof(float[REQUESTS * DIM]));
    }
}

static void every_refused_allocation_is_survived(void **state) {
    (void)state;
    const rk_snapshot_content content = make_content(4);
    make_requests(&content, 4);
    uint64_t take = 0;
    for (bool gathered = false; !gathered; take++) {
        rk_memory used = {0};
        rk_first_data data;
        rk_memory_fail_after(take);
        gathered = rk_first_gather(&content, request_of, NULL, 3, 20, 1, 1, &used, &data);
        rk_memory_fail_after(UINT64_MAX);
        rk_memory_free(&used);
    }
    assert_in_range(take, 50, 70);
}

/* Everybody has met every item: new ones have their place from the blend (test_stage_new.c). */
static void make_all_known(rk_snapshot_content *content) {
    const uint32_t rates = ITEMS * content->meta.tasks;
    uint8_t *rate = TAKE(&memory, uint8_t, rates);
    for (uint32_t i = 0; i < rates; i++) rate[i] = RK_MIN(content->task_rate[i], RK_NO_RATE - 1);
    content->task_rate = rate;
}

/* Asked for the first stage, the engine answers by the formula over what was gathered. */
static void the_first_stage_ranks_by_its_formula(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    rk_snapshot_content content = make_content(seed);
    make_all_known(&content);
    rk_engine *engine = engine_over(&content, &memory);
    rk_first_stage stage = rk_first_stage_of(&content);
    static rk_recommendation list[RK_MAX_COUNT];
    static float dots[MOST], scores[MOST];
    static rk_scored order[MOST];
    uint32_t ranked = 0;
    make_requests(&content, seed);
    for (uint32_t r = 0; r < REQUESTS; r++) requests[r].request.stages = RK_STAGES_FIRST;
    const rk_first_data data = gather(&content, 0, 1, 1);
    for (uint32_t r = 0; r < REQUESTS; r++) {
        const uint64_t first = data.begin[r];
        const uint32_t count = (uint32_t)(data.begin[r + 1] - first);
        float vector[DIM];
        static rk_ann_query query;
        uint32_t found;
        rk_error error;
        rk_first_query(&stage, data.session + r * DIM, data.user + r * DIM, vector);
        rk_ann_prepare(&content, vector, &query);
        rk_ann_score_items(&content, &query, data.item + first, count, dots);
        rk_first_scores(&stage, data.item + first, dots, data.inputs + first * RK_FIRST_INPUTS,
                        count, scores);
        for (uint32_t i = 0; i < count; i++)
            order[i] = (rk_scored){.score = scores[i], .item = data.item[first + i]};
        rk_sort_scored(order, count);
        assert_int_equal(rk_recommend(engine, &requests[r].request, list, &found, &error), RK_OK);
        if (requests[r].request.session_count == 0) continue; /* the blend answers */
        ranked++;
        assert_int_equal(found, RK_MIN(count, requests[r].request.count));
        for (uint32_t i = 0; i < found; i++) {
            assert_int_equal(list[i].item, order[i].item);
            assert_true(list[i].score == order[i].score);
            assert_true(list[i].first == order[i].score);
        }
    }
    assert_true(ranked > REQUESTS / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(all_candidates_are_the_engines, free_memory),
        cmocka_unit_test_teardown(samples_are_fair, free_memory),
        cmocka_unit_test_teardown(threads_change_no_bit, free_memory),
        cmocka_unit_test_teardown(every_refused_allocation_is_survived, free_memory),
        cmocka_unit_test_teardown(the_first_stage_ranks_by_its_formula, free_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
