/* New items in a running engine: the extended content is a valid snapshot, old answers stay bit for
 * bit, and a new item is in every source from the first second. Bad ones are refused. */
#include "file_builder.h"
#include "random_request.h"

#include "model/content_features.h"
#include "model/new_vectors.h"
#include "model/vectors.h"

#include <math.h>

enum { ITEMS = 300, NEW = 37, DIM = 16, MOST_VALUES = 8, MOST_LINKS = 12 };

static const char *const words[] = {"red", "wine", "glass", "the", "lamp", "Blue"};
enum { WORDS = 6 };

static rk_memory memory;
static rk_snapshot_content content;

/* Titles of one to four words; some items have none. */
static rk_strings random_titles(rk_rng *rng, uint32_t count) {
    uint32_t *offsets = TAKE(&memory, uint32_t, (uint64_t)count + 1);
    char *text = TAKE(&memory, char, (uint64_t)count * 32 + 1);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = offsets[i];
        for (uint32_t w = rk_rng_below(rng, 5); w > 0; w--)
            at += (uint32_t)sprintf(text + at, "%s ", words[rk_rng_below(rng, WORDS)]);
        offsets[i + 1] = at;
    }
    return (rk_strings){offsets, text, count};
}

static rk_snapshot_content make_content(bool all_parts, bool titles, uint64_t seed) {
    rk_rng rng = rk_rng_at(seed, 77);
    /* No whole number of blocks. */
    snapshot_shape shape = {
        .items = ITEMS, .dim = DIM, .neighbors = 20, .popular_rows = 90, .seed = seed};
    if (all_parts) shape = with_all_parts(shape);
    rk_snapshot_content made = make_random_snapshot(shape, &memory);
    if (titles) made.titles = random_titles(&rng, ITEMS);
    return made;
}

/* Ids that sort behind those of the snapshot, so that all of them together are a file's. */
static rk_new_items make_new_items(const rk_snapshot_content *base, uint64_t seed) {
    rk_rng rng = rk_rng_at(seed, 78);
    const rk_strings ids = numbered_strings("late-", NEW, &memory);
    const rk_strings titles = random_titles(&rng, NEW);
    uint32_t *value_begin = TAKE(&memory, uint32_t, NEW + 1);
    uint32_t *values = TAKE(&memory, uint32_t, NEW * MOST_VALUES);
    uint32_t *related_begin = TAKE(&memory, uint32_t, NEW + 1);
    uint32_t *related = TAKE(&memory, uint32_t, NEW * MOST_LINKS);
    float *numbers = TAKE(&memory, float, (uint64_t)NEW *(base->meta.numbers + 1));
    float *boost = TAKE(&memory, float, NEW);
    rk_place *places = TAKE(&memory, rk_place, NEW);
    uint32_t *born = TAKE(&memory, uint32_t, NEW);
    for (uint32_t i = 0; i < NEW; i++) {
        uint32_t at = value_begin[i], to = related_begin[i];
        for (uint32_t a = 0; a < base->meta.attributes; a++) {
            const uint32_t first = base->attribute_first[a];
            const uint32_t count = base->attribute_first[a + 1] - first;
            if (count > 0 && rk_rng_below(&rng, 2) == 0)
                values[at++] = first + rk_rng_below(&rng, count);
        }
        value_begin[i + 1] = at;
        if (i % 3 == 0)
            for (uint32_t item = rk_rng_below(&rng, 40);
                 item < ITEMS && to < related_begin[i] + MOST_LINKS;
                 item += 1 + rk_rng_below(&rng, 40))
                related[to++] = item;
        related_begin[i + 1] = to;
        for (uint32_t k = 0; k < base->meta.numbers; k++)
            numbers[i * base->meta.numbers + k] =
                rk_rng_below(&rng, 3) ? rk_rng_normal(&rng) : RK_NO_NUMBER;
        boost[i] = i % 4 ? 0.0f : 1e4f * rk_rng_f32(&rng) * rk_rng_f32(&rng);
        places[i] = (rk_place){RK_NO_PLACE, RK_NO_PLACE};
        if (i % 5 && base->meta.place_count) places[i] = random_place(&rng);
        born[i] = base->meta.timed_items && i % 2 ? (uint32_t)(RANDOM_NOW_MS / 60000) - i : 0;
    }
    return (rk_new_items){.id_begin = ids.offsets,
                          .id_text = ids.text,
                          .title_begin = titles.offsets,
                          .title_text = titles.text,
                          .value_begin = value_begin,
                          .values = values,
                          .numbers = numbers,
                          .related_begin = related_begin,
                          .related = related,
                          .boost = boost,
                          .places = places,
                          .born = born,
                          .count = NEW};
}

