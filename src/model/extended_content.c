#include "model/extended_content.h"

#include "format/places.h"
#include "model/ann.h"
#include "model/item_neighbors.h"
#include "model/new_vectors.h"
#include "model/session_encoder.h"
#include "model/vectors.h"

#define OCTAVE      16u /* codes */
#define NO_ROW_CODE (255u - 4u * OCTAVE)
#define COARSE      200u
/* How far below the strongest neighbour of the item that it leads to a link is. */
#define RELATED_OCTAVES 1u
#define CONTENT_OCTAVES 2u

/* A new item and one of the snapshot's, in each other's rows. */
typedef struct link {
    uint32_t old, code;
} link;

/* The arrays with a tail, and what they are made with. Sizes are bounds: links of an item that
 * finds fewer leave room. */
typedef struct extension {
    const rk_snapshot_content *base;
    const rk_new_items *items;
    uint32_t old, total; /* items of the snapshot, of both */
    uint32_t *id_begin, *title_begin;
    char *id_text, *title_text;
    float *popularity, *trending, *numbers;
    uint32_t *popular, *rows, *entries, *more_rows, *more_entries;
    rk_vector_factor *factors;
    uint8_t *cells, *low, *rates, *clusters;
    rk_place *places;
    uint32_t *codes, *place_items, *explore, *born, *value_begin, *values;
    int8_t *first_stage;
    /* scratch */
    float *r;           /* (count, dim) */
    link *links;        /* (link_begin[count]) */
    uint32_t *link_end; /* (count) links of a new item: from the end of the one before */
    uint32_t *room;     /* (old + 2) where the links back to an old item begin */
    uint32_t *back;     /* (link_end[count]) those, as entries */
    rk_scored *shortlist;
} extension;

static uint32_t most_links(const extension *e, uint32_t item) {
    const uint32_t related = e->items->related_begin[item + 1] - e->items->related_begin[item];
    return related ? related : RK_CONTENT_LINKS;
}

static uint32_t all_links(const extension *e) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < e->items->count; i++) most += most_links(e, i);
    return most;
}

static bool has_titles(const extension *e) {
    return e->base->titles.count || e->items->title_begin[e->items->count];
}

static uint64_t text_bytes(const rk_strings *strings, const uint32_t *begin, uint32_t count) {
    return (strings->count ? strings->offsets[strings->count] : 0) + (uint64_t)begin[count];
}

static void lay_out(extension *e, rk_arena *arena) {
    const rk_snapshot_content *base = e->base;
    const rk_snapshot_meta *meta = &base->meta;
    const uint32_t count = e->items->count, total = e->total, links = all_links(e);
    const uint32_t timed = meta->timed_items ? total : 0, places = meta->place_count ? total : 0;
    const uint32_t attributed = meta->attributes ? total : 0, titles = has_titles(e) ? total : 0;
    e->id_begin = RK_TAKE(arena, uint32_t, total + 1);
    e->id_text = RK_TAKE(arena, char, text_bytes(&base->items, e->items->id_begin, count));
    e->title_begin = RK_TAKE(arena, uint32_t, titles + 1);
    e->title_text = RK_TAKE(arena, char, text_bytes(&base->titles, e->items->title_begin, count));
    e->popularity = RK_TAKE(arena, float, total);
    e->popular = RK_TAKE(arena, uint32_t, meta->popular_count + count);
    e->rows = RK_TAKE(arena, uint32_t, total + 1);
    e->entries = RK_TAKE(arena, uint32_t, base->neighbors.offsets[e->old] + 2 * links);
    e->more_rows = RK_TAKE(arena, uint32_t, total + 1);
    e->more_entries = RK_TAKE(arena, uint32_t, base->neighbors_more.offsets[e->old] + 2 * links);
    e->factors = RK_TAKE(arena, rk_vector_factor, total);
    e->cells = RK_TAKE(arena, uint8_t, rk_block_count(total) * rk_block_bytes(meta->dim));
    e->low = RK_TAKE(arena, uint8_t, total * rk_low_bytes(meta->dim));
    e->trending = RK_TAKE(arena, float, meta->trending_count ? total : 0);
    e->explore = RK_TAKE(arena, uint32_t, meta->explore_count + count);
    e->clusters = RK_TAKE(arena, uint8_t, meta->clusters ? total : 0);
    e->born = RK_TAKE(arena, uint32_t, timed);
    e->places = RK_TAKE(arena, rk_place, places);
    e->codes = RK_TAKE(arena, uint32_t, places ? meta->place_count + count : 0);
    e->place_items = RK_TAKE(arena, uint32_t, places ? meta->place_count + count : 0);
    e->value_begin = RK_TAKE(arena, uint32_t, attributed + 1);
    e->values = RK_TAKE(arena, uint32_t,
                        (attributed ? base->item_value_begin[e->old] : 0) +
                            (uint64_t)e->items->value_begin[count]);
    e->numbers = RK_TAKE(arena, float, (uint64_t)total * meta->numbers);
    e->rates = RK_TAKE(arena, uint8_t, (uint64_t)total * meta->tasks);
    e->first_stage = RK_TAKE(arena, int8_t, meta->tasks ? total : 0);
}

