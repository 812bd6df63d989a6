#include "learn/fit_first.h"

#include "learn/case_request.h"
#include "learn/parallel.h"

/* Requests number 0, 1, ... are cases `first`, `first + stride`, ... of the trial. */
typedef struct asking {
    const rk_trial *trial;
    uint32_t count, parts, part;
    rk_case_room room[RK_SHARDS];
} asking;

/* Of `parts` shares of the chosen cases the last is held out: the others' requests in order. */
static uint32_t case_of(const asking *a, uint32_t request) {
    uint32_t learnt = a->parts - 1;
    uint32_t chosen = a->part == learnt ? request * a->parts + learnt
                                        : request / learnt * a->parts + request % learnt;
    return (uint32_t)((uint64_t)chosen * a->trial->split->case_count / a->count);
}

static rk_request ask(void *context, uint32_t shard, uint32_t index) {
    asking *a = context;
    rk_request request = rk_case_request(a->trial, case_of(a, index), &a->room[shard]);
    request.count = RK_SECOND_STAGE_ITEMS;
    return request;
}

bool rk_fit_first(const rk_trial *trial, const rk_learn_options *options, rk_memory *memory,
                  rk_snapshot_content *content, rk_first_result *out) {
    rk_memory scratch = {0};
    rk_first_params params = rk_first_defaults();
    rk_first_data learnt, held_out;
    uint32_t parts = (RK_FIRST_REQUESTS + RK_FIRST_HELD_OUT) / RK_FIRST_HELD_OUT;
    asking a = {.trial = trial, .parts = parts};
    a.count = RK_MIN(trial->split->case_count, RK_FIRST_REQUESTS + RK_FIRST_HELD_OUT);
    uint32_t held = a.count / parts, rest = a.count % parts;
    bool ok = true;
    for (uint32_t s = 0; s < RK_SHARDS; s++)
        ok = ok && rk_case_room_take(trial, &scratch, &a.room[s]);
    ok = ok && rk_first_gather(content, ask, &a, held * (parts - 1) + rest, RK_FIRST_SAMPLE,
                               options->seed, options->threads, &scratch, &learnt);
    a.part = parts - 1;
    ok = ok && rk_first_gather(content, ask, &a, held, 0, options->seed, options->threads, &scratch,
                               &held_out);
    ok = ok && rk_train_first(content, &learnt, &held_out, &params, options, memory, out);
    if (ok) {
        content->rank_first = out->weights;
        content->rank_item = out->item;
        content->meta.rank_item_step = out->item_step;
    }
    rk_memory_free(&scratch);
    return ok;
}
