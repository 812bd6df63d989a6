#include "learn/build_clusters.h"

#include "base/fmath.h"
#include "base/rng.h"
#include "learn/parallel.h"
#include "model/vectors.h"
#include "simd/kernels.h"

#define STEPS          12u
#define SEED_STREAM    0x636C7573u /* "clus" */
#define MODEL_VERSION  1u
#define UNKNOWN_CENTRE UINT8_MAX

/* What one shard adds up in one step. */
typedef struct shard_sums {
    double *sum; /* (RK_MAX_CLUSTERS, dim) */
} shard_sums;

typedef struct clustering {
    uint32_t items, dim, known; /* items of which something is known */
    uint32_t centres;
    float *vectors;  /* (items, dim) unit length, or zero: nothing is known */
    float *centre;   /* (RK_MAX_CLUSTERS, dim) unit length */
    float *nearest;  /* (items) cosine to the nearest centre so far */
    uint8_t *chosen; /* (items) its number, or UNKNOWN_CENTRE */
    shard_sums shard[RK_SHARDS];
} clustering;

static bool is_known(const clustering *c, uint32_t item) {
    return c->chosen[item] != UNKNOWN_CENTRE;
}

/* Unit vectors out of the codes. A decode scale of 0 is the mean itself: nothing was learnt. */
static void decode(clustering *c, const rk_snapshot_content *content) {
    for (uint32_t item = 0; item < c->items; item++) {
        float *row = c->vectors + (uint64_t)item * c->dim;
        c->chosen[item] = UNKNOWN_CENTRE;
        if (!(content->vector_factors[item].decode > 0.0f)) continue;
        rk_vector_accumulate(content, item, 1.0f, row);
        const float norm = rk_norm_f32(row, c->dim);
        for (uint32_t d = 0; d < c->dim; d++) row[d] = norm > 0.0f ? row[d] / norm : 0.0f;
        if (!(norm > 0.0f)) continue;
        c->chosen[item] = 0;
        c->known++;
    }
}

/* ---- seeding --------------------------------------------------------------------------------- */

static float distance(const clustering *c, uint32_t item) {
    return is_known(c, item) ? RK_MAX(0.0f, 1.0f - c->nearest[item]) : 0.0f;
}

/* An item drawn with probability proportional to its distance from the centres so far, or RK_NONE
 * if all lie on one. */
static uint32_t draw_far_item(const clustering *c, rk_rng *rng) {
    double total = 0.0;
    for (uint32_t item = 0; item < c->items; item++) total += (double)distance(c, item);
    const double target = rk_rng_f64(rng) * total;
    uint32_t last = RK_NONE;
    double sum = 0.0;
    for (uint32_t item = 0; item < c->items; item++) {
        if (!(distance(c, item) > 0.0f)) continue;
        last = item;
        sum += (double)distance(c, item);
        if (sum > target) return item;
    }
    return last;
}

static void add_centre(clustering *c, uint32_t item) {
    float *centre = c->centre + (uint64_t)c->centres * c->dim;
    memcpy(centre, c->vectors + (uint64_t)item * c->dim, c->dim * sizeof *centre);
    for (uint32_t i = 0; i < c->items; i++) {
        const float cosine = rk_dot_f32(centre, c->vectors + (uint64_t)i * c->dim, c->dim);
        if (c->centres == 0 || cosine > c->nearest[i]) c->nearest[i] = cosine;
    }
    c->centres++;
}

