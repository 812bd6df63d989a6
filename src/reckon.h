/* Reckon's runtime: recommendations from one snapshot file, with no allocation and no I/O.
 *
 * Life of an engine: the caller reads a snapshot into 64-byte aligned memory, asks how much scratch
 * it needs (rk_engine_measure), provides it, and opens it (rk_engine_open), which validates every
 * byte once. From then on no query can fail but for its own arguments, none allocates, and the same
 * (snapshot, request) gives the same bits in every host.
 *
 * An engine is not thread-safe: it owns one scratch. Open one a thread over the same snapshot. */
#ifndef RECKON_H
#define RECKON_H

#include "base/status.h"
#include "format/snapshot_layout.h"
#include "model/new_items.h"

typedef struct rk_engine rk_engine;
typedef struct rk_rules rk_rules;
typedef struct rk_bandit rk_bandit;

/* Candidate sources, by number: a bit in rk_recommendation.sources, a row of the snapshot's
 * `source` section. The numbers are part of the format. */
enum {
    RK_SOURCE_POPULAR = 0,
    RK_SOURCE_SIMILAR = 1,
    RK_SOURCE_SESSION = 2,
    RK_SOURCE_TRENDING = 3,
    RK_SOURCE_NEARBY = 4,
    RK_SOURCE_USER = 5,
    RK_SOURCE_EXPLORE = 6,
    RK_SOURCE_COUNT = 7
};

/* One step of a session, oldest first. */
typedef struct rk_event {
    int64_t time_ms; /* Unix ms; 0 if unknown */
    uint32_t item;   /* < items */
    uint32_t type;   /* < types */
} rk_event;
RK_STATIC_ASSERT(sizeof(rk_event) == 16, event_is_16_bytes);

enum {
    RK_REQUEST_KEEP_SEEN = 1,      /* items of the session may be recommended again */
    RK_REQUEST_SOURCE_WEIGHTS = 2, /* use source_weights instead of the snapshot's */
    RK_REQUEST_SOURCE_QUOTAS = 4,  /* use source_quotas instead of the snapshot's */
    RK_REQUEST_LOCATION = 8,       /* the user is at latitude, longitude */
    RK_REQUEST_TASK_WEIGHTS = 16   /* use task_weights instead of the snapshot's */
};

/* How far a request goes down the funnel; the answer is what that stage hands on, in the order that
 * the request's rules make of it. */
enum {
    RK_STAGES_ALL = 0,       /* as far as the snapshot goes */
    RK_STAGES_RETRIEVAL = 1, /* the blend of the sources */
    RK_STAGES_FIRST = 2,     /* the distilled first stage */
    RK_STAGES_SECOND = 3,    /* the value model */
    RK_STAGES_COUNT = 4
};

/* Candidates that the second stage ranks; of a longer answer as many as it has. */
#define RK_SECOND_STAGE_ITEMS 100u

#define RK_MAX_SESSION       1024u /* longer sessions: pass the most recent events */
#define RK_MAX_COUNT         1000u
#define RK_MAX_USER_FEATURES 16u /* of a request */

typedef struct rk_request {
    const rk_event *session;  /* (session_count), oldest first; may be NULL if 0 */
    const uint32_t *exclude;  /* (exclude_count) items never to return; may be NULL if 0 */
    const uint32_t *features; /* (feature_count) rk_user_feature of what is known of the user */
    const uint32_t *seen;     /* (seen_count) items met before the session's events, of which as of
                               * those is true: none comes back unless kept, and `seen` rules know
                               * them; may be NULL if 0 */
    uint32_t seen_count;
    uint32_t session_count;
    uint32_t exclude_count;
    uint32_t count;            /* how many to return, 1..RK_MAX_COUNT */
    uint32_t flags;            /* RK_REQUEST_... */
    uint32_t feature_count;    /* <= RK_MAX_USER_FEATURES */
    float latitude, longitude; /* degrees, within +-90 and +-180; RK_REQUEST_LOCATION */
    uint64_t seed;         /* of what is left to chance (`explore`): another seed, another choice */
    int64_t time_ms;       /* now, Unix ms; 0: that of the last event */
    int64_t rules_time_ms; /* now, for the ages that rules ask for; 0: as time_ms */
    float source_weights[RK_SOURCE_SLOTS];
    uint32_t source_quotas[RK_SOURCE_SLOTS];
    float task_weights[RK_MAX_TASKS]; /* of the value model, one a task of the snapshot */
    uint32_t stages;                  /* RK_STAGES_... */
    const rk_rules *rules;            /* opened over this engine's snapshot, or NULL */
    rk_bandit *bandit;                /* the same, for explore slots; NULL: they draw all alike */
    uint32_t reserved;
} rk_request;