static void lay_out_scratch(extension *e, rk_arena *arena) {
    e->r = RK_TAKE(arena, float, (uint64_t)e->items->count * e->base->meta.dim);
    e->links = RK_TAKE(arena, link, all_links(e));
    e->link_end = RK_TAKE(arena, uint32_t, e->items->count);
    e->room = RK_TAKE(arena, uint32_t, (uint64_t)e->old + 2);
    e->back = RK_TAKE(arena, uint32_t, all_links(e));
    e->shortlist = RK_TAKE(arena, rk_scored, 2 * COARSE + RK_CONTENT_LINKS);
}

/* ---- names, popularity ---- */

/* to (bytes) = from (old_bytes), tail; either may be absent if it has no bytes. */
static void join(void *to, const void *from, uint64_t old_bytes, const void *tail,
                 uint64_t tail_bytes) {
    if (old_bytes) memcpy(to, from, (size_t)old_bytes);
    if (tail_bytes) memcpy((char *)to + old_bytes, tail, (size_t)tail_bytes);
}

static rk_strings join_strings(const rk_strings *base, uint32_t old, const rk_strings *tail,
                               uint32_t *begin, char *text) {
    const uint32_t bytes = base->count ? base->offsets[old] : 0;
    join(text, base->text, bytes, tail->text, tail->offsets[tail->count]);
    if (base->count)
        memcpy(begin, base->offsets, old * sizeof *begin);
    else
        memset(begin, 0, old * sizeof *begin);
    for (uint32_t i = 0; i <= tail->count; i++) begin[old + i] = bytes + tail->offsets[i];
    return (rk_strings){begin, text, old + tail->count};
}

static void extend_names(const extension *e, rk_snapshot_content *out) {
    const rk_strings ids = rk_new_ids(e->items), titles = rk_new_titles(e->items);
    out->items = join_strings(&e->base->items, e->old, &ids, e->id_begin, e->id_text);
    if (has_titles(e))
        out->titles =
            join_strings(&e->base->titles, e->old, &titles, e->title_begin, e->title_text);
}

/* Into the list, behind the top and behind what is as popular. */
static void list_popular(const extension *e, uint32_t item, rk_snapshot_content *out) {
    uint32_t at = out->meta.popular_count++;
    for (; at > 1 && e->popularity[e->popular[at - 1]] < e->popularity[item]; at--)
        e->popular[at] = e->popular[at - 1];
    e->popular[at] = item;
}

static void extend_popularity(const extension *e, rk_snapshot_content *out) {
    const uint32_t listed = e->base->meta.popular_count;
    const float top = listed ? e->base->popularity[e->base->popular[0]] : 0.0f;
    memcpy(e->popularity, e->base->popularity, e->old * sizeof *e->popularity);
    join(e->popular, e->base->popular, listed * sizeof *e->popular, NULL, 0);
    for (uint32_t i = 0; i < e->items->count; i++) {
        const float popularity = RK_MIN(e->items->boost[i], RK_MAX(0.0f, top));
        e->popularity[e->old + i] = popularity;
        /* A list that ends before all items holds the most popular ones, and so it stays. */
        const bool all = listed == e->old;
        if (listed && (all || popularity >= e->base->popularity[e->base->popular[listed - 1]]))
            list_popular(e, e->old + i, out);
    }
    out->popularity = e->popularity;
    out->popular = e->popular;
}

