/* Onboarding against a plain reading of its definition, and what every answer changes. */
#include "random_request.h"

#include "model/session_encoder.h"
#include "model/vectors.h"
#include "serve/engine.h"

#include <math.h>

enum {
    ITEMS = 60,
    MOST_ITEMS = 700,
    DIM = 16,
    POOL = 256,
    LIST = 10,
    EVERYTHING = RK_MAX_QUESTIONS
};

static rk_memory memory;

/* What somebody answered so far. */
typedef struct interview {
    rk_event picks[64];
    uint32_t skipped[64], unknown[64], exclude[64], seen[64];
    rk_request request;
    rk_answers answers;
} interview;

static interview begin_interview(void) {
    return (interview){.request = {.count = EVERYTHING}};
}

static uint32_t ask_next(rk_engine *engine, interview *v, rk_question *out) {
    uint32_t found;
    v->request.session = v->picks;
    v->request.exclude = v->exclude;
    v->request.seen = v->seen;
    v->answers.skipped = v->skipped;
    v->answers.unknown = v->unknown;
    assert_int_equal(rk_onboarding(engine, &v->request, &v->answers, out, &found, NULL), RK_OK);
    assert_true(found <= v->request.count);
    return found;
}

static void pick(interview *v, uint32_t item) {
    v->picks[v->request.session_count++] = (rk_event){.item = item, .type = TYPE_LIKE};
}
static void decline(interview *v, uint32_t item) {
    v->skipped[v->answers.skipped_count++] = item;
}
static void not_known(interview *v, uint32_t item) {
    v->unknown[v->answers.unknown_count++] = item;
}

static rk_snapshot_content snapshot_of(uint32_t items, uint64_t seed) {
    const snapshot_shape shape = {.items = items,
                                  .dim = DIM,
                                  .neighbors = 10,
                                  .popular_rows = RK_MIN(items, 300),
                                  .seed = seed};
    return make_random_snapshot(with_all_parts(shape), &memory);
}

/* ---- the definition, written out in double --------------------------------------------------- */

typedef struct naive_asking {
    const rk_snapshot_content *content;
    uint32_t item[POOL], count;
    double vector[POOL][DIM], prior[POOL], wanted[POOL], known[POOL], pick[POOL], gain[POOL],
        score[POOL], session[DIM], mass;
    bool asked[POOL];
} naive_asking;

static naive_asking naive;
static uint32_t clear_rounds; /* whose gains were compared */

static void vector_of(const rk_snapshot_content *content, uint32_t item, double *out) {
    float x[RK_MAX_DIM] = {0};
    rk_vector_accumulate(content, item, 1.0f, x);
    for (uint32_t i = 0; i < DIM; i++) out[i] = (double)x[i];
}

static double dot(const double *a, const double *b) {
    double sum = 0.0;
    for (uint32_t i = 0; i < DIM; i++) sum += a[i] * b[i];
    return sum;
}

static double share_of(const rk_snapshot_content *content, uint32_t item, uint32_t pool) {
    double all = 0.0;
    for (uint32_t i = 0; i < content->meta.items; i++) all += (double)content->popularity[i];
    if (!(all > 0.0)) return 1.0 / pool;
    const double per_session = (double)content->meta.events / (double)content->meta.sessions;
    return fmax(1e-6, fmin(0.9, (double)content->popularity[item] / all * per_session));
}

static bool is_one_of(uint32_t item, const uint32_t *items, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (items[i] == item) return true;
    }
    return false;
}

static bool may_be_asked(const interview *v, uint32_t item) {
    for (uint32_t i = 0; i < v->request.session_count; i++) {
        if (v->picks[i].item == item) return false;
    }
    return !is_one_of(item, v->skipped, v->answers.skipped_count) &&
           !is_one_of(item, v->unknown, v->answers.unknown_count) &&
           !is_one_of(item, v->exclude, v->request.exclude_count) &&
           !is_one_of(item, v->seen, v->request.seen_count);
}