/* In memory of exactly the size that was measured, full of rubbish before. */
static rk_engine *add(const rk_engine *base, const rk_new_items *items) {
    uint64_t bytes;
    rk_engine *extended;
    rk_error error;
    assert_int_equal(rk_items_measure(base, items, &bytes, &error), RK_OK);
    void *room = take_or_abort(&memory, bytes, 1);
    memset(room, 0xA5, (size_t)bytes);
    assert_int_equal(rk_items_add(base, items, room, bytes - 1, &extended, &error),
                     RK_OUT_OF_MEMORY);
    assert_int_equal(rk_items_add(base, items, room, bytes, &extended, &error), RK_OK);
    return extended;
}

/* ---- what it is ---- */

static void check_file(const rk_snapshot_content *extended) {
    rk_snapshot_view view;
    rk_error error;
    built_file file = write_snapshot(extended);
    assert_int_equal(rk_snapshot_open(file.bytes, file.size, &view, &error), RK_OK);
    if (rk_snapshot_verify(&view, &error) != RK_OK)
        fail_msg("%s at %llu: %s", error.section, (unsigned long long)error.offset, error.detail);
    free(file.bytes);
}

static bool same_row(const rk_strings *a, uint32_t row_a, const rk_strings *b, uint32_t row_b) {
    const char *text_a, *text_b;
    const uint32_t bytes = rk_strings_get(a, row_a, &text_a);
    return bytes == rk_strings_get(b, row_b, &text_b) && memcmp(text_a, text_b, bytes) == 0;
}

static void check_item(const rk_engine *engine, const rk_new_items *items, uint32_t i) {
    const rk_snapshot_content *all = rk_engine_content(engine);
    const uint32_t item = ITEMS + i;
    const rk_strings ids = rk_new_ids(items), titles = rk_new_titles(items);
    const char *id;
    const uint32_t id_bytes = rk_strings_get(&ids, i, &id);
    assert_int_equal(rk_item_find(engine, id, id_bytes), item);
    assert_int_equal(rk_item_find(engine, id, id_bytes - 1), RK_NONE);
    assert_true(same_row(&all->items, item, &ids, i));
    assert_true(same_row(&all->titles, item, &titles, i));
    uint32_t at = items->value_begin[i];
    for (uint32_t a = 0; a < all->meta.attributes; a++) {
        const uint32_t *values;
        float number = RK_NO_NUMBER;
        for (uint32_t n = rk_item_values(engine, item, a, &values); n > 0; n--)
            assert_int_equal(*values++, items->values[at++]);
        rk_item_number(engine, item, a, &number);
        if (all->attribute_kind[a] == RK_ATTRIBUTE_NUMBER && all->meta.numbers == 1)
            assert_true(number == items->numbers[i]);
    }
    assert_int_equal(at, items->value_begin[i + 1]);
    const float top = content.popularity[content.popular[0]];
    assert_true(all->popularity[item] == fminf(items->boost[i], top));
    assert_true(all->place[item].latitude == items->places[i].latitude);
    assert_int_equal(all->born[item], items->born[i]);
    bool akin = items->related_begin[i] == items->related_begin[i + 1];
    for (uint32_t k = items->related_begin[i]; k < items->related_begin[i + 1]; k++)
        akin |= all->cluster[item] == all->cluster[items->related[k]];
    assert_true(akin && all->cluster[item] < all->meta.clusters);
    for (uint32_t t = 0; t < all->meta.tasks; t++)
        assert_int_equal(all->task_rate[item * all->meta.tasks + t], RK_NO_RATE);
    for (uint32_t k = items->related_begin[i]; k < items->related_begin[i + 1]; k++) {
        assert_true(rk_neighbor_strength(all, item, items->related[k]) > 0);
        assert_true(rk_neighbor_strength(all, items->related[k], item) > 0);
    }
}

