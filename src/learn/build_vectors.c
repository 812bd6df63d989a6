#include "learn/build_vectors.h"

#include "simd/kernels.h"

static bool to_unit_length(float *x, uint32_t dim) {
    float norm = rk_norm_f32(x, dim);
    if (!(norm > 0.0f)) return false;
    for (uint32_t i = 0; i < dim; i++) x[i] /= norm;
    return true;
}

void rk_rotate_vectors(float *vectors, const uint32_t *known, uint32_t items, uint32_t dim,
                       uint64_t seed) {
    for (uint32_t item = 0; item < items; item++) {
        float *row = vectors + (uint64_t)item * dim;
        if (!known[item] || !to_unit_length(row, dim)) {
            memset(row, 0, dim * sizeof *row);
            continue;
        }
        rk_vector_rotate(row, dim, seed);
    }
}

static bool is_known(const float *row, uint32_t dim) {
    for (uint32_t i = 0; i < dim; i++) {
        if (row[i] != 0.0f) return true;
    }
    return false;
}

static void mean_of_known(const float *vectors, uint32_t items, uint32_t dim, float *mean) {
    double sum[RK_MAX_DIM] = {0};
    uint32_t count = 0;
    for (uint32_t item = 0; item < items; item++) {
        const float *row = vectors + (uint64_t)item * dim;
        if (!is_known(row, dim)) continue;
        for (uint32_t i = 0; i < dim; i++) sum[i] += (double)row[i];
        count++;
    }
    for (uint32_t i = 0; i < dim; i++) mean[i] = count ? (float)(sum[i] / count) : 0.0f;
}

bool rk_build_vectors(const float *vectors, uint32_t items, uint32_t dim, rk_memory *memory,
                      rk_vector_table *table) {
    table->mean = RK_NEW(memory, float, dim);
    table->factors = RK_NEW(memory, rk_vector_factor, items);
    table->cells = RK_NEW(memory, uint8_t, rk_block_count(items) * rk_block_bytes(dim));
    table->low = RK_NEW(memory, uint8_t, items * rk_low_bytes(dim));
    if (!table->mean || !table->factors || !table->cells || !table->low) return false;
    mean_of_known(vectors, items, dim, table->mean);
    for (uint32_t item = 0; item < items; item++) {
        const float *row = vectors + (uint64_t)item * dim;
        float r[RK_MAX_DIM] = {0};
        uint8_t cells[RK_MAX_DIM];
        bool known = is_known(row, dim);
        for (uint32_t i = 0; known && i < dim; i++) r[i] = row[i] - table->mean[i];
        rk_vector_encode(r, dim, cells, table->low + item * rk_low_bytes(dim),
                         &table->factors[item]);
        rk_cells_put(table->cells, dim, item, cells);
    }
    return true;
}
