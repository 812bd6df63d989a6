/* The engine behind reckon.h: opening, look-ups, what a request may be, and what an answer is. */
#include "file_builder.h"
#include "random_request.h"

#include "base/topk.h"

enum { ITEMS = 300 };

static rk_memory memory;
static rk_snapshot_content content;
static rk_engine *engine;
static answer given, again;

static int make_engine(void **state) {
    (void)state;
    const snapshot_shape shape = {
        .items = ITEMS, .dim = 16, .neighbors = 20, .popular_rows = 90, .seed = 3};
    content = make_random_snapshot(with_all_parts(shape), &memory);
    engine = engine_over(&content, &memory);
    return 0;
}

static int free_engine(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

/* ---- opening and look-ups, over a file ---- */

typedef struct opened {
    built_file file;
    void *scratch;
    uint64_t scratch_bytes;
    rk_engine *engine;
} opened;

static opened open_file(built_file file) {
    opened o = {.file = file};
    rk_error error;
    assert_int_equal(rk_engine_measure(file.bytes, file.size, &o.scratch_bytes, &error), RK_OK);
    o.scratch = aligned_alloc(64, (size_t)(o.scratch_bytes + 63) / 64 * 64);
    assert_non_null(o.scratch);
    assert_int_equal(
        rk_engine_open(file.bytes, file.size, o.scratch, o.scratch_bytes, &o.engine, &error),
        RK_OK);
    return o;
}

static void close_file(opened *o) {
    free(o->scratch);
    free(o->file.bytes);
}

static void a_snapshot_describes_itself(void **state) {
    (void)state;
    opened o = open_file(build_snapshot());
    const rk_file_header *header = (const void *)o.file.bytes;
    rk_description d;
    memset(&d, 0x77, sizeof d);
    rk_engine_describe(o.engine, &d);
    assert_memory_equal(d.content_id, header->content_id, sizeof d.content_id);
    assert_string_equal(d.region, "eu-north");
    assert_int_equal(d.file_bytes, o.file.size);
    assert_int_equal(d.created_at_ms, 1700000000456);
    assert_int_equal(d.stats_through_ms, 1700000000123);
    assert_int_equal(d.events, 1000);
    assert_int_equal(d.sessions, 77);
    assert_true(d.seed == 0x0123456789ABCDEF);
    assert_int_equal(d.items, SMALL_ITEMS);
    assert_int_equal(d.types, SMALL_TYPES);
    assert_int_equal(d.dim, SMALL_DIM);
    assert_int_equal(d.time_kind, 2);
    assert_int_equal(d.part_bytes[0] + d.part_bytes[1] + d.part_bytes[2], o.file.size);
    assert_int_equal(d.part_bytes[0], section_offset(&o.file, "nbr2.off"));
    assert_int_equal(d.part_bytes[1],
                     section_offset(&o.file, "name.off") - section_offset(&o.file, "nbr2.off"));
    assert_int_equal(d.part_bytes[3], 0);
    close_file(&o);
}

static void texts_and_numbers_find_each_other(void **state) {
    (void)state;
    opened o = open_file(build_snapshot());
    const char *text;
    for (uint32_t item = 0; item < SMALL_ITEMS; item++) {
        const uint32_t bytes = rk_item_id(o.engine, item, &text);
        assert_int_equal(rk_item_find(o.engine, text, bytes), item);
        const uint32_t title_bytes = rk_item_title(o.engine, item, &text);
        if (item % 2 == 1 && item < SMALL_ITEMS - 1) assert_int_equal(title_bytes, 0);
    }
    assert_int_equal(rk_item_title(o.engine, 0, &text), 7);
    assert_memory_equal(text, "Title 0", 7);
    assert_int_equal(rk_item_find(o.engine, "item-0", 6), RK_NONE);
    assert_int_equal(rk_item_find(o.engine, "", 0), RK_NONE);
    assert_int_equal(rk_event_find(o.engine, "like", 4), 1);
    assert_int_equal(rk_event_find(o.engine, "likes", 5), RK_NONE);
    assert_int_equal(rk_event_name(o.engine, 2, &text), 4);
    assert_memory_equal(text, "hide", 4);
    assert_int_equal(rk_report(o.engine, &text), sizeof small_report - 1);
    assert_memory_equal(text, small_report, sizeof small_report - 1);
    close_file(&o);
}

static void without_titles_and_report(void **state) {
    (void)state;
    small_snapshot *small = make_small_snapshot();
    small->content.titles = (rk_strings){0};
    small->content.report = NULL;
    small->content.report_bytes = 0;
    opened o = open_file(write_snapshot(&small->content));
    free(small);
    const char *text;
    assert_int_equal(rk_item_title(o.engine, 3, &text), 0);
    assert_int_equal(rk_report(o.engine, &text), 0);
    close_file(&o);
}

static void opening_refuses(void **state) {
    (void)state;
    built_file file = build_snapshot();
    rk_engine *out;
    rk_error error;
    uint64_t bytes;
    assert_int_equal(rk_engine_measure(file.bytes, file.size, &bytes, &error), RK_OK);
    unsigned char *scratch = aligned_alloc(64, (size_t)(bytes + 127) / 64 * 64);
    assert_int_equal(rk_engine_open(file.bytes, file.size, scratch + 8, bytes, &out, &error),
                     RK_MISALIGNED);
    assert_int_equal(rk_engine_open(file.bytes, file.size, scratch, bytes - 1, &out, &error),
                     RK_OUT_OF_MEMORY);
    assert_int_equal(error.status, RK_OUT_OF_MEMORY);
    assert_int_equal(rk_engine_open(file.bytes, file.size - 1, scratch, bytes, &out, &error),
                     RK_TRUNCATED);
    assert_int_equal(rk_engine_measure(file.bytes, 64, &bytes, &error), RK_TRUNCATED);
    file.bytes[section_offset(&file, "pop")] ^= 1;
    assert_int_equal(rk_engine_open(file.bytes, file.size, scratch, bytes, &out, &error),
                     RK_SECTION_CHECKSUM);
    assert_string_equal(error.section, "pop");
    free(scratch);
    free(file.bytes);
}

/* FORMAT.md lets `pop.top` be empty. The answer then comes from the other sources. */
static void a_file_without_popular_items_answers(void **state) {
    (void)state;
    small_snapshot *small = make_bare_snapshot();
    small->content.meta.popular_count = 0;
    opened o = open_file(write_snapshot(&small->content));
    free(small);
    rk_request request = {.count = 10};
    ask(o.engine, &request, &given);
    assert_int_equal(given.found, 0);
    assert_non_null(rk_source_unavailable(o.engine, &request, RK_SOURCE_POPULAR));
    const rk_event seed = {.item = 4, .type = 1};
    request.session = &seed;
    request.session_count = 1;
    ask(o.engine, &request, &given);
    assert_int_equal(given.found, 10);
    for (uint32_t i = 0; i < given.found; i++) assert_int_equal(given.list[i].sources & 1, 0);
    close_file(&o);
}

/* ---- what a request may be ---- */

static void refuse_request(const rk_request *request, uint64_t offset, const char *detail) {
    rk_error error = {0};
    uint32_t found = 99;
    assert_int_equal(rk_recommend(engine, request, given.list, &found, &error), RK_BAD_ARGUMENT);
    assert_int_equal(found, 0);
    assert_int_equal(error.status, RK_BAD_ARGUMENT);
    assert_string_equal(error.section, "");
    assert_int_equal(error.offset, offset);
    if (strstr(error.detail, detail) == NULL) fail_msg("\"%s\", not: %s", error.detail, detail);
    assert_int_equal(rk_recommend(engine, request, given.list, &found, NULL), RK_BAD_ARGUMENT);
}

static void refuse_places(rk_request request) {
    const float nan = __builtin_nanf("");
    const rk_place wrong[] = {{90.001f, 0.0f}, {-91.0f, 0.0f},  {nan, 0.0f},
                              {0.0f, 180.01f}, {0.0f, -181.0f}, {0.0f, nan}};
    for (uint32_t i = 0; i < 6; i++) {
        request.latitude = wrong[i].latitude;
        request.longitude = wrong[i].longitude;
        request.flags = 0;
        ask(engine, &request, &given); // nobody reads them
        request.flags = RK_REQUEST_LOCATION;
        refuse_request(&request, 0, i < 3 ? "latitude" : "longitude");
    }
    request.latitude = -90.0f;
    request.longitude = 180.0f;
    ask(engine, &request, &given);
}

static void refuse_features(rk_request request) {
    uint32_t features[RK_MAX_USER_FEATURES + 1] = {0};
    request.features = features;
    request.feature_count = RK_MAX_USER_FEATURES + 1;
    refuse_request(&request, 0, "user features 17");
    request.feature_count = 3;
    ask(engine, &request, &given);
    features[2] = RANDOM_FEATURE_ROWS;
    refuse_request(&request, 2, "user feature 32");
    features[2] = RK_NONE; // what rk_user_feature says of a name that is none
    refuse_request(&request, 2, "user feature 4294967295");
    assert_string_equal(rk_source_unavailable(engine, &request, RK_SOURCE_USER),
                        "the request is not valid");
}

static void bad_arguments_are_refused(void **state) {
    (void)state;
    static rk_event session[RK_MAX_SESSION + 1];
    uint32_t exclude[3] = {1, 2, 3};
    const rk_request good = {
        .session = session, .session_count = 3, .exclude = exclude, .exclude_count = 3, .count = 5};
    ask(engine, &good, &given);
    rk_request bad = good;
    bad.count = 0;
    refuse_request(&bad, 0, "count 0");
    bad.count = RK_MAX_COUNT + 1;
    refuse_request(&bad, 0, "count 1001");
    bad = good;
    bad.session_count = RK_MAX_SESSION + 1;
    refuse_request(&bad, 0, "session events 1025");
    bad = good;
    session[1].item = ITEMS;
    refuse_request(&bad, 1, "item 300");
    session[1].item = RK_NONE;
    refuse_request(&bad, 1, "item 4294967295");
    session[1].item = 0;
    session[2].type = TYPE_COUNT;
    refuse_request(&bad, 2, "event 4");
    session[2].type = 0;
    exclude[2] = ITEMS;
    refuse_request(&bad, 2, "excluded item 300");
    exclude[2] = 0;
    const uint32_t seen[2] = {1, ITEMS};
    bad.seen = seen;
    bad.seen_count = 2;
    refuse_request(&bad, 1, "seen item 300");
    bad.seen_count = 1;
    bad.flags = RK_REQUEST_SOURCE_WEIGHTS | RK_REQUEST_SOURCE_QUOTAS;
    static const float weights[] = {1.0001e6f, -1.0001e6f, __builtin_inff(), -__builtin_inff(),
                                    __builtin_nanf("")};
    for (uint32_t i = 0; i < 5; i++) {
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            bad.source_weights[s] = weights[i];
            refuse_request(&bad, s, "weight");
            bad.source_weights[s] = 1e6f;
        }
    }
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        bad.source_quotas[s] = 1001;
        refuse_request(&bad, s, "source quota 1001");
        bad.source_quotas[s] = 1000;
    }
    ask(engine, &bad, &given); // the extremes are allowed
    refuse_places(good);
    refuse_features(good);
    bad.source_weights[0] = __builtin_nanf("");
    bad.source_quotas[1] = UINT32_MAX;
    bad.flags = 0;
    ask(engine, &bad, &given); // and what no flag asks for is not read
}

