/* What to ask a new user next: items that most can judge and whose pick would change most.
 *
 * Problem: of somebody who has picked nothing yet, nothing is known but what everybody likes. A few
 * questions ("do you know this? do you want it?") could tell more, if they are about items that are
 * likely to be picked and that say something when they are. The most popular items are the former
 * only: everybody has them. Items that split tastes best are the latter only: hardly anybody knows
 * them.
 *
 * Idea: ask for the item of greatest expected gain,
 *
 *   score(i) = P(picked i | answers) * gain(i | answers),
 *   gain(i)  = sum of P(j | answers, i) over the ten best j by that probability
 *              - the same sum over the ten best j by P(j | answers),
 *
 * in words: how many more of the ten first items of a list would be wanted, if the list could take
 * the pick of i into account. This is the expected value of information (C. Boutilier, R. S. Zemel
 * and B. Marlin, "Active Collaborative Filtering", 2003) of one question, over the popular items,
 * as A. M. Rashid et al., "Getting to Know You: Learning New User Preferences in Recommender
 * Systems" (2002) found popularity times information to work better than either. Everything adapts
 * to all answers so far, and nothing is learnt for it: the probabilities come from the popularity
 * and the item vectors of the snapshot.
 *
 *   P(j)            share of the sessions that have j, by popularity
 *   P(j | i)        half P(j), half mass * softmax_j(<x_i, x_j> / TEMPERATURE): the encoder's own
 *                   model of what goes with i (model/session_encoder.h); mass: sum of P(j)
 *   picks           the same by the session's vector; a further pick i moves it to
 *                   unit(picks * h + x_i)
 *   skip of k       j is wanted less by P(k | j) = P(j | k) P(k) / P(j), halved
 *   "don't know" k  j is known less by the same share
 *   known           1 - (1 - P(j))^20: to who has met 20 users
 *
 * A list of several questions is made greedily: an item counts less by its cosine with those before
 * it, as their answer would say what its own does. (M. Elahi, F. Ricci and N. Rubens, "A survey of
 * active learning in collaborative filtering recommender systems", 2016, compares such strategies;
 * what was measured here is in src/README.md.)
 *
 * Layout: the pool is the RK_ONBOARDING_POOL most popular items that may be asked about; their
 * vectors are decoded once to (pool, dim) i16, a product of two is exact integer work. Cost: pool^2
 * products of dim and as many exponentials, some 2 ms; O(items) to sum popularity. No allocation.
 * Without events all are equally popular and the vectors alone decide. Deterministic: ties by place
 * in the pool, which is the order of popularity. */
#include "base/fmath.h"
#include "model/session_encoder.h"
#include "model/vectors.h"
#include "serve/request_check.h"
#include "serve/retrieval.h"
#include "serve/rules.h"
#include "simd/kernels.h"

#define TEMPERATURE   0.07f /* of the encoder's training */
#define LIST_ITEMS    10u
#define MODEL_SHARE   0.5f /* of the vectors in a probability, beside popularity */
#define NO_COUNTS     0.5f /* what a "no" takes of the items like it */
#define PEOPLE_MET    20.0f
#define MOST_WANTED   0.9f
#define LEAST_WANTED  1e-6f
#define MOST_LIKENESS 0.95f
#define LEAST_GAIN    1e-6f
#define RAISED        1.5f /* picks that make an item so much likelier are the reason for it */
#define EXAMINED      64u  /* picks that may be the reason */

typedef struct asking {
    rk_engine *engine;
    const rk_snapshot_content *snapshot;
    const rk_query *query;
    rk_onboarding_pool *pool;
    rk_ann_vector mean; /* vec.mean */
    float mean_mean;    /* its square */
    double popularity;  /* of all items */
    float per_session;  /* events */
    float mass;         /* sum of the pool's P(j) */
} asking;

/* ---- the pool -------------------------------------------------------------------------------- */

static void block(rk_engine *engine, uint32_t item) {
    engine->blocked[item / RK_BLOCK_ROWS] |= 1u << (item % RK_BLOCK_ROWS);
}

static void unblock_all(rk_engine *engine, const uint32_t *items, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) engine->blocked[items[i] / RK_BLOCK_ROWS] = 0;
}