/* ---- vectors and links ---- */

static void extend_vectors(const extension *e, rk_snapshot_content *out) {
    const rk_snapshot_content *base = e->base;
    const uint32_t dim = base->meta.dim;
    const uint64_t low = rk_low_bytes(dim), block = rk_block_bytes(dim);
    const uint64_t old_blocks = rk_block_count(e->old);
    memcpy(e->factors, base->vector_factors, e->old * sizeof *e->factors);
    memcpy(e->low, base->vector_low, (size_t)(e->old * low));
    memcpy(e->cells, base->vector_cells, (size_t)(old_blocks * block));
    memset(e->cells + old_blocks * block, 0,
           (size_t)((rk_block_count(e->total) - old_blocks) * block));
    for (uint32_t i = 0; i < e->items->count; i++) {
        const uint32_t item = e->old + i;
        uint8_t cells[RK_MAX_DIM];
        rk_vector_encode(e->r + (size_t)i * dim, dim, cells, e->low + item * low,
                         &e->factors[item]);
        rk_cells_put(e->cells, dim, item, cells);
    }
    out->vector_factors = e->factors;
    out->vector_cells = e->cells;
    out->vector_low = e->low;
}

/* The code of a link to an old item: so many octaves below its strongest neighbour. */
static link link_to(const extension *e, uint32_t old, uint32_t octaves) {
    const rk_neighbor_rows *rows = &e->base->neighbors;
    uint32_t strongest = 0;
    for (uint32_t at = rows->offsets[old]; at < rows->offsets[old + 1]; at++)
        strongest = RK_MAX(strongest, rk_neighbor_weight_code(rows->entries[at]));
    if (rows->offsets[old] == rows->offsets[old + 1]) strongest = NO_ROW_CODE + octaves * OCTAVE;
    return (link){old, strongest - RK_MIN(strongest, octaves * OCTAVE)};
}

static uint32_t link_nearest(const extension *e, uint32_t item, link *out) {
    const uint32_t dim = e->base->meta.dim;
    float q[RK_MAX_DIM];
    rk_ann_query query;
    rk_scored *found = e->shortlist + 2 * COARSE;
    bool known = false;
    for (uint32_t d = 0; d < dim; d++) {
        q[d] = e->base->vector_mean[d] + e->r[(size_t)item * dim + d];
        known |= e->r[(size_t)item * dim + d] != 0.0f;
    }
    if (!known) return 0;
    rk_vector_to_unit(q, dim);
    rk_ann_prepare(e->base, q, &query);
    const uint32_t count =
        rk_ann_search(e->base, &query, NULL, e->shortlist, COARSE, found, RK_CONTENT_LINKS);
    uint32_t links = 0;
    for (uint32_t i = 0; i < count; i++)
        if (found[i].score > 0.0f) out[links++] = link_to(e, found[i].item, CONTENT_OCTAVES);
    return links;
}

static void find_links(const extension *e) {
    /* Where no two items were seen together, weights have no scale. */
    const bool any = e->base->neighbors.offsets[e->old] > 0;
    uint32_t at = 0;
    for (uint32_t i = 0; i < e->items->count; i++) {
        const uint32_t begin = e->items->related_begin[i], end = e->items->related_begin[i + 1];
        for (uint32_t k = begin; any && k < end; k++)
            e->links[at++] = link_to(e, e->items->related[k], RELATED_OCTAVES);
        if (any && begin == end) at += link_nearest(e, i, e->links + at);
        e->link_end[i] = at;
    }
}

static bool has_related(const extension *e, uint32_t item) {
    return e->items->related_begin[item] < e->items->related_begin[item + 1];
}

/* Links back by old item, of new items with related ones: entries of old item i from back[room[i]]
 * to back[room[i + 1]]. */