/* A refused request leaves nothing behind. */
static void refusals_change_nothing(void **state) {
    (void)state;
    const rk_event session[2] = {{.item = 5, .type = 1}, {.item = 9, .type = TYPE_COUNT}};
    const rk_request bad = {.session = session, .session_count = 2, .count = 5};
    const rk_request good = {.session = session, .session_count = 1, .count = 50};
    rk_engine *fresh = engine_over(&content, &memory);
    uint32_t found;
    assert_int_equal(rk_recommend(engine, &bad, given.list, &found, NULL), RK_BAD_ARGUMENT);
    ask(engine, &good, &given);
    ask(fresh, &good, &again);
    check_same_answer(&given, &again);
}

/* ---- what an answer is ---- */

static void check_rules(const rk_request *request, const answer *list) {
    uint32_t allowed = 0, most_filled = 0;
    for (uint32_t item = 0; item < ITEMS; item++) allowed += is_allowed(&content, request, item);
    for (uint32_t i = 0; i < list->found; i++) {
        const rk_recommendation *row = &list->list[i];
        assert_true(row->item < ITEMS);
        assert_true(is_allowed(&content, request, row->item));
        for (uint32_t j = 0; j < i; j++) assert_int_not_equal(list->list[j].item, row->item);
        if (i > 0) {
            const rk_scored before = {row[-1].score, row[-1].item}, here = {row->score, row->item};
            assert_true(rk_scored_before(before, here));
        }
        if (row->because != RK_NONE) {
            assert_true(in_session(request, row->because));
            assert_false(is_disliked(&content, request, row->because));
        }
        assert_true(row->sources != 0 && row->sources < 1u << RK_SOURCE_COUNT);
        for (uint32_t s = 0; s < RK_SOURCE_SLOTS; s++) {
            assert_int_equal(row->rank[s] != 0, row->sources >> s & 1u);
            if (s >= RK_SOURCE_COUNT) assert_true(row->source_score[s] == 0.0f);
        }
    }
    /* `popular` fills up, unless the request turns it off. */
    most_filled = RK_MIN(request->count, allowed);
    const bool own = request->flags & RK_REQUEST_SOURCE_QUOTAS;
    if (!own || request->source_quotas[RK_SOURCE_POPULAR] > 0)
        assert_int_equal(list->found, most_filled);
    assert_true(list->found <= most_filled);
}