static void fill_naive(const rk_snapshot_content *content, const interview *v) {
    naive.content = content;
    naive.count = 0;
    for (uint32_t i = 0; i < content->meta.popular_count + content->meta.items; i++) {
        const bool listed = i < content->meta.popular_count;
        const uint32_t item = listed ? content->popular[i] : i - content->meta.popular_count;
        if (naive.count == POOL || !may_be_asked(v, item)) continue;
        if (is_one_of(item, naive.item, naive.count)) continue;
        naive.item[naive.count++] = item;
    }
    naive.mass = 0.0;
    for (uint32_t j = 0; j < naive.count; j++) {
        vector_of(content, naive.item[j], naive.vector[j]);
        naive.prior[j] = naive.wanted[j] = share_of(content, naive.item[j], naive.count);
        naive.known[j] = 1.0 - pow(1.0 - naive.prior[j], 20.0);
        naive.pick[j] = 1.0;
        naive.asked[j] = false;
        naive.mass += naive.prior[j];
    }
}

/* P(j) by the vectors alone, of a query vector; `without`: an item that is in no list. */
static void softmax(const double *query, uint32_t without, double *out) {
    double sum = 0.0, top = -1e9;
    for (uint32_t j = 0; j < naive.count; j++) {
        out[j] = dot(query, naive.vector[j]);
        if (j != without) top = fmax(top, out[j]);
    }
    for (uint32_t j = 0; j < naive.count; j++) {
        out[j] = j == without ? 0.0 : exp((out[j] - top) / 0.07);
        sum += out[j];
    }
    for (uint32_t j = 0; j < naive.count; j++) out[j] = fmin(1.0, naive.mass * out[j] / sum);
}

static void naive_noes(const uint32_t *items, uint32_t count, double *shares) {
    for (uint32_t i = 0; i < count; i++) {
        double row[POOL], x[DIM];
        vector_of(naive.content, items[i], x);
        softmax(x, RK_NONE, row);
        for (uint32_t j = 0; j < naive.count; j++)
            shares[j] *=
                1.0 - fmin(0.95, 0.5 * row[j] * share_of(naive.content, items[i], naive.count) /
                                     naive.wanted[j]);
    }
}

/* Sum of the `LIST` largest by `order` of `values`. */
static double sum_of_best(const double *order, const double *values) {
    bool taken[POOL] = {false};
    double sum = 0.0;
    for (uint32_t r = 0; r < RK_MIN(LIST, naive.count); r++) {
        uint32_t best = RK_NONE;
        for (uint32_t j = 0; j < naive.count; j++) {
            if (!taken[j] && (best == RK_NONE || order[j] > order[best])) best = j;
        }
        taken[best] = true;
        sum += values[best];
    }
    return sum;
}

/* Whether it is clear which are the best: what is a hair apart may go either way. */
static bool are_best_clear(const double *order) {
    double best[LIST + 1] = {0.0};
    for (uint32_t j = 0; j < naive.count; j++) {
        double value = order[j];
        for (uint32_t r = 0; r <= LIST; r++) {
            const double other = best[r];
            best[r] = fmax(value, other);
            value = fmin(value, other);
        }
    }
    return best[LIST - 1] > best[LIST] * 1.001 || naive.count <= LIST;
}

static void naive_gains(uint32_t picks) {
    for (uint32_t i = 0; i < naive.count; i++) {
        double query[DIM], row[POOL];
        for (uint32_t d = 0; d < DIM; d++) query[d] = naive.vector[i][d] + picks * naive.session[d];
        /* Of the pick's cosine with the session, not of the vector: items are not quite unit. */
        const double cosine = picks ? dot(naive.session, naive.vector[i]) : 0.0;
        const double norm = picks ? sqrt(1.0 + picks * (picks + 2.0 * cosine)) : 1.0;
        for (uint32_t d = 0; d < DIM; d++) query[d] /= norm;
        softmax(query, i, row);
        for (uint32_t j = 0; j < naive.count; j++) row[j] = (naive.wanted[j] + row[j]) / 2;
        row[i] = 0.0;
        naive.gain[i] = fmax(1e-6, sum_of_best(row, row) - sum_of_best(naive.wanted, row));
    }
}