static float share_of(const asking *a, uint32_t item) {
    if (!(a->popularity > 0.0)) return a->pool->count ? 1.0f / (float)a->pool->count : 0.0f;
    double share = (double)a->snapshot->popularity[item] / a->popularity;
    return RK_MAX(LEAST_WANTED, RK_MIN(MOST_WANTED, (float)share * a->per_session));
}

/* Blocks it, so that it joins once. */
static void join(asking *a, uint32_t item) {
    rk_onboarding_pool *pool = a->pool;
    if (pool->count == RK_ONBOARDING_POOL || rk_is_blocked(a->query->blocked, item)) return;
    block(a->engine, item);
    uint32_t place = pool->count++, dim = a->snapshot->meta.dim;
    int16_t *vector = pool->vector + (size_t)place * dim;
    pool->item[place] = item;
    rk_vector_decode_i16(a->snapshot, item, vector);
    pool->scale[place] = a->snapshot->vector_factors[item].decode;
    pool->mean[place] =
        a->mean.q16_step * pool->scale[place] * (float)rk_dot_i16(vector, a->mean.q16, dim);
}

static void fill_pool(asking *a) {
    const rk_snapshot_content *snapshot = a->snapshot;
    rk_onboarding_pool *pool = a->pool;
    pool->count = 0;
    for (uint32_t i = 0; i < snapshot->meta.popular_count; i++) join(a, snapshot->popular[i]);
    for (uint32_t item = 0; item < snapshot->meta.items; item++) join(a, item);
    a->mass = 0.0f;
    for (uint32_t j = 0; j < pool->count; j++) {
        pool->prior[j] = pool->wanted[j] = share_of(a, pool->item[j]);
        pool->known[j] = 1.0f - rk_powf(1.0f - pool->prior[j], PEOPLE_MET);
        pool->pick[j] = 1.0f;
        a->mass += pool->prior[j];
    }
}

/* <q, x_j> of the pool's items, to out. */
static void score_pool(const asking *a, const rk_ann_vector *q, float *out) {
    const rk_onboarding_pool *pool = a->pool;
    uint32_t dim = a->snapshot->meta.dim;
    for (uint32_t j = 0; j < pool->count; j++) {
        int32_t sum = rk_dot_i16(pool->vector + (size_t)j * dim, q->q16, dim);
        out[j] = q->mean_score + q->q16_step * pool->scale[j] * (float)sum;
    }
}

/* Cosines of any item with the pool's, to out. */
static void compare_pool(const asking *a, uint32_t item, float *out) {
    rk_ann_vector vector;
    rk_ann_prepare_item(a->snapshot, &a->mean, item, &vector);
    score_pool(a, &vector, out);
    for (uint32_t j = 0; j < a->pool->count; j++) out[j] += a->pool->mean[j] + a->mean_mean;
}

/* Cosines to mass * softmax, in place. */
static void to_probabilities(const asking *a, float *row) {
    uint32_t count = a->pool->count;
    float top = row[0], sum = 0.0f;
    for (uint32_t j = 1; j < count; j++) top = RK_MAX(top, row[j]);
    for (uint32_t j = 0; j < count; j++) {
        row[j] = rk_expf((row[j] - top) * (1.0f / TEMPERATURE));
        sum += row[j];
    }
    for (uint32_t j = 0; j < count; j++) row[j] = RK_MIN(1.0f, row[j] * (a->mass / sum));
}

/* ---- what the answers say -------------------------------------------------------------------- */

/* session: cosines of the session's vector with the pool. */
static void count_picks(asking *a, float *session) {
    rk_onboarding_pool *pool = a->pool;
    const rk_query *query = a->query;
    float vector[RK_MAX_DIM];
    rk_ann_vector prepared;
    if (query->seed_count == 0) return;
    rk_session_encode(a->snapshot, query->seeds, query->seed_weights, query->seed_count, vector);
    rk_ann_prepare_vector(a->snapshot, vector, &prepared);
    score_pool(a, &prepared, session);
    memcpy(pool->row, session, pool->count * sizeof *session);
    to_probabilities(a, pool->row);
    for (uint32_t j = 0; j < pool->count; j++)
        pool->wanted[j] += MODEL_SHARE * (pool->row[j] - pool->wanted[j]);
}

