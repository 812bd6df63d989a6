/* What an answer says of an item is what the last stage says of it: features are those that
 * training asks for, probabilities are the network's on them, written out here in double, however
 * the item came into the list; and what is only an estimate is marked. */
#include "naive_mtml.h"
#include "random_request.h"

#include "serve/engine_state.h"
#include "serve/rules_program.h"

enum { ITEMS = 700, ROUNDS = 60, MOST = RK_MAX_CANDIDATES };

static rk_memory memory;
static rk_snapshot_content content;
static rk_engine *engine;
static rk_recommendation list[RK_MAX_COUNT];
static uint32_t items[MOST + 1];
static float features[(MOST + 1) * RK_FEATURE_COUNT], inputs[MOST * RK_FEATURE_COUNT];
static double *weights;

static int make_engine(void **state) {
    (void)state;
    snapshot_shape shape = with_all_parts((snapshot_shape){
        .items = ITEMS, .dim = 16, .neighbors = 20, .popular_rows = 80, .seed = test_seed()});
    shape.tasks = 3;
    content = make_random_snapshot(shape, &memory);
    /* Some items were only disliked: no popularity, but rates. */
    uint8_t *rate = TAKE(&memory, uint8_t, ITEMS * 3);
    for (uint32_t i = 0; i < ITEMS * 3; i++)
        rate[i] = i / 3 % 2 ? RK_MIN(content.task_rate[i], 254) : content.task_rate[i];
    content.task_rate = rate;
    const uint64_t floats = rk_second_floats(&content.meta);
    weights = TAKE(&memory, double, floats);
    for (uint64_t i = 0; i < floats; i++) weights[i] = (double)content.rank_second[i];
    engine = engine_over(&content, &memory);
    return 0;
}

static int free_memory(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

static bool is_new(uint32_t item) {
    return content.task_rate[item * 3] == 255;
}

/* P(task) of each, and the value they make. */
static void check_answer(const rk_recommendation *one, const float *row) {
    const rk_snapshot_meta *meta = &content.meta;
    const naive_mtml naive = {meta->rank_inputs, meta->rank_experts, meta->rank_units, meta->tasks,
                              weights};
    float x[RK_MAX_RANK_INPUTS], value = 0.0f;
    for (uint32_t i = 0; i < meta->rank_inputs; i++)
        x[i] = rk_feature_of(row, content.rank_feature[i]);
    assert_int_equal(one->flags, is_new(one->item) ? RK_ESTIMATED : 0);
    for (uint32_t t = 0; t < meta->tasks; t++) {
        const rk_task *task = &content.tasks[t];
        const double logit = (double)task->scale * naive_logit(&naive, x, t) + (double)task->offset;
        if (!is_new(one->item))
            assert_true(fabs((double)one->probability[t] - 1.0 / (1.0 + exp(-logit))) < 1e-4);
        value += task->weight * one->probability[t];
    }
    assert_true(one->score == value);
}

static bool make_round(rk_rng *rng, random_request *out) {
    make_request(rng, &content, REQUEST_ANY, out);
    out->request.count = RK_MAX_COUNT;
    out->request.stages = RK_STAGES_ALL;
    out->request.flags &= ~(uint32_t)RK_REQUEST_TASK_WEIGHTS;
    return out->request.session_count > 0;
}

/* Row of `item` among the examples that training would get. */
static const float *example_of(uint32_t item, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (items[i] == item) return features + i * RK_FEATURE_COUNT;
    return NULL;
}

static void served_rows_are_the_rows_learnt_from(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 760);
    uint32_t known = 0, disliked = 0, unmet = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        random_request random;
        uint32_t found;
        if (!make_round(&rng, &random)) continue;
        assert_int_equal(rk_recommend(engine, &random.request, list, &found, NULL), RK_OK);
        memcpy(inputs, engine->inputs, (size_t)found * RK_FEATURE_COUNT * sizeof *inputs);
        const uint32_t count =
            rk_engine_examples(engine, &random.request, NULL, 0, MOST, items, features);
        for (uint32_t i = 0; i < found; i++) {
            const float *row = example_of(list[i].item, count);
            uint32_t at = 0; /* its row: the first stage handed them on in this order */
            for (uint32_t j = 0; j < found; j++)
                at += list[j].first > list[i].first ||
                      (list[j].first == list[i].first && list[j].item < list[i].item);
            assert_non_null(row);
            assert_memory_equal(inputs + at * RK_FEATURE_COUNT, row,
                                RK_FEATURE_COUNT * sizeof *row);
            check_answer(&list[i], row);
            known += !is_new(list[i].item);
            disliked += !is_new(list[i].item) && content.popularity[list[i].item] == 0.0f;
            unmet += is_new(list[i].item);
        }
    }
    assert_true(known > 1000 && disliked > 50 && unmet > 50);
}

