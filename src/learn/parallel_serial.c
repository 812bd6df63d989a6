/* rk_parallel for hosts without threads. */
#include "learn/parallel.h"

void rk_parallel(uint32_t threads, rk_shard_fn *work, void *context) {
    (void)threads;
    for (uint32_t shard = 0; shard < RK_SHARDS; shard++) work(context, shard);
}
