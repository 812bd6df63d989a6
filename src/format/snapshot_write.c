/* Writing snapshots: FORMAT.md section 3. */
#include "format/snapshot_read.h"
#include "format/snapshot_sections.h"

/* The sections of `content` in file order; returns how many. */
static uint32_t list_sections(const rk_snapshot_content *content, rk_section_data *sections) {
    const rk_snapshot_meta *meta = &content->meta;
    const rk_strings *items = &content->items, *types = &content->types;
    const rk_strings *titles = &content->titles, *features = &content->features;
    const rk_neighbor_rows *core = &content->neighbors, *more = &content->neighbors_more;
    const bool titled = titles->offsets != NULL, featured = meta->user_features != 0;
    const bool attributed = meta->attributes != 0, ranked = meta->tasks != 0;
    const uint64_t offsets = (uint64_t)meta->items + 1;
    assert(items->offsets != NULL && items->count == meta->items);
    assert(types->offsets != NULL && types->count == meta->types);
    assert(!featured || (features->offsets != NULL && features->count == meta->user_features));
    assert(!titled || titles->count == meta->items);
    const struct {
        bool there;
        uint64_t count;
        const void *data;
    } content_of[SN_SECTIONS] = {
        [SN_META] = {true, 1, meta},
        [SN_ITEM_OFF] = {true, offsets, items->offsets},
        [SN_ITEM_TXT] = {true, items->offsets[meta->items], items->text},
        [SN_TYPE_OFF] = {true, (uint64_t)meta->types + 1, types->offsets},
        [SN_TYPE_TXT] = {true, types->offsets[meta->types], types->text},
        [SN_TYPE_WGT] = {true, meta->types, content->type_weight},
        [SN_SOURCE] = {true, RK_SOURCE_SLOTS, content->sources},
        [SN_POP] = {true, meta->items, content->popularity},
        [SN_POP_TOP] = {true, meta->popular_count, content->popular},
        [SN_NBR_OFF] = {true, offsets, core->offsets},
        [SN_NBR] = {true, core->offsets[meta->items], core->entries},
        [SN_ENC_POS] = {meta->encoder_positions != 0, (uint64_t)meta->encoder_positions * meta->dim,
                        content->encoder_positions},
        [SN_TREND] = {meta->trending_count != 0, meta->items, content->trending},
        [SN_TREND_TOP] = {meta->trending_count != 0, meta->trending_count, content->trending_top},
        [SN_GEO] = {meta->place_count != 0, meta->items, content->place},
        [SN_GEO_CODE] = {meta->place_count != 0, meta->place_count, content->place_code},
        [SN_GEO_ITEM] = {meta->place_count != 0, meta->place_count, content->place_item},
        [SN_EXPLORE] = {meta->explore_count != 0, meta->explore_count, content->explore},
        [SN_USER_POS] = {meta->user_positions != 0, (uint64_t)meta->user_positions * meta->dim,
                         content->user_positions},
        [SN_FEAT_OFF] = {featured, (uint64_t)meta->user_features + 1, features->offsets},
        [SN_FEAT_TXT] = {featured, featured ? features->offsets[meta->user_features] : 0,
                         features->text},
        [SN_FEAT_VEC] = {featured, (uint64_t)meta->feature_rows * meta->dim,
                         content->feature_vectors},
        [SN_BORN] = {meta->timed_items != 0, meta->items, content->born},
        [SN_AT_OFF] = {attributed, (uint64_t)meta->attributes + 1, content->attributes.offsets},
        [SN_AT_TXT] = {attributed, attributed ? content->attributes.offsets[meta->attributes] : 0,
                       content->attributes.text},
        [SN_AT_KIND] = {attributed, meta->attributes, content->attribute_kind},
        [SN_AT_FIRST] = {attributed, (uint64_t)meta->attributes + 1, content->attribute_first},
        [SN_AV_OFF] = {attributed, (uint64_t)meta->attribute_values + 1,
                       content->attribute_values.offsets},
        [SN_AV_TXT] = {attributed,
                       attributed ? content->attribute_values.offsets[meta->attribute_values] : 0,
                       content->attribute_values.text},
        [SN_IA_OFF] = {attributed, offsets, content->item_value_begin},
        [SN_IA_VAL] = {attributed, attributed ? content->item_value_begin[meta->items] : 0,
                       content->item_value},
        [SN_IA_NUM] = {meta->numbers != 0, (uint64_t)meta->items * meta->numbers,
                       content->item_number},
        [SN_CLUSTER] = {meta->clusters != 0, meta->items, content->cluster},
        [SN_TASK] = {ranked, meta->tasks, content->tasks},
        [SN_RATE] = {ranked, (uint64_t)meta->items * meta->tasks, content->task_rate},
        [SN_RANK_IN] = {ranked, meta->rank_inputs, content->rank_feature},
        [SN_RANK_2] = {ranked, rk_second_floats(meta), content->rank_second},
        [SN_RANK_1] = {ranked, rk_first_floats(meta), content->rank_first},
        [SN_RANK_1I] = {ranked, meta->items, content->rank_item},
        [SN_VEC_MEAN] = {true, meta->dim, content->vector_mean},
        [SN_VEC_FAC] = {true, meta->items, content->vector_factors},
        [SN_VEC_CELL] = {true, rk_block_count(meta->items) * rk_block_bytes(meta->dim),
                         content->vector_cells},
        [SN_NBR2_OFF] = {true, offsets, more->offsets},
        [SN_NBR2] = {true, more->offsets[meta->items], more->entries},
        [SN_VEC_LOW] = {true, meta->items, content->vector_low},
        [SN_NAME_OFF] = {titled, offsets, titles->offsets},
        [SN_NAME_TXT] = {titled, titled ? titles->offsets[meta->items] : 0, titles->text},
        [SN_REPORT] = {content->report != NULL, content->report_bytes, content->report},
    };
    uint32_t used = 0;
    for (size_t s = 0; s < SN_SECTIONS; s++) {
        const rk_section_spec *spec = &snapshot_specs[s];
        if (!content_of[s].there) continue;
        sections[used++] = (rk_section_data){
            .type = spec->type,
            .part = spec->part,
            .required = spec->required,
            .elem_bytes = s == SN_VEC_LOW ? (uint32_t)rk_low_bytes(meta->dim) : spec->elem_bytes,
            .count = content_of[s].count,
            .data = content_of[s].data,
        };
    }
    return used;
}

uint64_t rk_snapshot_bytes(const rk_snapshot_content *content) {
    rk_section_data sections[SN_SECTIONS];
    const uint32_t count = list_sections(content, sections);
    return rk_container_bytes(sections, count);
}

void rk_snapshot_write(const rk_snapshot_content *content, const char *region,
                       int64_t created_at_ms, unsigned char *out) {
    rk_section_data sections[SN_SECTIONS];
    const uint32_t count = list_sections(content, sections);
    rk_container_write(RK_KIND_SNAPSHOT, region, created_at_ms, sections, count, out);
}
