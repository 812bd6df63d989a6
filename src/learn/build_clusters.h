/* Content clusters: which items are alike, as arms of a bandit that does not know the items yet.
 *
 * Problem: in a region without events a bandit over items would show each of 10,000 items before it
 * knew anything; over a few dozen groups of items that are alike it learns within a day, and goes
 * on from there to items.
 * Idea: k-means on the sphere (I. S. Dhillon and D. S. Modha, "Concept Decompositions for Large
 * Sparse Text Data using Clustering", 2001) of the served vectors, decoded from their codes as
 * everything else is: without events these are what content says, later what was learnt, so the
 * clusters follow the evidence with no switch. Centres are seeded with probability proportional to
 * 1 - cosine to the nearest one so far (D. Arthur and S. Vassilvitskii, "k-means++", 2007), then
 * moved a fixed number of steps.
 *
 * Items of which nothing is known (their code is the mean itself) are a cluster of their own, the
 * last: to show one of them says nothing of any other cluster.
 *
 * K = sqrt(items), at most RK_MAX_CLUSTERS in all. Centres that no item ends at are dropped, so
 * every cluster has an item. The id of the clustering is a hash of its centres: evidence of a
 * cluster of another build is never taken for evidence of this one.
 *
 * Items are dealt to shards and sums are added in shard order, so threads change nothing. Memory:
 * items * dim floats of scratch. Cost: 2 * steps * items * K * dim multiply-adds. */
#ifndef RK_LEARN_BUILD_CLUSTERS_H
#define RK_LEARN_BUILD_CLUSTERS_H

#include "format/snapshot_read.h"
#include "learn/memory.h"

typedef struct rk_cluster_table {
    uint8_t *of_item; /* (items) < count */
    uint32_t count;   /* >= 1 */
    uint64_t model;   /* hash of the centres */
} rk_cluster_table;

/* `vectors`: a content whose vector arrays, meta.items (>= 1) and meta.dim are set. False if out of
 * memory. */
bool rk_build_clusters(const rk_snapshot_content *vectors, uint64_t seed, uint32_t threads,
                       rk_memory *memory, rk_cluster_table *table);

#endif