/* Takes from each of `shares` what a "no" to the items says of those like them. */
static void count_noes(asking *a, const uint32_t *items, uint32_t count, float *shares) {
    rk_onboarding_pool *pool = a->pool;
    for (uint32_t i = 0; i < count; i++) {
        float share = share_of(a, items[i]);
        compare_pool(a, items[i], pool->row);
        to_probabilities(a, pool->row);
        for (uint32_t j = 0; j < pool->count; j++) {
            float likeness = NO_COUNTS * pool->row[j] * share / pool->wanted[j];
            shares[j] *= 1.0f - RK_MIN(MOST_LIKENESS, likeness);
        }
    }
}

/* ---- what a pick would change ---------------------------------------------------------------- */

/* Cosines of the session's vector with the pool, once item `i` is picked, too, to `row`. */
static void move_session(const asking *a, const float *session, uint32_t i, float *row) {
    float picks = (float)a->query->seed_count;
    if (a->query->seed_count == 0) return;
    float norm = rk_sqrtf(RK_MAX(1e-6f, 1.0f + picks * (picks + 2.0f * session[i])));
    for (uint32_t j = 0; j < a->pool->count; j++) row[j] = (row[j] + picks * session[j]) / norm;
}

static uint32_t best_of(const float *values, uint32_t count, rk_scored best[LIST_ITEMS]) {
    rk_topk top = rk_topk_over(best, LIST_ITEMS);
    for (uint32_t j = 0; j < count; j++) rk_topk_push(&top, values[j], j);
    return rk_topk_finish(&top);
}

static void find_gains(asking *a, const float *session) {
    rk_onboarding_pool *pool = a->pool;
    rk_scored now[LIST_ITEMS], then[LIST_ITEMS];
    uint32_t listed = best_of(pool->wanted, pool->count, now);
    for (uint32_t i = 0; i < pool->count; i++) {
        compare_pool(a, pool->item[i], pool->row);
        move_session(a, session, i, pool->row);
        pool->row[i] = -1e3f; /* picked, it is in no list */
        to_probabilities(a, pool->row);
        for (uint32_t j = 0; j < pool->count; j++)
            pool->row[j] = pool->wanted[j] + MODEL_SHARE * (pool->row[j] - pool->wanted[j]);
        pool->row[i] = 0.0f;
        float gain = 0.0f;
        best_of(pool->row, pool->count, then);
        for (uint32_t r = 0; r < listed; r++) gain += then[r].score - pool->row[now[r].item];
        pool->gain[i] = RK_MAX(LEAST_GAIN, gain);
    }
}

/* ---- the questions --------------------------------------------------------------------------- */

/* The pick most like it, if picks made it likelier. */
static uint32_t because(const asking *a, uint32_t place) {
    const rk_query *query = a->query;
    const rk_onboarding_pool *pool = a->pool;
    uint32_t best = RK_NONE;
    float closest = 0.0f;
    if (pool->wanted[place] < RAISED * pool->prior[place]) return RK_NONE;
    rk_ann_vector vector;
    rk_ann_prepare_item(a->snapshot, &a->mean, pool->item[place], &vector);
    for (uint32_t s = 0; s < RK_MIN(query->seed_count, EXAMINED); s++) {
        float cosine, mean;
        const rk_ann_vector *const by[] = {&vector, &a->mean};
        float *const out[] = {&cosine, &mean};
        rk_ann_score_items_by(a->snapshot, by, 2, &query->seeds[s], 1, out);
        if (best != RK_NONE && cosine + mean <= closest) continue;
        best = query->seeds[s];
        closest = cosine + mean;
    }
    return best;
}

