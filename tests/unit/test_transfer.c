/* A region's snapshot with another's help: what is trusted, what is carried, what is refused. */
#include "two_regions.h"

#include "learn/transfer.h"
#include "model/vectors.h"

#include <math.h>
#include <stdlib.h>

typedef struct transferred {
    rk_transfer transfer;
    rk_trained trained;
} transferred;

static rk_status try_transfer(const rk_snapshot_view *source, const rk_events_content *events,
                              const rk_learn_options *options, rk_memory *memory, transferred *out,
                              rk_error *error) {
    const rk_rows rows = rows_in_order(events, memory);
    return rk_transfer_train(&source->content, events, &rows, options, memory, &out->transfer,
                             &out->trained, error);
}

static transferred *transfer_of(const rk_snapshot_view *source, const rk_events_content *events,
                                rk_memory *memory) {
    const rk_learn_options options = region_options();
    rk_error error;
    transferred *out = TAKE(memory, transferred, 1);
    if (try_transfer(source, events, &options, memory, out, &error) != RK_OK)
        fail_msg("%s: %s", rk_status_name(error.status), error.detail);
    return out;
}

/* NDCG@10 of a content on the sessions of another log of the same region. */
static double quality(const rk_trained *trained, uint32_t stream, region_items of) {
    static const uint32_t cutoff = 10;
    log_builder b = region_log(stream, 40, of);
    const rk_events_content events = region_content(&b, of);
    const rk_rows rows = rows_in_order(&events, &b.memory);
    rk_split split = {.keep_seen = true, .row = rows.row};
    split.cases = TAKE(&b.memory, rk_case, rows.count);
    for (uint64_t begin = 0; begin < rows.count; begin += 6) {
        for (uint32_t i = 1; i < 6; i++)
            split.cases[split.case_count++] = (rk_case){.user = events.user[rows.row[begin]],
                                                        .history_begin = begin,
                                                        .history_count = i,
                                                        .relevant_begin = begin + i,
                                                        .relevant_count = 1};
    }
    const rk_trial trial = {.events = &events,
                            .log = &trained->log,
                            .snapshot = &trained->content,
                            .split = &split,
                            .cutoffs = &cutoff,
                            .cutoff_count = 1,
                            .threads = 1};
    const rk_method funnel = rk_method_funnel();
    rk_metrics metrics;
    assert_true(rk_evaluate_cases(&trial, &funnel, &metrics, NULL, NULL));
    rk_memory_free(&b.memory);
    return metrics.ndcg[0];
}

static double quality_alone(const rk_events_content *events, uint32_t stream, region_items of,
                            rk_memory *memory) {
    const rk_learn_options options = region_options();
    const rk_rows rows = rows_in_order(events, memory);
    rk_trained *trained = TAKE(memory, rk_trained, 1);
    rk_error error;
    assert_int_equal(rk_pipeline_train(events, &rows, &options, memory, trained, &error), RK_OK);
    return quality(trained, stream, of);
}

static void a_shared_taste_is_trusted(void **state) {
    (void)state;
    log_builder source = region_log(820, 400, same_items), target = region_log(821, 8, same_items);
    const rk_snapshot_view from = region_source(&source, same_items);
    const rk_events_content events = region_content(&target, same_items);
    const transferred *out = transfer_of(&from, &events, &target.memory);
    assert_true(out->transfer.guarded && out->transfer.guard.trust != RK_TRUST_NONE);
    assert_false(out->transfer.searched);
    const double with = quality(&out->trained, 822, same_items);
    const double alone = quality_alone(&events, 822, same_items, &target.memory);
    print_message("NDCG@10 of 8 sessions: alone %.3f, with the source %.3f\n", alone, with);
    assert_true(with > 1.2 * alone);
    rk_memory_free(&source.memory);
    rk_memory_free(&target.memory);
}