static void rules_hold_for_every_request(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 100);
    random_request *asked = TAKE(&memory, random_request, 1);
    for (uint32_t round = 0; round < 1500; round++) {
        make_request(&rng, &content, REQUEST_ANY, asked);
        ask(engine, &asked->request, &given);
        check_rules(&asked->request, &given);
    }
}

/* After 10,000 other requests an engine answers like one that has just been opened. */
static void requests_leave_no_trace(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 101);
    random_request *asked = TAKE(&memory, random_request, 1);
    const uint64_t bytes = rk_engine_scratch_bytes(&content.meta);
    void *scratch = take_or_abort(&memory, bytes, 1);
    for (uint32_t round = 0; round < 10000; round++) {
        make_request(&rng, &content, REQUEST_ANY, asked);
        ask(engine, &asked->request, &given);
        if (round % 10 != 0 && round < 9900) continue;
        rk_engine *fresh = rk_engine_over(&content, scratch, bytes);
        ask(fresh, &asked->request, &again);
        check_same_answer(&given, &again);
    }
}

static void the_same_request_twice(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 102);
    random_request *asked = TAKE(&memory, random_request, 2);
    for (uint32_t round = 0; round < 300; round++) {
        make_request(&rng, &content, REQUEST_ANY, &asked[0]);
        make_request(&rng, &content, REQUEST_ANY, &asked[1]);
        ask(engine, &asked[0].request, &given);
        ask(engine, &asked[0].request, &again);
        check_same_answer(&given, &again);
        ask(engine, &asked[1].request, &again);
        ask(engine, &asked[0].request, &again);
        check_same_answer(&given, &again);
    }
}

