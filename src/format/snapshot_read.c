/* Reading snapshots: FORMAT.md section 3.
 *
 * Open learns the shapes (from `meta`, whose checksum it therefore checks itself) and points into
 * the file; verify proves every value once, so that no query checks again (src/README.md, invariant
 * 2). O(bytes), plus the square of a neighbour row's length for uniqueness, which is bounded: rows
 * have at most RK_MAX_NEIGHBORS entries. */
#include "format/snapshot_read.h"

#include "format/checks.h"
#include "format/places.h"
#include "format/ranking_checks.h"
#include "format/snapshot_sections.h"

#include <float.h>

typedef struct snapshot_file {
    const rk_container *container;
    const rk_section_entry *found[SN_SECTIONS];
    rk_snapshot_meta meta;
} snapshot_file;

/* ---- open ---- */

/* Shape of the networks: all of it there with tasks, all of it 0 without. */
static rk_status check_meta_of_rankers(const rk_section_entry *entry, const rk_snapshot_meta *meta,
                                       rk_error *error) {
    const bool ranked = meta->tasks != 0;
#define CHECK_SIDE(field, most)                                                                    \
    RK_TRY(rk_check_range(entry, offsetof(rk_snapshot_meta, field), #field, meta->field, ranked,   \
                          ranked ? most : 0, error))
    CHECK_SIDE(rank_inputs, RK_MAX_RANK_INPUTS);
    CHECK_SIDE(rank_experts, RK_MAX_EXPERTS);
    CHECK_SIDE(rank_units, RK_MAX_UNITS);
#undef CHECK_SIDE
    return rk_check_float(entry, offsetof(rk_snapshot_meta, rank_item_step), "rank_item_step",
                          meta->rank_item_step, 0, ranked ? RK_FLOAT_LIMIT : 0, error);
}

/* Counts of the optional sections, and numbers of sources that not every snapshot has. */
static rk_status check_meta_of_optional(const rk_section_entry *entry, const rk_snapshot_meta *meta,
                                        rk_error *error) {
#define CHECK_COUNT(field, most)                                                                   \
    RK_TRY(rk_check_range(entry, offsetof(rk_snapshot_meta, field), #field, meta->field, 0, most,  \
                          error))
    CHECK_COUNT(encoder_positions, RK_MAX_POSITIONS);
    for (uint32_t lag = 0; lag < RK_REPEAT_LAGS; lag++)
        RK_TRY(rk_check_float(entry, offsetof(rk_snapshot_meta, repeat) + lag * sizeof(float),
                              "repeat", meta->repeat[lag], -RK_MAX_REPEAT, RK_MAX_REPEAT, error));
    CHECK_COUNT(trending_count, meta->items);
    CHECK_COUNT(place_count, meta->items);
    CHECK_COUNT(explore_count, meta->items);
    CHECK_COUNT(user_positions, RK_MAX_POSITIONS);
    CHECK_COUNT(user_features, RK_MAX_FEATURES);
    CHECK_COUNT(tasks, RK_MIN(RK_MAX_TASKS, meta->types));
    RK_TRY(check_meta_of_rankers(entry, meta, error));
    CHECK_COUNT(timed_items, meta->items);
    CHECK_COUNT(attributes, RK_MAX_ATTRIBUTES);
    CHECK_COUNT(attribute_values, meta->attributes ? RK_MAX_ATTRIBUTE_VALUES : 0);
    CHECK_COUNT(numbers, meta->attributes);
    CHECK_COUNT(clusters, RK_MIN(RK_MAX_CLUSTERS, meta->items));
#undef CHECK_COUNT
    if (meta->clusters == 0)
        RK_TRY(rk_check_range(entry, offsetof(rk_snapshot_meta, cluster_model), "cluster_model",
                              meta->cluster_model, 0, 0, error));
    const uint32_t rows = meta->feature_rows;
    const size_t rows_at = offsetof(rk_snapshot_meta, feature_rows);
    RK_TRY(rk_check_range(entry, rows_at, "feature_rows", rows, meta->user_features ? 1 : 0,
                          meta->user_features ? RK_MAX_FEATURE_ROWS : 0, error));
    if ((rows & (rows - 1)) != 0)
        return rk_fail_value_in(error, RK_VALUE_RANGE, entry, rows_at,
                                "not a power of two: feature_rows", rows, RK_MAX_FEATURE_ROWS);
    RK_TRY(rk_check_float(entry, offsetof(rk_snapshot_meta, outlier_weight), "outlier_weight",
                          meta->outlier_weight, 0, 1, error));
    RK_TRY(rk_check_float(entry, offsetof(rk_snapshot_meta, short_popular), "short_popular",
                          meta->short_popular, 0, RK_MAX_SHORT_POPULAR, error));
    return rk_check_float(entry, offsetof(rk_snapshot_meta, nearby_km), "nearby_km",
                          meta->nearby_km, meta->place_count ? RK_MIN_NEARBY_KM : 0,
                          RK_MAX_NEARBY_KM, error);
}

