/* The session encoder and the towers: what they learn on logs whose structure is known, the
 * gradient against finite differences, and what they must leave alone. */
#include "log_builder.h"

#include "format/user_features.h"
#include "learn/train_encoder.h"
#include "simd/kernels.h"

#include <math.h>

enum { DIM = 8, MOST_ITEMS = 64, POSITIONS = 4 };

static const rk_encoder_params params = {.dim = DIM,
                                         .positions = POSITIONS,
                                         .epochs = 8,
                                         .event_budget = 1000000,
                                         .decay = 0.8f,
                                         .temperature = 0.1f,
                                         .popular_share = 0.3f,
                                         .rate = 0.1f,
                                         .position_rate = 0.1f};

static void random_units(float *vectors, uint32_t items, uint64_t stream) {
    rk_rng rng = rk_rng_at(test_seed(), stream);
    for (uint32_t item = 0; item < items; item++) {
        float *row = vectors + item * DIM;
        for (uint32_t d = 0; d < DIM; d++) row[d] = rk_rng_normal(&rng);
        const float norm = rk_norm_f32(row, DIM);
        for (uint32_t d = 0; d < DIM; d++) row[d] /= norm;
    }
}

static rk_encoder_result train(const rk_log *log, const rk_encoder_params *with, uint32_t threads,
                               float *vectors, const rk_tower_sides *sides, rk_memory *memory) {
    const rk_learn_options options = {.seed = 5, .threads = threads};
    rk_encoder_result result;
    assert_true(rk_train_encoder(log, with, &options, vectors, sides, memory, &result));
    assert_ptr_equal(result.vectors, vectors);
    assert_true(isfinite(result.first.train) && isfinite(result.last.train));
    return result;
}

/* Sessions that walk a circle of items, each from a place of its own. */
static log_builder circle_log(uint32_t users, uint32_t items, uint32_t length) {
    log_builder b = log_of((uint64_t)users * length, RK_TIME_ORDER, RK_USERS_ARE_SESSIONS);
    for (uint32_t user = 0; user < users; user++)
        for (uint32_t i = 0; i < length; i++) add_event(&b, user, (user * 7 + i) % items, VIEW, i);
    return b;
}

static rk_log learners_view(log_builder *b) {
    const rk_events_content content = log_content(b);
    return log_of_content(&content, &b->memory);
}

/* The query of a session, most recent last. */
static void encode(const rk_encoder_result *result, const uint32_t *session, uint32_t count,
                   float *h) {
    memset(h, 0, DIM * sizeof *h);
    for (uint32_t j = 0; j < count; j++) {
        const float *x = result->vectors + session[count - 1 - j] * DIM;
        for (uint32_t d = 0; d < DIM; d++) h[d] += result->positions[j * DIM + d] * x[d];
    }
}

static bool is_of(uint32_t item, const uint32_t *session, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (session[i] == item) return true;
    }
    return false;
}

/* The best item that is not of the session. */
static uint32_t next_of(const rk_encoder_result *result, uint32_t items, const uint32_t *session,
                        uint32_t count) {
    float h[DIM], best = -INFINITY;
    uint32_t next = RK_NONE;
    encode(result, session, count, h);
    for (uint32_t item = 0; item < items; item++) {
        const float score = rk_dot_f32(h, result->vectors + item * DIM, DIM);
        if (is_of(item, session, count) || !(score > best)) continue;
        best = score;
        next = item;
    }
    return next;
}

static void a_circle_is_learnt(void **state) {
    (void)state;
    enum { ITEMS = 30 };
    static float vectors[ITEMS * DIM];
    log_builder b = circle_log(300, ITEMS, 6);
    const rk_log log = learners_view(&b);
    random_units(vectors, ITEMS, 350);
    rk_encoder_params longer = params;
    longer.epochs = 20;
    const rk_encoder_result result = train(&log, &longer, 2, vectors, NULL, &b.memory);
    uint32_t right = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        const uint32_t session[] = {i, (i + 1) % ITEMS, (i + 2) % ITEMS};
        right += next_of(&result, ITEMS, session, 3) == (i + 3) % ITEMS;
    }
    print_message("%u of %u, loss %.3f to %.3f\n", right, ITEMS, result.first.train,
                  result.last.train);
    assert_true(right >= ITEMS - 1);
    assert_true(result.last.train < 0.8 * result.first.train);
    rk_memory_free(&b.memory);
}

