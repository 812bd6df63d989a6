#include "learn/build_vectors.h"

#include "simd/kernels.h"

/* unit = x / |x|; false for a row that has no direction. */
static bool unit_vector(const float *x, uint32_t dim, float *unit) {
    float norm = rk_norm_f32(x, dim);
    if (!(norm > 0.0f)) return false;
    for (uint32_t i = 0; i < dim; i++) unit[i] = x[i] / norm;
    return true;
}

static void mean_of_known(const float *vectors, const uint32_t *known, uint32_t items, uint32_t dim,
                          float *mean) {
    double sum[RK_MAX_DIM] = {0};
    float unit[RK_MAX_DIM];
    uint32_t count = 0;
    for (uint32_t item = 0; item < items; item++) {
        if (!known[item] || !unit_vector(vectors + (uint64_t)item * dim, dim, unit)) continue;
        for (uint32_t i = 0; i < dim; i++) sum[i] += (double)unit[i];
        count++;
    }
    for (uint32_t i = 0; i < dim; i++) mean[i] = count ? (float)(sum[i] / count) : 0.0f;
}

bool rk_build_vectors(const float *vectors, const uint32_t *known, uint32_t items, uint32_t dim,
                      uint64_t seed, rk_memory *memory, rk_vector_table *table) {
    table->mean = RK_NEW(memory, float, dim);
    table->factors = RK_NEW(memory, rk_vector_factor, items);
    table->cells = RK_NEW(memory, uint8_t, rk_block_count(items) * rk_block_bytes(dim));
    table->low = RK_NEW(memory, uint8_t, items * rk_low_bytes(dim));
    if (!table->mean || !table->factors || !table->cells || !table->low) return false;
    mean_of_known(vectors, known, items, dim, table->mean);
    for (uint32_t item = 0; item < items; item++) {
        float r[RK_MAX_DIM] = {0};
        uint8_t cells[RK_MAX_DIM];
        if (known[item] && unit_vector(vectors + (uint64_t)item * dim, dim, r)) {
            for (uint32_t i = 0; i < dim; i++) r[i] -= table->mean[i];
            rk_vector_rotate(r, dim, seed);
        }
        rk_vector_encode(r, dim, cells, table->low + item * rk_low_bytes(dim),
                         &table->factors[item]);
        rk_cells_put(table->cells, dim, item, cells);
    }
    rk_vector_rotate(table->mean, dim, seed);
    return true;
}