static void a_dislike_outweighs_everything(void **state) {
    (void)state;
    const rk_event session[] = {{.item = 7, .type = TYPE_LIKE},
                                {.item = 7, .type = TYPE_HIDE},
                                {.item = 7, .type = TYPE_LIKE}};
    const rk_request request = {
        .session = session, .session_count = 3, .count = ITEMS, .flags = RK_REQUEST_KEEP_SEEN};
    ask(engine, &request, &given);
    assert_int_equal(given.found, ITEMS - 1);
    for (uint32_t i = 0; i < given.found; i++) {
        assert_int_not_equal(given.list[i].item, 7);
        assert_int_equal(given.list[i].because, RK_NONE);
        const uint32_t learnt = 1u << RK_SOURCE_SIMILAR | 1u << RK_SOURCE_SESSION;
        assert_int_equal(given.list[i].sources & learnt, 0);
    }
    /* What is disliked is no seed, so the learnt sources say that they have nothing to go by. */
    assert_non_null(rk_source_unavailable(engine, &request, RK_SOURCE_SIMILAR));
    assert_non_null(rk_source_unavailable(engine, &request, RK_SOURCE_SESSION));
}

static void seen_items_come_back_when_kept(void **state) {
    (void)state;
    const rk_event session[] = {{.item = 7, .type = TYPE_LIKE}, {.item = 8, .type = TYPE_SKIP}};
    rk_request request = {.session = session, .session_count = 2, .count = ITEMS};
    ask(engine, &request, &given);
    assert_int_equal(given.found, ITEMS - 2);
    request.flags = RK_REQUEST_KEEP_SEEN;
    ask(engine, &request, &given);
    assert_int_equal(given.found, ITEMS);
    const uint32_t both[] = {7, 8};
    request.exclude = both;
    request.exclude_count = 2;
    ask(engine, &request, &given);
    assert_int_equal(given.found, ITEMS - 2);
}