/* ---- gradients ---- */

enum { ASKED = 24, CATALOGUE = 20000 };

/* One chunk of six sessions; every event an item of its own, and so many other items that few are
 * drawn twice: then a step changes a row once. */
static rk_log one_chunk(log_builder *b) {
    *b = log_of(ASKED, RK_TIME_ORDER, RK_USERS_ARE_SESSIONS);
    for (uint32_t i = 0; i < ASKED; i++) add_event(b, i / 4, i, i % 3 ? VIEW : LIKE, i);
    b->items = CATALOGUE;
    const rk_log log = learners_view(b);
    for (uint32_t item = 0; item < CATALOGUE; item++) log.item_events[item] = 1 + item % 3;
    return log;
}

/* The loss of one step from `vectors`, which are as they were afterwards; the draws depend on the
 * seed alone. */
static double loss_at(const rk_log *log, const rk_encoder_params *with, float *vectors) {
    rk_memory memory = {0};
    rk_encoder_params still = *with;
    still.rate = 0.0f;
    static float before[CATALOGUE * DIM];
    memcpy(before, vectors, sizeof before);
    const rk_encoder_result result = train(log, &still, 1, vectors, NULL, &memory);
    memcpy(vectors, before, sizeof before);
    assert_int_equal(result.steps, 1);
    rk_memory_free(&memory);
    return result.first.train;
}

typedef struct tally {
    uint32_t checked, wrong;
} tally;

/* Adagrad's first step has the size of the rate and the sign of the gradient, element by element;
 * then the row is brought back to unit length. */
static void check_row(const rk_log *log, const rk_encoder_params *with, float *vectors,
                      const float *after, uint32_t item, tally *out) {
    const float eps = 0.01f;
    float *row = vectors + (uint64_t)item * DIM;
    float length_after = 0.0f; /* of the row before it was scaled, from any element that is sure */
    for (uint32_t d = 0; d < DIM; d++) {
        const float x = row[d];
        row[d] = x + eps;
        double slope = loss_at(log, with, vectors);
        row[d] = x - eps;
        slope = (slope - loss_at(log, with, vectors)) / (2.0 * (double)eps);
        row[d] = x;
        if (fabs(slope) < 2e-4) continue;
        const float moved = x - with->rate * (slope > 0.0 ? 1.0f : -1.0f);
        if (length_after == 0.0f) length_after = moved / after[(uint64_t)item * DIM + d];
        const float got = after[(uint64_t)item * DIM + d] * length_after;
        out->checked++;
        out->wrong += fabsf(got - moved) > 0.2f * with->rate;
    }
}

static void a_step_goes_down_the_finite_differences(void **state) {
    (void)state;
    static float vectors[CATALOGUE * DIM], after[CATALOGUE * DIM];
    for (uint32_t round = 0; round < 2; round++) {
        log_builder b;
        const rk_log log = one_chunk(&b);
        tally asked = {0}, negative = {0};
        random_units(vectors, CATALOGUE, 360 + round);
        memcpy(after, vectors, sizeof after);
        rk_encoder_params one = params;
        one.epochs = 1;
        one.rate = 0.003f;
        one.temperature = 0.3f;
        one.popular_share = 0.0f;
        one.dropout = round ? 0.4f : 0.0f;
        train(&log, &one, 1, after, NULL, &b.memory);
        for (uint32_t item = 0; item < ASKED; item += 2)
            check_row(&log, &one, vectors, after, item, &asked);
        for (uint32_t item = ASKED, rows = 0; item < CATALOGUE && rows < 12; item++) {
            const uint64_t at = (uint64_t)item * DIM;
            if (memcmp(after + at, vectors + at, DIM * sizeof *after) == 0) continue;
            check_row(&log, &one, vectors, after, item, &negative);
            rows++;
        }
        print_message("events: %u of %u otherwise; negatives: %u of %u\n", asked.wrong,
                      asked.checked, negative.wrong, negative.checked);
        assert_true(asked.checked > 60 && negative.checked > 50);
        assert_true(asked.wrong * 10 <= asked.checked);
        assert_true(negative.wrong * 10 <= negative.checked);
        rk_memory_free(&b.memory);
    }
}