/* In rk_recommendation.flags: no event that the rankers learnt from has the item. Its score and
 * probabilities are drawn between those of its neighbours in the order of the blend. */
#define RK_ESTIMATED 1u

/* Why and how well. `score` is that of the last stage that ran: the value, or the blend. `rank` is
 * 1-based within a source's candidates, 0 if that source did not bring the item; `source_score` is
 * the source's own score of the item, whether it brought it or not. */
typedef struct rk_recommendation {
    uint32_t item;
    float score;
    uint32_t sources; /* bit s: source s brought it */
    uint32_t because; /* the session's item that contributed most, or RK_NONE */
    uint16_t rank[RK_SOURCE_SLOTS];
    float source_score[RK_SOURCE_SLOTS];
    float blend;                     /* score of the retrieval */
    float first;                     /* score of the first stage, 0 if it did not run */
    float probability[RK_MAX_TASKS]; /* P(task), one a task, 0 if the second stage did not run */
    uint32_t ranked;                 /* 1-based place before the rules */
    uint32_t rules;                  /* bit r: rule r of the request had to do with its place */
    float propensity;                /* with which exploration chose it; 0: it did not */
    uint16_t stages;                 /* RK_STAGES_... of the last stage that scored it */
    uint16_t flags;                  /* RK_ESTIMATED */
    uint32_t also;     /* the session's item that contributed second most, or RK_NONE */
    uint32_t gave_way; /* rules that its place breaks, because nothing else was left */
} rk_recommendation;
RK_STATIC_ASSERT(sizeof(rk_recommendation) == 128, recommendation_is_128_bytes);

/* What the last query of an engine did: how many candidates each stage handed on. */
typedef struct rk_funnel {
    uint32_t stages;    /* RK_STAGES_RETRIEVAL, _FIRST or _SECOND: the last that ran */
    uint32_t available; /* sources that took part, a bit each */
    uint32_t brought[RK_SOURCE_SLOTS]; /* candidates of each source; one may have several */
    uint32_t retrieved;                /* different candidates */
    uint32_t first;                    /* handed on by the first stage */
    uint32_t second;                   /* ranked by the second stage */
    uint32_t removed; /* that rules kept out of the list, as rk_rules_removed counts: ranked high
                         enough for it and displaced, or pinned and filtered out */
    uint32_t answered;
} rk_funnel;
RK_STATIC_ASSERT(sizeof(rk_funnel) == 60, funnel_is_60_bytes);

/* What a snapshot is; filled by rk_engine_describe. */
typedef struct rk_description {
    unsigned char content_id[32];
    char region[32];
    uint64_t file_bytes;
    int64_t created_at_ms;
    int64_t stats_through_ms;
    uint64_t events;
    uint64_t sessions;
    uint64_t seed;
    uint32_t items;
    uint32_t types;
    uint32_t dim;
    uint32_t time_kind;
    uint64_t part_bytes[4]; /* core, vectors, text, 0 */
    uint32_t places;        /* items with a place */
    uint32_t user_features; /* that rk_user_feature knows */
    uint32_t trending;      /* items listed as rising */
    uint32_t explore;       /* items to explore */
    uint32_t tasks;         /* 0: no ranker, the funnel ends with the blend */
    uint32_t attributes;    /* of items, that rules may name */
} rk_description;

/* Scratch an engine over this snapshot needs, in bytes. Checks header and table only: O(sections).
 */
rk_status rk_engine_measure(const void *snapshot, uint64_t snapshot_bytes, uint64_t *engine_bytes,
                            rk_error *error);

