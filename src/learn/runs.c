#include "learn/runs.h"

#include "base/rng.h"

#define STEPS_AN_EPOCH 200u

/* Lists the runs of the sessions that are held out, or of the others. */
static void list_runs(const rk_log *log, bool hold_out, bool held, rk_runs *runs, uint32_t *count) {
    for (uint32_t session = 0; session < log->sessions; session++) {
        if ((hold_out && session % RK_HELD_OUT == 0) != held) continue;
        uint64_t end = log->session_begin[session + 1];
        for (uint64_t at = log->session_begin[session]; at + 1 < end; at += runs->chunk_events) {
            uint32_t events = (uint32_t)RK_MIN((uint64_t)runs->chunk_events, end - at);
            runs->run[runs->count + runs->held] = (rk_run){.begin = at, .count = events};
            ++*count;
        }
    }
}

bool rk_runs_take(const rk_log *log, uint32_t least, bool hold_out, rk_memory *memory,
                  rk_runs *runs) {
    uint64_t fair = log->events / (STEPS_AN_EPOCH * RK_SHARDS);
    *runs = (rk_runs){.chunk_events = (uint32_t)RK_MAX(least, RK_MIN(RK_CHUNK_MOST, fair))};
    uint64_t most = log->sessions + log->events / least + 1;
    runs->run = RK_NEW(memory, rk_run, most);
    runs->order = RK_NEW(memory, uint32_t, most);
    if (!runs->run || !runs->order) return false;
    list_runs(log, hold_out, false, runs, &runs->count);
    list_runs(log, hold_out, true, runs, &runs->held);
    return true;
}

void rk_runs_shuffle(rk_runs *runs, uint64_t seed, uint64_t stream) {
    rk_rng rng = rk_rng_at(seed, stream);
    runs->next = 0;
    runs->in_order = runs->count;
    for (uint32_t i = 0; i < runs->count; i++) runs->order[i] = i;
    for (uint32_t i = runs->count; i > 1; i--) {
        uint32_t j = rk_rng_below(&rng, i), swap = runs->order[i - 1];
        runs->order[i - 1] = runs->order[j];
        runs->order[j] = swap;
    }
}

void rk_runs_measure(rk_runs *runs) {
    runs->next = 0;
    runs->in_order = runs->held;
    for (uint32_t i = 0; i < runs->held; i++) runs->order[i] = runs->count + i;
}

bool rk_runs_deal(rk_runs *runs, uint32_t first[RK_SHARDS], uint32_t number[RK_SHARDS]) {
    if (runs->next >= runs->in_order) return false;
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        uint32_t events = 0;
        first[s] = runs->next;
        for (; runs->next < runs->in_order; runs->next++) {
            uint32_t count = runs->run[runs->order[runs->next]].count;
            if (events + count > runs->chunk_events) break;
            events += count;
        }
        number[s] = runs->next - first[s];
    }
    return true;
}
