/* Measurements as JSON: what is there, and null where a method could answer nothing. */
#include "check.h"

#include "learn/report.h"

static char text[20000];
static const uint32_t cutoffs[] = {5, 10};
static const rk_trial trial = {.cutoffs = cutoffs, .cutoff_count = 2};

static rk_measured some_method(void) {
    rk_measured measured = {.name = "x", .metrics = {.cases = 4, .answerable = 4}};
    measured.metrics.ndcg[1] = 0.5;
    measured.quality.novelty[1] = 7.25;
    measured.interval[RK_VALUE_NDCG][1] = (rk_interval){0.25, 0.75};
    measured.difference[RK_VALUE_NDCG][1] = -0.125;
    measured.difference_interval[RK_VALUE_NDCG][1] = (rk_interval){-0.25, 0.0625};
    return measured;
}

static const char *written(void (*put)(rk_json *, const rk_measured *, const rk_trial *),
                           const rk_measured *measured) {
    rk_json json = rk_json_over(text, sizeof text - 1);
    put(&json, measured, &trial);
    assert_false(json.overflow);
    text[json.size] = 0;
    return text;
}

static void figures_are_where_they_belong(void **state) {
    (void)state;
    const rk_measured measured = some_method();
    const char *json = written(rk_report_measured, &measured);
    assert_non_null(strstr(json, "\"ndcg@10\":0.500000"));
    assert_non_null(strstr(json, "\"ndcg@5\":0.000000"));
    assert_non_null(strstr(json, "\"novelty@10\":7.250000"));
    json = written(rk_report_intervals, &measured);
    assert_non_null(strstr(json, "\"ndcg@10\":[0.250000,0.750000]"));
    json = written(rk_report_differences, &measured);
    assert_non_null(
        strstr(json, "\"ndcg@10\":{\"mean\":-0.125000,\"low\":-0.250000,\"high\":0.062500}"));
    assert_null(strstr(json, "mrr@"));
    json = written(rk_report_ablation, &measured);
    assert_string_equal(json, "\"x\":{\"ndcg@10\":0.500000,\"difference\":{\"mean\":-0.125000,"
                              "\"low\":-0.250000,\"high\":0.062500}}");
}

static void what_answered_nothing_is_null(void **state) {
    (void)state;
    rk_measured measured = some_method();
    measured.metrics.answerable = 0;
    assert_string_equal(written(rk_report_measured, &measured), "\"x\":null");
    assert_string_equal(written(rk_report_intervals, &measured), "\"x\":null");
    assert_string_equal(written(rk_report_differences, &measured), "\"x\":null");
}

static void empty_buckets_say_so(void **state) {
    (void)state;
    rk_bucket buckets[RK_BUCKETS] = {{.name = "1", .count = 2}};
    for (uint32_t b = 1; b < RK_BUCKETS; b++) buckets[b] = (rk_bucket){.name = "more"};
    buckets[0].value[RK_VALUE_MRR][0] = 0.75;
    rk_json json = rk_json_over(text, sizeof text - 1);
    rk_report_buckets(&json, "ages", buckets, &trial);
    text[json.size] = 0;
    assert_memory_equal(text, "\"ages\":[{\"bucket\":\"1\",\"count\":2,\"recall@5\":", 43);
    assert_non_null(strstr(text, "\"mrr@5\":0.750000"));
    assert_non_null(strstr(text, "},{\"bucket\":\"more\",\"count\":0},"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_where_they_belong),
        cmocka_unit_test(what_answered_nothing_is_null),
        cmocka_unit_test(empty_buckets_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