static rk_status check_meta(const snapshot_file *file, rk_error *error) {
    const rk_section_entry *entry = file->found[SN_META];
    const rk_snapshot_meta *meta = &file->meta;
    RK_TRY(rk_check_range(entry, offsetof(rk_snapshot_meta, items), "items", meta->items, 1,
                          RK_MAX_ITEMS - 1, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_snapshot_meta, types), "types", meta->types, 1,
                          RK_MAX_EVENT_TYPES, error));
    const size_t dim_at = offsetof(rk_snapshot_meta, dim);
    RK_TRY(rk_check_range(entry, dim_at, "dim", meta->dim, 4, RK_MAX_DIM, error));
    if (meta->dim % 4 != 0)
        return rk_fail_value_in(error, RK_VALUE_RANGE, entry, dim_at, "not a multiple of 4: dim",
                                meta->dim, RK_MAX_DIM);
    RK_TRY(rk_check_range(entry, offsetof(rk_snapshot_meta, time_kind), "time_kind",
                          meta->time_kind, 0, 2, error));
    RK_TRY(rk_check_float(entry, offsetof(rk_snapshot_meta, neighbor_scale), "neighbor_scale",
                          meta->neighbor_scale, 0, 0x1p40f, error));
    RK_TRY(rk_check_float(entry, offsetof(rk_snapshot_meta, similar_decay), "similar_decay",
                          meta->similar_decay, FLT_TRUE_MIN, 1, error));
    RK_TRY(rk_check_float(entry, offsetof(rk_snapshot_meta, session_decay), "session_decay",
                          meta->session_decay, FLT_TRUE_MIN, 1, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_snapshot_meta, popular_count), "popular_count",
                          meta->popular_count, 0, meta->items, error));
    RK_TRY(check_meta_of_optional(entry, meta, error));
    return rk_check_zero(file->container, entry, offsetof(rk_snapshot_meta, reserved), sizeof *meta,
                         error);
}

/* Sections that are there if and only if a u32 of the meta is not 0. */
static const struct {
    uint32_t section;
    size_t field; /* of the meta */
    const char *missing, *unasked;
} conditional[] = {
#define IFF(section, type, field)                                                                  \
    {                                                                                              \
        section, offsetof(rk_snapshot_meta, field), "missing with " #field,                        \
            type " there with " #field                                                             \
    }
    IFF(SN_ENC_POS, "enc.pos", encoder_positions),
    IFF(SN_TREND, "rise", trending_count),
    IFF(SN_TREND_TOP, "rise.top", trending_count),
    IFF(SN_GEO, "geo", place_count),
    IFF(SN_GEO_CODE, "geo.code", place_count),
    IFF(SN_GEO_ITEM, "geo.item", place_count),
    IFF(SN_EXPLORE, "explore", explore_count),
    IFF(SN_USER_POS, "user.pos", user_positions),
    IFF(SN_FEAT_OFF, "feat.off", user_features),
    IFF(SN_FEAT_TXT, "feat.txt", user_features),
    IFF(SN_FEAT_VEC, "feat.vec", user_features),
    IFF(SN_BORN, "born", timed_items),
    IFF(SN_AT_OFF, "at.off", attributes),
    IFF(SN_AT_TXT, "at.txt", attributes),
    IFF(SN_AT_KIND, "at.kind", attributes),
    IFF(SN_AT_FIRST, "at.first", attributes),
    IFF(SN_AV_OFF, "av.off", attributes),
    IFF(SN_AV_TXT, "av.txt", attributes),
    IFF(SN_IA_OFF, "ia.off", attributes),
    IFF(SN_IA_VAL, "ia.val", attributes),
    IFF(SN_IA_NUM, "ia.num", numbers),
    IFF(SN_CLUSTER, "cluster", clusters),
    IFF(SN_TASK, "task", tasks),
    IFF(SN_RATE, "rate", tasks),
    IFF(SN_RANK_IN, "rank.in", tasks),
    IFF(SN_RANK_2, "rank.2", tasks),
    IFF(SN_RANK_1, "rank.1", tasks),
    IFF(SN_RANK_1I, "rank.1i", tasks),
#undef IFF
};