/* A log of a dozen events says nothing of positions, and settings are not searched on it. */
static void few_events_leave_the_source_as_it_is(void **state) {
    (void)state;
    log_builder source = region_log(828, 400, same_items), target = region_log(829, 2, same_items);
    const rk_snapshot_view view = region_source(&source, same_items);
    rk_snapshot_content from = view.content;
    from.meta.short_popular = 2.0f;
    const rk_events_content events = region_content(&target, same_items);
    rk_memory *memory = &target.memory;
    rk_learn_options options = region_options();
    rk_prior prior;
    assert_true(rk_prior_take(&from, &events, memory, &prior));
    prior.cap = 100.0f;
    options.prior = &prior;
    const rk_tuned tuned = rk_tuned_defaults(&options);
    assert_true(tuned.short_popular == 2.0f);
    const rk_rows rows = rows_in_order(&events, memory);
    rk_trained *out = TAKE(memory, rk_trained, 1);
    rk_error error;
    assert_int_equal(rk_log_build(&events, &rows, 0, memory, &out->log, &error), RK_OK);
    assert_int_equal(rk_fit_retrieval(&events, &out->log, &out->items, &tuned, &options, memory,
                                      &out->content, &out->vectors, &error),
                     RK_OK);
    const uint32_t dim = from.meta.dim, positions = from.meta.encoder_positions;
    assert_int_equal(out->content.meta.encoder_positions, positions);
    double moved = 0.0, learnt = 0.0;
    float start = 1.0f;
    for (uint32_t j = 0; j < positions; j++, start *= tuned.encoder.decay) {
        for (uint32_t d = 0; d < dim; d++) {
            const float here = out->content.encoder_positions[j * dim + d];
            const float there = from.encoder_positions[j * dim + d];
            moved += fabs((double)(here - there));
            learnt += fabs((double)(start - there));
        }
    }
    assert_true(learnt > 0.0 && moved < 0.2 * learnt);
    rk_memory_free(&source.memory);
    rk_memory_free(&target.memory);
}

/* Moved to each other's places, the source's items say nothing; then the events alone are learnt
 * from, and the snapshot is the one that they would have given without any source. */
static void a_misleading_source_is_left_alone(void **state) {
    (void)state;
    const region_items torn = {.step = 23, .prefix = "i"};
    log_builder source = region_log(823, 400, torn), target = region_log(824, 30, same_items);
    const rk_snapshot_view from = region_source(&source, torn);
    const rk_events_content events = region_content(&target, same_items);
    const transferred *out = transfer_of(&from, &events, &target.memory);
    assert_int_equal(out->transfer.guard.trust, RK_TRUST_NONE);
    const rk_learn_options options = region_options();
    const rk_rows rows = rows_in_order(&events, &target.memory);
    rk_trained *alone = TAKE(&target.memory, rk_trained, 1);
    rk_error error;
    assert_int_equal(rk_pipeline_train(&events, &rows, &options, &target.memory, alone, &error),
                     RK_OK);
    const rk_snapshot_content *a = &alone->content, *b = &out->trained.content;
    assert_memory_equal(&a->meta, &b->meta, sizeof a->meta);
    assert_memory_equal(a->vector_cells, b->vector_cells,
                        (size_t)(rk_block_count(a->meta.items) * rk_block_bytes(a->meta.dim)));
    assert_memory_equal(a->popularity, b->popularity, a->meta.items * sizeof *a->popularity);
    assert_memory_equal(a->sources, b->sources, sizeof *a->sources * RK_SOURCE_SLOTS);
    rk_memory_free(&source.memory);
    rk_memory_free(&target.memory);
}

static void without_events_the_answers_are_the_sources(void **state) {
    (void)state;
    log_builder source = region_log(825, 300, same_items), target = region_log(826, 0, same_items);
    const rk_snapshot_view from = region_source(&source, same_items);
    const rk_events_content content = region_content(&target, same_items);
    const rk_events_view events = view_of_content(&content, &target.memory);
    const rk_learn_options options = region_options();
    unsigned char *bytes;
    uint64_t size;
    rk_error error;
    if (rk_learn_transfer(&from, &events, "ca", &options, &target.memory, &bytes, &size, &error) !=
        RK_OK)
        fail_msg("%s: %s", rk_status_name(error.status), error.detail);
    const rk_snapshot_view made = opened(bytes, size);
    const rk_snapshot_content *a = &from.content, *b = &made.content;
    assert_string_equal(made.container.header->region, "ca");
    assert_int_equal(made.container.header->created_at_ms, from.container.header->created_at_ms);
    assert_memory_equal(a->popular, b->popular, a->meta.popular_count * sizeof *a->popular);
    assert_int_equal(a->neighbors.offsets[REGION_ITEMS], b->neighbors.offsets[REGION_ITEMS]);
    assert_memory_equal(a->neighbors.entries, b->neighbors.entries,
                        a->neighbors.offsets[REGION_ITEMS] * sizeof(uint32_t));
    assert_memory_equal(a->encoder_positions, b->encoder_positions,
                        a->meta.encoder_positions * a->meta.dim * sizeof(float));
    assert_memory_equal(a->sources, b->sources, sizeof *a->sources * RK_SOURCE_SLOTS);
    assert_memory_equal(a->type_weight, b->type_weight, a->meta.types * sizeof(float));
    /* Vectors are coded anew: as near as codes are. */
    for (uint32_t item = 0; item < REGION_ITEMS; item++) {
        float x[RK_MAX_DIM] = {0}, y[RK_MAX_DIM] = {0};
        rk_vector_accumulate(a, item, 1.0f, x);
        rk_vector_accumulate(b, item, 1.0f, y);
        for (uint32_t d = 0; d < a->meta.dim; d++)
            assert_true(x[d] - y[d] < 0.02f && y[d] - x[d] < 0.02f);
    }
    rk_memory_free(&source.memory);
    rk_memory_free(&target.memory);
}