static void ask_naively(const rk_snapshot_content *content, const interview *v) {
    const uint32_t picks = v->request.session_count;
    fill_naive(content, v);
    memset(naive.session, 0, sizeof naive.session);
    if (picks) {
        uint32_t seeds[64];
        float weights[64], encoded[RK_MAX_DIM];
        double row[POOL];
        for (uint32_t s = 0; s < picks; s++) {
            seeds[s] = v->picks[picks - 1 - s].item;
            weights[s] = content->type_weight[TYPE_LIKE];
        }
        rk_session_encode(content, seeds, weights, picks, encoded);
        for (uint32_t d = 0; d < DIM; d++) naive.session[d] = (double)encoded[d];
        softmax(naive.session, RK_NONE, row);
        for (uint32_t j = 0; j < naive.count; j++) naive.wanted[j] = (naive.wanted[j] + row[j]) / 2;
    }
    naive_noes(v->unknown, v->answers.unknown_count, naive.pick);
    for (uint32_t j = 0; j < naive.count; j++) naive.known[j] *= naive.pick[j];
    naive_noes(v->skipped, v->answers.skipped_count, naive.wanted);
    naive_gains(picks);
    for (uint32_t j = 0; j < naive.count; j++) {
        naive.pick[j] *= naive.wanted[j];
        naive.score[j] = naive.pick[j] * naive.gain[j];
    }
}

static void assert_near(double a, double b) {
    const double wide = 2e-2 * fmax(fabs(a), fabs(b)) + 1e-5;
    if (fabs(a - b) > wide) print_message("%.9g instead of %.9g\n", a, b);
    assert_true(fabs(a - b) <= wide);
}

/* Each question is the best of what is left, by what the naive one makes of them; near ties may go
 * either way. */
static void assert_as_defined(const rk_question *questions, uint32_t found) {
    const bool clear = are_best_clear(naive.wanted);
    clear_rounds += clear;
    assert_int_equal(found, RK_MIN(EVERYTHING, naive.count));
    for (uint32_t q = 0; q < found; q++) {
        uint32_t place = 0;
        double best = 0.0;
        while (place < naive.count && naive.item[place] != questions[q].item) place++;
        assert_true(place < naive.count && !naive.asked[place]);
        for (uint32_t j = 0; j < naive.count; j++) {
            if (!naive.asked[j]) best = fmax(best, naive.score[j]);
        }
        assert_near(questions[q].pick, naive.pick[place]);
        assert_near(questions[q].known, naive.known[place]);
        if (clear) {
            assert_near(questions[q].gain, naive.gain[place]);
            assert_near(questions[q].score, naive.score[place]);
            assert_true(naive.score[place] >= best * 0.96 - 1e-6);
        }
        naive.asked[place] = true;
        for (uint32_t j = 0; j < naive.count; j++)
            naive.score[j] *=
                1.0 - fmin(0.95, fmax(0.0, dot(naive.vector[place], naive.vector[j])));
    }
}

static void draw_answers(rk_rng *rng, uint32_t items, interview *v) {
    const uint32_t count = rk_rng_below(rng, 12);
    bool used[MOST_ITEMS] = {false};
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t item = rk_rng_below(rng, items);
        if (used[item]) continue;
        used[item] = true;
        switch (rk_rng_below(rng, 5)) {
        case 0: pick(v, item); break;
        case 1: decline(v, item); break;
        case 2: not_known(v, item); break;
        case 3: v->exclude[v->request.exclude_count++] = item; break;
        default: v->seen[v->request.seen_count++] = item; break;
        }
    }
}

static void questions_follow_the_definition(void **state) {
    (void)state;
    static const uint32_t sizes[] = {1, 2, 13, ITEMS, 300, MOST_ITEMS};
    for (uint32_t size = 0; size < 6; size++) {
        rk_rng rng = rk_rng_at(test_seed(), 700 + size);
        const rk_snapshot_content content = snapshot_of(sizes[size], rk_rng_u64(&rng));
        rk_engine *engine = engine_over(&content, &memory);
        for (uint32_t round = 0; round < 8; round++) {
            rk_question questions[EVERYTHING];
            interview v = begin_interview();
            if (round) draw_answers(&rng, sizes[size], &v);
            const uint32_t found = ask_next(engine, &v, questions);
            ask_naively(&content, &v);
            assert_as_defined(questions, found);
        }
    }
    assert_true(clear_rounds >= 24);
    rk_memory_free(&memory);
}

