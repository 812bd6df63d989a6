/* Events files: round trip, optional sections, and every refusal. */
#include "damage.h"

static void assert_content_equal(const rk_events_content *a, const rk_events_content *b) {
    const size_t events = (size_t)a->meta.events;
    assert_memory_equal(&a->meta, &b->meta, sizeof a->meta);
    if (events > 0) {
        assert_memory_equal(a->user, b->user, events * sizeof *a->user);
        assert_memory_equal(a->item, b->item, events * sizeof *a->item);
        assert_memory_equal(a->label, b->label, events * sizeof *a->label);
    }
    assert_int_equal(a->time == NULL, b->time == NULL);
    if (a->time != NULL && events > 0)
        assert_memory_equal(a->time, b->time, events * sizeof *a->time);
    assert_int_equal(a->split == NULL, b->split == NULL);
    if (a->split != NULL && events > 0) assert_memory_equal(a->split, b->split, events);
    assert_int_equal(a->propensity == NULL, b->propensity == NULL);
    if (a->propensity != NULL && events > 0)
        assert_memory_equal(a->propensity, b->propensity, events * sizeof *a->propensity);
    assert_strings_equal(&a->users, &b->users);
    assert_strings_equal(&a->items, &b->items);
    assert_strings_equal(&a->types, &b->types);
    assert_strings_equal(&a->titles, &b->titles);
    assert_memory_equal(a->type_weight, b->type_weight, a->meta.types * sizeof *a->type_weight);
    assert_int_equal(a->place == NULL, b->place == NULL);
    if (a->place != NULL && a->meta.items > 0)
        assert_memory_equal(a->place, b->place, a->meta.items * 2 * sizeof *a->place);
    assert_int_equal(a->boost == NULL, b->boost == NULL);
    if (a->boost != NULL && a->meta.items > 0)
        assert_memory_equal(a->boost, b->boost, a->meta.items * sizeof *a->boost);
    assert_int_equal(a->related_begin == NULL, b->related_begin == NULL);
    if (a->related_begin != NULL) {
        const uint32_t pairs = a->related_begin[a->meta.items];
        assert_memory_equal(a->related_begin, b->related_begin,
                            (a->meta.items + 1) * sizeof *a->related_begin);
        if (pairs > 0) assert_memory_equal(a->related, b->related, pairs * sizeof *a->related);
    }
    assert_strings_equal(&a->attributes, &b->attributes);
    assert_strings_equal(&a->attribute_values, &b->attribute_values);
    assert_strings_equal(&a->features, &b->features);
    assert_strings_equal(&a->contexts, &b->contexts);
    if (a->meta.attributes > 0)
        assert_memory_equal(a->attribute_kind, b->attribute_kind, a->meta.attributes);
    if (a->meta.features > 0 && events > 0)
        assert_memory_equal(a->context, b->context, events * sizeof *a->context);
}

static void assert_round_trip(const rk_events_content *content) {
    const built_file file = write_events(content);
    rk_events_view view;
    rk_error error = {0};
    if (rk_events_read(file.bytes, file.size, &view, &error) != RK_OK)
        fail_msg("%s: %s", rk_status_name(error.status), error.detail);
    assert_content_equal(&view.content, content);
    assert_int_equal(view.container.header->created_at_ms, 1700000011000);
    free(file.bytes);
}

static void content_survives_the_round_trip(void **state) {
    (void)state;
    small_events *small = make_small_events();
    assert_round_trip(&small->content);
    free(small);
}

static void forget_attributes(rk_events_content *content) {
    content->meta.attributes = 0;
    content->attributes = content->attribute_values = (rk_strings){NULL, NULL, 0};
    content->attribute_kind = NULL;
}

static void forget_features(rk_events_content *content) {
    content->meta.features = content->meta.contexts = 0;
    content->features = content->contexts = (rk_strings){NULL, NULL, 0};
    content->context = NULL;
}

static void optional_sections_may_be_absent(void **state) {
    (void)state;
    small_events *small = make_small_events();
    rk_events_content *content = &small->content;
    content->split = NULL;
    assert_round_trip(content);
    content->propensity = NULL;
    assert_round_trip(content);
    content->titles = (rk_strings){NULL, NULL, 0};
    assert_round_trip(content);
    content->time = NULL;
    content->meta.time_kind = RK_TIME_NONE;
    assert_round_trip(content);
    content->place = NULL;
    assert_round_trip(content);
    content->boost = NULL;
    assert_round_trip(content);
    content->related_begin = content->related = NULL;
    assert_round_trip(content);
    forget_attributes(content);
    assert_round_trip(content);
    forget_features(content);
    assert_round_trip(content);
    free(small);
}

