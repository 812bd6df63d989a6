/* rk_parallel on POSIX threads.
 *
 * Training calls it thousands of times a second with a few milliseconds of work, so helpers live on
 * and sleep on a condition variable between calls; shards are claimed under the lock. One call at a
 * time: learners do not nest. */
#define _POSIX_C_SOURCE 200809L
#include "learn/parallel.h"

#include <pthread.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work_ready, work_done;
    rk_shard_fn *work;
    void *context;
    uint32_t next_shard, running, helpers_wanted;
    uint32_t helpers;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .work_ready = PTHREAD_COND_INITIALIZER,
          .work_done = PTHREAD_COND_INITIALIZER,
          .next_shard = RK_SHARDS};

/* Claims and runs shards until none is left. Called and left with the lock held. */
static void run_shards(void) {
    while (pool.next_shard < RK_SHARDS) {
        uint32_t shard = pool.next_shard++;
        pool.running++;
        pthread_mutex_unlock(&pool.lock);
        pool.work(pool.context, shard);
        pthread_mutex_lock(&pool.lock);
        pool.running--;
    }
    if (pool.running == 0) pthread_cond_signal(&pool.work_done);
}

static void *helper(void *number) {
    uint32_t mine = (uint32_t)(uintptr_t)number;
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        while (pool.next_shard >= RK_SHARDS || mine >= pool.helpers_wanted) {
            pthread_cond_wait(&pool.work_ready, &pool.lock);
        }
        run_shards();
    }
    return NULL;
}

static void ensure_helpers(uint32_t wanted) {
    while (pool.helpers < wanted) {
        pthread_t thread;
        void *number = (void *)(uintptr_t)pool.helpers;
        if (pthread_create(&thread, NULL, helper, number) != 0) return;
        pthread_detach(thread);
        pool.helpers++;
    }
}

void rk_parallel(uint32_t threads, rk_shard_fn *work, void *context) {
    assert(threads >= 1);
    pthread_mutex_lock(&pool.lock);
    assert(pool.next_shard >= RK_SHARDS && pool.running == 0);
    pool.helpers_wanted = RK_MIN(threads, RK_MAX_THREADS) - 1;
    ensure_helpers(pool.helpers_wanted);
    pool.work = work;
    pool.context = context;
    pool.next_shard = 0;
    if (pool.helpers_wanted) pthread_cond_broadcast(&pool.work_ready);
    run_shards();
    while (pool.running) pthread_cond_wait(&pool.work_done, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
}