/* ---- what answers change --------------------------------------------------------------------- */

static const rk_question *question_about(const rk_question *questions, uint32_t found,
                                         uint32_t item) {
    for (uint32_t q = 0; q < found; q++) {
        if (questions[q].item == item) return &questions[q];
    }
    return NULL;
}

/* Of the items asked about in both lists those most and least like `item`. */
static void find_extremes(const rk_snapshot_content *content, uint32_t item, uint32_t *most,
                          uint32_t *least) {
    double x[DIM], y[DIM], high = -2.0, low = 2.0;
    vector_of(content, item, x);
    for (uint32_t other = 0; other < content->meta.items; other++) {
        if (other == item) continue;
        vector_of(content, other, y);
        const double cosine = dot(x, y);
        if (cosine > high) *most = other;
        if (cosine < low) *least = other;
        high = fmax(high, cosine);
        low = fmin(low, cosine);
    }
}

static void every_answer_changes_what_it_is_about(void **state) {
    (void)state;
    for (uint32_t round = 0; round < 20; round++) {
        rk_rng rng = rk_rng_at(test_seed(), 720 + round);
        rk_snapshot_content content = snapshot_of(ITEMS, rk_rng_u64(&rng));
        /* So that a pick speaks for what is like it, and vectors alone tell items apart. */
        float *popularity = TAKE(&memory, float, ITEMS);
        for (uint32_t item = 0; item < ITEMS; item++) popularity[item] = 1.0f;
        content.popularity = popularity;
        content.meta.encoder_positions = 0;
        rk_engine *engine = engine_over(&content, &memory);
        rk_question before[EVERYTHING], after[EVERYTHING];
        interview nothing = begin_interview();
        const uint32_t found = ask_next(engine, &nothing, before);
        const uint32_t item = before[0].item;
        uint32_t most = 0, least = 0, left;
        find_extremes(&content, item, &most, &least);
        const rk_question *like = question_about(before, found, most);
        const rk_question *unlike = question_about(before, found, least);

        interview picked = begin_interview();
        pick(&picked, item);
        left = ask_next(engine, &picked, after);
        const rk_question *now = question_about(after, left, most);
        assert_null(question_about(after, left, item));
        assert_true(now->pick / like->pick >
                    question_about(after, left, least)->pick / unlike->pick);
        assert_true(now->pick > like->pick);
        assert_true(now->because == item || now->because == RK_NONE);

        interview skipped = begin_interview();
        decline(&skipped, item);
        left = ask_next(engine, &skipped, after);
        now = question_about(after, left, most);
        assert_null(question_about(after, left, item));
        assert_true(now->pick < like->pick && now->known == like->known);
        assert_true(now->pick / like->pick <
                    question_about(after, left, least)->pick / unlike->pick);

        interview unknown = begin_interview();
        not_known(&unknown, item);
        left = ask_next(engine, &unknown, after);
        now = question_about(after, left, most);
        assert_null(question_about(after, left, item));
        assert_true(now->known < like->known && now->pick < like->pick);
        assert_true(now->known / like->known <
                    question_about(after, left, least)->known / unlike->known);
    }
    rk_memory_free(&memory);
}