static void extended_content_is_a_snapshot(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    content = make_content(true, true, seed);
    const rk_new_items items = make_new_items(&content, seed);
    const rk_engine *engine = add(engine_over(&content, &memory), &items);
    const rk_snapshot_content *all = rk_engine_content(engine);
    check_file(all);
    for (uint32_t i = 0; i < NEW; i++) check_item(engine, &items, i);
    assert_int_equal(all->meta.explore_count, content.meta.explore_count + NEW);
    /* The list is what a sort of all would have, as far as it goes, but for the top's place. */
    float last = all->popularity[all->popular[0]];
    for (uint32_t i = 1; i < all->meta.popular_count; i++) {
        assert_true(all->popularity[all->popular[i]] <= last);
        last = all->popularity[all->popular[i]];
    }
    uint32_t above = 0;
    for (uint32_t item = 0; item < all->meta.items; item++) above += all->popularity[item] > last;
    assert_true(above <= all->meta.popular_count);
    rk_description d;
    rk_engine_describe(engine, &d);
    assert_int_equal(d.items, ITEMS + NEW);
    rk_memory_free(&memory);
}

/* Snapshots without titles, places, times, attributes and rankers take new items all the same. */
static void a_bare_snapshot_is_extended(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    content = make_content(false, false, seed);
    rk_new_items items = make_new_items(&content, seed);
    check_file(rk_engine_content(add(engine_over(&content, &memory), &items)));
    /* Nor has anybody been seen with anybody. */
    const uint32_t *none = TAKE(&memory, uint32_t, ITEMS + 1);
    content.neighbors.offsets = content.neighbors_more.offsets = none;
    items.title_text = "", items.title_begin = TAKE(&memory, uint32_t, NEW + 1);
    const rk_engine *lone = add(engine_over(&content, &memory), &items);
    assert_int_equal(rk_engine_content(lone)->neighbors.offsets[ITEMS + NEW], 0);
    assert_int_equal(rk_engine_content(lone)->titles.count, 0);
    check_file(rk_engine_content(lone));
    rk_memory_free(&memory);
}

/* ---- vectors ---- */

static void naive_features(const rk_snapshot_content *base, const uint32_t *values, uint32_t count,
                           const rk_strings *names, uint32_t row, uint64_t *out, uint32_t *found) {
    (void)base;
    const char *name;
    const uint32_t bytes = rk_strings_get(names, row, &name);
    uint64_t raw[64];
    const uint32_t n = rk_text_features(name, bytes, raw, 64);
    *found = 0;
    for (uint32_t i = 0; i < count; i++) out[(*found)++] = values[i];
    for (uint32_t i = 0; i < n; i++) {
        bool again = false;
        for (uint32_t k = 0; k < *found; k++) again |= out[k] == raw[i];
        if (!again) out[(*found)++] = raw[i];
    }
}

