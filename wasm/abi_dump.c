/* Prints js-bindings/engine/src/abi.ts: what JavaScript must know of the C side, generated so that
 * it is never typed twice. Compiled for wasm32, whose pointers the layouts are about, and run under
 * WASI.
 *
 * A struct's fields are listed once more here, because C cannot enumerate them; `finish_layout`
 * refuses (exit status 1, so the build stops) if the list leaves out, repeats or reorders one. */
#include <stdio.h>

#include "format/container.h"
#include "format/events_layout.h"
#include "reckon.h"
#include "serve/rules.h"

static unsigned failures = 0;
static size_t struct_end = 0;

static void begin_layout(const char *name, size_t size) {
    printf("    %s: {\n      size: %zu,\n      fields: {\n", name, size);
    struct_end = 0;
}

static void print_field(const char *name, size_t offset, const char *type, size_t size,
                        size_t count) {
    if (offset != struct_end) {
        fprintf(stderr, "abi_dump: field %s begins at %zu, the one before ends at %zu\n", name,
                offset, struct_end);
        failures++;
    }
    struct_end = offset + size;
    printf("        %s: { offset: %zu, type: '%s', size: %zu, count: %zu },\n", name, offset, type,
           size, count);
}

static void finish_layout(const char *name, size_t size) {
    if (size != struct_end) {
        fprintf(stderr, "abi_dump: %s has %zu bytes, its fields end at %zu\n", name, size,
                struct_end);
        failures++;
    }
    printf("      },\n    },\n");
}

#define TYPE_NAME(value)                                                                           \
    _Generic((value), char                                                                         \
             : "char", unsigned char                                                               \
             : "u8", uint16_t                                                                      \
             : "u16", uint32_t                                                                     \
             : "u32", int64_t                                                                      \
             : "i64", uint64_t                                                                     \
             : "u64", double                                                                       \
             : "f64", float                                                                        \
             : "f32")

