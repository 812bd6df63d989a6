/* Snapshots: round trip, optional sections, and every refusal. */
#include "damage.h"

static void assert_rows_equal(const rk_neighbor_rows *a, const rk_neighbor_rows *b,
                              uint32_t items) {
    assert_memory_equal(a->offsets, b->offsets, (items + 1) * sizeof *a->offsets);
    if (a->offsets[items] > 0)
        assert_memory_equal(a->entries, b->entries, a->offsets[items] * sizeof *a->entries);
}

/* NULL: absent in both. */
static void assert_array_equal(const void *a, const void *b, uint64_t bytes) {
    assert_int_equal(a == NULL, b == NULL);
    if (a != NULL) assert_memory_equal(a, b, (size_t)bytes);
}

static void assert_options_equal(const rk_snapshot_content *a, const rk_snapshot_content *b) {
    const rk_snapshot_meta *meta = &a->meta;
    const uint64_t row = meta->dim * sizeof(float), word = sizeof(uint32_t);
    assert_array_equal(a->encoder_positions, b->encoder_positions, meta->encoder_positions * row);
    assert_array_equal(a->trending, b->trending, meta->items * sizeof *a->trending);
    assert_array_equal(a->trending_top, b->trending_top, meta->trending_count * word);
    assert_array_equal(a->place, b->place, meta->items * sizeof *a->place);
    assert_array_equal(a->place_code, b->place_code, meta->place_count * word);
    assert_array_equal(a->place_item, b->place_item, meta->place_count * word);
    assert_array_equal(a->explore, b->explore, meta->explore_count * word);
    assert_array_equal(a->cluster, b->cluster, meta->items);
    assert_array_equal(a->user_positions, b->user_positions, meta->user_positions * row);
    assert_array_equal(a->feature_vectors, b->feature_vectors, meta->feature_rows * row);
    assert_strings_equal(&a->features, &b->features);
}

static void assert_attributes_equal(const rk_snapshot_content *a, const rk_snapshot_content *b) {
    const rk_snapshot_meta *meta = &a->meta;
    const uint64_t items = meta->items, word = sizeof(uint32_t);
    assert_array_equal(a->born, b->born, items * word);
    assert_strings_equal(&a->attributes, &b->attributes);
    assert_array_equal(a->attribute_kind, b->attribute_kind, meta->attributes);
    assert_array_equal(a->attribute_first, b->attribute_first, (meta->attributes + 1) * word);
    assert_strings_equal(&a->attribute_values, &b->attribute_values);
    assert_array_equal(a->item_value_begin, b->item_value_begin, (items + 1) * word);
    if (meta->attributes > 0)
        assert_array_equal(a->item_value, b->item_value, a->item_value_begin[items] * word);
    assert_array_equal(a->item_number, b->item_number, items * meta->numbers * word);
}

static void assert_rankers_equal(const rk_snapshot_content *a, const rk_snapshot_content *b) {
    const rk_snapshot_meta *meta = &a->meta;
    const uint64_t word = sizeof(uint32_t);
    assert_array_equal(a->tasks, b->tasks, meta->tasks * sizeof *a->tasks);
    assert_array_equal(a->task_rate, b->task_rate, (uint64_t)meta->items * meta->tasks);
    assert_array_equal(a->rank_feature, b->rank_feature, meta->rank_inputs * word);
    assert_array_equal(a->rank_second, b->rank_second, rk_second_floats(meta) * word);
    assert_array_equal(a->rank_first, b->rank_first, rk_first_floats(meta) * word);
    assert_array_equal(a->rank_item, b->rank_item, meta->items);
}