static uint32_t choose(asking *a, uint32_t count, rk_question *out) {
    rk_onboarding_pool *pool = a->pool;
    uint32_t chosen = 0;
    for (uint32_t j = 0; j < pool->count; j++) {
        pool->pick[j] *= pool->wanted[j];
        pool->score[j] = pool->pick[j] * pool->gain[j];
    }
    for (; chosen < RK_MIN(count, pool->count); chosen++) {
        uint32_t best = 0;
        for (uint32_t j = 1; j < pool->count; j++) {
            if (pool->score[j] > pool->score[best]) best = j;
        }
        out[chosen] = (rk_question){.item = pool->item[best],
                                    .score = pool->score[best],
                                    .pick = pool->pick[best],
                                    .known = pool->known[best],
                                    .gain = pool->gain[best],
                                    .because = because(a, best)};
        compare_pool(a, pool->item[best], pool->row);
        for (uint32_t j = 0; j < pool->count; j++)
            pool->score[j] *= 1.0f - RK_MIN(MOST_LIKENESS, RK_MAX(0.0f, pool->row[j]));
        pool->score[best] = -1.0f;
    }
    return chosen;
}

static void ask(asking *a, const rk_answers *answers) {
    rk_onboarding_pool *pool = a->pool;
    float *session = pool->row + RK_ONBOARDING_POOL;
    fill_pool(a);
    if (pool->count == 0) return;
    count_picks(a, session);
    /* Of what is known less, less is picked; what is wanted is not touched by it. */
    count_noes(a, answers->unknown, answers->unknown_count, pool->pick);
    for (uint32_t j = 0; j < pool->count; j++) pool->known[j] *= pool->pick[j];
    count_noes(a, answers->skipped, answers->skipped_count, pool->wanted);
    find_gains(a, session);
}

static rk_status check(const rk_engine *engine, const rk_request *request,
                       const rk_answers *answers, rk_error *error) {
    const rk_snapshot_meta *meta = &engine->content.meta;
    if (request->count < 1 || request->count > RK_MAX_QUESTIONS) {
        return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, 0, "count", request->count,
                             RK_MAX_QUESTIONS);
    }
    RK_TRY(rk_request_check(meta, request, error));
    if (request->rules && !rk_rules_fit(request->rules, &engine->content))
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0, "the rules are of another snapshot");
    const uint32_t *const lists[] = {answers->skipped, answers->unknown};
    const uint32_t counts[] = {answers->skipped_count, answers->unknown_count};
    for (uint32_t which = 0; which < 2; which++) {
        for (uint32_t i = 0; i < counts[which]; i++) {
            if (lists[which][i] < meta->items) continue;
            return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, i, "answered item", lists[which][i],
                                 meta->items - 1);
        }
    }
    return RK_OK;
}

rk_status rk_onboarding(rk_engine *engine, const rk_request *request, const rk_answers *answers,
                        rk_question *out, uint32_t *found, rk_error *error) {
    const rk_snapshot_content *snapshot = &engine->content;
    *found = 0;
    RK_TRY(check(engine, request, answers, error));
    rk_query query = rk_query_begin(engine, request);
    asking a = {.engine = engine, .snapshot = snapshot, .query = &query, .pool = &engine->asked};
    rk_ann_prepare_vector(snapshot, snapshot->vector_mean, &a.mean);
    a.mean_mean = rk_dot_f32(snapshot->vector_mean, snapshot->vector_mean, snapshot->meta.dim);
    for (uint32_t item = 0; item < snapshot->meta.items; item++)
        a.popularity += (double)snapshot->popularity[item];
    a.per_session =
        (float)((double)snapshot->meta.events / (double)RK_MAX(1, snapshot->meta.sessions));
    /* The session's items are never asked about, kept or not. */
    for (uint32_t i = 0; i < request->session_count; i++) block(engine, request->session[i].item);
    for (uint32_t i = 0; i < request->seen_count; i++) block(engine, request->seen[i]);
    for (uint32_t i = 0; i < answers->skipped_count; i++) block(engine, answers->skipped[i]);
    for (uint32_t i = 0; i < answers->unknown_count; i++) block(engine, answers->unknown[i]);
    ask(&a, answers);
    *found = choose(&a, request->count, out);
    unblock_all(engine, a.pool->item, a.pool->count);
    unblock_all(engine, answers->skipped, answers->skipped_count);
    unblock_all(engine, answers->unknown, answers->unknown_count);
    rk_query_end(engine, request, &query);
    return RK_OK;
}