static void naive_vector(const rk_snapshot_content *base, const rk_new_items *items, uint32_t i,
                         double r[DIM]) {
    const rk_strings titles = rk_new_titles(items);
    uint64_t own[128], other[128];
    uint32_t own_count, other_count, told = 0;
    memset(r, 0, DIM * sizeof *r);
    naive_features(base, items->values + items->value_begin[i],
                   items->value_begin[i + 1] - items->value_begin[i], &titles, i, own, &own_count);
    for (uint32_t f = 0; f < own_count; f++) {
        double sum[DIM] = {0}, n = 0.0;
        for (uint32_t item = 0; item < ITEMS; item++) {
            const uint32_t begin = base->item_value_begin[item];
            naive_features(base, base->item_value + begin, base->item_value_begin[item + 1] - begin,
                           &base->titles, item, other, &other_count);
            bool has = false;
            for (uint32_t k = 0; k < other_count; k++) has |= other[k] == own[f];
            if (!has || !(base->vector_factors[item].decode > 0.0f)) continue;
            int16_t v[DIM];
            rk_vector_decode_i16(base, item, v);
            n += 1.0;
            for (uint32_t d = 0; d < DIM; d++)
                sum[d] += (double)base->vector_factors[item].decode * v[d];
        }
        if (n == 0.0) continue;
        told++;
        for (uint32_t d = 0; d < DIM; d++) r[d] += sum[d] / (n + 3.0);
    }
    for (uint32_t d = 0; d < DIM && told; d++) r[d] /= sqrt((double)told);
    const uint32_t begin = items->related_begin[i], end = items->related_begin[i + 1];
    double mean[DIM] = {0}, known = 0.0;
    for (uint32_t k = begin; k < end; k++) {
        int16_t v[DIM];
        const float scale = base->vector_factors[items->related[k]].decode;
        rk_vector_decode_i16(base, items->related[k], v);
        known += scale > 0.0f;
        for (uint32_t d = 0; d < DIM; d++) mean[d] += (double)scale * v[d];
    }
    for (uint32_t d = 0; d < DIM && known > 0.0; d++)
        r[d] = told ? 0.5 * r[d] + 0.5 * mean[d] / known : mean[d] / known;
    double length = 0.0, centre = 0.0;
    for (uint32_t d = 0; d < DIM; d++) {
        length += r[d] * r[d];
        centre += (double)base->vector_mean[d] * (double)base->vector_mean[d];
    }
    const double most = sqrt(1.0 - centre);
    for (uint32_t d = 0; d < DIM && sqrt(length) > most; d++) r[d] *= most / sqrt(length);
}

static void vectors_are_what_the_naive_sums_say(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    content = make_content(true, true, seed);
    const rk_new_items items = make_new_items(&content, seed);
    rk_arena measuring = rk_arena_measuring();
    rk_new_vectors(&content, &items, &measuring, NULL);
    rk_arena arena = rk_arena_over(take_or_abort(&memory, measuring.used, 1), measuring.used);
    float *r = TAKE(&memory, float, NEW *DIM);
    rk_new_vectors(&content, &items, &arena, r);
    assert_false(arena.exhausted);
    uint32_t known = 0;
    for (uint32_t i = 0; i < NEW; i++) {
        double expected[DIM];
        naive_vector(&content, &items, i, expected);
        for (uint32_t d = 0; d < DIM; d++) {
            if (fabs((double)r[i * DIM + d] - expected[d]) > 1e-5)
                fail_msg("item %u, %u: %g, expected %g", i, d, (double)r[i * DIM + d], expected[d]);
            known += r[i * DIM + d] != 0.0f;
        }
    }
    assert_true(known > NEW * DIM / 2);
    rk_memory_free(&memory);
}

/* ---- answers ---- */

/* Requests that no new item can be in. `explore` walks through a longer list and stays out; so does
 * `nearby` where new items have places, since its rings go as far as places are enough. */
static void old_answers_stay(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    rk_rng rng = rk_rng_at(seed, 79);
    static random_request asked;
    static uint32_t excluded[RK_MAX_SESSION + NEW];
    static answer before, after;
    uint32_t answered = 0;
    for (uint32_t round = 0; round < 2; round++) {
        content = make_content(true, round == 0, seed + round);
        rk_new_items items = make_new_items(&content, seed + round);
        rk_place *nowhere = TAKE(&memory, rk_place, NEW);
        for (uint32_t k = 0; k < NEW; k++) nowhere[k] = (rk_place){RK_NO_PLACE, RK_NO_PLACE};
        if (round == 0) items.places = nowhere;
        rk_engine *base = engine_over(&content, &memory), *extended = add(base, &items);
        for (uint32_t i = 0; i < 300; i++) {
            make_request(&rng, &content, REQUEST_ANY, &asked);
            rk_request *request = &asked.request;
            if (!(request->flags & RK_REQUEST_SOURCE_QUOTAS)) {
                for (uint32_t s = 0; s < RK_SOURCE_SLOTS; s++)
                    request->source_quotas[s] = content.sources[s].quota;
                request->flags |= RK_REQUEST_SOURCE_QUOTAS;
            }
            if (!(request->flags & RK_REQUEST_SOURCE_WEIGHTS)) {
                for (uint32_t s = 0; s < RK_SOURCE_SLOTS; s++)
                    request->source_weights[s] = content.sources[s].weight;
                request->flags |= RK_REQUEST_SOURCE_WEIGHTS;
            }
            request->source_quotas[RK_SOURCE_EXPLORE] = 0;
            request->source_weights[RK_SOURCE_EXPLORE] = 0.0f;
            if (round == 1) request->source_quotas[RK_SOURCE_NEARBY] = 0;
            ask(base, request, &before);
            uint32_t count = request->exclude_count;
            memcpy(excluded, asked.exclude, count * sizeof *excluded);
            for (uint32_t k = 0; k < NEW; k++) excluded[count++] = ITEMS + k;
            request->exclude = excluded;
            request->exclude_count = count;
            ask(extended, request, &after);
            assert_int_equal(before.found, after.found);
            for (uint32_t k = 0; k < before.found; k++) {
                /* What `explore` would say of an item is of the longer walk. */
                before.list[k].source_score[RK_SOURCE_EXPLORE] = 0.0f;
                after.list[k].source_score[RK_SOURCE_EXPLORE] = 0.0f;
            }
            check_same_answer(&before, &after);
            answered += before.found;
        }
        rk_memory_free(&memory);
    }
    assert_true(answered > 1000);
}