static void assert_content_equal(const rk_snapshot_content *a, const rk_snapshot_content *b) {
    const uint32_t items = a->meta.items, dim = a->meta.dim;
    assert_memory_equal(&a->meta, &b->meta, sizeof a->meta);
    assert_strings_equal(&a->items, &b->items);
    assert_strings_equal(&a->types, &b->types);
    assert_strings_equal(&a->titles, &b->titles);
    assert_memory_equal(a->type_weight, b->type_weight, a->meta.types * sizeof *a->type_weight);
    assert_memory_equal(a->sources, b->sources, RK_SOURCE_SLOTS * sizeof *a->sources);
    assert_memory_equal(a->popularity, b->popularity, items * sizeof *a->popularity);
    if (a->meta.popular_count > 0)
        assert_memory_equal(a->popular, b->popular, a->meta.popular_count * sizeof *a->popular);
    assert_rows_equal(&a->neighbors, &b->neighbors, items);
    assert_rows_equal(&a->neighbors_more, &b->neighbors_more, items);
    assert_memory_equal(a->vector_mean, b->vector_mean, dim * sizeof *a->vector_mean);
    assert_memory_equal(a->vector_factors, b->vector_factors, items * sizeof *a->vector_factors);
    assert_memory_equal(a->vector_cells, b->vector_cells,
                        rk_block_count(items) * rk_block_bytes(dim));
    assert_memory_equal(a->vector_low, b->vector_low, items * rk_low_bytes(dim));
    assert_options_equal(a, b);
    assert_attributes_equal(a, b);
    assert_rankers_equal(a, b);
    assert_int_equal(a->report == NULL, b->report == NULL);
    assert_int_equal(a->report_bytes, b->report_bytes);
    if (a->report_bytes > 0) assert_memory_equal(a->report, b->report, a->report_bytes);
}

static void assert_round_trip(const rk_snapshot_content *content) {
    const built_file file = write_snapshot(content);
    rk_snapshot_view view;
    rk_error error = {0};
    if (rk_snapshot_open(file.bytes, file.size, &view, &error) != RK_OK ||
        rk_snapshot_verify(&view, &error) != RK_OK)
        fail_msg("%s in %s: %s", rk_status_name(error.status), error.section, error.detail);
    assert_content_equal(&view.content, content);
    assert_string_equal(view.container.header->region, "eu-north");
    free(file.bytes);
}

static void content_survives_the_round_trip(void **state) {
    (void)state;
    small_snapshot *small = make_small_snapshot();
    assert_round_trip(&small->content);
    free(small);
}

static void optional_sections_may_be_absent(void **state) {
    (void)state;
    small_snapshot *small = make_small_snapshot();
    small->content.report = NULL;
    small->content.report_bytes = 0;
    assert_round_trip(&small->content);
    small->content.titles = (rk_strings){NULL, NULL, 0};
    assert_round_trip(&small->content);
    small->content.meta.popular_count = 0;
    assert_round_trip(&small->content);
    free(small);
    small = make_bare_snapshot();
    assert_round_trip(&small->content);
    free(small);
}

/* Tasks without attributes, attributes without numbers, ages without either. */
static void ranking_is_optional_part_by_part(void **state) {
    (void)state;
    small_snapshot *small = make_small_snapshot();
    rk_snapshot_content *content = &small->content;
    rk_snapshot_meta *meta = &content->meta;
    const rk_snapshot_content full = *content;
    meta->timed_items = meta->attributes = meta->attribute_values = meta->numbers = 0;
    content->born = NULL;
    content->attributes = content->attribute_values = (rk_strings){NULL, NULL, 0};
    content->attribute_kind = NULL;
    content->attribute_first = content->item_value_begin = content->item_value = NULL;
    content->item_number = NULL;
    assert_round_trip(content);
    *content = full;
    meta->tasks = meta->rank_inputs = meta->rank_experts = meta->rank_units = 0;
    meta->rank_item_step = 0;
    content->tasks = NULL;
    content->task_rate = NULL;
    content->rank_feature = NULL;
    content->rank_second = content->rank_first = NULL;
    content->rank_item = NULL;
    assert_round_trip(content);
    meta->attributes = content->attributes.count = 2;
    meta->numbers = 0;
    content->item_number = NULL;
    assert_round_trip(content);
    free(small);
}