static rk_status check_presence(const snapshot_file *file, rk_error *error) {
    for (size_t i = 0; i < sizeof conditional / sizeof *conditional; i++) {
        uint32_t count;
        memcpy(&count, (const char *)&file->meta + conditional[i].field, sizeof count);
        const bool there = file->found[conditional[i].section] != NULL, wanted = count != 0;
        if (wanted && !there)
            return rk_fail_value(error, RK_SECTION_MISSING,
                                 snapshot_specs[conditional[i].section].type,
                                 sizeof(rk_file_header), conditional[i].missing, count, 0);
        if (there && !wanted)
            return rk_fail_value_in(error, RK_VALUE_RANGE, file->found[SN_META],
                                    conditional[i].field, conditional[i].unasked, 0, 1);
    }
    return RK_OK;
}

static rk_status check_shapes(const snapshot_file *file, rk_error *error) {
    const rk_snapshot_meta *meta = &file->meta;
    const uint64_t offsets = (uint64_t)meta->items + 1;
    const struct {
        uint32_t section;
        uint64_t count;
    } shapes[] = {
        {SN_ITEM_OFF, offsets},
        {SN_TYPE_OFF, (uint64_t)meta->types + 1},
        {SN_TYPE_WGT, meta->types},
        {SN_SOURCE, RK_SOURCE_SLOTS},
        {SN_POP, meta->items},
        {SN_POP_TOP, meta->popular_count},
        {SN_NBR_OFF, offsets},
        {SN_ENC_POS, (uint64_t)meta->encoder_positions * meta->dim},
        {SN_TREND, meta->items},
        {SN_TREND_TOP, meta->trending_count},
        {SN_GEO, meta->items},
        {SN_GEO_CODE, meta->place_count},
        {SN_GEO_ITEM, meta->place_count},
        {SN_EXPLORE, meta->explore_count},
        {SN_USER_POS, (uint64_t)meta->user_positions * meta->dim},
        {SN_FEAT_OFF, (uint64_t)meta->user_features + 1},
        {SN_FEAT_VEC, (uint64_t)meta->feature_rows * meta->dim},
        {SN_BORN, meta->items},
        {SN_AT_OFF, (uint64_t)meta->attributes + 1},
        {SN_AT_KIND, meta->attributes},
        {SN_AT_FIRST, (uint64_t)meta->attributes + 1},
        {SN_AV_OFF, (uint64_t)meta->attribute_values + 1},
        {SN_IA_OFF, offsets},
        {SN_IA_NUM, (uint64_t)meta->items * meta->numbers},
        {SN_CLUSTER, meta->items},
        {SN_TASK, meta->tasks},
        {SN_RATE, (uint64_t)meta->items * meta->tasks},
        {SN_RANK_IN, meta->rank_inputs},
        {SN_RANK_2, rk_second_floats(meta)},
        {SN_RANK_1, rk_first_floats(meta)},
        {SN_RANK_1I, meta->items},
        {SN_VEC_MEAN, meta->dim},
        {SN_VEC_FAC, meta->items},
        {SN_VEC_CELL, rk_block_count(meta->items) * rk_block_bytes(meta->dim)},
        {SN_NBR2_OFF, offsets},
        {SN_VEC_LOW, meta->items},
        {SN_NAME_OFF, offsets},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const uint32_t section = shapes[i].section;
        const rk_section_entry *entry = file->found[section];
        if (entry == NULL) continue;
        const uint64_t elem_bytes =
            section == SN_VEC_LOW ? rk_low_bytes(meta->dim) : snapshot_specs[section].elem_bytes;
        RK_TRY(rk_check_shape(file->container, entry, elem_bytes, shapes[i].count, error));
    }
    return RK_OK;
}