/* Negatives are drawn unevenly and weighed by their chance to be: so the loss is that of a softmax
 * over all items. */
static void the_loss_is_that_of_all_items(void **state) {
    (void)state;
    enum { ITEMS = 60, SESSIONS = 150, LENGTH = 6 };
    static float vectors[ITEMS * DIM];
    rk_rng rng = rk_rng_at(test_seed(), 375);
    log_builder b = log_of(SESSIONS * LENGTH, RK_TIME_ORDER, RK_USERS_ARE_SESSIONS);
    for (uint32_t i = 0; i < SESSIONS * LENGTH; i++) {
        const uint32_t often = rk_rng_below(&rng, 1 + rk_rng_below(&rng, ITEMS));
        add_event(&b, i / LENGTH, often, VIEW, i);
    }
    const rk_log log = learners_view(&b);
    random_units(vectors, log.items, 376);
    rk_encoder_params still = params;
    still.epochs = 1;
    still.rate = still.position_rate = 0.0f;
    still.temperature = 0.3f;
    const rk_encoder_result result = train(&log, &still, 1, vectors, NULL, &b.memory);
    double sum = 0.0;
    for (uint32_t at = 0; at < SESSIONS * LENGTH; at++) {
        if (at % LENGTH == 0) continue;
        const uint32_t count = RK_MIN(at % LENGTH, POSITIONS);
        float h[DIM];
        encode(&result, log.item + at - count, count, h);
        const double norm = (double)rk_norm_f32(h, DIM);
        double all = 0.0, own = 0.0;
        for (uint32_t item = 0; item < log.items; item++) {
            const double cosine = (double)rk_dot_f32(h, vectors + item * DIM, DIM) / norm;
            const double share = exp(cosine / (double)still.temperature);
            if (log.item_events[item]) all += share;
            if (item == log.item[at]) own = share;
        }
        sum -= log1p(own / all - 1.0);
    }
    const double want = sum / (SESSIONS * (LENGTH - 1));
    print_message("loss %.4f, over all items %.4f\n", result.first.train, want);
    assert_true(fabs(result.first.train / want - 1.0) < 0.01);
    rk_memory_free(&b.memory);
}

/* What comes next was seen two events ago. With vectors that stay, only the weights of positions
 * can tell, and they do. */
static void positions_are_learnt(void **state) {
    (void)state;
    enum { ITEMS = 20 };
    static float vectors[ITEMS * DIM];
    rk_rng rng = rk_rng_at(test_seed(), 380);
    log_builder b = log_of(300 * 6, RK_TIME_ORDER, RK_USERS_ARE_SESSIONS);
    for (uint32_t user = 0; user < 300; user++) {
        const uint32_t pair[] = {rk_rng_below(&rng, ITEMS), rk_rng_below(&rng, ITEMS)};
        for (uint32_t i = 0; i < 6; i++) add_event(&b, user, pair[i % 2], VIEW, i);
    }
    const rk_log log = learners_view(&b);
    random_units(vectors, ITEMS, 381);
    rk_encoder_params still = params;
    still.rate = 0.0f;
    const rk_encoder_result result = train(&log, &still, 1, vectors, NULL, &b.memory);
    float last = 0.0f, before_last = 0.0f;
    for (uint32_t d = 0; d < DIM; d++) {
        last += result.positions[d] / DIM;
        before_last += result.positions[DIM + d] / DIM;
    }
    print_message("weights %.2f, %.2f; loss %.3f to %.3f\n", (double)last, (double)before_last,
                  result.first.train, result.last.train);
    assert_true(before_last > last + 0.3f);
    assert_true(result.last.train < 0.95 * result.first.train);
    rk_memory_free(&b.memory);
}