/* The answer names no source that said it was unavailable, and every one that did not may bring. */
static void unavailable_sources_bring_nothing(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 103);
    random_request *asked = TAKE(&memory, random_request, 1);
    uint32_t available = 0, unavailable = 0;
    for (uint32_t round = 0; round < 600; round++) {
        make_request(&rng, &content, 0, asked);
        ask(engine, &asked->request, &given);
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            const char *why = rk_source_unavailable(engine, &asked->request, s);
            uint32_t brought = 0;
            for (uint32_t i = 0; i < given.found; i++) brought += given.list[i].sources >> s & 1u;
            if (why != NULL) assert_int_equal(brought, 0);
            if (why != NULL) assert_true(strlen(why) > 0);
            available += why == NULL;
            unavailable += why != NULL;
        }
    }
    assert_true(available > 100 && unavailable > 100);
    const rk_request empty = {.count = 1};
    assert_string_equal(rk_source_unavailable(engine, &empty, RK_SOURCE_COUNT),
                        "there is no such source");
}

static void a_source_turned_off_takes_no_part(void **state) {
    (void)state;
    const rk_event seed = {.item = 7, .type = TYPE_LIKE};
    rk_request request = {.session = &seed,
                          .session_count = 1,
                          .count = 50,
                          .stages = RK_STAGES_RETRIEVAL,
                          .flags = RK_REQUEST_SOURCE_QUOTAS | RK_REQUEST_SOURCE_WEIGHTS};
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        memset(request.source_weights, 0, sizeof request.source_weights);
        memset(request.source_quotas, 0, sizeof request.source_quotas);
        request.source_weights[s] = 2.0f;
        request.source_quotas[s] = 9;
        ask(engine, &request, &given);
        assert_true(given.found > 0);
        if (s != RK_SOURCE_POPULAR) assert_true(given.found <= 9);
        for (uint32_t i = 0; i < given.found; i++) {
            const rk_recommendation *row = &given.list[i];
            assert_int_equal(row->sources, 1u << s);
            assert_int_equal(row->rank[s], i + 1);
            const float more = s == RK_SOURCE_POPULAR ? content.meta.short_popular : 0.0f;
            assert_true(row->score == (2.0f + more) * row->source_score[s]);
            for (uint32_t other = 0; other < RK_SOURCE_COUNT; other++)
                if (other != s) assert_true(row->source_score[other] == 0.0f);
        }
    }
    memset(&request.source_weights, 0, sizeof request.source_weights);
    memset(&request.source_quotas, 0, sizeof request.source_quotas);
    ask(engine, &request, &given);
    assert_int_equal(given.found, 0);
}

