/* Work in 8 logical shards. The number of threads decides only who runs a shard, never what it
 * computes: results are reduced in shard order, so one thread and three give the same bits. Hosts
 * with threads link parallel_threads.c, the others parallel_serial.c. */
#ifndef RK_LEARN_PARALLEL_H
#define RK_LEARN_PARALLEL_H

#include "base/types.h"

#define RK_SHARDS      8u
#define RK_MAX_THREADS 64u

typedef void rk_shard_fn(void *context, uint32_t shard);

/* Runs work(context, 0..RK_SHARDS-1) on up to `threads` threads; returns when all are done. If a
 * thread cannot be had the others (at least the caller) do its work. */
void rk_parallel(uint32_t threads, rk_shard_fn *work, void *context);

#endif
