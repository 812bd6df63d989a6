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
    assert_strings_equal(&a->users, &b->users);
    assert_strings_equal(&a->items, &b->items);
    assert_strings_equal(&a->types, &b->types);
    assert_strings_equal(&a->titles, &b->titles);
    assert_memory_equal(a->type_weight, b->type_weight, a->meta.types * sizeof *a->type_weight);
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

static void optional_sections_may_be_absent(void **state) {
    (void)state;
    small_events *small = make_small_events();
    rk_events_content *content = &small->content;
    content->split = NULL;
    assert_round_trip(content);
    content->titles = (rk_strings){NULL, NULL, 0};
    assert_round_trip(content);
    content->time = NULL;
    content->meta.time_kind = RK_TIME_NONE;
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