/* The search may give `popular` no weight; where nothing else can answer, its order still is the
 * answer. */
static void popular_without_weight_still_ranks(void **state) {
    (void)state;
    rk_request unweighted = {
        .count = 20, .flags = RK_REQUEST_SOURCE_WEIGHTS, .stages = RK_STAGES_RETRIEVAL};
    unweighted.source_weights[RK_SOURCE_SESSION] = 1.0f;
    ask(engine, &unweighted, &given);
    assert_int_equal(given.found, 20);
    for (uint32_t i = 0; i < given.found; i++) {
        assert_int_equal(given.list[i].item, content.popular[i]);
        assert_int_equal(given.list[i].rank[RK_SOURCE_POPULAR], i + 1);
    }
}

/* The seed whose row has the item answers for it. */
static void because_names_the_seed_that_counts(void **state) {
    (void)state;
    const rk_neighbor_rows rows = content.neighbors;
    uint32_t owner = 0;
    while (rows.offsets[owner + 1] == rows.offsets[owner]) owner++;
    const uint32_t neighbor = rk_neighbor_item(rows.entries[rows.offsets[owner]]);
    float weights[RK_NEIGHBOR_CODES];
    rk_neighbor_weights(content.meta.neighbor_scale, weights);
    uint32_t stranger = 0;
    while (stranger == owner || stranger == neighbor ||
           rk_neighbor_weight(&content, weights, stranger, neighbor) > 0.0f)
        stranger++;
    const rk_event session[] = {{.item = owner, .type = TYPE_VIEW},
                                {.item = stranger, .type = TYPE_LIKE}};
    const rk_request request = {.session = session, .session_count = 2, .count = ITEMS};
    ask(engine, &request, &given);
    for (uint32_t i = 0; i < given.found; i++) {
        if (given.list[i].item == neighbor) assert_int_equal(given.list[i].because, owner);
    }
}

/* FNV-1a of "country", 0, "DE": the row is what FORMAT.md says. */
static void a_user_feature_is_a_row(void **state) {
    (void)state;
    const char *text;
    assert_int_equal(rk_feature_name(engine, 1, &text), 6);
    assert_memory_equal(text, "device", 6);
    uint64_t hash = 0xCBF29CE484222325;
    for (uint32_t i = 0; i < 10; i++)
        hash = (hash ^ (unsigned char)"country\0DE"[i]) * 0x100000001B3;
    assert_int_equal(rk_user_feature(engine, "country", 7, "DE", 2), hash % RANDOM_FEATURE_ROWS);
    assert_true(rk_user_feature(engine, "device", 6, "", 0) < RANDOM_FEATURE_ROWS);
    assert_int_equal(rk_user_feature(engine, "countr", 6, "yDE", 3), RK_NONE);
    assert_int_equal(rk_user_feature(engine, "", 0, "DE", 2), RK_NONE);
}

/* The values that an item's row has between the first of its attribute and of the next. */
static void check_values(uint32_t item, uint32_t attribute) {
    const uint32_t *values, *first = content.attribute_first + attribute;
    const uint32_t count = rk_item_values(engine, item, attribute, &values);
    uint32_t found = 0;
    for (uint32_t at = content.item_value_begin[item]; at < content.item_value_begin[item + 1];
         at++) {
        const uint32_t value = content.item_value[at];
        if (value < first[0] || value >= first[1]) continue;
        assert_true(found < count);
        assert_int_equal(values[found++], value);
    }
    assert_int_equal(found, count);
}