static void seed_centres(clustering *c, uint32_t wanted, uint64_t seed) {
    rk_rng rng = rk_rng_at(seed, SEED_STREAM);
    uint32_t next = wanted ? draw_far_item(c, &rng) : RK_NONE;
    while (next != RK_NONE && c->centres < wanted) {
        add_centre(c, next);
        next = draw_far_item(c, &rng);
    }
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* The nearest centre of each item of the shard (ties: the lower one), and the sums of what went
 * where. */
static void assign_shard(void *context, uint32_t shard) {
    clustering *c = context;
    double *sum = c->shard[shard].sum;
    float cosine[RK_MAX_CLUSTERS];
    memset(sum, 0, (size_t)RK_MAX_CLUSTERS * c->dim * sizeof *sum);
    for (uint32_t item = shard; item < c->items; item += RK_SHARDS) {
        const float *row = c->vectors + (uint64_t)item * c->dim;
        if (!is_known(c, item)) continue;
        rk_gemv_f32(c->centre, row, cosine, c->centres, c->dim);
        uint32_t best = 0;
        for (uint32_t k = 1; k < c->centres; k++)
            if (cosine[k] > cosine[best]) best = k;
        c->chosen[item] = (uint8_t)best;
        for (uint32_t d = 0; d < c->dim; d++) sum[best * c->dim + d] += (double)row[d];
    }
}

/* Each centre to the direction of its items; one without items, or whose items cancel out, stays.
 */
static void move_centres(clustering *c) {
    for (uint32_t k = 0; k < c->centres; k++) {
        float mean[RK_MAX_DIM];
        for (uint32_t d = 0; d < c->dim; d++) {
            double sum = 0.0;
            for (uint32_t s = 0; s < RK_SHARDS; s++) sum += c->shard[s].sum[k * c->dim + d];
            mean[d] = (float)sum;
        }
        const float norm = rk_norm_f32(mean, c->dim);
        for (uint32_t d = 0; norm > 0.0f && d < c->dim; d++)
            c->centre[(uint64_t)k * c->dim + d] = mean[d] / norm;
    }
}

/* ---- result ---------------------------------------------------------------------------------- */

/* Numbers the centres that have items, in order, and the cluster of unknown items after them. */
static void number_clusters(const clustering *c, rk_cluster_table *table) {
    uint8_t number[RK_MAX_CLUSTERS];
    bool used[RK_MAX_CLUSTERS] = {false};
    table->count = 0;
    table->model = rk_mix64(MODEL_VERSION, c->dim);
    for (uint32_t item = 0; item < c->items; item++)
        if (is_known(c, item)) used[c->chosen[item]] = true;
    for (uint32_t k = 0; k < c->centres; k++) {
        if (!used[k]) continue;
        number[k] = (uint8_t)table->count++;
        for (uint32_t d = 0; d < c->dim; d++) {
            uint32_t bits;
            memcpy(&bits, &c->centre[(uint64_t)k * c->dim + d], sizeof bits);
            table->model = rk_mix64(table->model, bits);
        }
    }
    for (uint32_t item = 0; item < c->items; item++)
        table->of_item[item] = is_known(c, item) ? number[c->chosen[item]] : (uint8_t)table->count;
    table->count += c->known < c->items;
}

static uint32_t wanted_centres(const clustering *c) {
    const uint32_t most = RK_MAX_CLUSTERS - (c->known < c->items);
    uint32_t root = 0;
    while ((uint64_t)(root + 1) * (root + 1) <= c->known) root++;
    return RK_MIN(root, most);
}

bool rk_build_clusters(const rk_snapshot_content *vectors, uint64_t seed, uint32_t threads,
                       rk_memory *memory, rk_cluster_table *table) {
    rk_memory scratch = {0};
    clustering c = {.items = vectors->meta.items, .dim = vectors->meta.dim};
    const uint64_t sums = (uint64_t)RK_MAX_CLUSTERS * c.dim;
    c.vectors = RK_NEW(&scratch, float, (uint64_t)c.items *c.dim);
    c.centre = RK_NEW(&scratch, float, sums);
    c.nearest = RK_NEW(&scratch, float, c.items);
    c.chosen = RK_NEW(&scratch, uint8_t, c.items);
    double *all = RK_NEW(&scratch, double, RK_SHARDS *sums);
    table->of_item = RK_NEW(memory, uint8_t, c.items);
    const bool ok = c.vectors && c.centre && c.nearest && c.chosen && all && table->of_item;
    if (ok) {
        for (uint32_t s = 0; s < RK_SHARDS; s++) c.shard[s].sum = all + s * sums;
        decode(&c, vectors);
        seed_centres(&c, wanted_centres(&c), seed);
        for (uint32_t step = 0; c.centres && step < STEPS; step++) {
            if (step) move_centres(&c);
            rk_parallel(threads, assign_shard, &c);
        }
        number_clusters(&c, table);
    }
    rk_memory_free(&scratch);
    return ok;
}