/* An interview to the last item: nothing twice, nothing that must not be asked, everything else. */
static void nothing_is_asked_twice(void **state) {
    (void)state;
    for (uint32_t round = 0; round < 10; round++) {
        rk_rng rng = rk_rng_at(test_seed(), 740 + round);
        const rk_snapshot_content content = snapshot_of(ITEMS, rk_rng_u64(&rng));
        rk_engine *engine = engine_over(&content, &memory);
        interview v = begin_interview();
        bool asked[ITEMS] = {false};
        uint32_t questions = 0, refused = 0;
        for (; refused < 9; refused += 3) {
            v.exclude[v.request.exclude_count++] = refused;
            v.seen[v.request.seen_count++] = refused + 1;
            pick(&v, refused + 2);
        }
        v.request.count = 1;
        for (rk_question question; ask_next(engine, &v, &question) == 1; questions++) {
            assert_true(question.item >= refused && question.item < ITEMS);
            assert_false(asked[question.item]);
            asked[question.item] = true;
            switch (rk_rng_below(&rng, 3)) {
            case 0: pick(&v, question.item); break;
            case 1: decline(&v, question.item); break;
            default: not_known(&v, question.item); break;
            }
        }
        assert_int_equal(questions, ITEMS - refused);
    }
    rk_memory_free(&memory);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void a_snapshot_without_events_asks(void **state) {
    (void)state;
    rk_snapshot_content content = snapshot_of(ITEMS, test_seed());
    content.popularity = TAKE(&memory, float, ITEMS);
    content.meta.events = content.meta.sessions = 0;
    content.meta.popular_count = 0;
    rk_engine *engine = engine_over(&content, &memory);
    rk_question questions[EVERYTHING];
    interview v = begin_interview();
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(ask_next(engine, &v, questions), ITEMS - i);
        for (uint32_t q = 0; q < ITEMS - i; q++)
            assert_true(questions[q].pick > 0.0f && isfinite(questions[q].score));
        if (i == 0) pick(&v, questions[0].item);
        if (i == 1) decline(&v, questions[0].item);
    }
    rk_memory_free(&memory);
}

static void asking_leaves_no_trace(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 760);
    const rk_snapshot_content content = snapshot_of(ITEMS, rk_rng_u64(&rng));
    rk_engine *engine = engine_over(&content, &memory);
    random_request *asked = TAKE(&memory, random_request, 1);
    rk_recommendation *lists[2] = {TAKE(&memory, rk_recommendation, RK_MAX_COUNT),
                                   TAKE(&memory, rk_recommendation, RK_MAX_COUNT)};
    for (uint32_t round = 0; round < 30; round++) {
        rk_question first[EVERYTHING], again[EVERYTHING];
        uint32_t found[2];
        interview v = begin_interview();
        make_request(&rng, &content, REQUEST_ANY, asked);
        draw_answers(&rng, ITEMS, &v);
        assert_int_equal(rk_recommend(engine, &asked->request, lists[0], &found[0], NULL), RK_OK);
        const uint32_t questions = ask_next(engine, &v, first);
        assert_int_equal(rk_recommend(engine, &asked->request, lists[1], &found[1], NULL), RK_OK);
        assert_int_equal(found[0], found[1]);
        assert_memory_equal(lists[0], lists[1], found[0] * sizeof *lists[0]);
        assert_int_equal(ask_next(engine, &v, again), questions);
        assert_memory_equal(first, again, questions * sizeof *first);
    }
    rk_memory_free(&memory);
}

static void bad_arguments_are_refused(void **state) {
    (void)state;
    const rk_snapshot_content content = snapshot_of(ITEMS, test_seed());
    rk_engine *engine = engine_over(&content, &memory);
    rk_question questions[EVERYTHING];
    const uint32_t items[] = {0, ITEMS};
    const struct {
        rk_request request;
        rk_answers answers;
        uint64_t offset;
    } bad[] = {{{.count = 0}, {0}, 0},
               {{.count = RK_MAX_QUESTIONS + 1}, {0}, 0},
               {{.count = 1}, {.skipped = items, .skipped_count = 2}, 1},
               {{.count = 1}, {.unknown = items, .unknown_count = 2}, 1},
               {{.count = 1, .exclude = items, .exclude_count = 2}, {0}, 1}};
    for (uint32_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rk_error error;
        uint32_t found = 7;
        assert_int_equal(
            rk_onboarding(engine, &bad[i].request, &bad[i].answers, questions, &found, &error),
            RK_BAD_ARGUMENT);
        assert_int_equal(error.offset, bad[i].offset);
        assert_int_equal(found, 0);
    }
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_follow_the_definition),
        cmocka_unit_test(every_answer_changes_what_it_is_about),
        cmocka_unit_test(nothing_is_asked_twice),
        cmocka_unit_test(a_snapshot_without_events_asks),
        cmocka_unit_test(asking_leaves_no_trace),
        cmocka_unit_test(bad_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