/* Each optional part by itself. */
static void parts_are_optional_one_by_one(void **state) {
    (void)state;
    for (uint32_t part = 0; part < 7; part++) {
        small_snapshot *small = make_small_snapshot(), *bare = make_bare_snapshot();
        const rk_snapshot_content *full = &small->content;
        rk_snapshot_content *content = &bare->content;
        rk_snapshot_meta *meta = &content->meta;
        if (part == 0) meta->encoder_positions = SMALL_ENCODER;
        if (part == 0) content->encoder_positions = full->encoder_positions;
        if (part == 1) meta->trending_count = SMALL_TRENDING;
        if (part == 1) content->trending = full->trending;
        if (part == 1) content->trending_top = full->trending_top;
        if (part == 2) meta->place_count = SMALL_PLACES, meta->nearby_km = RK_MAX_NEARBY_KM;
        if (part == 2) content->place = full->place, content->place_code = full->place_code;
        if (part == 2) content->place_item = full->place_item;
        if (part == 3) meta->explore_count = 1, content->explore = full->explore;
        if (part == 4) meta->user_positions = SMALL_TOWER;
        if (part == 4) content->user_positions = full->user_positions;
        if (part == 5) meta->user_features = SMALL_FEATURES, meta->feature_rows = 1;
        if (part == 5) content->features = full->features;
        if (part == 5) content->feature_vectors = full->feature_vectors;
        if (part == 6) meta->clusters = SMALL_CLUSTERS, content->cluster = full->cluster;
        assert_round_trip(content);
        free(small);
        free(bare);
    }
}

static void limits_are_inclusive(void **state) {
    (void)state;
    small_snapshot *small = make_small_snapshot();
    small->sources[0].quota = 65535;
    small->sources[1].weight = -0x1p20f;
    small->content.meta.neighbor_scale = 0x1p40f;
    small->content.meta.similar_decay = 0x1p-149f;
    small->popularity[39] = 0x1p64f;
    small->popular[3] = 38;
    small->popularity[38] = 4.5f;
    small->content.meta.popular_count = 4;
    small->popularity[0] = -0.0f;
    small->factors[0].scan = 0x1p20f;
    small->content.meta.repeat[0] = -4;
    small->content.meta.repeat[3] = 4;
    small->content.meta.outlier_weight = 1;
    small->content.meta.nearby_km = RK_MIN_NEARBY_KM;
    small->trending[7] = 1;
    small->trending[0] = -0.0f;
    small->encoder[0] = -0x1p20f;
    small->content.meta.rank_item_step = 0x1p20f;
    small->tasks[0].weight = -0x1p20f;
    small->tasks[0].scale = small->tasks[1].offset = 0x1p20f;
    small->tasks[0].base_rate = 1;
    small->tasks[1].base_rate = -0.0f;
    small->rank_second[0] = small->rank_first[31] = -0x1p20f;
    small->item_number[2] = -0x1p64f;
    small->attribute_kind[0] = RK_ATTRIBUTE_TAGS;
    assert_round_trip(&small->content);
    free(small);
}

/* One full block: there is no padding row to be zero. */
static void full_blocks_have_no_padding(void **state) {
    (void)state;
    small_snapshot *small = make_bare_snapshot();
    rk_snapshot_content *content = &small->content;
    memset(small->core_offsets, 0, sizeof small->core_offsets);
    memset(small->more_offsets, 0, sizeof small->more_offsets);
    memset(small->cells, 0xFF, sizeof small->cells);
    content->meta.items = content->items.count = content->titles.count = 32;
    content->meta.popular_count = 0;
    assert_round_trip(content);
    free(small);
}