static rk_snapshot_content content_of(const snapshot_file *file) {
    const rk_container *container = file->container;
    const rk_section_entry *const *found = file->found;
    return (rk_snapshot_content){
        .meta = file->meta,
        .items = rk_strings_of(container, found[SN_ITEM_OFF], found[SN_ITEM_TXT]),
        .types = rk_strings_of(container, found[SN_TYPE_OFF], found[SN_TYPE_TXT]),
        .titles = rk_strings_of(container, found[SN_NAME_OFF], found[SN_NAME_TXT]),
        .type_weight = rk_section_data_of(container, found[SN_TYPE_WGT]),
        .sources = rk_section_data_of(container, found[SN_SOURCE]),
        .popularity = rk_section_data_of(container, found[SN_POP]),
        .popular = rk_section_data_of(container, found[SN_POP_TOP]),
        .neighbors = {rk_section_data_of(container, found[SN_NBR_OFF]),
                      rk_section_data_of(container, found[SN_NBR])},
        .neighbors_more = {rk_section_data_of(container, found[SN_NBR2_OFF]),
                           rk_section_data_of(container, found[SN_NBR2])},
        .vector_mean = rk_section_data_of(container, found[SN_VEC_MEAN]),
        .vector_factors = rk_section_data_of(container, found[SN_VEC_FAC]),
        .vector_cells = rk_section_data_of(container, found[SN_VEC_CELL]),
        .vector_low = rk_section_data_of(container, found[SN_VEC_LOW]),
        .encoder_positions = rk_section_data_of(container, found[SN_ENC_POS]),
        .trending = rk_section_data_of(container, found[SN_TREND]),
        .trending_top = rk_section_data_of(container, found[SN_TREND_TOP]),
        .place = rk_section_data_of(container, found[SN_GEO]),
        .place_code = rk_section_data_of(container, found[SN_GEO_CODE]),
        .place_item = rk_section_data_of(container, found[SN_GEO_ITEM]),
        .explore = rk_section_data_of(container, found[SN_EXPLORE]),
        .user_positions = rk_section_data_of(container, found[SN_USER_POS]),
        .features = rk_strings_of(container, found[SN_FEAT_OFF], found[SN_FEAT_TXT]),
        .feature_vectors = rk_section_data_of(container, found[SN_FEAT_VEC]),
        .born = rk_section_data_of(container, found[SN_BORN]),
        .attributes = rk_strings_of(container, found[SN_AT_OFF], found[SN_AT_TXT]),
        .attribute_kind = rk_section_data_of(container, found[SN_AT_KIND]),
        .attribute_first = rk_section_data_of(container, found[SN_AT_FIRST]),
        .attribute_values = rk_strings_of(container, found[SN_AV_OFF], found[SN_AV_TXT]),
        .item_value_begin = rk_section_data_of(container, found[SN_IA_OFF]),
        .item_value = rk_section_data_of(container, found[SN_IA_VAL]),
        .item_number = rk_section_data_of(container, found[SN_IA_NUM]),
        .cluster = rk_section_data_of(container, found[SN_CLUSTER]),
        .tasks = rk_section_data_of(container, found[SN_TASK]),
        .task_rate = rk_section_data_of(container, found[SN_RATE]),
        .rank_feature = rk_section_data_of(container, found[SN_RANK_IN]),
        .rank_second = rk_section_data_of(container, found[SN_RANK_2]),
        .rank_first = rk_section_data_of(container, found[SN_RANK_1]),
        .rank_item = rk_section_data_of(container, found[SN_RANK_1I]),
        .report = rk_section_data_of(container, found[SN_REPORT]),
        .report_bytes = found[SN_REPORT] == NULL ? 0 : found[SN_REPORT]->bytes,
    };
}