/* Validates the whole snapshot (every checksum, every bound) and opens an engine in `memory`
 * (64-byte aligned, of rk_engine_measure's size). Both must outlive the engine; closing is
 * forgetting. O(snapshot bytes). On failure nothing is kept and *error says section, offset and
 * reason. */
rk_status rk_engine_open(const void *snapshot, uint64_t snapshot_bytes, void *memory,
                         uint64_t memory_bytes, rk_engine **out, rk_error *error);

/* New items in a running engine: another engine, over the same snapshot and copies of what it holds
 * of items, with a tail (model/extended_content.h has what a new item is from its first second).
 * `engine` is one over the snapshot alone; to add more later, add all of them again. The snapshot
 * must outlive both engines, `items` and `engine` need not outlive the call. `memory`: 64-byte
 * aligned, about the size of the snapshot and of an engine. Errors: BAD_ARGUMENT (section: what of
 * the items, offset: which), TOO_LARGE, MISALIGNED, OUT_OF_MEMORY. O(snapshot bytes), and one scan
 * of the 2-bit codes an item without related ones. */
rk_status rk_items_measure(const rk_engine *engine, const rk_new_items *items, uint64_t *bytes,
                           rk_error *error);
rk_status rk_items_add(const rk_engine *engine, const rk_new_items *items, void *memory,
                       uint64_t memory_bytes, rk_engine **out, rk_error *error);

void rk_engine_describe(const rk_engine *engine, rk_description *out);

void rk_engine_funnel(const rk_engine *engine, rk_funnel *out);

/* Look-ups. Ids, names and titles are UTF-8, not zero-terminated, and live in the snapshot.
 * Find: O(log items), RK_NONE if there is none. Text: returns the size in bytes. */
uint32_t rk_item_find(const rk_engine *engine, const char *id, uint32_t id_bytes);
uint32_t rk_item_id(const rk_engine *engine, uint32_t item, const char **text);
uint32_t rk_item_title(const rk_engine *engine, uint32_t item, const char **text); /* 0: none */
uint32_t rk_event_find(const rk_engine *engine, const char *name, uint32_t name_bytes);
uint32_t rk_event_name(const rk_engine *engine, uint32_t type, const char **text);
/* The names of the features of a user that the snapshot knows: feature < description.user_features.
 */
uint32_t rk_feature_name(const rk_engine *engine, uint32_t feature, const char **text);
/* What rk_request.features holds for one value of one feature, RK_NONE if the snapshot knows no
 * such feature. Any value has one. O(features + bytes). */
uint32_t rk_user_feature(const rk_engine *engine, const char *name, uint32_t name_bytes,
                         const char *value, uint32_t value_bytes);
/* What the snapshot knows of items, to filter and to show: attribute < description.attributes, its
 * kind is one of RK_ATTRIBUTE_... Values of categories (one an item at most) and tags (several) are
 * numbers, ascending, that rk_attribute_value names; what they point to lives in the snapshot.
 * rk_item_values returns how many, O(values of the item). rk_item_number: false if it has none. */
uint32_t rk_attribute_name(const rk_engine *engine, uint32_t attribute, const char **text);
uint32_t rk_attribute_kind(const rk_engine *engine, uint32_t attribute);
uint32_t rk_attribute_value(const rk_engine *engine, uint32_t value, const char **text);
/* The number of a value, RK_NONE if no item has it. O(log values). */
uint32_t rk_attribute_value_find(const rk_engine *engine, uint32_t attribute, const char *text,
                                 uint32_t bytes);
uint32_t rk_item_values(const rk_engine *engine, uint32_t item, uint32_t attribute,
                        const uint32_t **values);
bool rk_item_number(const rk_engine *engine, uint32_t item, uint32_t attribute, float *number);
/* The training report (JSON), size 0 if there is none. */
uint64_t rk_report(const rk_engine *engine, const char **text);

/* "popular", ...; "" for a number that is no source. */
const char *rk_source_name(uint32_t source);
/* NULL if source `s` can answer `request`, else a short reason ("the session is empty"). The count
 * is not looked at; otherwise a request that rk_recommend refuses is one. */
const char *rk_source_unavailable(rk_engine *engine, const rk_request *request, uint32_t source);

/* ---- business rules (serve/rules.h; the words: serve/rules_program.h, made of a document by the
 * JavaScript package) ---- */