static void sort_links_back(const extension *e) {
    memset(e->room, 0, ((size_t)e->old + 2) * sizeof *e->room);
    for (uint32_t i = 0, k = 0; i < e->items->count; i++)
        for (; k < e->link_end[i]; k++) e->room[e->links[k].old + 2] += has_related(e, i);
    for (uint32_t i = 2; i <= e->old + 1; i++) e->room[i] += e->room[i - 1];
    for (uint32_t i = 0, k = 0; i < e->items->count; i++)
        for (; k < e->link_end[i]; k++)
            if (has_related(e, i))
                e->back[e->room[e->links[k].old + 1]++] =
                    rk_neighbor_entry(e->old + i, e->links[k].code);
}

/* One row under way: strongest first, ties by item, as a file has it. */
typedef struct row {
    uint32_t entries[RK_MAX_NEIGHBORS], count;
} row;

static bool entry_before(uint32_t a, uint32_t b) {
    const uint32_t code_a = rk_neighbor_weight_code(a), code_b = rk_neighbor_weight_code(b);
    return code_a > code_b || (code_a == code_b && rk_neighbor_item(a) < rk_neighbor_item(b));
}

/* A full row loses its last entry to a stronger one. */
static void put_entry(row *to, uint32_t entry) {
    uint32_t at = to->count;
    if (at == RK_MAX_NEIGHBORS) {
        if (!entry_before(entry, to->entries[at - 1])) return;
        at--;
    } else {
        to->count++;
    }
    for (; at > 0 && entry_before(entry, to->entries[at - 1]); at--)
        to->entries[at] = to->entries[at - 1];
    to->entries[at] = entry;
}

static void put_row(const extension *e, uint32_t item, const row *from) {
    const uint32_t core = RK_MIN(from->count, RK_CORE_NEIGHBORS), more = from->count - core;
    memcpy(e->entries + e->rows[item], from->entries, core * sizeof(uint32_t));
    memcpy(e->more_entries + e->more_rows[item], from->entries + core, more * sizeof(uint32_t));
    e->rows[item + 1] = e->rows[item] + core;
    e->more_rows[item + 1] = e->more_rows[item] + more;
}

static void read_row(const rk_neighbor_rows *rows, uint32_t item, row *to) {
    const uint32_t begin = rows->offsets[item], count = rows->offsets[item + 1] - begin;
    if (count) memcpy(to->entries + to->count, rows->entries + begin, count * sizeof(uint32_t));
    to->count += count;
}

static void extend_rows(const extension *e, rk_snapshot_content *out) {
    sort_links_back(e);
    e->rows[0] = e->more_rows[0] = 0;
    for (uint32_t item = 0, k = 0; item < e->total; item++) {
        row entries;
        entries.count = 0;
        if (item < e->old) {
            read_row(&e->base->neighbors, item, &entries);
            read_row(&e->base->neighbors_more, item, &entries);
            for (uint32_t at = e->room[item]; at < e->room[item + 1]; at++)
                put_entry(&entries, e->back[at]);
        } else {
            for (; k < e->link_end[item - e->old]; k++)
                put_entry(&entries, rk_neighbor_entry(e->links[k].old, e->links[k].code));
        }
        put_row(e, item, &entries);
    }
    out->neighbors = (rk_neighbor_rows){e->rows, e->entries};
    out->neighbors_more = (rk_neighbor_rows){e->more_rows, e->more_entries};
}

/* ---- places, ages, attributes, rankers ---- */

/* Among the others by code; behind those of the same code. */
static void add_place(const extension *e, uint32_t item, rk_place place, rk_snapshot_content *out) {
    uint32_t at = out->meta.place_count++;
    const uint32_t code = rk_place_code(place);
    for (; at > 0 && e->codes[at - 1] > code; at--) {
        e->codes[at] = e->codes[at - 1];
        e->place_items[at] = e->place_items[at - 1];
    }
    e->codes[at] = code;
    e->place_items[at] = item;
}

static void extend_places(const extension *e, rk_snapshot_content *out) {
    const uint32_t count = e->items->count, placed = e->base->meta.place_count;
    if (placed == 0) return;
    join(e->places, e->base->place, e->old * sizeof(rk_place), e->items->places,
         count * sizeof(rk_place));
    memcpy(e->codes, e->base->place_code, placed * sizeof *e->codes);
    memcpy(e->place_items, e->base->place_item, placed * sizeof *e->place_items);
    for (uint32_t i = 0; i < count; i++)
        if (rk_has_place(e->items->places[i])) add_place(e, e->old + i, e->items->places[i], out);
    out->place = e->places;
    out->place_code = e->codes;
    out->place_item = e->place_items;
}

