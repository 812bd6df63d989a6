#include "model/bandit_linear.h"

#include "base/fmath.h"
#include "simd/kernels.h"

#define STREAM_ENSEMBLE UINT64_C(0x656E73656D626C65) /* "ensemble" */

/* ---- statistics ---- */

void rk_linear_features(const float *x, uint32_t dim, int16_t *out) {
    for (uint32_t i = 0; i < dim; i++) {
        const int32_t rounded = rk_round_i32(x[i] * RK_LINEAR_ONE);
        out[i] = (int16_t)RK_MAX(-RK_LINEAR_ONE, RK_MIN(RK_LINEAR_ONE, rounded));
    }
}

/* The first block of a day that is not before. */
static uint32_t find_day(const rk_linear_table *table, int64_t day) {
    uint32_t at = 0;
    while (at < table->count && rk_linear_block(table, at)[RK_LINEAR_DAY] < day) at++;
    return at;
}

static bool has_day(const rk_linear_table *table, uint32_t at, int64_t day) {
    return at < table->count && rk_linear_block(table, at)[RK_LINEAR_DAY] == day;
}

/* An empty block of that day at `at`, where there is room. */
static void insert_day(rk_linear_table *table, uint32_t at, int64_t day) {
    const size_t bytes = rk_linear_words(table->dim) * sizeof(int64_t);
    int64_t *block = rk_linear_block(table, at);
    memmove(rk_linear_block(table, at + 1), block, (table->count - at) * bytes);
    memset(block, 0, bytes);
    block[RK_LINEAR_DAY] = day;
    table->count++;
}

/* The block of a day, made if there is none; NULL without room. */
static int64_t *take_day(rk_linear_table *table, uint32_t day, rk_error *error) {
    const uint32_t at = find_day(table, day);
    if (!has_day(table, at, day)) {
        if (table->count == table->capacity) {
            rk_fail_value(error, RK_TOO_LARGE, NULL, 0, "days", (uint64_t)table->count + 1,
                          table->capacity);
            return NULL;
        }
        insert_day(table, at, day);
    }
    return rk_linear_block(table, at);
}

rk_status rk_linear_add_trial(rk_linear_table *table, uint32_t day, const int16_t *x,
                              rk_error *error) {
    int64_t *block = take_day(table, day, error);
    if (!block) return RK_TOO_LARGE;
    if (block[RK_LINEAR_TRIALS] >= RK_LINEAR_MOST_TRIALS)
        return rk_fail(error, RK_TOO_LARGE, NULL, 0, "a day has 2^38 decisions");
    block[RK_LINEAR_TRIALS]++;
    int64_t *product = block + RK_LINEAR_PRODUCTS;
    for (uint32_t i = 0; i < table->dim; i++)
        for (uint32_t j = 0; j <= i; j++) *product++ += (int32_t)x[i] * x[j];
    return RK_OK;
}

rk_status rk_linear_add_reward(rk_linear_table *table, uint32_t day, const int16_t *x,
                               int32_t reward, rk_error *error) {
    assert(reward >= 0 && reward <= RK_LINEAR_ONE);
    int64_t *block = take_day(table, day, error);
    if (!block) return RK_TOO_LARGE;
    if (block[RK_LINEAR_REWARDS] + reward > RK_LINEAR_MOST_REWARDS)
        return rk_fail(error, RK_TOO_LARGE, NULL, 0, "a day has 2^38 rewards");
    block[RK_LINEAR_REWARDS] += reward;
    int64_t *sum = block + RK_LINEAR_PRODUCTS + rk_linear_products(table->dim);
    for (uint32_t i = 0; i < table->dim; i++) sum[i] += (int32_t)x[i] * reward;
    return RK_OK;
}

static bool days_fit(const int64_t *a, const int64_t *b) {
    return a[RK_LINEAR_TRIALS] + b[RK_LINEAR_TRIALS] <= RK_LINEAR_MOST_TRIALS &&
           a[RK_LINEAR_REWARDS] + b[RK_LINEAR_REWARDS] <= RK_LINEAR_MOST_REWARDS;
}