/* 300 items; item 0 has `length` neighbours of one weight code, 8 of them in `nbr`. */
static rk_status read_long_row(uint32_t length, rk_error *error) {
    enum { ITEMS = 300 };
    static uint32_t off[ITEMS + 1], core_off[ITEMS + 1], more_off[ITEMS + 1], entries[ITEMS];
    static char text[ITEMS * 3];
    static float popularity[ITEMS];
    static rk_vector_factor factors[ITEMS];
    static uint8_t cells[(ITEMS + 31) / 32 * SMALL_DIM / 2 * 16], low[ITEMS * SMALL_LOW_BYTES];
    small_snapshot *small = make_bare_snapshot();
    for (uint32_t i = 0; i < ITEMS; i++) {
        entries[i] = i + 1;
        off[i + 1] = 3 * (i + 1);
        core_off[i + 1] = RK_CORE_NEIGHBORS;
        more_off[i + 1] = length - RK_CORE_NEIGHBORS;
        text[3 * i] = (char)('0' + i / 100);
        text[3 * i + 1] = (char)('0' + i / 10 % 10);
        text[3 * i + 2] = (char)('0' + i % 10);
    }
    rk_snapshot_content *content = &small->content;
    content->meta.items = ITEMS;
    content->items = (rk_strings){off, text, ITEMS};
    content->titles = (rk_strings){NULL, NULL, 0};
    content->meta.popular_count = 0;
    content->popularity = popularity;
    content->neighbors = (rk_neighbor_rows){core_off, entries};
    content->neighbors_more = (rk_neighbor_rows){more_off, entries + RK_CORE_NEIGHBORS};
    content->vector_factors = factors;
    content->vector_cells = cells;
    content->vector_low = low;
    const built_file file = write_snapshot(content);
    const rk_status status = read_file_of(RK_KIND_SNAPSHOT, &file, error);
    if (status != RK_OK)
        assert_error("row", error, RK_VALUE_RANGE, "nbr2.off",
                     section_offset(&file, "nbr2.off") + 4);
    free(file.bytes);
    free(small);
    return status;
}

static void rows_have_at_most_256_neighbors(void **state) {
    (void)state;
    rk_error error = {0};
    assert_int_equal(read_long_row(RK_MAX_NEIGHBORS, &error), RK_OK);
    assert_int_equal(read_long_row(RK_MAX_NEIGHBORS + 1, &error), RK_VALUE_RANGE);
}

static void later_optional_sections_are_skipped(void **state) {
    (void)state;
    built_file file = build_snapshot();
    file.bytes[entry_offset(&file, "report") + E_VERSION] = 2;
    file.bytes[entry_offset(&file, "name.off") + E_VERSION] = 2;
    file.bytes[entry_offset(&file, "name.txt") + E_VERSION] = 3;
    reseal(&file, RESEAL_ALL);
    rk_snapshot_view view;
    assert_int_equal(rk_snapshot_open(file.bytes, file.size, &view, NULL), RK_OK);
    assert_int_equal(rk_snapshot_verify(&view, NULL), RK_OK);
    assert_null(view.content.report);
    assert_int_equal(view.content.titles.count, 0);
    free(file.bytes);
}

static void a_later_writer_may_write_for_this_reader(void **state) {
    (void)state;
    built_file file = build_snapshot();
    file.bytes[offsetof(rk_file_header, write_version)] = 9;
    file.bytes[offsetof(rk_file_header, compat_flags)] = 0xFF;
    reseal(&file, RESEAL_ALL);
    assert_int_equal(read_file_of(RK_KIND_SNAPSHOT, &file, NULL), RK_OK);
    free(file.bytes);
}

static void bad_files_are_refused(void **state) {
    (void)state;
    const built_file good = build_snapshot();
    assert_bad_files_refused(RK_KIND_SNAPSHOT, &good);
    assert_truncations_refused(RK_KIND_SNAPSHOT, &good);
    assert_misaligned_refused(RK_KIND_SNAPSHOT, &good);
    free(good.bytes);
}

static void flipped_bits_are_refused(void **state) {
    (void)state;
    const built_file good = build_snapshot();
    assert_bit_flips_refused(RK_KIND_SNAPSHOT, &good);
    free(good.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_survives_the_round_trip),
        cmocka_unit_test(optional_sections_may_be_absent),
        cmocka_unit_test(parts_are_optional_one_by_one),
        cmocka_unit_test(ranking_is_optional_part_by_part),
        cmocka_unit_test(limits_are_inclusive),
        cmocka_unit_test(full_blocks_have_no_padding),
        cmocka_unit_test(rows_have_at_most_256_neighbors),
        cmocka_unit_test(later_optional_sections_are_skipped),
        cmocka_unit_test(a_later_writer_may_write_for_this_reader),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(flipped_bits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