static bool lists(const answer *list, uint32_t item, uint32_t *at) {
    for (*at = 0; *at < list->found; ++*at)
        if (list->list[*at].item == item) return true;
    return false;
}

static void only(uint32_t source, rk_request *request) {
    request->flags |= RK_REQUEST_SOURCE_QUOTAS | RK_REQUEST_SOURCE_WEIGHTS;
    for (uint32_t s = 0; s < RK_SOURCE_SLOTS; s++) {
        request->source_quotas[s] = s == source ? 400 : 0;
        request->source_weights[s] = s == source;
    }
}

static void a_new_item_is_in_every_source(void **state) {
    (void)state;
    static answer found;
    const uint64_t seed = test_seed();
    uint32_t at;
    rk_error error;
    content = make_content(true, true, seed);
    rk_new_items items = make_new_items(&content, seed);
    float *boost = TAKE(&memory, float, NEW);
    boost[3] = 1e10f;
    items.boost = boost;
    rk_place *places = TAKE(&memory, rk_place, NEW);
    memcpy(places, items.places, NEW * sizeof *places);
    places[3] = (rk_place){12.0f, 34.0f};
    items.places = places;
    rk_engine *engine = add(engine_over(&content, &memory), &items);
    const uint32_t linked = ITEMS + 3; /* 3 % 3 == 0: it has related items */
    rk_event event = {.item = items.related[items.related_begin[3]], .type = TYPE_LIKE};
    rk_request request = {.session = &event, .session_count = 1, .count = 400};
    const uint32_t sources[] = {RK_SOURCE_POPULAR, RK_SOURCE_SIMILAR, RK_SOURCE_SESSION,
                                RK_SOURCE_NEARBY, RK_SOURCE_EXPLORE};
    request.flags = RK_REQUEST_LOCATION;
    request.latitude = 12.0f, request.longitude = 34.0f;
    for (uint32_t s = 0; s < 5; s++) {
        only(sources[s], &request);
        ask(engine, &request, &found);
        if (!lists(&found, linked, &at)) fail_msg("not in %s", rk_source_name(sources[s]));
        assert_true(found.list[at].sources & 1u << sources[s]);
        assert_true(found.list[at].flags & RK_ESTIMATED);
        if (sources[s] == RK_SOURCE_POPULAR)
            assert_true(found.list[at].source_score[RK_SOURCE_POPULAR] == 1.0f);
    }
    /* As a seed, with links and without. */
    for (uint32_t item = ITEMS; item < ITEMS + 6; item++) {
        assert_int_equal(rk_similar(engine, item, 20, found.list, &found.found, &error), RK_OK);
        assert_true(found.found > 0);
        assert_true(found.list[0].because == item);
        assert_false(lists(&found, item, &at));
    }
    rk_memory_free(&memory);
}

/* ---- refusals ---- */