static rk_rules *open_pin(uint32_t item) {
    const uint32_t words[] = {
        RK_RULES_MAGIC, RK_RULES_VERSION, 1, 7, RK_RULE_PIN | 3u << 8, item, 2};
    uint64_t bytes;
    rk_rules *rules;
    assert_int_equal(rk_rules_measure(engine, words, 7, &bytes, NULL), RK_OK);
    unsigned char *room = take_or_abort(&memory, bytes + 64, 1);
    room += (64 - (uintptr_t)room % 64) % 64;
    assert_int_equal(rk_rules_open(engine, words, 7, room, bytes, &rules, NULL), RK_OK);
    return rules;
}

static const rk_recommendation *find(uint32_t item, uint32_t found) {
    for (uint32_t i = 0; i < found; i++)
        if (list[i].item == item) return &list[i];
    return NULL;
}

/* A pin that no stage handed on has the numbers of the stage the request went to. */
static void pins_have_the_numbers_of_the_stage(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 761);
    uint32_t late = 0, late_new = 0;
    for (uint32_t round = 0; round < 3 * ROUNDS; round++) {
        random_request random;
        uint32_t found, pin = rk_rng_below(&rng, ITEMS);
        if (!make_round(&rng, &random)) continue;
        random.request.count = 10;
        const uint32_t count =
            rk_engine_examples(engine, &random.request, &pin, 1, MOST, items, features);
        random.request.rules = open_pin(pin);
        for (uint32_t stages = RK_STAGES_RETRIEVAL; stages <= RK_STAGES_SECOND; stages++) {
            random.request.stages = stages;
            assert_int_equal(rk_recommend(engine, &random.request, list, &found, NULL), RK_OK);
            const rk_recommendation *one = find(pin, found);
            if (one == NULL) continue; /* blocked */
            const float *row = example_of(pin, count);
            assert_int_equal(one->stages, stages);
            if (stages == RK_STAGES_RETRIEVAL) assert_true(one->score == one->blend);
            if (stages == RK_STAGES_FIRST) assert_true(one->score == one->first);
            if (stages != RK_STAGES_SECOND || !row) continue;
            check_answer(one, row);
            late += one->ranked == 0;
            late_new += one->ranked == 0 && is_new(pin);
        }
    }
    assert_true(late > 10 && late_new > 0);
}

/* Where nothing counts, the list is the first stage's. */
static void weights_of_0_keep_the_order(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 762);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        static rk_recommendation first[RK_MAX_COUNT];
        random_request random;
        uint32_t found, wanted;
        if (!make_round(&rng, &random)) continue;
        random.request.flags |= RK_REQUEST_TASK_WEIGHTS;
        memset(random.request.task_weights, 0, sizeof random.request.task_weights);
        assert_int_equal(rk_recommend(engine, &random.request, list, &found, NULL), RK_OK);
        random.request.stages = RK_STAGES_FIRST;
        assert_int_equal(rk_recommend(engine, &random.request, first, &wanted, NULL), RK_OK);
        assert_int_equal(found, wanted);
        for (uint32_t i = 0; i < found; i++) {
            assert_int_equal(list[i].item, first[i].item);
            assert_true(list[i].score == 0.0f);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(served_rows_are_the_rows_learnt_from),
        cmocka_unit_test(pins_have_the_numbers_of_the_stage),
        cmocka_unit_test(weights_of_0_keep_the_order),
    };
    return cmocka_run_group_tests(tests, make_engine, free_memory);
}