static void extend_lists(const extension *e, rk_snapshot_content *out) {
    const uint32_t count = e->items->count, listed = e->base->meta.explore_count;
    join(e->explore, e->base->explore, listed * sizeof *e->explore, NULL, 0);
    for (uint32_t i = 0; i < count; i++) e->explore[listed + i] = e->old + i;
    out->meta.explore_count += count;
    out->explore = e->explore;
    if (out->meta.trending_count) {
        memcpy(e->trending, e->base->trending, e->old * sizeof *e->trending);
        memset(e->trending + e->old, 0, count * sizeof *e->trending);
        out->trending = e->trending;
    }
    if (out->meta.timed_items) {
        join(e->born, e->base->born, e->old * sizeof *e->born, e->items->born,
             count * sizeof *e->born);
        for (uint32_t i = 0; i < count; i++) out->meta.timed_items += e->items->born[i] > 0;
        out->born = e->born;
    }
}

/* That of the item it is linked to most, so that what a bandit knows of a kind is known of it too;
 * the first where nothing is said of it. */
static void extend_clusters(const extension *e, rk_snapshot_content *out) {
    if (out->meta.clusters == 0) return;
    memcpy(e->clusters, e->base->cluster, e->old);
    for (uint32_t i = 0, k = 0; i < e->items->count; i++) {
        const link *best = NULL;
        for (; k < e->link_end[i]; k++)
            if (!best || e->links[k].code > best->code) best = &e->links[k];
        e->clusters[e->old + i] = best ? e->base->cluster[best->old] : 0;
    }
    out->cluster = e->clusters;
}

static void extend_attributes(const extension *e, rk_snapshot_content *out) {
    const uint32_t count = e->items->count, numbers = out->meta.numbers;
    if (out->meta.attributes == 0) return;
    const uint32_t begin = e->base->item_value_begin[e->old];
    memcpy(e->value_begin, e->base->item_value_begin, e->old * sizeof *e->value_begin);
    for (uint32_t i = 0; i <= count; i++)
        e->value_begin[e->old + i] = begin + e->items->value_begin[i];
    join(e->values, e->base->item_value, begin * sizeof *e->values, e->items->values,
         e->items->value_begin[count] * sizeof *e->values);
    join(e->numbers, e->base->item_number, (uint64_t)e->old * numbers * sizeof(float),
         e->items->numbers, (uint64_t)count * numbers * sizeof(float));
    out->item_value_begin = e->value_begin;
    out->item_value = e->values;
    out->item_number = e->numbers;
}

static void extend_rankers(const extension *e, rk_snapshot_content *out) {
    const size_t tasks = out->meta.tasks, count = e->items->count;
    if (tasks == 0) return;
    memcpy(e->rates, e->base->task_rate, e->old * tasks);
    memset(e->rates + e->old * tasks, RK_NO_RATE, count * tasks);
    memcpy(e->first_stage, e->base->rank_item, e->old);
    memset(e->first_stage + e->old, 0, count);
    out->task_rate = e->rates;
    out->rank_item = e->first_stage;
}

void rk_content_extend(const rk_snapshot_content *snapshot, const rk_new_items *items,
                       rk_arena *arena, rk_snapshot_content *out, uint64_t *scratch) {
    assert(snapshot->added == 0);
    extension e = {.base = snapshot, .items = items, .old = snapshot->meta.items};
    e.total = e.old + items->count;
    lay_out(&e, arena);
    const uint64_t kept = arena->used;
    lay_out_scratch(&e, arena);
    rk_new_vectors(snapshot, items, arena, e.r);
    *scratch = arena->used - kept;
    if (!arena->memory) return;
    assert(!arena->exhausted);
    *out = *snapshot;
    out->meta.items = e.total;
    out->added = items->count;
    extend_names(&e, out);
    extend_popularity(&e, out);
    extend_vectors(&e, out);
    find_links(&e);
    extend_rows(&e, out);
    extend_places(&e, out);
    extend_lists(&e, out);
    extend_clusters(&e, out);
    extend_attributes(&e, out);
    extend_rankers(&e, out);
}
