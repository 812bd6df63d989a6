/* Which item of one region is which of another: by id, else by what they say of themselves.
 *
 * Two catalogues may share ids, or only describe the same things. An item whose id the source has
 * is that item. Of the others, each takes the source item whose content is most like its own:
 * features (model/content_features.h) of the title and of the attributes that both have, weighted
 * by idf = log(1 + items / df) over both catalogues, and compared by cosine; below RK_MATCH_COSINE
 * there is no match, and several items may match one. A text attribute is not stored in a snapshot,
 * so words are compared by the title alone.
 *
 * Layout: postings of the source's features, summed into one dense row an item. Cost:
 * O(bytes of both) and, for each item without an id match, the postings of its features; features
 * that more than RK_MATCH_COMMON source items share say little and are left out of the search. */
#ifndef RK_LEARN_MATCH_ITEMS_H
#define RK_LEARN_MATCH_ITEMS_H

#include "format/snapshot_read.h"
#include "learn/log.h"

/* Measured: src/README.md. */
#define RK_MATCH_COSINE 0.8f
#define RK_MATCH_COMMON 2000u

typedef struct rk_matches {
    uint32_t *source_item; /* (items of the events file) or RK_NONE */
    uint32_t by_id, by_content;
} rk_matches;

/* False if out of memory. */
bool rk_match_items(const rk_snapshot_content *source, const rk_events_content *events,
                    rk_memory *memory, rk_matches *out);

#endif