rk_status rk_snapshot_open(const void *bytes, uint64_t size, rk_snapshot_view *out,
                           rk_error *error) {
    rk_container container;
    RK_TRY(rk_container_open(bytes, size, RK_KIND_SNAPSHOT, &container, error));
    snapshot_file file = {.container = &container};
    RK_TRY(rk_container_resolve(&container, snapshot_specs, SN_SECTIONS, file.found, error));
    RK_TRY(rk_check_pair(file.found[SN_NAME_OFF], "name.off", file.found[SN_NAME_TXT], "name.txt",
                         error));
    RK_TRY(rk_check_shape(&container, file.found[SN_META], sizeof file.meta, 1, error));
    RK_TRY(rk_container_verify_section(&container, file.found[SN_META], error));
    memcpy(&file.meta, rk_section_data_of(&container, file.found[SN_META]), sizeof file.meta);
    RK_TRY(check_meta(&file, error));
    RK_TRY(check_presence(&file, error));
    RK_TRY(check_shapes(&file, error));
    *out = (rk_snapshot_view){.container = container, .content = content_of(&file)};
    return RK_OK;
}

/* ---- verify ---- */

static rk_status check_sources(const snapshot_file *file, rk_error *error) {
    const rk_section_entry *entry = file->found[SN_SOURCE];
    const rk_source_config *sources = rk_section_data_of(file->container, entry);
    for (uint64_t s = 0; s < RK_SOURCE_SLOTS; s++) {
        const uint64_t at = s * sizeof *sources;
        RK_TRY(rk_check_range(entry, at, "quota", sources[s].quota, 0, 65535, error));
        RK_TRY(rk_check_float(entry, at + offsetof(rk_source_config, weight), "weight",
                              sources[s].weight, -RK_FLOAT_LIMIT, RK_FLOAT_LIMIT, error));
        RK_TRY(rk_check_zero(file->container, entry, at + offsetof(rk_source_config, reserved),
                             at + sizeof *sources, error));
    }
    return RK_OK;
}

/* A list of items by descending value, ties by index. Indexes are in range already; the order is
 * strict, so it proves uniqueness too. */
static rk_status check_ranking(const rk_section_entry *entry, const uint32_t *list,
                               const float *values, rk_error *error) {
    for (uint64_t i = 1; i < entry->count; i++) {
        const uint32_t before = list[i - 1], item = list[i];
        const float high = values[before], low = values[item];
        if (high > low || (high == low && before < item)) continue;
        rk_detail detail = rk_detail_of("item ");
        rk_detail_add_u64(&detail, item);
        rk_detail_add(&detail, " of ");
        rk_detail_add_f32(&detail, low);
        rk_detail_add(&detail, " after item ");
        rk_detail_add_u64(&detail, before);
        rk_detail_add(&detail, " of ");
        rk_detail_add_f32(&detail, high);
        return rk_fail_in(error, RK_NOT_SORTED, entry, i * sizeof item, detail.text);
    }
    return RK_OK;
}

static rk_status check_popularity(const snapshot_file *file, const rk_snapshot_content *content,
                                  rk_error *error) {
    const rk_section_entry *values = file->found[SN_POP], *top = file->found[SN_POP_TOP];
    RK_TRY(rk_check_floats(file->container, values, 0, 0x1p64f, error));
    RK_TRY(rk_check_below(file->container, top, "item", file->meta.items, error));
    return check_ranking(top, content->popular, content->popularity, error);
}

static rk_status check_trending(const snapshot_file *file, const rk_snapshot_content *content,
                                rk_error *error) {
    const rk_section_entry *values = file->found[SN_TREND], *top = file->found[SN_TREND_TOP];
    if (values == NULL) return RK_OK;
    RK_TRY(rk_check_floats(file->container, values, 0, 1, error));
    RK_TRY(rk_check_below(file->container, top, "item", file->meta.items, error));
    return check_ranking(top, content->trending_top, content->trending, error);
}