rk_status rk_linear_merge(rk_linear_table *table, const rk_linear_table *other, rk_error *error) {
    assert(table->dim == other->dim);
    uint32_t fresh = 0;
    for (uint32_t i = 0; i < other->count; i++) {
        const int64_t *theirs = rk_linear_block(other, i);
        const uint32_t at = find_day(table, theirs[RK_LINEAR_DAY]);
        if (!has_day(table, at, theirs[RK_LINEAR_DAY]))
            fresh++;
        else if (!days_fit(rk_linear_block(table, at), theirs))
            return rk_fail(error, RK_TOO_LARGE, NULL, i, "a day has more than 2^38 decisions");
    }
    if (fresh > table->capacity - table->count)
        return rk_fail_value(error, RK_TOO_LARGE, NULL, 0, "days", (uint64_t)table->count + fresh,
                             table->capacity);
    for (uint32_t i = 0; i < other->count; i++) {
        const int64_t *theirs = rk_linear_block(other, i);
        const uint32_t at = find_day(table, theirs[RK_LINEAR_DAY]);
        if (!has_day(table, at, theirs[RK_LINEAR_DAY]))
            insert_day(table, at, theirs[RK_LINEAR_DAY]);
        int64_t *ours = rk_linear_block(table, at);
        for (uint32_t w = RK_LINEAR_TRIALS; w < rk_linear_words(table->dim); w++)
            ours[w] += theirs[w];
    }
    return RK_OK;
}

void rk_linear_forget(rk_linear_table *table, uint32_t first_day) {
    const uint32_t dropped = find_day(table, first_day);
    table->count -= dropped;
    memmove(table->words, rk_linear_block(table, dropped),
            table->count * rk_linear_words(table->dim) * sizeof(int64_t));
}

/* ---- Cholesky ---- */

/* A (dim, dim), lower triangle, becomes L with L L^T = A, row by row (Cholesky-Banachiewicz). False
 * if a pivot is not positive. */
static bool factorise(double *a, uint32_t dim) {
    for (uint32_t i = 0; i < dim; i++) {
        double *row = a + (size_t)i * dim;
        for (uint32_t j = 0; j <= i; j++) {
            const double *above = a + (size_t)j * dim;
            double sum = row[j];
            for (uint32_t k = 0; k < j; k++) sum -= row[k] * above[k];
            if (j < i)
                row[j] = sum / above[j];
            else if (sum > 0.0)
                row[i] = rk_sqrt(sum);
            else
                return false;
        }
    }
    return true;
}

/* x = L^-1 x, in place. */
static void solve_lower(const double *l, uint32_t dim, double *x) {
    for (uint32_t i = 0; i < dim; i++) {
        const double *row = l + (size_t)i * dim;
        double sum = x[i];
        for (uint32_t k = 0; k < i; k++) sum -= row[k] * x[k];
        x[i] = sum / row[i];
    }
}

/* x = L^-T x, in place. */
static void solve_upper(const double *l, uint32_t dim, double *x) {
    for (uint32_t i = dim; i-- > 0;) {
        x[i] /= l[(size_t)i * dim + i];
        for (uint32_t k = 0; k < i; k++) x[k] -= l[(size_t)i * dim + k] * x[i];
    }
}

/* The exact sums have no negative eigenvalue, so with a positive diagonal added the computed factor
 * exists: its rounding errors are below 2^-48 of the trace. */
bool rk_linear_is_possible(const int64_t *block, uint32_t dim, double *scratch) {
    const int64_t *product = block + RK_LINEAR_PRODUCTS;
    double trace = 0.0;
    for (uint32_t i = 0; i < dim; i++) {
        for (uint32_t j = 0; j <= i; j++) scratch[(size_t)i * dim + j] = (double)*product++;
        trace += scratch[(size_t)i * dim + i];
    }
    for (uint32_t i = 0; i < dim; i++) scratch[(size_t)i * dim + i] += trace * 0x1p-40 + 0x1p-10;
    return factorise(scratch, dim);
}

/* ---- reading ---- */

uint64_t rk_linear_bytes(uint32_t dim) {
    return ((uint64_t)dim * dim + dim) * sizeof(double) +
           (uint64_t)RK_POLICY_ROUNDS * dim * sizeof(float);
}