static void other_ids_are_matched_by_their_titles(void **state) {
    (void)state;
    const region_items named = {.step = 1, .prefix = "i", .titled = true};
    const region_items renamed = {.step = 1, .prefix = "ware-", .titled = true};
    log_builder source = region_log(827, 400, named), target = region_log(828, 8, renamed);
    const rk_snapshot_view from = region_source(&source, named);
    const rk_events_content events = region_content(&target, renamed);
    const transferred *out = transfer_of(&from, &events, &target.memory);
    assert_int_equal(out->transfer.prior.matches.by_content, REGION_ITEMS);
    assert_true(out->transfer.guard.trust != RK_TRUST_NONE);
    const double with = quality(&out->trained, 829, renamed);
    assert_true(with > 1.2 * quality_alone(&events, 829, renamed, &target.memory));
    rk_memory_free(&source.memory);
    rk_memory_free(&target.memory);
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    static const uint32_t type_offsets[] = {0, 4, 8, 12, 16};
    log_builder source = region_log(830, 60, same_items), target = region_log(831, 8, same_items);
    const rk_snapshot_view from = region_source(&source, same_items);
    const region_items others = {.step = 1, .prefix = "x"};
    rk_events_content events = region_content(&target, others);
    rk_learn_options options = region_options();
    transferred *out = TAKE(&target.memory, transferred, 1);
    rk_error error;
    assert_int_equal(try_transfer(&from, &events, &options, &target.memory, out, &error),
                     RK_NOTHING_SHARED);
    events = region_content(&target, same_items);
    options.dim = 32;
    assert_int_equal(try_transfer(&from, &events, &options, &target.memory, out, &error),
                     RK_BAD_ARGUMENT);
    assert_non_null(strstr(error.detail, "32"));
    options = region_options();
    events.types = (rk_strings){type_offsets, "sellpickdropkeep", LABEL_TYPES};
    assert_int_equal(try_transfer(&from, &events, &options, &target.memory, out, &error),
                     RK_UNKNOWN_EVENT);
    assert_string_equal(error.detail, "sell");
    rk_memory_free(&source.memory);
    rk_memory_free(&target.memory);
}

static void threads_change_no_byte(void **state) {
    (void)state;
    log_builder source = region_log(832, 200, same_items), target = region_log(833, 12, same_items);
    const rk_snapshot_view from = region_source(&source, same_items);
    const rk_events_content content = region_content(&target, same_items);
    const rk_events_view events = view_of_content(&content, &target.memory);
    rk_learn_options options = region_options();
    unsigned char *bytes[2];
    uint64_t size[2];
    rk_error error;
    for (uint32_t i = 0; i < 2; i++) {
        options.threads = 1 + 2 * i;
        assert_int_equal(rk_learn_transfer(&from, &events, "ca", &options, &target.memory,
                                           &bytes[i], &size[i], &error),
                         RK_OK);
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(bytes[0], bytes[1], (size_t)size[0]);
    rk_memory_free(&source.memory);
    rk_memory_free(&target.memory);
}

/* Every n-th allocation fails in turn, in steps that grow: nothing is leaked, and it is said. */
static void out_of_memory_is_survived(void **state) {
    (void)state;
    log_builder source = region_log(834, 60, same_items), target = region_log(835, 4, same_items);
    const rk_snapshot_view from = region_source(&source, same_items);
    const rk_events_content content = region_content(&target, same_items);
    const rk_events_view events = view_of_content(&content, &target.memory);
    rk_learn_options options = region_options();
    options.encoder_epochs = 1;
    uint32_t refused = 0;
    for (uint64_t takes = 0;; takes += 1 + takes / 24) {
        rk_memory memory = {0};
        unsigned char *bytes;
        uint64_t size;
        rk_error error;
        rk_memory_fail_after(takes);
        const rk_status status =
            rk_learn_transfer(&from, &events, "ca", &options, &memory, &bytes, &size, &error);
        rk_memory_fail_after(UINT64_MAX);
        rk_memory_free(&memory);
        if (status == RK_OK) break;
        assert_int_equal(status, RK_OUT_OF_MEMORY);
        refused++;
    }
    assert_true(refused > 50);
    rk_memory_free(&source.memory);
    rk_memory_free(&target.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shared_taste_is_trusted),
        cmocka_unit_test(few_events_leave_the_source_as_it_is),
        cmocka_unit_test(a_misleading_source_is_left_alone),
        cmocka_unit_test(without_events_the_answers_are_the_sources),
        cmocka_unit_test(other_ids_are_matched_by_their_titles),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(threads_change_no_byte),
        cmocka_unit_test(out_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