/* Absent is NULL or 0 everywhere: what a plain log has always been. */
static void absent_parts_read_as_nothing(void **state) {
    (void)state;
    small_events *small = make_small_events();
    small->content.place = small->content.boost = NULL;
    small->content.related_begin = small->content.related = NULL;
    forget_attributes(&small->content);
    forget_features(&small->content);
    const built_file file = write_events(&small->content);
    rk_events_view view;
    assert_int_equal(rk_events_read(file.bytes, file.size, &view, NULL), RK_OK);
    const rk_events_content *content = &view.content;
    assert_null(content->place);
    assert_null(content->boost);
    assert_null(content->related_begin);
    assert_null(content->related);
    assert_null(content->attribute_kind);
    assert_null(content->context);
    const rk_strings *const tables[] = {&content->attributes, &content->attribute_values,
                                        &content->features, &content->contexts};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        assert_null(tables[i]->offsets);
        assert_int_equal(tables[i]->count, 0);
    }
    free(file.bytes);
    free(small);
}

static void numbers_have_one_spelling(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"0", true},
        {"-1", true},
        {"12.50", true},
        {"1e5", true},
        {"1.5e-12", true},
        {"-0.0e0", true},
        {"", true},
        {"007", true},
        {"-", false},
        {".5", false},
        {"1.", false},
        {"+1", false},
        {"1e", false},
        {"1e+5", false},
        {"1e-", false},
        {"1E5", false},
        {" 1", false},
        {"1 ", false},
        {"1,5", false},
        {"nan", false},
        {"inf", false},
        {"0x1", false},
        {"1.5.2", false},
        {"1e5.2", false},
        {"--1", false},
        {"é", false},
        {"1e5e", false},
        {"-.5", false},
        {"1234567890123456789012345678901234567890", true},
        {"12345678901234567890123456789012345678901", false},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        small_events *small = make_small_events();
        string_builder values = {.count = 0};
        for (uint32_t i = 0; i < SMALL_EVENT_ITEMS; i++)
            for (uint32_t a = 0; a < SMALL_ATTRIBUTES; a++)
                add_string(&values, i == 1 && a == 3 ? cases[c].text : "5");
        small->content.attribute_values = strings_view(&values);
        const built_file file = write_events(&small->content);
        rk_error error = {0};
        const rk_status status = read_file_of(RK_KIND_EVENTS, &file, &error);
        if (cases[c].good != (status == RK_OK)) fail_msg("\"%s\": %s", cases[c].text, error.detail);
        if (!cases[c].good)
            assert_error(cases[c].text, &error, RK_VALUE_RANGE, "aval.txt",
                         section_offset(&file, "aval.txt") + 7);
        free(file.bytes);
        free(small);
    }
}

static void a_refused_number_is_shown(void **state) {
    (void)state;
    small_events *small = make_small_events();
    small->attribute_values.text[16] = 'x';
    const built_file file = write_events(&small->content);
    rk_error error = {0};
    assert_int_equal(read_file_of(RK_KIND_EVENTS, &file, &error), RK_VALUE_RANGE);
    assert_string_equal(error.detail, "attribute 3 is a number, not \"x.5\"");
    free(file.bytes);
    free(small);
}

static void most_attributes_and_features(void **state) {
    (void)state;
    small_events *small = make_small_events();
    static string_builder attributes, features;
    static uint32_t no_values[SMALL_EVENT_ITEMS * RK_MAX_ATTRIBUTES + 1];
    static uint8_t kinds[RK_MAX_ATTRIBUTES];
    for (uint32_t a = 0; a < RK_MAX_ATTRIBUTES; a++) {
        char name[8];
        snprintf(name, sizeof name, "a%u", a);
        add_string(&attributes, name);
        if (a < RK_MAX_FEATURES) add_string(&features, name);
        kinds[a] = RK_ATTRIBUTE_NUMBER;
    }
    rk_events_content *content = &small->content;
    content->meta.attributes = RK_MAX_ATTRIBUTES;
    content->attributes = strings_view(&attributes);
    content->attribute_kind = kinds;
    content->attribute_values = (rk_strings){no_values, "", SMALL_EVENT_ITEMS * RK_MAX_ATTRIBUTES};
    content->meta.features = RK_MAX_FEATURES;
    content->features = strings_view(&features);
    content->contexts = (rk_strings){no_values, "", SMALL_CONTEXTS * RK_MAX_FEATURES};
    assert_round_trip(content);
    free(small);
}

static void limits_are_inclusive(void **state) {
    (void)state;
    small_events *small = make_small_events();
    small->time[0] = (int64_t)1 << 53;
    small->time[1] = -((int64_t)1 << 53);
    small->label[0] = 7;
    small->type_weight[0] = 0x1p20f;
    small->type_weight[1] = -0x1p20f;
    small->content.meta.time_kind = RK_TIME_ORDER;
    assert_round_trip(&small->content);
    free(small);
}

