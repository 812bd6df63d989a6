/* Writing events files: FORMAT.md section 2. */
#include "format/events_read.h"
#include "format/events_sections.h"

static uint64_t text_bytes(const rk_strings *strings) {
    return strings->offsets == NULL ? 0 : strings->offsets[strings->count];
}

/* The sections of `content` in file order; returns how many. */
static uint32_t list_sections(const rk_events_content *content, rk_section_data *sections) {
    const rk_events_meta *meta = &content->meta;
    const rk_strings *users = &content->users, *items = &content->items;
    const rk_strings *types = &content->types, *titles = &content->titles;
    const bool titled = titles->offsets != NULL;
    assert(users->offsets != NULL && users->count == meta->users);
    assert(items->offsets != NULL && items->count == meta->items);
    assert(types->offsets != NULL && types->count == meta->types);
    assert(!titled || titles->count == meta->items);
    const bool linked = content->related_begin != NULL;
    const bool described = meta->attributes != 0, featured = meta->features != 0;
    const rk_strings *attributes = &content->attributes, *values = &content->attribute_values;
    const rk_strings *features = &content->features, *contexts = &content->contexts;
    assert(!described || (attributes->count == meta->attributes && values->offsets != NULL &&
                          values->count == (uint64_t)meta->items * meta->attributes));
    assert(!featured || (features->count == meta->features && contexts->offsets != NULL &&
                         contexts->count == (uint64_t)meta->contexts * meta->features));
    const struct {
        bool there;
        uint64_t count;
        const void *data;
    } content_of[EV_SECTIONS] = {
        [EV_META] = {true, 1, meta},
        [EV_USER] = {true, meta->events, content->user},
        [EV_ITEM] = {true, meta->events, content->item},
        [EV_LABEL] = {true, meta->events, content->label},
        [EV_TIME] = {meta->time_kind != RK_TIME_NONE, meta->events, content->time},
        [EV_SPLIT] = {content->split != NULL, meta->events, content->split},
        [EV_USER_OFF] = {true, (uint64_t)users->count + 1, users->offsets},
        [EV_USER_TXT] = {true, text_bytes(users), users->text},
        [EV_ITEM_OFF] = {true, (uint64_t)items->count + 1, items->offsets},
        [EV_ITEM_TXT] = {true, text_bytes(items), items->text},
        [EV_TYPE_OFF] = {true, (uint64_t)types->count + 1, types->offsets},
        [EV_TYPE_TXT] = {true, text_bytes(types), types->text},
        [EV_TYPE_WGT] = {true, types->count, content->type_weight},
        [EV_NAME_OFF] = {titled, (uint64_t)titles->count + 1, titles->offsets},
        [EV_NAME_TXT] = {titled, text_bytes(titles), titles->text},
        [EV_ITEM_GEO] = {content->place != NULL, meta->items, content->place},
        [EV_ITEM_BOOST] = {content->boost != NULL, meta->items, content->boost},
        [EV_REL_OFF] = {linked, (uint64_t)meta->items + 1, content->related_begin},
        [EV_REL_ITEM] = {linked, linked ? content->related_begin[meta->items] : 0,
                         content->related},
        [EV_ATTR_OFF] = {described, (uint64_t)attributes->count + 1, attributes->offsets},
        [EV_ATTR_TXT] = {described, text_bytes(attributes), attributes->text},
        [EV_ATTR_KND] = {described, meta->attributes, content->attribute_kind},
        [EV_AVAL_OFF] = {described, (uint64_t)values->count + 1, values->offsets},
        [EV_AVAL_TXT] = {described, text_bytes(values), values->text},
        [EV_FEAT_OFF] = {featured, (uint64_t)features->count + 1, features->offsets},
        [EV_FEAT_TXT] = {featured, text_bytes(features), features->text},
        [EV_CTX_OFF] = {featured, (uint64_t)contexts->count + 1, contexts->offsets},
        [EV_CTX_TXT] = {featured, text_bytes(contexts), contexts->text},
        [EV_CONTEXT] = {featured, meta->events, content->context},
        [EV_PROPENSITY] = {content->propensity != NULL, meta->events, content->propensity},
    };
    uint32_t used = 0;
    for (size_t s = 0; s < EV_SECTIONS; s++)
        if (content_of[s].there)
            sections[used++] = (rk_section_data){
                .type = events_specs[s].type,
                .part = events_specs[s].part,
                .required = true,
                .elem_bytes = events_specs[s].elem_bytes,
                .count = content_of[s].count,
                .data = content_of[s].data,
            };
    return used;
}

uint64_t rk_events_bytes(const rk_events_content *content) {
    rk_section_data sections[EV_SECTIONS];
    const uint32_t count = list_sections(content, sections);
    return rk_container_bytes(sections, count);
}

void rk_events_write(const rk_events_content *content, const char *region, int64_t created_at_ms,
                     unsigned char *out) {
    rk_section_data sections[EV_SECTIONS];
    const uint32_t count = list_sections(content, sections);
    rk_container_write(RK_KIND_EVENTS, region, created_at_ms, sections, count, out);
}
