/* Opened rules, as their three files share them. */
#ifndef RK_SERVE_RULES_INNER_H
#define RK_SERVE_RULES_INNER_H

#include "base/arena.h"
#include "serve/rules.h"

/* Everything that can be in a list: candidates first, then pins and items to explore that are not
 * among them. A slot is an index into these. */
#define RK_RULES_SLOTS   (RK_MAX_CANDIDATES + RK_RULES_MAX_PINS + RK_RULES_MAX_EXPLORE)
#define RK_RULES_BUCKETS 4096u /* of items by hash: a power of two, more than twice the slots */
RK_STATIC_ASSERT(RK_RULES_BUCKETS > 2 * RK_RULES_SLOTS, buckets_are_at_most_half_full);

/* "Outside this list": no slot, no group, no entry. */
#define RK_RULES_NO_SLOT UINT16_MAX

typedef struct rk_rule {
    uint32_t type;
    uint32_t bit; /* 1 << its number */
    uint32_t numbers[3];
    bool ages; /* its condition looks at ages */
    const uint32_t *condition, *condition_end;
} rk_rule;

/* What a document has of each kind: its scratch is sized by it. */
typedef struct rk_rules_shape {
    uint32_t rules, caps, cap_entries, shares, pins;
    bool diversify, explore;
    bool ages, ages_filter; /* a condition looks at ages; one of those that remove does */
} rk_rules_shape;

/* A cap: rules that limit how many of one value there are. Its entries are (RK_RULES_SLOTS,
 * values). */
typedef struct rk_rules_cap {
    const rk_rule *rule;
    uint32_t values; /* most that an item has */
    uint32_t begin;  /* its first entry */
} rk_rules_cap;

/* Items of one value of one cap. Entries are chained: those placed from the last position back,
 * pins still ahead from the next one on. */
typedef struct rk_rules_group {
    uint32_t last, ahead; /* entries, RK_NONE: none */
    uint32_t count;       /* of both */
} rk_rules_group;

/* One list in the making; all arrays by slot unless said otherwise. */
typedef struct rk_rules_scratch {
    uint32_t *item;
    uint32_t *place;    /* 1-based before the rules, 0: no candidate */
    uint32_t *touched;  /* rules that had to do with it */
    uint32_t *breaks;   /* shares that it would break if they were due, as `broken` */
    uint32_t *broken;   /* rules that it breaks at this position: bit 31 the most important */
    uint32_t *position; /* 1-based, 0: not in the list */
    float *relevance;
    uint16_t *buckets;    /* (RK_RULES_BUCKETS) slots by the hash of their items */
    uint16_t *order;      /* (RK_MAX_CANDIDATES) what is not in the list yet, best first */
    uint16_t *listed;     /* (RK_MAX_COUNT + 1) the slot at a position */
    uint16_t *explorable; /* (RK_RULES_MAX_EXPLORE) */
    rk_scored *sorted;    /* (RK_MAX_CANDIDATES) */
    rk_ruled *removed;    /* (RK_MAX_CANDIDATES + RK_RULES_MAX_PINS) */
    /* Caps, (cap_entries): the group of each, the entry chained behind it, its position. */
    uint32_t *group_of, *next;
    uint16_t *entry_position;
    rk_rules_group *groups; /* (cap_entries) */
    uint32_t *group_hash;   /* (group_buckets) 1 + group */
    uint64_t *group_key;    /* (cap_entries) */
    /* Diversity. */
    int16_t *magnitudes;   /* (slots, dim) */
    float *inverse_length; /* 0: it has no direction */
    float *similarity;     /* to the most similar item of the list, as far as compared */
    uint32_t *compared;    /* with how many of `arrived`; RK_NONE: its vector is not decoded */
    uint16_t *arrived;     /* (RK_MAX_COUNT) what is in the list, pins first */
} rk_rules_scratch;

/* What changes between lists. */
typedef struct rk_rules_state {
    int64_t hour; /* of the bitmap; RK_RULES_NO_HOUR: time unknown */
    uint32_t removed_count;
    uint32_t arrived;
    uint32_t groups; /* interned by caps for the list in the making */
    uint32_t group_mask;
} rk_rules_state;

#define RK_RULES_NO_HOUR INT64_MIN

struct rk_rules {
    const rk_snapshot_content *snapshot;
    rk_rules_shape shape;
    const rk_rule *rules; /* (shape.rules) */
    rk_rules_cap caps[RK_RULES_MAX_CAPS];
    const rk_rule *shares[RK_RULES_MAX_SHARES];
    const rk_rule *diversify, *explore;
    uint32_t *pinned; /* (shape.pins) the known ones */
    uint32_t pinned_count;
    uint32_t group_buckets;             /* a power of two */
    uint8_t columns[RK_MAX_ATTRIBUTES]; /* of `ia.num`, of attributes that are numbers */
    uint32_t *blocked;                  /* (blocks) at state->hour */
    uint32_t *fixed;                    /* (blocks) at any hour; only with filters on ages */
    rk_rules_state *state;              /* (1) */
    rk_rules_scratch scratch;
};

/* Whole hours since 1970; RK_RULES_NO_HOUR for 0. */
int64_t rk_rules_hour(int64_t time_ms);
/* Whether `item` meets a rule's condition. O(operators * log operands), no more. */
bool rk_rules_match(const rk_rules *rules, const rk_rule *rule, uint32_t item, int64_t hour);
/* Makes the bitmaps, `blocked` for state->hour. */
void rk_rules_open_blocked(const rk_rules *rules);
/* Reads what rules will read of these items, for nothing but to have it. */
void rk_rules_fetch(const rk_rules *rules, const rk_scored *items, uint32_t count);
/* The rules that remove this item, a bit each; `seen`: it was. */
uint32_t rk_rules_blame(const rk_rules *rules, uint32_t item, bool seen, int64_t hour);

/* Caps (rules_caps.c). A list begins with at most so many slots, each of which is added once. */
void rk_rules_caps_begin(const rk_rules *rules, uint32_t slots);
void rk_rules_caps_add(const rk_rules *rules, uint32_t slot, int64_t hour);
/* Rules that the slot would break at `position`: bit 31 the first cap. */
uint32_t rk_rules_caps_broken(const rk_rules *rules, uint32_t slot, uint32_t position);
/* A pin that will be there; to be called from the last position to the first. */
void rk_rules_caps_expect(const rk_rules *rules, uint32_t slot, uint32_t position);
/* The slot is there; positions ascend. `expected`: it was a pin. */
void rk_rules_caps_place(const rk_rules *rules, uint32_t slot, uint32_t position, bool expected);

/* Diversity (rules_spread.c). */
void rk_rules_spread_add(const rk_rules *rules, uint32_t slot);
/* The slot is in the list. */
void rk_rules_spread_place(const rk_rules *rules, uint32_t slot);
/* scratch->similarity of the slot, compared with all that is in the list. */
float rk_rules_spread_update(const rk_rules *rules, uint32_t slot);

#endif