/* The struct being listed is THIS; only its type is used, no object exists. */
#define MEMBER(field) ((THIS *)0)->field
#define FIELD(field)                                                                               \
    print_field(#field, offsetof(THIS, field), TYPE_NAME(MEMBER(field)), sizeof(MEMBER(field)), 1)
#define ARRAY(field)                                                                               \
    print_field(#field, offsetof(THIS, field), TYPE_NAME(MEMBER(field)[0]), sizeof(MEMBER(field)), \
                sizeof(MEMBER(field)) / sizeof(MEMBER(field)[0]))
#define POINTER(field)                                                                             \
    print_field(#field, offsetof(THIS, field), "pointer", sizeof(MEMBER(field)), 1)

static void print_layouts(void) {
#define THIS rk_error
    begin_layout("rk_error", sizeof(THIS));
    FIELD(status);
    ARRAY(section);
    FIELD(offset);
    ARRAY(detail);
    finish_layout("rk_error", sizeof(THIS));
#undef THIS
#define THIS rk_event
    begin_layout("rk_event", sizeof(THIS));
    FIELD(time_ms);
    FIELD(item);
    FIELD(type);
    finish_layout("rk_event", sizeof(THIS));
#undef THIS
#define THIS rk_request
    begin_layout("rk_request", sizeof(THIS));
    POINTER(session);
    POINTER(exclude);
    POINTER(features);
    POINTER(seen);
    FIELD(seen_count);
    FIELD(session_count);
    FIELD(exclude_count);
    FIELD(count);
    FIELD(flags);
    FIELD(feature_count);
    FIELD(latitude);
    FIELD(longitude);
    FIELD(seed);
    FIELD(time_ms);
    FIELD(rules_time_ms);
    ARRAY(source_weights);
    ARRAY(source_quotas);
    ARRAY(task_weights);
    FIELD(stages);
    POINTER(rules);
    POINTER(bandit);
    FIELD(reserved);
    finish_layout("rk_request", sizeof(THIS));
#undef THIS
#define THIS rk_recommendation
    begin_layout("rk_recommendation", sizeof(THIS));
    FIELD(item);
    FIELD(score);
    FIELD(sources);
    FIELD(because);
    ARRAY(rank);
    ARRAY(source_score);
    FIELD(blend);
    FIELD(first);
    ARRAY(probability);
    FIELD(ranked);
    FIELD(rules);
    FIELD(propensity);
    FIELD(stages);
    FIELD(flags);
    FIELD(also);
    FIELD(gave_way);
    finish_layout("rk_recommendation", sizeof(THIS));
#undef THIS
#define THIS rk_new_items
    begin_layout("rk_new_items", sizeof(THIS));
    POINTER(id_begin);
    POINTER(id_text);
    POINTER(title_begin);
    POINTER(title_text);
    POINTER(value_begin);
    POINTER(values);
    POINTER(numbers);
    POINTER(related_begin);
    POINTER(related);
    POINTER(boost);
    POINTER(places);
    POINTER(born);
    FIELD(count);
    finish_layout("rk_new_items", sizeof(THIS));
#undef THIS
#define THIS rk_answers
    begin_layout("rk_answers", sizeof(THIS));
    POINTER(skipped);
    POINTER(unknown);
    FIELD(skipped_count);
    FIELD(unknown_count);
    finish_layout("rk_answers", sizeof(THIS));
#undef THIS
#define THIS rk_question
    begin_layout("rk_question", sizeof(THIS));
    FIELD(item);
    FIELD(score);
    FIELD(pick);
    FIELD(known);
    FIELD(gain);
    FIELD(because);
    finish_layout("rk_question", sizeof(THIS));
#undef THIS
#define THIS rk_funnel
    begin_layout("rk_funnel", sizeof(THIS));
    FIELD(stages);
    FIELD(available);
    ARRAY(brought);
    FIELD(retrieved);
    FIELD(first);
    FIELD(second);
    FIELD(removed);
    FIELD(answered);
    finish_layout("rk_funnel", sizeof(THIS));
#undef THIS
#define THIS rk_description
    begin_layout("rk_description", sizeof(THIS));
    ARRAY(content_id);
    ARRAY(region);
    FIELD(file_bytes);
    FIELD(created_at_ms);
    FIELD(stats_through_ms);
    FIELD(events);
    FIELD(sessions);
    FIELD(seed);
    FIELD(items);
    FIELD(types);
    FIELD(dim);
    FIELD(time_kind);
    ARRAY(part_bytes);
    FIELD(places);
    FIELD(user_features);
    FIELD(trending);
    FIELD(explore);
    FIELD(tasks);
    FIELD(attributes);
    finish_layout("rk_description", sizeof(THIS));
#undef THIS
#define THIS rk_scored
    begin_layout("rk_scored", sizeof(THIS));
    FIELD(score);
    FIELD(item);
    finish_layout("rk_scored", sizeof(THIS));
#undef THIS
#define THIS rk_rules_input
    begin_layout("rk_rules_input", sizeof(THIS));
    POINTER(candidates);
    POINTER(explore);
    POINTER(blocked);
    POINTER(seen);
    FIELD(candidate_count);
    FIELD(explore_count);
    FIELD(count);
    POINTER(arms);
    FIELD(seed);
    FIELD(time_ms);
    POINTER(policy);
    FIELD(reserved);
    finish_layout("rk_rules_input", sizeof(THIS));
#undef THIS
#define THIS rk_bandit_options
    begin_layout("rk_bandit_options", sizeof(THIS));
    FIELD(prior_rate);
    FIELD(prior_trials);
    FIELD(half_life_days);
    FIELD(uniform);
    FIELD(impressions);
    FIELD(most_impressions);
    FIELD(most_days);
    FIELD(rows);
    finish_layout("rk_bandit_options", sizeof(THIS));
#undef THIS
#define THIS rk_bandit_evidence
    begin_layout("rk_bandit_evidence", sizeof(THIS));
    FIELD(trials);
    FIELD(rewards);
    FIELD(alpha);
    FIELD(beta);
    FIELD(pooled);
    FIELD(reserved);
    finish_layout("rk_bandit_evidence", sizeof(THIS));
#undef THIS
#define THIS rk_ruled
    begin_layout("rk_ruled", sizeof(THIS));
    FIELD(item);
    FIELD(place);
    FIELD(rules);
    FIELD(gave_way);
    FIELD(propensity);
    finish_layout("rk_ruled", sizeof(THIS));
#undef THIS
#define THIS rk_file_header
    begin_layout("rk_file_header", sizeof(THIS));
    ARRAY(magic);
    FIELD(kind);
    FIELD(read_version);
    FIELD(write_version);
    FIELD(compat_flags);
    FIELD(incompat_flags);
    FIELD(file_bytes);
    ARRAY(content_id);
    ARRAY(region);
    FIELD(created_at_ms);
    FIELD(section_count);
    FIELD(table_crc32);
    ARRAY(reserved);
    FIELD(header_crc32);
    finish_layout("rk_file_header", sizeof(THIS));
#undef THIS
#define THIS rk_section_entry
    begin_layout("rk_section_entry", sizeof(THIS));
    ARRAY(type);
    FIELD(version);
    FIELD(flags);
    FIELD(elem_bytes);
    FIELD(offset);
    FIELD(bytes);
    FIELD(count);
    ARRAY(sha256);
    finish_layout("rk_section_entry", sizeof(THIS));
#undef THIS
#define THIS rk_container
    begin_layout("rk_container", sizeof(THIS));
    POINTER(bytes);
    POINTER(header);
    POINTER(entries);
    finish_layout("rk_container", sizeof(THIS));
#undef THIS
#define THIS rk_events_meta
    begin_layout("rk_events_meta", sizeof(THIS));
    FIELD(events);
    FIELD(users);
    FIELD(items);
    FIELD(types);
    FIELD(time_kind);
    FIELD(user_kind);
    FIELD(attributes);
    FIELD(features);
    FIELD(contexts);
    ARRAY(reserved);
    finish_layout("rk_events_meta", sizeof(THIS));
#undef THIS
#define THIS rk_snapshot_meta
    begin_layout("rk_snapshot_meta", sizeof(THIS));
    FIELD(items);
    FIELD(types);
    FIELD(dim);
    FIELD(time_kind);
    FIELD(events);
    FIELD(sessions);
    FIELD(stats_through_ms);
    FIELD(seed);
    FIELD(neighbor_scale);
    FIELD(similar_decay);
    FIELD(session_decay);
    FIELD(popular_count);
    FIELD(encoder_positions);
    ARRAY(repeat);
    FIELD(trending_count);
    FIELD(place_count);
    FIELD(explore_count);
    FIELD(user_positions);
    FIELD(user_features);
    FIELD(feature_rows);
    FIELD(outlier_weight);
    FIELD(nearby_km);
    FIELD(tasks);
    FIELD(rank_inputs);
    FIELD(rank_experts);
    FIELD(rank_units);
    FIELD(rank_item_step);
    FIELD(timed_items);
    FIELD(attributes);
    FIELD(attribute_values);
    FIELD(numbers);
    FIELD(cluster_model);
    FIELD(clusters);
    FIELD(short_popular);
    ARRAY(reserved);
    finish_layout("rk_snapshot_meta", sizeof(THIS));
#undef THIS
#define THIS rk_task
    begin_layout("rk_task", sizeof(THIS));
    FIELD(type);
    FIELD(weight);
    FIELD(scale);
    FIELD(offset);
    FIELD(base_rate);
    ARRAY(reserved);
    finish_layout("rk_task", sizeof(THIS));
#undef THIS
#define THIS rk_source_config
    begin_layout("rk_source_config", sizeof(THIS));
    FIELD(quota);
    FIELD(weight);
    ARRAY(reserved);
    finish_layout("rk_source_config", sizeof(THIS));
#undef THIS
}

static void print_statuses(void) {
    printf("  STATUS: {\n");
#define RK_STATUS(number, name, message) printf("    %s: %d,\n", #name, number);
#include "base/status.def"
#undef RK_STATUS
    printf("  },\n  STATUS_NAMES: {\n");
#define RK_STATUS(number, name, message) printf("    %d: '%s',\n", number, #name);
#include "base/status.def"
#undef RK_STATUS
    printf("  },\n  STATUS_MESSAGES: {\n");
#define RK_STATUS(number, name, message) printf("    %d: \"%s\",\n", number, message);
#include "base/status.def"
#undef RK_STATUS
    printf("  },\n");
}

#define CONSTANT(name) printf("    %s: %llu,\n", #name, (unsigned long long)(name))

/* Of floats, and of what no integer holds. */
#define NUMBER(name) printf("    %s: %.0f,\n", #name, (double)(name))

static void print_constants(void) {
    printf("  CONSTANTS: {\n");
    CONSTANT(RK_NONE);
    CONSTANT(RK_MAX_ITEMS);
    CONSTANT(RK_MAX_EVENT_TYPES);
    CONSTANT(RK_FORMAT_VERSION);
    CONSTANT(RK_SECTION_ALIGNMENT);
    CONSTANT(RK_MAX_SECTIONS);
    CONSTANT(RK_KIND_EVENTS);
    CONSTANT(RK_KIND_SNAPSHOT);
    CONSTANT(RK_KIND_DELTA);
    CONSTANT(RK_PART_CORE);
    CONSTANT(RK_PART_VECTORS);
    CONSTANT(RK_PART_TEXT);
    CONSTANT(RK_PART_COUNT);
    CONSTANT(RK_SECTION_REQUIRED);
    CONSTANT(RK_SECTION_PART_SHIFT);
    CONSTANT(RK_SECTION_PART_MASK);
    CONSTANT(RK_TIME_NONE);
    CONSTANT(RK_TIME_ORDER);
    CONSTANT(RK_TIME_UNIX_MS);
    CONSTANT(RK_USERS_ARE_SESSIONS);
    CONSTANT(RK_USERS_ARE_USERS);
    CONSTANT(RK_ATTRIBUTE_CATEGORY);
    CONSTANT(RK_ATTRIBUTE_TAGS);
    CONSTANT(RK_ATTRIBUTE_TEXT);
    CONSTANT(RK_ATTRIBUTE_NUMBER);
    CONSTANT(RK_MAX_ATTRIBUTES);
    CONSTANT(RK_MAX_ATTRIBUTE_VALUES);
    CONSTANT(RK_MAX_RANK_INPUTS);
    CONSTANT(RK_MAX_EXPERTS);
    CONSTANT(RK_MAX_UNITS);
    CONSTANT(RK_FIRST_INPUTS);
    CONSTANT(RK_MAX_FEATURES);
    CONSTANT(RK_MAX_CONTEXTS);
    CONSTANT(RK_MAX_NUMBER_BYTES);
    CONSTANT(RK_NO_PLACE);
    CONSTANT(RK_SOURCE_SLOTS);
    CONSTANT(RK_SOURCE_POPULAR);
    CONSTANT(RK_SOURCE_SIMILAR);
    CONSTANT(RK_SOURCE_SESSION);
    CONSTANT(RK_SOURCE_TRENDING);
    CONSTANT(RK_SOURCE_NEARBY);
    CONSTANT(RK_SOURCE_USER);
    CONSTANT(RK_SOURCE_EXPLORE);
    CONSTANT(RK_SOURCE_COUNT);
    CONSTANT(RK_MAX_DIM);
    CONSTANT(RK_CORE_NEIGHBORS);
    CONSTANT(RK_MAX_NEIGHBORS);
    NUMBER(RK_MAX_NUMBER);
    NUMBER(RK_NO_NUMBER);
    CONSTANT(RK_MAX_NEW_ITEMS);
    CONSTANT(RK_MAX_RELATED);
    CONSTANT(RK_MAX_POSITIONS);
    CONSTANT(RK_REPEAT_LAGS);
    CONSTANT(RK_MAX_FEATURE_ROWS);
    CONSTANT(RK_BLOCK_ROWS);
    CONSTANT(RK_NEIGHBOR_ITEM_MASK);
    CONSTANT(RK_NEIGHBOR_CODE_SHIFT);
    CONSTANT(RK_BANDIT_MOST_ROWS);
    CONSTANT(RK_REQUEST_KEEP_SEEN);
    CONSTANT(RK_REQUEST_SOURCE_WEIGHTS);
    CONSTANT(RK_REQUEST_SOURCE_QUOTAS);
    CONSTANT(RK_REQUEST_LOCATION);
    CONSTANT(RK_REQUEST_TASK_WEIGHTS);
    CONSTANT(RK_MAX_TASKS);
    CONSTANT(RK_MAX_CLUSTERS);
    CONSTANT(RK_SECOND_STAGE_ITEMS);
    CONSTANT(RK_STAGES_ALL);
    CONSTANT(RK_STAGES_RETRIEVAL);
    CONSTANT(RK_STAGES_FIRST);
    CONSTANT(RK_STAGES_SECOND);
    CONSTANT(RK_ESTIMATED);
    CONSTANT(RK_STAGES_COUNT);
    CONSTANT(RK_MAX_SESSION);
    CONSTANT(RK_MAX_COUNT);
    CONSTANT(RK_MAX_QUESTIONS);
    CONSTANT(RK_MAX_USER_FEATURES);
    CONSTANT(RK_RULES_MAGIC);
    CONSTANT(RK_RULES_VERSION);
    CONSTANT(RK_RULES_HEADER_WORDS);
    CONSTANT(RK_RULE_FILTER);
    CONSTANT(RK_RULE_EXCLUDE);
    CONSTANT(RK_RULE_SEEN);
    CONSTANT(RK_RULE_BOOST);
    CONSTANT(RK_RULE_BURY);
    CONSTANT(RK_RULE_CAP);
    CONSTANT(RK_RULE_PIN);
    CONSTANT(RK_RULE_SHARE);
    CONSTANT(RK_RULE_DIVERSIFY);
    CONSTANT(RK_RULE_EXPLORE);
    CONSTANT(RK_MATCH_TRUE);
    CONSTANT(RK_MATCH_ANY);
    CONSTANT(RK_MATCH_ALL);
    CONSTANT(RK_MATCH_KNOWN);
    CONSTANT(RK_MATCH_NUMBER);
    CONSTANT(RK_MATCH_ITEMS);
    CONSTANT(RK_MATCH_AGE);
    CONSTANT(RK_MATCH_POPULARITY);
    CONSTANT(RK_MATCH_AND);
    CONSTANT(RK_MATCH_OR);
    CONSTANT(RK_MATCH_NOT);
    CONSTANT(RK_RULES_MAX);
    CONSTANT(RK_RULES_MAX_AGED);
    CONSTANT(RK_RULES_MAX_WORDS);
    CONSTANT(RK_RULES_MAX_NODES);
    CONSTANT(RK_RULES_MAX_CAPS);
    CONSTANT(RK_RULES_MAX_SHARES);
    CONSTANT(RK_RULES_MAX_PLACES);
    CONSTANT(RK_RULES_MAX_HOURS);
    CONSTANT(RK_RULES_PARTS);
    CONSTANT(RK_RULES_MAX_EXPLORE);
    CONSTANT(RK_MAX_CANDIDATES);
    CONSTANT(RK_MAX_QUOTA);
    CONSTANT(RK_NO_RATE);
    printf("  },\n");
}

int main(void) {
    printf("// Generated by wasm/abi_dump.c from the C headers. Do not edit.\n\n"
           "export const abi = {\n");
    print_statuses();
    printf("  LAYOUTS: {\n");
    print_layouts();
    printf("  },\n");
    print_constants();
    printf("} as const;\n");
    return failures == 0 && fflush(stdout) == 0 ? 0 : 1;
}
