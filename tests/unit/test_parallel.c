/* Shards: each runs once a call, whatever the threads, and is done when the call returns. */
#include "check.h"

#include "learn/parallel.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct work {
    atomic_uint runs[RK_SHARDS];
    atomic_uint total;
    uint64_t result[RK_SHARDS];
} work;

static void run_shard(void *context, uint32_t shard) {
    work *w = context;
    assert_in_range(shard, 0, RK_SHARDS - 1);
    atomic_fetch_add(&w->runs[shard], 1);
    uint64_t sum = shard;
    for (uint32_t i = 0; i < 50 * shard; i++) sum = sum * 6364136223846793005u + 1;
    w->result[shard] = sum;
    atomic_fetch_add(&w->total, 1);
}

/* Calls with changing numbers of threads, short enough for helpers to come late. */
static void every_shard_runs_once(void **state) {
    (void)state;
    static const uint32_t threads[] = {1, 2, 3, 8, 5, 1, RK_MAX_THREADS, 2, 1000};
    static work w, reference;
    rk_parallel(1, run_shard, &reference);
    for (uint32_t round = 0; round < 3000; round++) {
        memset(&w, 0, sizeof w);
        rk_parallel(threads[round % 9], run_shard, &w);
        assert_int_equal(atomic_load(&w.total), RK_SHARDS);
        for (uint32_t s = 0; s < RK_SHARDS; s++) assert_int_equal(atomic_load(&w.runs[s]), 1);
        assert_memory_equal(w.result, reference.result, sizeof w.result);
    }
}

static atomic_uint started;

/* Waits for company: only with two threads at once does it end. */
static void meet(void *context, uint32_t shard) {
    (void)context, (void)shard;
    atomic_fetch_add(&started, 1);
    while (atomic_load(&started) < 2) sched_yield();
}

static void two_threads_work_at_once(void **state) {
    (void)state;
    rk_parallel(2, meet, NULL);
    assert_int_equal(atomic_load(&started), RK_SHARDS);
}

static pthread_t caller;
static atomic_bool somebody_else;

static void note_thread(void *context, uint32_t shard) {
    (void)context, (void)shard;
    if (!pthread_equal(pthread_self(), caller)) atomic_store(&somebody_else, true);
}

/* Helpers of earlier calls sleep on. */
static void one_thread_is_the_callers(void **state) {
    (void)state;
    caller = pthread_self();
    for (uint32_t round = 0; round < 200; round++) rk_parallel(1, note_thread, NULL);
    assert_false(atomic_load(&somebody_else));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shard_runs_once),
        cmocka_unit_test(two_threads_work_at_once),
        cmocka_unit_test(one_thread_is_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
