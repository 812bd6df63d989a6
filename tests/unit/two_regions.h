/* Two regions of one taste, for tests of transfer: the source's snapshot, and logs of the target.
 */
#ifndef RK_TESTS_TWO_REGIONS_H
#define RK_TESTS_TWO_REGIONS_H

#include "log_builder.h"

enum { REGION_ITEMS = 60, REGION_CLUSTERS = 6, REGION_SIZE = REGION_ITEMS / REGION_CLUSTERS };

/* What is done to a region's items: a step that is prime to their number moves every item to
 * another's place, so that clusters are torn apart; another prefix gives other ids. */
typedef struct region_items {
    uint32_t step;      /* 1: as they are */
    const char *prefix; /* of the ids */
    bool titled;        /* every item has a title of its own */
} region_items;

static const region_items same_items = {.step = 1, .prefix = "i"};

static inline rk_learn_options region_options(void) {
    rk_learn_options options = rk_learn_defaults();
    options.seed = 5;
    options.dim = 16;
    options.sgns_epochs = 4;
    options.encoder_epochs = 4;
    options.validation_cases = 100;
    options.ranker_cases = 0;
    return options;
}

/* Sessions that stay in one cluster, where item i's follower is likely i + 1: order is learnt, too.
 */
static inline log_builder region_log(uint32_t stream, uint32_t sessions, region_items of) {
    rk_rng rng = rk_rng_at(test_seed(), stream);
    log_builder b = log_of((uint64_t)sessions * 6 + 1, RK_TIME_UNIX_MS, RK_USERS_ARE_SESSIONS);
    for (uint32_t s = 0; s < sessions; s++) {
        const uint32_t own = rk_rng_below(&rng, REGION_CLUSTERS);
        uint32_t at = rk_rng_below(&rng, REGION_SIZE);
        for (uint32_t i = 0; i < 6; i++) {
            const uint32_t item = own * REGION_SIZE + at;
            add_event(&b, s, (uint32_t)((uint64_t)item * of.step % REGION_ITEMS), VIEW,
                      1700000000000 + 60000 * (int64_t)(s * 6 + i));
            at = (at + 1 + (rk_rng_below(&rng, 4) == 0)) % REGION_SIZE;
        }
    }
    b.items = REGION_ITEMS;
    return b;
}

/* The content of a region's log, with its ids and titles. */
static inline rk_events_content region_content(log_builder *b, region_items of) {
    rk_events_content content = log_content(b);
    content.items = numbered_strings(of.prefix, b->items, &b->memory);
    if (of.titled) content.titles = numbered_strings("a thing called ", b->items, &b->memory);
    return content;
}

static inline rk_events_view view_of_content(const rk_events_content *content, rk_memory *memory) {
    rk_events_view view;
    rk_error error;
    const uint64_t bytes = rk_events_bytes(content);
    unsigned char *file = take_or_abort(memory, bytes, 1);
    rk_events_write(content, "test", content->meta.events ? 1700000000000 : 0, file);
    if (rk_events_read(file, bytes, &view, &error) != RK_OK)
        fail_msg("%s: %s", error.section, error.detail);
    return view;
}

static inline rk_snapshot_view opened(const unsigned char *bytes, uint64_t size) {
    rk_snapshot_view view;
    rk_error error;
    if (rk_snapshot_open(bytes, size, &view, &error) != RK_OK ||
        rk_snapshot_verify(&view, &error) != RK_OK)
        fail_msg("%s: %s", error.section, error.detail);
    return view;
}

/* The snapshot of a region whose log is large. */
static inline rk_snapshot_view region_source(log_builder *b, region_items of) {
    const rk_learn_options options = region_options();
    const rk_events_content content = region_content(b, of);
    const rk_events_view events = view_of_content(&content, &b->memory);
    unsigned char *bytes;
    uint64_t size;
    rk_error error;
    if (rk_learn_snapshot(&events, "us", &options, &b->memory, &bytes, &size, &error) != RK_OK)
        fail_msg("%s: %s", rk_status_name(error.status), error.detail);
    return opened(bytes, size);
}

#endif