static void attributes_are_looked_up(void **state) {
    (void)state;
    uint32_t numbered = 0;
    const char *text;
    for (uint32_t item = 0; item < ITEMS; item++)
        for (uint32_t a = 0, column = 0; a < content.meta.attributes; a++) {
            float number = 0.0f;
            const bool is_number = content.attribute_kind[a] == RK_ATTRIBUTE_NUMBER;
            const float *row = content.item_number + item * content.meta.numbers;
            const bool has = is_number && row[column] != RK_NO_NUMBER;
            check_values(item, a);
            assert_int_equal(rk_item_number(engine, item, a, &number), has);
            if (has) assert_true(number == row[column]);
            numbered += has;
            column += is_number;
        }
    assert_true(numbered > 0);
    assert_int_equal(rk_attribute_kind(engine, 1), RK_ATTRIBUTE_TAGS);
    assert_int_equal(rk_attribute_name(engine, 1, &text), 18);
    assert_memory_equal(text, "attribute-00000001", 18);
    assert_int_equal(rk_attribute_value(engine, 7, &text), 14);
    assert_memory_equal(text, "value-00000007", 14);
}

/* Without a session, what is known of the user is an answer of its own. */
static void features_answer_an_empty_session(void **state) {
    (void)state;
    uint32_t feature = rk_user_feature(engine, "country", 7, "DE", 2);
    rk_request request = {.count = 50};
    assert_non_null(rk_source_unavailable(engine, &request, RK_SOURCE_USER));
    request.features = &feature;
    request.feature_count = 1;
    assert_null(rk_source_unavailable(engine, &request, RK_SOURCE_USER));
    ask(engine, &request, &given);
    uint32_t brought = 0;
    for (uint32_t i = 0; i < given.found; i++)
        brought += given.list[i].sources >> RK_SOURCE_USER & 1u;
    assert_true(brought > 10);
}

/* Another seed is another choice of what to explore, and of nothing else. */
static void the_seed_moves_only_explore(void **state) {
    (void)state;
    const rk_event seed = {.item = 7, .type = TYPE_LIKE};
    rk_request request = {.session = &seed, .session_count = 1, .count = ITEMS, .seed = 1};
    ask(engine, &request, &given);
    request.seed = 2;
    ask(engine, &request, &again);
    static uint32_t ranks[ITEMS][RK_SOURCE_COUNT];
    uint32_t moved = 0;
    memset(ranks, 0, sizeof ranks);
    for (uint32_t i = 0; i < given.found; i++)
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++)
            ranks[given.list[i].item][s] = given.list[i].rank[s];
    for (uint32_t i = 0; i < again.found; i++) {
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            const bool same = ranks[again.list[i].item][s] == again.list[i].rank[s];
            if (s != RK_SOURCE_EXPLORE) assert_true(same);
            moved += !same;
        }
    }
    assert_true(moved > 5);
}

/* ---- similar ---- */

static void similar_is_a_session_of_one(void **state) {
    (void)state;
    for (uint32_t item = 0; item < ITEMS; item += 7) {
        const rk_event seed = {.item = item, .type = TYPE_LIKE};
        rk_request request = {.session = &seed,
                              .session_count = 1,
                              .count = 25,
                              .stages = RK_STAGES_RETRIEVAL,
                              .flags = RK_REQUEST_SOURCE_QUOTAS | RK_REQUEST_SOURCE_WEIGHTS,
                              .source_weights = {0.0f, 1.0f, 0.6f},
                              .source_quotas = {0, 60, 50}};
        ask(engine, &request, &again);
        memset(&given, 0, sizeof given);
        assert_int_equal(rk_similar(engine, item, 25, given.list, &given.found, NULL), RK_OK);
        check_same_answer(&given, &again);
        assert_true(given.found > 10);
        for (uint32_t i = 0; i < given.found; i++) {
            assert_int_not_equal(given.list[i].item, item);
            assert_int_equal(given.list[i].sources & 1u << RK_SOURCE_POPULAR, 0);
        }
    }
    rk_error error;
    assert_int_equal(rk_similar(engine, ITEMS, 5, given.list, &given.found, &error),
                     RK_BAD_ARGUMENT);
    assert_int_equal(given.found, 0);
    assert_int_equal(rk_similar(engine, 1, 0, given.list, &given.found, &error), RK_BAD_ARGUMENT);
}