/* ---- what stays ---- */

static void rows_stay_unit_and_the_untouched_as_they_came(void **state) {
    (void)state;
    static float vectors[MOST_ITEMS * DIM], before[MOST_ITEMS * DIM];
    rk_rng rng = rk_rng_at(test_seed(), 390);
    for (uint32_t round = 0; round < 4; round++) {
        log_builder b = random_log(&rng, 600, 30, 40, round % 3, RK_USERS_ARE_SESSIONS);
        const rk_log log = learners_view(&b);
        random_units(vectors, log.items, 391 + round);
        memcpy(before, vectors, sizeof before);
        rk_encoder_params with = params;
        with.dropout = round % 2 ? 0.9f : 0.0f;
        with.shuffle = round / 2;
        train(&log, &with, 1, vectors, NULL, &b.memory);
        uint32_t untouched = 0, moved = 0;
        for (uint32_t item = 0; item < log.items; item++) {
            const float *row = vectors + item * DIM, *was = before + item * DIM;
            assert_true(fabsf(rk_norm_f32(row, DIM) - 1.0f) < 1e-5f);
            if (log.item_events[item]) {
                moved += memcmp(row, was, DIM * sizeof *row) != 0;
                continue;
            }
            assert_memory_equal(row, was, DIM * sizeof *row);
            untouched++;
        }
        assert_true(untouched > 0 && moved > 10);
        rk_memory_free(&b.memory);
    }
}

