#include "model/bandit_state.h"

#include "base/checksum.h"
#include "base/fmath.h"
#include "base/rng.h"

/* ---- keys ---- */

static uint64_t key_of(uint64_t kind, uint64_t hash) {
    return kind << RK_ARM_HASH_BITS | hash >> (64 - RK_ARM_HASH_BITS);
}

uint64_t rk_arm_of_item(const void *id, uint64_t bytes) {
    /* FNV's high bits are its weak ones for short ids; the mix spreads them. */
    return key_of(RK_ARM_ITEM, rk_mix64(rk_fnv1a(RK_FNV1A_START, id, bytes), RK_ARM_ITEM));
}

uint64_t rk_arm_of_cluster(uint64_t model, uint32_t cluster) {
    return key_of(RK_ARM_CLUSTER, rk_mix64(rk_mix64(model, cluster), RK_ARM_CLUSTER));
}

uint64_t rk_arm_of_source(uint32_t source) {
    return key_of(RK_ARM_SOURCE, rk_mix64(source, RK_ARM_SOURCE));
}

/* ---- tables ---- */

/* First row whose arm_day is not below. */
static uint32_t lower_bound(const rk_arm_table *table, uint64_t arm_day) {
    uint32_t low = 0, high = table->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (table->rows[middle].arm_day < arm_day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Both are in [0, RK_ARM_MOST], so their sum is a number. */
static bool sums_fit(const rk_arm_row *a, const rk_arm_row *b) {
    return a->trials + b->trials <= RK_ARM_MOST && a->rewards + b->rewards <= RK_ARM_MOST &&
           a->devices + b->devices <= RK_ARM_MOST;
}

static void add_to(rk_arm_row *sum, const rk_arm_row *row) {
    sum->trials += row->trials;
    sum->rewards += row->rewards;
    sum->devices += row->devices;
}

rk_status rk_arms_add(rk_arm_table *table, rk_arm_row row, rk_error *error) {
    assert(rk_arm_row_is_valid(&row));
    const uint32_t at = lower_bound(table, row.arm_day);
    rk_arm_row *found = table->rows + at;
    if (at < table->count && found->arm_day == row.arm_day) {
        if (!sums_fit(found, &row))
            return rk_fail(error, RK_TOO_LARGE, NULL, 0, "a sum of an arm passes 2^58");
        add_to(found, &row);
        return RK_OK;
    }
    if (table->count == table->capacity)
        return rk_fail_value(error, RK_TOO_LARGE, NULL, 0, "rows", (uint64_t)table->count + 1,
                             table->capacity);
    memmove(found + 1, found, (table->count - at) * sizeof *found);
    *found = row;
    table->count++;
    return RK_OK;
}

/* How many of the rows are new to the table; fails where a sum does not fit. */
static rk_status check_merge(const rk_arm_table *table, const rk_arm_row *rows, uint32_t count,
                             uint32_t *fresh, rk_error *error) {
    uint32_t at = 0;
    *fresh = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert(rk_arm_row_is_valid(&rows[i]) && (i == 0 || rows[i - 1].arm_day < rows[i].arm_day));
        while (at < table->count && table->rows[at].arm_day < rows[i].arm_day) at++;
        if (at == table->count || table->rows[at].arm_day != rows[i].arm_day)
            ++*fresh;
        else if (!sums_fit(&table->rows[at], &rows[i]))
            return rk_fail(error, RK_TOO_LARGE, NULL, i, "a sum of an arm passes 2^58");
    }
    if (*fresh > table->capacity - table->count)
        return rk_fail_value(error, RK_TOO_LARGE, NULL, 0, "rows", (uint64_t)table->count + *fresh,
                             table->capacity);
    return RK_OK;
}

/* From the back, so that no row is overwritten before it was moved. */
rk_status rk_arms_merge(rk_arm_table *table, const rk_arm_row *rows, uint32_t count,
                        rk_error *error) {
    uint32_t fresh;
    RK_TRY(check_merge(table, rows, count, &fresh, error));
    uint32_t own = table->count, theirs = count, to = table->count + fresh;
    table->count = to;
    while (theirs > 0) {
        const rk_arm_row *row = &rows[theirs - 1];
        if (own > 0 && table->rows[own - 1].arm_day >= row->arm_day) {
            const bool same = table->rows[own - 1].arm_day == row->arm_day;
            table->rows[--to] = table->rows[--own];
            if (!same) continue;
            add_to(&table->rows[to], row);
        } else
            table->rows[--to] = *row;
        theirs--;
    }
    assert(to == own);
    return RK_OK;
}

void rk_arms_forget(rk_arm_table *table, uint32_t first_day) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < table->count; i++)
        if (rk_row_day(&table->rows[i]) >= first_day) table->rows[kept++] = table->rows[i];
    table->count = kept;
}

/* ---- reading ---- */

rk_forgetting rk_forgetting_of(float half_life_days) {
    rk_forgetting forgetting = {.days = 0};
    if (!(half_life_days > 0.0f)) return forgetting;
    const float six = 6.0f * half_life_days;
    forgetting.days = six < (float)RK_FORGET_MOST_DAYS ? (uint32_t)six + 1 : RK_FORGET_MOST_DAYS;
    for (uint32_t age = 0; age < forgetting.days; age++)
        forgetting.weight[age] = rk_exp2f(-(float)age / half_life_days);
    return forgetting;
}

float rk_forgetting_weight(const rk_forgetting *forgetting, uint32_t today, uint32_t day) {
    const uint32_t age = day < today ? today - day : 0;
    if (forgetting->days == 0) return 1.0f;
    return age < forgetting->days ? forgetting->weight[age] : 0.0f;
}

void rk_arms_evidence(const rk_arm_table *table, uint64_t key, uint32_t today,
                      const rk_forgetting *forgetting, rk_evidence *evidence) {
    for (uint32_t at = lower_bound(table, rk_arm_day(key, 0));
         at < table->count && rk_row_key(&table->rows[at]) == key; at++) {
        const rk_arm_row *row = &table->rows[at];
        const double weight =
            (double)rk_forgetting_weight(forgetting, today, rk_row_day(row)) / RK_ARM_ONE;
        evidence->trials += weight * (double)row->trials;
        evidence->rewards += weight * (double)row->rewards;
    }
}

rk_beta rk_posterior(rk_beta prior, rk_evidence evidence) {
    const double trials = RK_MIN(evidence.trials, RK_EVIDENCE_MOST);
    double rewards = RK_MIN(evidence.rewards, evidence.trials);
    if (evidence.trials > RK_EVIDENCE_MOST) rewards *= RK_EVIDENCE_MOST / evidence.trials;
    return (rk_beta){prior.alpha + rewards, prior.beta + (trials - rewards)};
}