/* Every item with a place once, by its code, then by itself. (code, item) ascends strictly and an
 * item has one code, so no item is there twice; the number of them proves that none is left out. */
static rk_status check_geo(const snapshot_file *file, const rk_snapshot_content *content,
                           rk_error *error) {
    const rk_section_entry *code_entry = file->found[SN_GEO_CODE],
                           *item_entry = file->found[SN_GEO_ITEM];
    if (code_entry == NULL) return RK_OK;
    RK_TRY(rk_check_places(file->container, file->found[SN_GEO], error));
    uint32_t placed = 0;
    for (uint32_t item = 0; item < file->meta.items; item++)
        placed += rk_has_place(content->place[item]);
    RK_TRY(rk_check_range(file->found[SN_META], offsetof(rk_snapshot_meta, place_count),
                          "place_count", file->meta.place_count, placed, placed, error));
    RK_TRY(rk_check_below(file->container, item_entry, "item", file->meta.items, error));
    const uint32_t *code = content->place_code, *item = content->place_item;
    for (uint64_t i = 1; i < placed; i++)
        if (code[i] < code[i - 1])
            return rk_fail_value_in(error, RK_NOT_SORTED, code_entry, i * sizeof *code,
                                    "descending code", code[i], code[i - 1]);
    for (uint64_t i = 0; i < placed; i++) {
        if (i > 0 && code[i] == code[i - 1] && item[i] <= item[i - 1])
            return rk_fail_value_in(error, RK_NOT_SORTED, item_entry, i * sizeof *item,
                                    "descending item", item[i], item[i - 1]);
        const rk_place place = content->place[item[i]];
        if (!rk_has_place(place) || rk_place_code(place) != code[i])
            return rk_fail_value_in(error, RK_VALUE_RANGE, item_entry, i * sizeof *item,
                                    "not the code of its place: item", item[i], file->meta.items);
    }
    return RK_OK;
}

static rk_status check_explore(const snapshot_file *file, const rk_snapshot_content *content,
                               rk_error *error) {
    const rk_section_entry *entry = file->found[SN_EXPLORE];
    if (entry == NULL) return RK_OK;
    RK_TRY(rk_check_below(file->container, entry, "item", file->meta.items, error));
    for (uint64_t i = 1; i < entry->count; i++)
        if (content->explore[i] <= content->explore[i - 1])
            return rk_fail_value_in(error, RK_NOT_SORTED, entry, i * sizeof(uint32_t),
                                    "descending item", content->explore[i],
                                    content->explore[i - 1]);
    return RK_OK;
}

/* No cluster is empty: an arm that no item stands for could be drawn, and show nothing. */
static rk_status check_clusters(const snapshot_file *file, const rk_snapshot_content *content,
                                rk_error *error) {
    const rk_section_entry *entry = file->found[SN_CLUSTER];
    const uint32_t clusters = file->meta.clusters;
    if (entry == NULL) return RK_OK;
    uint64_t seen = 0;
    for (uint32_t item = 0; item < file->meta.items; item++) {
        RK_TRY(
            rk_check_range(entry, item, "cluster", content->cluster[item], 0, clusters - 1, error));
        seen |= UINT64_C(1) << content->cluster[item];
    }
    uint32_t used = 0;
    for (; seen != 0; seen &= seen - 1) used++;
    return rk_check_range(file->found[SN_META], offsetof(rk_snapshot_meta, clusters), "clusters",
                          clusters, used, used, error);
}

/* One item's row: its entries in `nbr`, then those in `nbr2`. */
typedef struct neighbor_row {
    const rk_snapshot_content *content;
    uint32_t item;
    uint32_t core_begin, core_count;
    uint32_t more_begin, count; /* core_count + those in nbr2 */
    uint64_t marks[4];          /* one bit of 256 for each item so far, by its low byte */
} neighbor_row;

static uint32_t row_entry(const neighbor_row *row, uint32_t k) {
    return k < row->core_count
               ? row->content->neighbors.entries[row->core_begin + k]
               : row->content->neighbors_more.entries[row->more_begin + k - row->core_count];
}