/* ---- extremes ---- */

static void the_longest_session(void **state) {
    (void)state;
    static rk_event session[RK_MAX_SESSION];
    for (uint32_t i = 0; i < RK_MAX_SESSION; i++)
        session[i] = (rk_event){.item = i % (ITEMS - 1), .type = TYPE_LIKE};
    rk_request request = {.session = session, .session_count = RK_MAX_SESSION, .count = 1000};
    ask(engine, &request, &given);
    assert_int_equal(given.found, 1);
    assert_int_equal(given.list[0].item, ITEMS - 1);
    request.flags = RK_REQUEST_KEEP_SEEN;
    ask(engine, &request, &given);
    check_rules(&request, &given);
    assert_int_equal(given.found, ITEMS);
}

static void everything_excluded(void **state) {
    (void)state;
    static uint32_t all[2 * ITEMS];
    for (uint32_t i = 0; i < 2 * ITEMS; i++) all[i] = i % ITEMS;
    const rk_event seed = {.item = 3, .type = TYPE_LIKE};
    const rk_request request = {.session = &seed,
                                .session_count = 1,
                                .exclude = all,
                                .exclude_count = 2 * ITEMS,
                                .count = 10};
    ask(engine, &request, &given);
    assert_int_equal(given.found, 0);
}

static void a_catalogue_of_one_item(void **state) {
    (void)state;
    const rk_snapshot_content one = make_random_snapshot(
        (snapshot_shape){.items = 1, .dim = 4, .popular_rows = 1, .seed = 1}, &memory);
    rk_engine *lonely = engine_over(&one, &memory);
    rk_request request = {.count = 1000};
    ask(lonely, &request, &given);
    assert_int_equal(given.found, 1);
    assert_int_equal(given.list[0].item, 0);
    const rk_event seed = {.item = 0, .type = TYPE_LIKE};
    request.session = &seed;
    request.session_count = 1;
    ask(lonely, &request, &given);
    assert_int_equal(given.found, 0);
    request.flags = RK_REQUEST_KEEP_SEEN;
    ask(lonely, &request, &given);
    assert_int_equal(given.found, 1);
    assert_int_equal(rk_similar(lonely, 0, 5, given.list, &given.found, NULL), RK_OK);
    assert_int_equal(given.found, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_describes_itself),
        cmocka_unit_test(texts_and_numbers_find_each_other),
        cmocka_unit_test(without_titles_and_report),
        cmocka_unit_test(opening_refuses),
        cmocka_unit_test(a_file_without_popular_items_answers),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(refusals_change_nothing),
        cmocka_unit_test(rules_hold_for_every_request),
        cmocka_unit_test(requests_leave_no_trace),
        cmocka_unit_test(the_same_request_twice),
        cmocka_unit_test(a_dislike_outweighs_everything),
        cmocka_unit_test(seen_items_come_back_when_kept),
        cmocka_unit_test(unavailable_sources_bring_nothing),
        cmocka_unit_test(a_source_turned_off_takes_no_part),
        cmocka_unit_test(because_names_the_seed_that_counts),
        cmocka_unit_test(popular_without_weight_still_ranks),
        cmocka_unit_test(a_user_feature_is_a_row),
        cmocka_unit_test(attributes_are_looked_up),
        cmocka_unit_test(features_answer_an_empty_session),
        cmocka_unit_test(the_seed_moves_only_explore),
        cmocka_unit_test(similar_is_a_session_of_one),
        cmocka_unit_test(the_longest_session),
        cmocka_unit_test(everything_excluded),
        cmocka_unit_test(a_catalogue_of_one_item),
    };
    return cmocka_run_group_tests(tests, make_engine, free_engine);
}