/* One place of a list that rules made, or one item that is not in it. Bit r is rule r of the
 * document. */
typedef struct rk_ruled {
    uint32_t item;
    uint32_t place;    /* 1-based before the rules, 0: it was not among the candidates */
    uint32_t rules;    /* that moved it up, held it back, put it there, or removed it */
    uint32_t gave_way; /* rules that its position breaks, because nothing else was left */
    float propensity;  /* with which the explore draw chose it; 0: it did not */
} rk_ruled;
RK_STATIC_ASSERT(sizeof(rk_ruled) == 20, ruled_is_20_bytes);

/* Bytes that opened rules need. Validates the whole program. O(words). Error: BAD_RULES (offset:
 * the index of the bad word). */
rk_status rk_rules_measure(const rk_engine *engine, const uint32_t *words, uint32_t count,
                           uint64_t *bytes, rk_error *error);
/* Opens rules in `memory` (64-byte aligned, of rk_rules_measure's size), which keep a copy of the
 * words. The engine must outlive them. O(words + items * conditions). A list by them costs
 * O(count * candidates * (caps * most + dim with diversity)) at worst, 0.2 s for 1,000 of 1,000;
 * and O(items * conditions on ages) more when the hour is not that of the list before. */
rk_status rk_rules_open(const rk_engine *engine, const uint32_t *words, uint32_t count,
                        void *memory, uint64_t memory_bytes, rk_rules **out, rk_error *error);
/* Of the last list: what would have been in it without the rules, or was pinned and removed, and
 * the rules that are to blame, *count of them. Valid until the next list. */
const rk_ruled *rk_rules_removed(const rk_rules *rules, uint32_t *count);
/* The rules (a bit each) that never let this item into a list at this time (Unix ms; 0:
 * unknown, and no item has an age), whatever lists were made before;
 * `seen`: once it was seen. 0: none. item < items. */
uint32_t rk_rules_refusing(const rk_rules *rules, uint32_t item, bool seen, int64_t time_ms);

/* ---- the bandit of the explore slots (serve/bandit.h) ---- */

#define RK_BANDIT_MOST_ROWS 1048576u

typedef struct rk_bandit_options {
    float prior_rate;          /* rewards an impression, of an item that nothing is known of */
    float prior_trials;        /* impressions that this counts against an item's own */
    float half_life_days;      /* after which an impression counts half; 0: none is forgotten */
    float uniform;             /* share of the draws that is uniform over the pool */
    uint32_t impressions;      /* that every item nobody has met is to get first: half of the draws,
                                  or `uniform` if that is more, is uniform over those in the pool
                                  that lack some; 0: none */
    uint32_t most_impressions; /* after which an item is explored no more; 0: no limit */
    uint32_t most_days;        /* since its first event, after which it is not; 0: no limit */
    uint32_t rows;             /* (arm, day) that each of three tables holds */
} rk_bandit_options;
RK_STATIC_ASSERT(sizeof(rk_bandit_options) == 32, bandit_options_are_32_bytes);

/* What is known of an item's arm, by the region and this device, as of the last request's day. */
typedef struct rk_bandit_evidence {
    double trials, rewards; /* weighed by age */
    double alpha, beta;     /* of its Beta posterior */
    uint32_t pooled;        /* 1: explore slots choose among it and others now */
    uint32_t reserved;
} rk_bandit_evidence;
RK_STATIC_ASSERT(sizeof(rk_bandit_evidence) == 40, bandit_evidence_is_40_bytes);

/* Bytes of a bandit over this engine, and opening it in `memory` (64-byte aligned); the engine must
 * outlive it. Errors: BAD_ARGUMENT (offset: the option). O(items to explore). */
rk_status rk_bandit_measure(const rk_engine *engine, const rk_bandit_options *options,
                            uint64_t *bytes, rk_error *error);
rk_status rk_bandit_open(const rk_engine *engine, const rk_bandit_options *options, void *memory,
                         uint64_t memory_bytes, rk_bandit **out, rk_error *error);
/* An item that a slot drew was shown (a trial of its arm and its cluster's), or, later, was worth
 * it (a reward of theirs, by the time of showing; once, which is the caller's to see to). Errors:
 * BAD_ARGUMENT, TOO_LARGE if the open batch is full; nothing is changed then. */
