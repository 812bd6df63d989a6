/* The event log as learners see it: liked events, grouped by user, in time order, cut into
 * sessions.
 *
 * Rows keep the file's order inside a user when times tie or are absent. An event with a negative
 * label is not a like, so it teaches nothing here; it blocks its item when serving. Sessions of a
 * log whose users are people may be cut where the pause between two events is long; the gap is a
 * searched parameter. */
#ifndef RK_LEARN_LOG_H
#define RK_LEARN_LOG_H

#include "base/status.h"
#include "format/events_read.h"
#include "learn/memory.h"

/* Whether a row is a like, a dislike or neither, by its weight. */
enum { RK_ROW_LIKED = 1, RK_ROW_DISLIKED = 2, RK_ROW_NEITHER = 4 };

/* What experts say of the items (expert.h). */
typedef struct rk_expert {
    float *boost;            /* (items) >= 0, or NULL */
    uint64_t *related_begin; /* (items + 1), or NULL */
    uint32_t *related;       /* symmetric, ascending in a row, never the item itself */
} rk_expert;

typedef struct rk_log {
    uint32_t items;    /* of the catalogue, after leaving out rare ones */
    uint32_t users;    /* of the events file; some may be empty */
    uint32_t sessions; /* non-empty */
    uint64_t events;
    uint32_t *item;          /* (events) */
    float *weight;           /* (events) > 0 */
    int64_t *time;           /* (events), zero without times */
    uint32_t *context;       /* (events) of the user, or NULL */
    uint64_t *user_begin;    /* (users + 1) */
    uint64_t *session_begin; /* (sessions + 1); room for events + 1 */
    uint32_t *item_events;   /* (items) events of each item */
    uint8_t *item_rows;      /* (items) RK_ROW_... of its rows, a bit each; 0: it has none */
    uint32_t *item_of_file;  /* (file items) catalogue item or RK_NONE */
    uint32_t *file_item;     /* (items) the reverse; ascending, so ids stay sorted */
    rk_expert expert;
    uint32_t time_kind;
    bool cuttable; /* gaps mean something: users are people and times are times */
} rk_log;

/* Rows of an events file by (user, time, row): all of them, or those a split leaves to learn from.
 */
typedef struct rk_rows {
    uint64_t *row; /* (count) */
    uint64_t count;
} rk_rows;

/* All rows in order. False if out of memory. */
bool rk_rows_order(const rk_events_content *content, rk_memory *memory, rk_rows *rows);

/* Weight of an event by its labels: the lowest if one is negative, else the highest. */
float rk_event_weight(const rk_events_content *content, uint32_t labels);
/* The event type that gives that weight. */
uint32_t rk_event_type(const rk_events_content *content, uint32_t labels);

/* Sessions are whole users until rk_log_cut. Errors: OUT_OF_MEMORY; NO_EVENTS: no like of a kept
 * item; the log is valid then, and empty of events. */
rk_status rk_log_build(const rk_events_content *content, const rk_rows *rows,
                       uint32_t min_item_events, rk_memory *memory, rk_log *log, rk_error *error);

/* Recuts sessions where two events of a user are more than gap_ms apart; 0 = never. */
void rk_log_cut(rk_log *log, int64_t gap_ms);

#endif