/* Comparing all pairs of a row would be most of the value checks (200,000 items with 24 neighbours
 * each: 150 ms, with the marks 35, beside 355 for the SHA-256). Rows rarely hold two items of one
 * low byte, so the marks answer nearly every question. */
static bool seen_before(neighbor_row *row, uint32_t k, uint32_t item) {
    uint64_t *marks = &row->marks[item % 256 / 64];
    const uint64_t mark = (uint64_t)1 << item % 64;
    const bool maybe = (*marks & mark) != 0;
    *marks |= mark;
    for (uint32_t before = 0; maybe && before < k; before++)
        if ((row_entry(row, before) & RK_NEIGHBOR_ITEM_MASK) == item) return true;
    return false;
}

/* Entry k of a row is in range, not the item itself, and after all the entries before it. */
static rk_status check_neighbor(const snapshot_file *file, neighbor_row *row, uint32_t k,
                                rk_error *error) {
    const bool in_core = k < row->core_count;
    const rk_section_entry *entry = file->found[in_core ? SN_NBR : SN_NBR2];
    const uint64_t index =
        in_core ? (uint64_t)row->core_begin + k : (uint64_t)row->more_begin + k - row->core_count;
    const uint64_t at = index * sizeof(uint32_t);
    const uint32_t packed = row_entry(row, k), item = packed & RK_NEIGHBOR_ITEM_MASK;
    if (item >= file->meta.items)
        return rk_fail_value_in(error, RK_VALUE_RANGE, entry, at, "item", item, file->meta.items);
    if (item == row->item)
        return rk_fail_value_in(error, RK_VALUE_RANGE, entry, at, "its own neighbour: item", item,
                                file->meta.items);
    if (seen_before(row, k, item))
        return rk_fail_value_in(error, RK_NOT_SORTED, entry, at, "twice in one row: item", item,
                                file->meta.items);
    if (k == 0) return RK_OK;
    const uint32_t last = row_entry(row, k - 1);
    const uint32_t last_code = last >> RK_NEIGHBOR_CODE_SHIFT,
                   code = packed >> RK_NEIGHBOR_CODE_SHIFT;
    if (code > last_code)
        return rk_fail_value_in(error, RK_NOT_SORTED, entry, at, "ascending weight code", code,
                                last_code);
    if (code == last_code && item < (last & RK_NEIGHBOR_ITEM_MASK))
        return rk_fail_value_in(error, RK_NOT_SORTED, entry, at, "descending item", item,
                                last & RK_NEIGHBOR_ITEM_MASK);
    return RK_OK;
}

static rk_status check_neighbors(const snapshot_file *file, const rk_snapshot_content *content,
                                 rk_error *error) {
    const rk_section_entry *core_off = file->found[SN_NBR_OFF],
                           *more_off = file->found[SN_NBR2_OFF];
    const uint32_t *core = content->neighbors.offsets, *more = content->neighbors_more.offsets;
    RK_TRY(rk_check_offsets(file->container, core_off, file->found[SN_NBR]->count, error));
    RK_TRY(rk_check_offsets(file->container, more_off, file->found[SN_NBR2]->count, error));
    for (uint32_t item = 0; item < file->meta.items; item++) {
        const uint32_t core_count = core[item + 1] - core[item];
        const uint32_t more_count = more[item + 1] - more[item];
        const uint64_t end_at = ((uint64_t)item + 1) * sizeof *core;
        RK_TRY(rk_check_range(core_off, end_at, "entries of a row", core_count, 0,
                              RK_CORE_NEIGHBORS, error));
        RK_TRY(rk_check_range(more_off, end_at, "entries of a row", more_count, 0,
                              RK_MAX_NEIGHBORS - core_count, error));
        neighbor_row row = {.content = content,
                            .item = item,
                            .core_begin = core[item],
                            .core_count = core_count,
                            .more_begin = more[item],
                            .count = core_count + more_count};
        for (uint32_t k = 0; k < row.count; k++) RK_TRY(check_neighbor(file, &row, k, error));
    }
    return RK_OK;
}