rk_linear rk_linear_over(void *memory, uint32_t dim) {
    assert(dim >= 1 && dim <= RK_LINEAR_MOST_DIM);
    double *factor = memory, *estimate = factor + (size_t)dim * dim;
    return (rk_linear){.dim = dim,
                       .factor = factor,
                       .estimate = estimate,
                       .ensemble = (float *)(void *)(estimate + dim)};
}

/* Adds the block, weighed, to A, b and (trials, rewards). */
static void add_block(const int64_t *block, uint32_t dim, double weight, double *a, double *b,
                      rk_evidence *evidence) {
    const double square = weight / ((double)RK_LINEAR_ONE * RK_LINEAR_ONE);
    const int64_t *word = block + RK_LINEAR_PRODUCTS;
    for (uint32_t i = 0; i < dim; i++)
        for (uint32_t j = 0; j <= i; j++) a[(size_t)i * dim + j] += square * (double)*word++;
    for (uint32_t i = 0; i < dim; i++) b[i] += square * (double)*word++;
    evidence->trials += weight * (double)block[RK_LINEAR_TRIALS];
    evidence->rewards += weight / RK_LINEAR_ONE * (double)block[RK_LINEAR_REWARDS];
}

bool rk_linear_read(rk_linear *model, const rk_linear_table *const *tables, uint32_t table_count,
                    uint32_t today, const rk_forgetting *forgetting, double ridge) {
    const uint32_t dim = model->dim;
    rk_evidence evidence = {0.0, 0.0};
    memset(model->factor, 0, (size_t)dim * dim * sizeof *model->factor);
    memset(model->estimate, 0, dim * sizeof *model->estimate);
    for (uint32_t i = 0; i < dim; i++) model->factor[(size_t)i * dim + i] = ridge;
    for (uint32_t t = 0; t < table_count; t++) {
        assert(tables[t]->dim == dim);
        for (uint32_t i = 0; i < tables[t]->count; i++) {
            const int64_t *block = rk_linear_block(tables[t], i);
            const float weight =
                rk_forgetting_weight(forgetting, today, (uint32_t)block[RK_LINEAR_DAY]);
            add_block(block, dim, (double)weight, model->factor, model->estimate, &evidence);
        }
    }
    const double p = (RK_MIN(evidence.rewards, evidence.trials) + 1.0) / (evidence.trials + 2.0);
    model->noise = rk_sqrt(p * (1.0 - p));
    if (!factorise(model->factor, dim)) return false;
    solve_lower(model->factor, dim, model->estimate);
    solve_upper(model->factor, dim, model->estimate);
    return true;
}

void rk_linear_draw(rk_linear *model, uint64_t policy_seed, double width) {
    rk_rng rng = rk_rng_at(policy_seed, STREAM_ENSEMBLE);
    const uint32_t dim = model->dim;
    double z[RK_LINEAR_MOST_DIM];
    for (uint32_t m = 0; m < RK_POLICY_ROUNDS; m++) {
        for (uint32_t i = 0; i < dim; i++) z[i] = (double)rk_rng_normal(&rng);
        solve_upper(model->factor, dim, z);
        float *weights = model->ensemble + (size_t)m * dim;
        for (uint32_t i = 0; i < dim; i++)
            weights[i] = (float)(model->estimate[i] + width * model->noise * z[i]);
    }
}

void rk_linear_thompson_row(const rk_linear *model, const int16_t *x, float *row) {
    float features[RK_LINEAR_MOST_DIM];
    for (uint32_t i = 0; i < model->dim; i++) features[i] = (float)x[i] * (1.0f / RK_LINEAR_ONE);
    rk_gemv_f32(model->ensemble, features, row, RK_POLICY_ROUNDS, model->dim);
}

void rk_linear_ucb_row(const rk_linear *model, const int16_t *x, double width, float *row) {
    double side[RK_LINEAR_MOST_DIM], worth = 0.0, square = 0.0;
    for (uint32_t i = 0; i < model->dim; i++) {
        side[i] = (double)x[i] / RK_LINEAR_ONE;
        worth += model->estimate[i] * side[i];
    }
    solve_lower(model->factor, model->dim, side);
    for (uint32_t i = 0; i < model->dim; i++) square += side[i] * side[i];
    const float score = (float)(worth + width * model->noise * rk_sqrt(square));
    for (uint32_t m = 0; m < RK_POLICY_ROUNDS; m++) row[m] = score;
}