static void refused(const rk_engine *engine, const rk_new_items *items, const char *section,
                    uint64_t offset, rk_status status) {
    rk_error error;
    uint64_t bytes;
    rk_engine *unused;
    assert_int_equal(rk_items_measure(engine, items, &bytes, &error), status);
    assert_string_equal(error.section, section);
    assert_int_equal(error.offset, offset);
    assert_int_equal(rk_items_add(engine, items, NULL, 0, &unused, &error), status);
}

static void bad_items_are_refused(void **state) {
    (void)state;
    content = make_content(true, true, 5);
    const rk_engine *engine = engine_over(&content, &memory);
    const rk_new_items good = make_new_items(&content, 5);
    rk_new_items bad = good;
#define REFUSED(field, type, count, at, value, section, offset)                                    \
    do {                                                                                           \
        type *copy = TAKE(&memory, type, count);                                                   \
        memcpy(copy, good.field, (count) * sizeof *copy);                                          \
        copy[at] = (value);                                                                        \
        bad = good, bad.field = copy;                                                              \
        refused(engine, &bad, section, offset, RK_BAD_ARGUMENT);                                   \
    } while (0)
    bad.count = 0;
    refused(engine, &bad, "items", 0, RK_TOO_LARGE);
    bad.count = RK_MAX_NEW_ITEMS + 1;
    refused(engine, &bad, "items", 0, RK_TOO_LARGE);
    REFUSED(id_begin, uint32_t, NEW + 1, 0, 1, "ids", 0);
    REFUSED(id_begin, uint32_t, NEW + 1, 4, 0, "ids", 3);
    REFUSED(id_text, char, good.id_begin[NEW], good.id_begin[2], '\xff', "ids", 2);
    REFUSED(id_text, char, good.id_begin[NEW], good.id_begin[2], 'a', "ids", 2);
    REFUSED(title_text, char, good.title_begin[NEW], 0, '\xff', "titles",
            good.title_begin[1]   ? 0u
            : good.title_begin[2] ? 1u
                                  : 2u);
    const uint32_t last = good.value_begin[NEW] - 1;
    uint32_t owner = 0;
    while (good.value_begin[owner + 1] <= last) owner++;
    REFUSED(values, uint32_t, last + 1, last, content.meta.attribute_values, "values", owner);
    REFUSED(numbers, float, NEW *content.meta.numbers, 2 * content.meta.numbers, NAN, "numbers", 2);
    REFUSED(related, uint32_t, good.related_begin[NEW], 0, ITEMS, "related", 0);
    REFUSED(related, uint32_t, good.related_begin[NEW], 1, good.related[0], "related", 0);
    const float numbers[] = {-1.0f, NAN, INFINITY};
    for (uint32_t k = 0; k < 3; k++) REFUSED(boost, float, NEW, 7, numbers[k], "boost", 7);
    REFUSED(places, rk_place, NEW, 7, ((rk_place){91.0f, 0.0f}), "places", 7);
    REFUSED(places, rk_place, NEW, 7, ((rk_place){RK_NO_PLACE, 0.0f}), "places", 7);
    /* An id that the snapshot has. */
    const rk_strings known = {content.items.offsets, content.items.text, 1};
    bad = good, bad.count = 1, bad.id_begin = known.offsets, bad.id_text = known.text;
    refused(engine, &bad, "ids", 0, RK_BAD_ARGUMENT);
    /* Two of a category. */
    uint32_t category = 0;
    while (content.attribute_kind[category] != RK_ATTRIBUTE_CATEGORY) category++;
    const uint32_t two[] = {content.attribute_first[category],
                            content.attribute_first[category] + 1},
                   begins[] = {0, 2};
    bad = good, bad.count = 1, bad.values = two, bad.value_begin = begins;
    refused(engine, &bad, "values", 0, RK_BAD_ARGUMENT);
    uint64_t bytes;
    rk_error error;
    assert_int_equal(rk_items_measure(engine, &good, &bytes, &error), RK_OK);
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extended_content_is_a_snapshot),
        cmocka_unit_test(a_bare_snapshot_is_extended),
        cmocka_unit_test(vectors_are_what_the_naive_sums_say),
        cmocka_unit_test(old_answers_stay),
        cmocka_unit_test(a_new_item_is_in_every_source),
        cmocka_unit_test(bad_items_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