/* Rows past the last item, in the last block: byte j of a table holds row j in its low nibble and
 * row 16 + j in its high one. */
static rk_status check_cell_padding(const snapshot_file *file, rk_error *error) {
    const uint32_t used = file->meta.items % RK_BLOCK_ROWS;
    if (used == 0) return RK_OK;
    const rk_section_entry *entry = file->found[SN_VEC_CELL];
    const uint8_t *cells = rk_section_data_of(file->container, entry);
    const uint64_t block_bytes = rk_block_bytes(file->meta.dim);
    for (uint64_t at = entry->bytes - block_bytes; at < entry->bytes; at++) {
        const uint32_t j = (uint32_t)(at % 16);
        const uint32_t padding = (j < used ? 0u : 0x0Fu) | (j + 16 < used ? 0u : 0xF0u);
        if ((cells[at] & padding) != 0)
            return rk_fail_value_in(error, RK_RESERVED_NOT_ZERO, entry, at, "byte of padding rows",
                                    cells[at] & padding, 0);
    }
    return RK_OK;
}

static rk_status check_text(const snapshot_file *file, const rk_snapshot_content *content,
                            rk_error *error) {
    const rk_section_entry *const *found = file->found;
    RK_TRY(rk_check_strings(file->container, found[SN_ITEM_OFF], found[SN_ITEM_TXT],
                            RK_STRINGS_IDS | RK_STRINGS_SORTED, error));
    RK_TRY(rk_check_strings(file->container, found[SN_TYPE_OFF], found[SN_TYPE_TXT],
                            RK_STRINGS_IDS | RK_STRINGS_UNIQUE, error));
    RK_TRY(rk_check_strings(file->container, found[SN_NAME_OFF], found[SN_NAME_TXT], RK_STRINGS_ANY,
                            error));
    RK_TRY(rk_check_strings(file->container, found[SN_FEAT_OFF], found[SN_FEAT_TXT],
                            RK_STRINGS_IDS | RK_STRINGS_UNIQUE, error));
    if (content->report != NULL && !rk_utf8_valid(content->report, content->report_bytes))
        return rk_fail_value_in(error, RK_BAD_UTF8, found[SN_REPORT], 0, "report bytes",
                                content->report_bytes, content->report_bytes);
    return RK_OK;
}

rk_status rk_snapshot_verify(const rk_snapshot_view *view, rk_error *error) {
    const rk_container *container = &view->container;
    const rk_snapshot_content *content = &view->content;
    snapshot_file file = {.container = container, .meta = content->meta};
    const rk_section_entry **found = file.found;
    RK_TRY(rk_container_resolve(container, snapshot_specs, SN_SECTIONS, found, error));
    RK_TRY(rk_container_verify(container, error));
    RK_TRY(check_text(&file, content, error));
    RK_TRY(rk_check_floats(container, found[SN_TYPE_WGT], -RK_FLOAT_LIMIT, RK_FLOAT_LIMIT, error));
    RK_TRY(check_sources(&file, error));
    RK_TRY(check_popularity(&file, content, error));
    RK_TRY(check_neighbors(&file, content, error));
    RK_TRY(check_trending(&file, content, error));
    RK_TRY(check_geo(&file, content, error));
    RK_TRY(check_explore(&file, content, error));
    RK_TRY(check_clusters(&file, content, error));
    RK_TRY(rk_check_attributes(container, found, content, error));
    RK_TRY(rk_check_rankers(container, found, content, error));
    static const uint32_t weights[] = {SN_ENC_POS, SN_USER_POS, SN_FEAT_VEC};
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
        if (found[weights[i]] != NULL)
            RK_TRY(rk_check_floats(container, found[weights[i]], -RK_FLOAT_LIMIT, RK_FLOAT_LIMIT,
                                   error));
    RK_TRY(rk_check_floats(container, found[SN_VEC_MEAN], -RK_FLOAT_LIMIT, RK_FLOAT_LIMIT, error));
    RK_TRY(rk_check_floats(container, found[SN_VEC_FAC], 0, RK_FLOAT_LIMIT, error));
    return check_cell_padding(&file, error);
}