/* One event a session asks nothing; a chunk holds 128 events at most; an item may follow itself. */
static void odd_sessions(void **state) {
    (void)state;
    enum { ITEMS = 30 };
    static float vectors[ITEMS * DIM], before[ITEMS * DIM];
    log_builder b = log_of(1500, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    for (uint32_t i = 0; i < 100; i++) add_event(&b, i, i % ITEMS, VIEW, 0);
    const rk_log single = learners_view(&b);
    random_units(vectors, ITEMS, 395);
    memcpy(before, vectors, sizeof before);
    const rk_encoder_result nothing = train(&single, &params, 1, vectors, NULL, &b.memory);
    assert_true(nothing.first.train == 0.0 && nothing.steps == 0);
    assert_memory_equal(vectors, before, sizeof before);
    for (uint32_t i = 0; i < 300; i++) add_event(&b, 100, 5, VIEW, 0);
    for (uint32_t i = 0; i < 1000; i++) add_event(&b, 101, i * 7 % ITEMS, VIEW, 0);
    const rk_log log = learners_view(&b);
    const rk_encoder_result result = train(&log, &params, 2, vectors, NULL, &b.memory);
    assert_true(result.steps > 0 && result.last.train > 0.0);
    rk_memory_free(&b.memory);
}

/* A shuffled session has lost what only its order says. */
static void shuffling_forgets_the_order(void **state) {
    (void)state;
    enum { ITEMS = 40 };
    static float ordered[ITEMS * DIM], shuffled[ITEMS * DIM];
    log_builder b = circle_log(300, ITEMS, 8);
    const rk_log log = learners_view(&b);
    random_units(ordered, ITEMS, 396);
    memcpy(shuffled, ordered, sizeof ordered);
    rk_encoder_params with = params;
    const double kept = train(&log, &with, 1, ordered, NULL, &b.memory).last.train;
    with.shuffle = true;
    const double lost = train(&log, &with, 1, shuffled, NULL, &b.memory).last.train;
    print_message("loss %.3f in order, %.3f shuffled\n", kept, lost);
    assert_true(lost > kept + 0.2);
    rk_memory_free(&b.memory);
}

static void the_budget_bounds_the_epochs(void **state) {
    (void)state;
    enum { ITEMS = 10 };
    static const struct {
        uint64_t budget;
        uint32_t epochs;
    } cases[] = {{0, 1}, {60, 1}, {119, 1}, {120, 2}, {1u << 30, 8}};
    static float vectors[ITEMS * DIM];
    log_builder b = circle_log(12, ITEMS, 5);
    const rk_log log = learners_view(&b);
    for (uint32_t c = 0; c < 5; c++) {
        rk_encoder_params bounded = params;
        bounded.event_budget = cases[c].budget;
        random_units(vectors, log.items, 398);
        const rk_encoder_result result = train(&log, &bounded, 1, vectors, NULL, &b.memory);
        assert_int_equal(result.epochs, cases[c].epochs);
        assert_int_equal(result.steps, cases[c].epochs);
    }
    rk_memory_free(&b.memory);
}

static void threads_change_no_bit(void **state) {
    (void)state;
    static float one[MOST_ITEMS * DIM], other[MOST_ITEMS * DIM], start[MOST_ITEMS * DIM];
    rk_rng rng = rk_rng_at(test_seed(), 400);
    log_builder b = random_log(&rng, 3000, 80, 50, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    const rk_log log = learners_view(&b);
    random_units(start, log.items, 401);
    rk_encoder_params with = params;
    with.dropout = 0.3f;
    with.epochs = 3;
    rk_encoder_result first = {0};
    for (uint32_t threads = 1; threads <= 3; threads++) {
        float *vectors = threads == 1 ? one : other;
        memcpy(vectors, start, sizeof start);
        const rk_encoder_result result = train(&log, &with, threads, vectors, NULL, &b.memory);
        if (threads == 1) first = result;
        assert_memory_equal(vectors, one, (size_t)log.items * DIM * sizeof(float));
        assert_memory_equal(result.positions, first.positions, POSITIONS * DIM * sizeof(float));
        assert_memory_equal(&result.last.train, &first.last.train, sizeof(double));
    }
    rk_memory_free(&b.memory);
}

/* ---- towers ---- */

enum { CLUSTERS = 4, SIZE = 8, TOWER_ITEMS = CLUSTERS * SIZE, ROWS = 16 };

/* Users of a country stay with the items of its cluster; an item's words name its cluster. Some
 * users' country is not known. */
typedef struct towers {
    log_builder b;
    rk_log log;
    rk_content items;
    float vectors[TOWER_ITEMS * DIM], mean[DIM], features[ROWS * DIM];
    float *weights, *weights_before;
    uint32_t context_rows[CLUSTERS + 1];
    rk_tower_sides sides;
} towers;

static const char *const country_values[CLUSTERS + 1] = {"DE", "FR", "IT", "PL", NULL};

static uint32_t country_row(uint32_t country) {
    return rk_feature_row("country", 7, country_values[country], 2, ROWS);
}

static void make_towers(towers *t, uint64_t stream) {
    static const char *const name[] = {"words"}, *const country[] = {"country"};
    static const char *const words[CLUSTERS] = {"red", "green", "blue", "white"};
    static const uint8_t kind[] = {RK_ATTRIBUTE_CATEGORY};
    enum { USERS = 200, LENGTH = 6 };
    rk_rng rng = rk_rng_at(test_seed(), stream);
    *t = (towers){.b = log_of(USERS * LENGTH, RK_TIME_ORDER, RK_USERS_ARE_USERS)};
    uint32_t *context = TAKE(&t->b.memory, uint32_t, USERS * LENGTH);
    const char **values = TAKE(&t->b.memory, const char *, TOWER_ITEMS);
    for (uint32_t item = 0; item < TOWER_ITEMS; item++) values[item] = words[item / SIZE];
    for (uint32_t user = 0; user < USERS; user++) {
        const uint32_t cluster = user % CLUSTERS;
        for (uint32_t i = 0; i < LENGTH; i++) {
            context[t->b.events] = user % 10 == 0 ? CLUSTERS : cluster;
            add_event(&t->b, user, cluster * SIZE + rk_rng_below(&rng, SIZE), VIEW, i);
        }
    }
    t->b.items = TOWER_ITEMS;
    t->b.attributes = t->b.features = 1;
    t->b.attribute_names = name;
    t->b.attribute_kinds = kind;
    t->b.attribute_values = values;
    t->b.feature_names = country;
    t->b.contexts = CLUSTERS + 1;
    t->b.context_values = country_values;
    t->b.context = context;
    const rk_events_content content = log_content(&t->b);
    t->log = log_of_content(&content, &t->b.memory);
    assert_true(rk_content_build(&content, &t->log, &t->b.memory, &t->items));
    assert_int_equal(t->items.features, CLUSTERS);
    /* Vectors that a trainer could have learnt: around one direction a cluster. */
    float centres[CLUSTERS * DIM];
    random_units(centres, CLUSTERS, stream + 1);
    random_units(t->vectors, TOWER_ITEMS, stream + 2);
    for (uint32_t i = 0; i < TOWER_ITEMS * DIM; i++)
        t->vectors[i] = 0.5f * t->vectors[i] + centres[i / DIM / SIZE * DIM + i % DIM];
    for (uint32_t item = 0; item < TOWER_ITEMS; item++) {
        float *row = t->vectors + item * DIM;
        const float norm = rk_norm_f32(row, DIM);
        for (uint32_t d = 0; d < DIM; d++) row[d] /= norm;
    }
    t->weights = TAKE(&t->b.memory, float, CLUSTERS *DIM);
    t->weights_before = TAKE(&t->b.memory, float, CLUSTERS *DIM);
    for (uint32_t i = 0; i < CLUSTERS * DIM; i++)
        t->weights[i] = t->weights_before[i] = 0.1f * rk_rng_normal(&rng);
    for (uint32_t c = 0; c < CLUSTERS; c++) t->context_rows[c] = country_row(c);
    t->context_rows[CLUSTERS] = RK_NONE;
    t->sides = (rk_tower_sides){.items = &t->items,
                                .content_weights = t->weights,
                                .content_mean = t->mean,
                                .content_rate = 0.05f,
                                .context_rows = t->context_rows,
                                .columns = 1,
                                .feature_rows = ROWS,
                                .features = t->features};
}

/* Items of the country's cluster among the SIZE best by its feature alone. */
static uint32_t own_items(const towers *t, uint32_t country) {
    const float *query = t->features + country_row(country) * DIM;
    uint32_t own = 0;
    for (uint32_t item = country * SIZE; item < (country + 1) * SIZE; item++) {
        const float score = rk_dot_f32(query, t->vectors + item * DIM, DIM);
        uint32_t before = 0;
        for (uint32_t other = 0; other < TOWER_ITEMS; other++)
            before += rk_dot_f32(query, t->vectors + other * DIM, DIM) > score;
        own += before < SIZE;
    }
    return own;
}

static void a_country_alone_predicts_its_items(void **state) {
    (void)state;
    static towers t;
    static float before[TOWER_ITEMS * DIM];
    make_towers(&t, 410);
    memcpy(before, t.vectors, sizeof before);
    const rk_encoder_result result = train(&t.log, &params, 2, t.vectors, &t.sides, &t.b.memory);
    assert_memory_equal(t.vectors, before, sizeof before); // given, not trained
    assert_memory_equal(t.weights, t.weights_before, CLUSTERS * DIM * sizeof(float));
    uint32_t own = 0;
    for (uint32_t country = 0; country < CLUSTERS; country++) own += own_items(&t, country);
    print_message("%u of %u; loss %.3f to %.3f\n", own, TOWER_ITEMS, result.first.train,
                  result.last.train);
    assert_true(own > 0.9 * TOWER_ITEMS);
    assert_true(result.last.train < result.first.train);
    /* Rows that no country hashes to stay zero. */
    for (uint32_t row = 0; row < ROWS; row++) {
        bool used = false;
        for (uint32_t c = 0; c < CLUSTERS; c++) used = used || country_row(c) == row;
        for (uint32_t d = 0; d < DIM && !used; d++) assert_true(t.features[row * DIM + d] == 0.0f);
    }
    rk_memory_free(&t.b.memory);
}

/* With its id dropped an item is what its content says: W learns to point at the cluster. */
static void content_is_learnt_where_ids_are_dropped(void **state) {
    (void)state;
    static towers t;
    make_towers(&t, 420);
    t.sides.id_dropout = 0.4f;
    rk_encoder_params longer = params;
    longer.epochs = 20;
    train(&t.log, &longer, 1, t.vectors, &t.sides, &t.b.memory);
    uint32_t right = 0;
    for (uint32_t item = 0; item < TOWER_ITEMS; item++) {
        float said[DIM];
        rk_content_project(&t.items, item, t.weights, DIM, said);
        uint32_t best = 0;
        for (uint32_t other = 0; other < TOWER_ITEMS; other++) {
            if (rk_dot_f32(said, t.vectors + other * DIM, DIM) >
                rk_dot_f32(said, t.vectors + best * DIM, DIM))
                best = other;
        }
        right += best / SIZE == item / SIZE;
    }
    assert_memory_not_equal(t.weights, t.weights_before, CLUSTERS * DIM * sizeof(float));
    assert_int_equal(right, TOWER_ITEMS);
    rk_memory_free(&t.b.memory);
}

static void threads_change_no_bit_of_towers(void **state) {
    (void)state;
    static towers t;
    static float features[ROWS * DIM];
    float weights[CLUSTERS * DIM], positions[POSITIONS * DIM];
    for (uint32_t threads = 1; threads <= 3; threads++) {
        make_towers(&t, 430);
        t.sides.id_dropout = 0.3f;
        rk_encoder_params with = params;
        with.dropout = 0.2f;
        const rk_encoder_result result =
            train(&t.log, &with, threads, t.vectors, &t.sides, &t.b.memory);
        if (threads == 1) {
            memcpy(features, t.features, sizeof features);
            memcpy(weights, t.weights, sizeof weights);
            memcpy(positions, result.positions, sizeof positions);
        }
        assert_memory_equal(t.features, features, sizeof features);
        assert_memory_equal(t.weights, weights, sizeof weights);
        assert_memory_equal(result.positions, positions, sizeof positions);
        rk_memory_free(&t.b.memory);
    }
}

static void every_failing_take_is_survived(void **state) {
    (void)state;
    static towers t;
    make_towers(&t, 440);
    rk_encoder_params once = params;
    once.epochs = 1;
    const rk_learn_options options = {.seed = 5, .threads = 1};
    for (uint32_t with_sides = 0; with_sides < 2; with_sides++) {
        uint64_t take = 0;
        for (bool trained = false; !trained; take++) {
            rk_memory memory = {0};
            rk_encoder_result result;
            rk_memory_fail_after(take);
            trained = rk_train_encoder(&t.log, &once, &options, t.vectors,
                                       with_sides ? &t.sides : NULL, &memory, &result);
            rk_memory_fail_after(UINT64_MAX);
            rk_memory_free(&memory);
        }
        assert_in_range(take, 90, 120);
    }
    rk_memory_free(&t.b.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_circle_is_learnt),
        cmocka_unit_test(a_step_goes_down_the_finite_differences),
        cmocka_unit_test(the_loss_is_that_of_all_items),
        cmocka_unit_test(positions_are_learnt),
        cmocka_unit_test(rows_stay_unit_and_the_untouched_as_they_came),
        cmocka_unit_test(odd_sessions),
        cmocka_unit_test(shuffling_forgets_the_order),
        cmocka_unit_test(the_budget_bounds_the_epochs),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(a_country_alone_predicts_its_items),
        cmocka_unit_test(content_is_learnt_where_ids_are_dropped),
        cmocka_unit_test(threads_change_no_bit_of_towers),
        cmocka_unit_test(every_failing_take_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