static void all_32_types_make_a_full_mask(void **state) {
    (void)state;
    small_events *small = make_small_events();
    static string_builder types;
    static float weights[RK_MAX_EVENT_TYPES];
    for (uint32_t t = 0; t < RK_MAX_EVENT_TYPES; t++) {
        char name[8];
        snprintf(name, sizeof name, "t%u", t);
        add_string(&types, name);
    }
    small->content.meta.types = RK_MAX_EVENT_TYPES;
    small->content.types = strings_view(&types);
    small->content.type_weight = weights;
    small->label[3] = UINT32_MAX;
    assert_round_trip(&small->content);
    free(small);
}

/* The reader takes a consistent empty log; the learner says NO_EVENTS. */
static void no_events_are_consistent(void **state) {
    (void)state;
    small_events *small = make_small_events();
    rk_events_content *content = &small->content;
    content->meta.events = 0;
    assert_round_trip(content);
    static const uint32_t zero_offsets[1] = {0};
    content->meta.users = content->meta.items = 0;
    content->users = content->items = (rk_strings){zero_offsets, "", 0};
    content->titles = (rk_strings){NULL, NULL, 0};
    content->split = NULL;
    content->attribute_values = content->contexts = (rk_strings){zero_offsets, "", 0};
    content->meta.contexts = 0;
    assert_round_trip(content);
    free(small);
}

static void ids_have_at_most_65535_bytes(void **state) {
    (void)state;
    small_events *small = make_small_events();
    char *text = calloc(1, 65536);
    assert_non_null(text);
    memset(text, 'x', 65536);
    uint32_t offsets[SMALL_USERS + 1] = {0, 65533, 65534, 65535, 65536};
    small->content.users = (rk_strings){offsets, text, SMALL_USERS};
    assert_round_trip(&small->content);
    const uint32_t longer[2] = {0, 65535};
    uint32_t one_user[SMALL_EVENTS] = {0};
    small->content.user = one_user;
    small->content.meta.users = 1;
    small->content.users = (rk_strings){longer, text, 1};
    assert_round_trip(&small->content);
    const uint32_t too_long[2] = {0, 65536};
    small->content.users.offsets = too_long;
    const built_file file = write_events(&small->content);
    rk_error error = {0};
    assert_int_equal(read_file_of(RK_KIND_EVENTS, &file, &error), RK_VALUE_RANGE);
    assert_error("id", &error, RK_VALUE_RANGE, "user.txt", section_offset(&file, "user.txt"));
    free(file.bytes);
    free(text);
    free(small);
}

static void strings_are_found(void **state) {
    (void)state;
    small_events *small = make_small_events();
    const rk_strings *items = &small->content.items, *types = &small->content.types;
    for (uint32_t i = 0; i < items->count; i++) {
        const char *text;
        const uint32_t size = rk_strings_get(items, i, &text);
        assert_int_equal(rk_strings_find(items, text, size), i);
        assert_int_equal(rk_strings_scan(items, text, size), i);
    }
    assert_int_equal(rk_strings_find(items, "", 0), RK_NONE);
    assert_int_equal(rk_strings_find(items, "aa", 2), RK_NONE);
    assert_int_equal(rk_strings_find(items, "zz", 2), RK_NONE);
    assert_int_equal(rk_strings_scan(types, "hide", 4), 2);
    assert_int_equal(rk_strings_scan(types, "hid", 3), RK_NONE);
    const rk_strings absent = {NULL, NULL, 0};
    assert_int_equal(rk_strings_find(&absent, "a", 1), RK_NONE);
    free(small);
}

static void bad_files_are_refused(void **state) {
    (void)state;
    const built_file good = build_events();
    assert_bad_files_refused(RK_KIND_EVENTS, &good);
    assert_truncations_refused(RK_KIND_EVENTS, &good);
    assert_misaligned_refused(RK_KIND_EVENTS, &good);
    free(good.bytes);
}

static void flipped_bits_are_refused(void **state) {
    (void)state;
    const built_file good = build_events();
    assert_bit_flips_refused(RK_KIND_EVENTS, &good);
    free(good.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_survives_the_round_trip),
        cmocka_unit_test(optional_sections_may_be_absent),
        cmocka_unit_test(absent_parts_read_as_nothing),
        cmocka_unit_test(numbers_have_one_spelling),
        cmocka_unit_test(a_refused_number_is_shown),
        cmocka_unit_test(most_attributes_and_features),
        cmocka_unit_test(limits_are_inclusive),
        cmocka_unit_test(all_32_types_make_a_full_mask),
        cmocka_unit_test(no_events_are_consistent),
        cmocka_unit_test(ids_have_at_most_65535_bytes),
        cmocka_unit_test(strings_are_found),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(flipped_bits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