rk_status rk_bandit_record(rk_bandit *bandit, uint32_t item, bool rewarded, int64_t shown_ms,
                           rk_error *error);
void rk_bandit_known(rk_bandit *bandit, uint32_t item, rk_bandit_evidence *out);

/* Statistics that leave and arrive, as deltas (FORMAT.md section 4). A batch is frozen, its bytes
 * are sent until they are acknowledged, and meanwhile what is new goes into the next: all three
 * tables, the region's, the frozen one, the open one, count in every decision. */
/* The open batch becomes the frozen one, if there is none; false: there is, or nothing is open. */
bool rk_bandit_freeze(rk_bandit *bandit);
/* The frozen batch as a file: its size, and the file at `out`; `scratch` (bytes) is written over.
 * `region` is the snapshot's. */
uint64_t rk_bandit_batch_bytes(const rk_bandit *bandit);
void rk_bandit_batch_write(const rk_bandit *bandit, uint64_t seq, uint32_t epoch,
                           unsigned char *scratch, unsigned char *out);
/* The region has it: the frozen batch is dropped. */
void rk_bandit_acknowledge(rk_bandit *bandit);
/* The region's statistics become those of a delta (64-byte aligned; not kept). Errors: those of
 * reading a delta; TOO_LARGE if its rows do not fit. Nothing is changed then. */
rk_status rk_bandit_replace(rk_bandit *bandit, const void *delta, uint64_t bytes, rk_error *error);
/* All three tables of another bandit, over an engine with other items. TOO_LARGE. */
rk_status rk_bandit_adopt(rk_bandit *bandit, const rk_bandit *from, rk_error *error);

/* The funnel: candidates of every source by quota, merged, scored, best `count` first. Seen items
 * (unless kept), excluded items and items of negative events never appear. *found <= count. No
 * allocation. Errors: BAD_ARGUMENT (offset: the index of the bad session event, excluded item, seen
 * item or feature). Cost: one scan of the 2-bit codes (dim/4 bytes an item) + O(candidates). */
rk_status rk_recommend(rk_engine *engine, const rk_request *request, rk_recommendation *out,
                       uint32_t *found, rk_error *error);

/* ---- onboarding (serve/onboarding.c) ---- */

#define RK_MAX_QUESTIONS 64u

/* Items that a new user was asked about and did not pick. An item may be in both: then it was
 * skipped. */
typedef struct rk_answers {
    const uint32_t *skipped; /* (skipped_count) known, and not wanted; may be NULL if 0 */
    const uint32_t *unknown; /* (unknown_count) not known; may be NULL if 0 */
    uint32_t skipped_count, unknown_count;
} rk_answers;

/* One item to ask about, and why. */
typedef struct rk_question {
    uint32_t item;
    float score;      /* pick * gain: what asking is expected to bring */
    float pick;       /* how likely it is picked, given what was answered */
    float known;      /* how likely it is known */
    float gain;       /* more wanted items among the ten first of a list, if it is picked */
    uint32_t because; /* the picked item that is most like it, or RK_NONE */
} rk_question;
RK_STATIC_ASSERT(sizeof(rk_question) == 24, question_is_24_bytes);

/* What to ask a new user next, best first: request->count items (1..RK_MAX_QUESTIONS; fewer if
 * fewer are left). The session holds the picks so far, the answers the rest; items of the session,
 * seen, excluded, removed by rules or answered are never asked about. With every answer the
 * questions change, so asking for one at a time is best. Without any it needs nothing but the
 * snapshot. Errors: as rk_recommend; BAD_ARGUMENT (offset: the index) for an answered item. Cost:
 * some 2 ms natively, O(items + answers). */
rk_status rk_onboarding(rk_engine *engine, const rk_request *request, const rk_answers *answers,
                        rk_question *out, uint32_t *found, rk_error *error);

/* The items most like one item: the same funnel over a session of just that item, by `similar` and
 * `session` alone. */
rk_status rk_similar(rk_engine *engine, uint32_t item, uint32_t count, rk_recommendation *out,
                     uint32_t *found, rk_error *error);

#endif
