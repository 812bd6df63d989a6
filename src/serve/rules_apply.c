/* The list by the rules (rules.h says how): one greedy pass over positions.
 *
 *   admit      candidates become slots, removed ones are noted; pins and items to explore join
 *   arrange    places + bury - boost, sorted: the order in which candidates are asked
 *   pin        positions taken before the rest is filled; caps know of them
 *   fill       position by position; each placement updates caps, shares and similarities
 *   report     who was moved or left out, and by which rule
 *
 * What a candidate breaks at a position is a mask with the most important rule in its highest bit,
 * caps then shares, each in the document's order; so "lexicographically least" is the smallest
 * number, and 0 is obeying all. Without diversity the first candidate with 0 ends the search.
 *
 * A share of s in a list of n is due at position p while fewer than floor(s p) items meet it, or
 * while no more free positions are left behind p than ceil(s n) needs. The first spreads them over
 * the list, the second makes the number whole. */
#include "base/rng.h"
#include "serve/rules_inner.h"

/* Candidates whose rows are fetched before the first is looked at. */
#define AHEAD 64u

#define DRAW_STREAM 0x72756C6573u /* "rules" */

typedef struct ruling {
    const rk_rules *rules;
    const rk_rules_scratch *scratch;
    const rk_rules_input *input;
    const uint32_t *blocked; /* by the rules */
    rk_ruled *out;           /* by position - 1 */
    int64_t hour;
    uint32_t slots;      /* in use; those of candidates first, best first */
    uint32_t candidates; /* that were not removed */
    uint32_t ordered;    /* of scratch->order */
    uint32_t explorable; /* of scratch->explorable */
    uint32_t length;     /* of the list */
    uint32_t open;       /* positions behind the current one that are neither pinned nor reserved */
    uint32_t have[RK_RULES_MAX_SHARES];     /* items of each share up to the current position */
    uint32_t expected[RK_RULES_MAX_SHARES]; /* pins of each share behind it */
    rk_rng draws;
    uint16_t arms[RK_RULES_MAX_EXPLORE]; /* (explorable) of the policy */
} ruling;

static uint32_t share_bit(const ruling *list, uint32_t share) {
    return 1u << 31 >> (list->rules->shape.caps + share);
}

/* The document's rules that a mask of broken ones is about. */
static uint32_t rules_of(const ruling *list, uint32_t broken) {
    uint32_t bits = 0, caps = list->rules->shape.caps;
    for (; broken; broken &= broken - 1) {
        uint32_t number = 31u - (uint32_t)__builtin_ctz(broken);
        bits |= number < caps ? list->rules->caps[number].rule->bit
                              : list->rules->shares[number - caps]->bit;
    }
    return bits;
}

/* ---- admitting ------------------------------------------------------------------------------- */

/* An item may be removed as a candidate and as a pin. */
static void note_removed(const ruling *list, uint32_t item, uint32_t place, uint32_t bits) {
    rk_ruled *removed = list->scratch->removed;
    uint32_t *count = &list->rules->state->removed_count, i = 0;
    while (place == 0 && i < *count && removed[i].item != item) i++;
    if (place == 0 && i < *count)
        removed[i].rules |= bits;
    else
        removed[(*count)++] = (rk_ruled){.item = item, .place = place, .rules = bits};
}

/* True if it must not be in the list; *blamed: the rules that say so. */
static bool is_removed(const ruling *list, uint32_t item, uint32_t *blamed) {
    const rk_rules_input *input = list->input;
    bool seen = input->seen && rk_is_blocked(input->seen, item);
    bool removed = rk_is_blocked(list->blocked, item);
    if (seen) removed |= rk_rules_blocks_seen(list->rules, item);
    *blamed = removed ? rk_rules_blame(list->rules, item, seen, list->hour) : 0;
    if (input->blocked) removed |= rk_is_blocked(input->blocked, item);
    return removed;
}

static uint32_t add_slot(ruling *list, uint32_t item, uint32_t place) {
    const rk_rules *rules = list->rules;
    const rk_rules_scratch *scratch = list->scratch;
    uint32_t slot = list->slots++;
    assert(slot < RK_RULES_SLOTS);
    scratch->item[slot] = item;
    scratch->place[slot] = place;
    scratch->touched[slot] = scratch->position[slot] = scratch->breaks[slot] = 0;
    for (uint32_t s = 0; s < rules->shape.shares; s++) {
        if (!rk_rules_match(rules, rules->shares[s], item, list->hour))
            scratch->breaks[slot] |= share_bit(list, s);
    }
    rk_rules_caps_add(rules, slot, list->hour);
    if (rules->diversify) rk_rules_spread_add(rules, slot);
    return slot;
}

/* The bucket of an item, or the free one where it belongs. */
static uint16_t *bucket_of(const ruling *list, uint32_t item) {
    uint16_t *buckets = list->scratch->buckets;
    uint32_t bucket = (uint32_t)rk_mix64(item, 1) & (RK_RULES_BUCKETS - 1);
    while (buckets[bucket] != RK_RULES_NO_SLOT && list->scratch->item[buckets[bucket]] != item)
        bucket = (bucket + 1) & (RK_RULES_BUCKETS - 1);
    return &buckets[bucket];
}

/* The slot of an item, a new one if it has none. */
static uint32_t slot_of(ruling *list, uint32_t item) {
    uint16_t *bucket = bucket_of(list, item);
    if (*bucket == RK_RULES_NO_SLOT) *bucket = (uint16_t)add_slot(list, item, 0);
    return *bucket;
}

static void admit(ruling *list) {
    const rk_rules_input *input = list->input;
    bool more = list->rules->pinned_count > 0 || list->rules->explore; /* slots to be found again */
    uint32_t blamed, explored = list->rules->explore ? input->explore_count : 0;
    explored = RK_MIN(explored, RK_RULES_MAX_EXPLORE);
    rk_rules_caps_begin(list->rules, input->candidate_count + list->rules->pinned_count + explored);
    if (more) memset(list->scratch->buckets, 0xFF, RK_RULES_BUCKETS * sizeof(uint16_t));
    for (uint32_t i = 0; i < input->candidate_count; i++) {
        uint32_t item = input->candidates[i].item;
        if (i % AHEAD == 0)
            rk_rules_fetch(list->rules, input->candidates + i,
                           RK_MIN(AHEAD, input->candidate_count - i));
        if (is_removed(list, item, &blamed)) {
            note_removed(list, item, i + 1, blamed);
            continue;
        }
        uint32_t slot = add_slot(list, item, i + 1);
        if (more) *bucket_of(list, item) = (uint16_t)slot;
    }
    list->candidates = list->slots;
    for (uint32_t i = 0; i < explored; i++) {
        if (is_removed(list, input->explore[i], &blamed)) continue;
        if (input->policy) list->arms[list->explorable] = (uint16_t)input->arms[i];
        list->scratch->explorable[list->explorable++] = (uint16_t)slot_of(list, input->explore[i]);
    }
}

/* ---- order ----------------------------------------------------------------------------------- */

/* Candidates by places + bury - boost; relevance falls evenly along that. Half a place more takes
 * what moves past what stays, so that an item alone moves as far as the rule says; ties as they
 * came. */
static void arrange(ruling *list) {
    const rk_rules *rules = list->rules;
    const rk_rules_scratch *scratch = list->scratch;
    for (uint32_t slot = 0; slot < list->candidates; slot++)
        scratch->sorted[slot] = (rk_scored){.score = -(float)slot, .item = slot};
    for (uint32_t r = 0; r < rules->shape.rules; r++) {
        const rk_rule *rule = &rules->rules[r];
        if (rule->type != RK_RULE_BOOST && rule->type != RK_RULE_BURY) continue;
        float up = (float)rule->numbers[0] * (rule->type == RK_RULE_BOOST ? 1.0f : -1.0f);
        for (uint32_t slot = 0; slot < list->candidates; slot++) {
            if (!rk_rules_match(rules, rule, scratch->item[slot], list->hour)) continue;
            scratch->sorted[slot].score += up;
            scratch->touched[slot] |= rule->bit;
        }
    }
    for (uint32_t slot = 0; slot < list->candidates; slot++) {
        float moved = scratch->sorted[slot].score + (float)slot;
        scratch->sorted[slot].score += moved > 0.0f ? 0.5f : moved < 0.0f ? -0.5f : 0.0f;
    }
    rk_sort_scored(scratch->sorted, list->candidates);
    for (uint32_t i = 0; i < list->candidates; i++) {
        uint32_t slot = scratch->sorted[i].item;
        scratch->order[i] = (uint16_t)slot;
        scratch->relevance[slot] = 1.0f - (float)i / (float)list->candidates;
    }
    list->ordered = list->candidates;
}

static void take_from_order(ruling *list, uint32_t at) {
    uint16_t *order = list->scratch->order;
    list->ordered--;
    memmove(order + at, order + at + 1, (list->ordered - at) * sizeof *order);
}

static void forget_in_order(ruling *list, uint32_t slot) {
    for (uint32_t i = 0; i < list->ordered; i++) {
        if (list->scratch->order[i] == slot) {
            take_from_order(list, i);
            return;
        }
    }
}

/* ---- pins ------------------------------------------------------------------------------------ */

typedef struct pin {
    const rk_rule *rule;
    uint32_t slot;
} pin;

/* Pins that can be in the list, the first of each item; later ones of it have nothing to say. */
static uint32_t gather_pins(ruling *list, pin *pins) {
    uint32_t count = 0;
    for (uint32_t r = 0; r < list->rules->shape.rules; r++) {
        const rk_rule *rule = &list->rules->rules[r];
        if (rule->type != RK_RULE_PIN || rule->numbers[0] == RK_NONE) continue;
        if (rule->numbers[1] > list->input->count) continue;
        uint32_t blamed;
        if (is_removed(list, rule->numbers[0], &blamed)) {
            note_removed(list, rule->numbers[0], 0, rule->bit | blamed);
            continue;
        }
        uint32_t slot = slot_of(list, rule->numbers[0]);
        bool again = false;
        for (uint32_t i = 0; i < count; i++) again |= pins[i].slot == slot;
        if (!again) pins[count++] = (pin){rule, slot};
    }
    return count;
}

/* Its position, else the nearest free one behind it, else before it. length >= pins, so there is
 * one. */
static uint32_t free_position(const ruling *list, uint32_t wanted) {
    const uint16_t *listed = list->scratch->listed;
    uint32_t position = RK_MIN(wanted, list->length);
    while (position <= list->length && listed[position] != RK_RULES_NO_SLOT) position++;
    if (position <= list->length) return position;
    position = RK_MIN(wanted, list->length);
    while (listed[position] != RK_RULES_NO_SLOT) position--;
    return position;
}

/* Also settles the list's length: all candidates and pins, at most what was asked for. */
static void pin_items(ruling *list) {
    const rk_rules_scratch *scratch = list->scratch;
    pin pins[RK_RULES_MAX_PINS];
    uint32_t count = gather_pins(list, pins), others = 0;
    for (uint32_t i = 0; i < count; i++) others += pins[i].slot >= list->candidates;
    list->length = RK_MIN(list->input->count, list->candidates + others);
    memset(list->out, 0, list->length * sizeof *list->out);
    for (uint32_t p = 1; p <= list->length; p++) scratch->listed[p] = RK_RULES_NO_SLOT;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = pins[i].slot, position = free_position(list, pins[i].rule->numbers[1]);
        scratch->listed[position] = (uint16_t)slot;
        scratch->position[slot] = position;
        scratch->touched[slot] |= pins[i].rule->bit;
        if (position != pins[i].rule->numbers[1])
            list->out[position - 1].gave_way = pins[i].rule->bit;
        forget_in_order(list, slot);
        for (uint32_t s = 0; s < list->rules->shape.shares; s++)
            list->expected[s] += !(scratch->breaks[slot] & share_bit(list, s));
    }
    for (uint32_t p = list->length; p >= 1; p--) {
        if (scratch->listed[p] != RK_RULES_NO_SLOT)
            rk_rules_caps_expect(list->rules, scratch->listed[p], p);
    }
    for (uint32_t i = 0; i < count && list->rules->diversify; i++)
        rk_rules_spread_place(list->rules, pins[i].slot);
}

/* ---- filling --------------------------------------------------------------------------------- */

static bool is_reserved(const ruling *list, uint32_t position) {
    const rk_rule *rule = list->rules->explore;
    return rule && position >= rule->numbers[1] &&
           (position - rule->numbers[1]) % rule->numbers[0] == 0;
}

/* Shares that must be met at this position, as a mask. */
static uint32_t due_shares(const ruling *list, uint32_t position) {
    uint32_t due = 0;
    for (uint32_t s = 0; s < list->rules->shape.shares; s++) {
        uint32_t parts = list->rules->shares[s]->numbers[0];
        uint32_t so_far = parts * position / RK_RULES_PARTS;
        uint32_t in_all = (parts * list->length + RK_RULES_PARTS - 1) / RK_RULES_PARTS;
        uint32_t coming = list->expected[s] + list->open;
        if (list->have[s] < so_far || list->have[s] + coming < in_all) due |= share_bit(list, s);
    }
    return due;
}

static void place(ruling *list, uint32_t slot, uint32_t position, bool pinned) {
    const rk_rules *rules = list->rules;
    list->scratch->listed[position] = (uint16_t)slot;
    list->scratch->position[slot] = position;
    rk_rules_caps_place(rules, slot, position, pinned);
    for (uint32_t s = 0; s < rules->shape.shares; s++) {
        if (list->scratch->breaks[slot] & share_bit(list, s)) continue;
        list->have[s]++;
        if (pinned) list->expected[s]--;
    }
    if (rules->diversify && !pinned) rk_rules_spread_place(rules, slot);
}

/* Which of the `count` eligible items, numbers among the explorable ones, and how probable that
 * was: by the policy, or all alike. */
static uint32_t draw(ruling *list, const uint16_t *eligible, uint32_t count, float *propensity) {
    rk_policy *policy = list->input->policy;
    *propensity = 1.0f / (float)count;
    if (!policy) return eligible[rk_rng_below(&list->draws, count)];
    memset(policy->taken, 1, policy->arms);
    for (uint32_t i = 0; i < count; i++) policy->taken[list->arms[eligible[i]]] = 0;
    const rk_choice choice = rk_policy_draw(policy, &list->draws);
    *propensity = rk_choice_propensity(choice);
    uint32_t i = 0;
    while (list->arms[eligible[i]] != choice.arm) i++;
    return eligible[i];
}

/* An explorable item that is not in the list and breaks no cap; false if there is none. */
static bool explore(ruling *list, uint32_t position) {
    const rk_rules_scratch *scratch = list->scratch;
    uint16_t eligible[RK_RULES_MAX_EXPLORE];
    uint32_t count = 0;
    for (uint32_t i = 0; i < list->explorable; i++) {
        uint16_t slot = scratch->explorable[i];
        if (scratch->position[slot] == 0 && !rk_rules_caps_broken(list->rules, slot, position))
            eligible[count++] = (uint16_t)i;
    }
    if (count == 0) return false;
    uint32_t drawn = draw(list, eligible, count, &list->out[position - 1].propensity);
    uint32_t slot = scratch->explorable[drawn];
    scratch->touched[slot] |= list->rules->explore->bit;
    if (slot < list->candidates) forget_in_order(list, slot);
    place(list, slot, position, false);
    return true;
}

/* What a position asks for. */
typedef struct opening {
    uint32_t position;
    uint32_t due;  /* shares, as a mask */
    float spread;  /* the strength of `diversify` */
    uint32_t best; /* of scratch->order, so far */
    uint32_t best_broken;
    float best_value;
} opening;

#define UNKNOWN UINT32_MAX /* of scratch->broken: more rules than there can be */

static uint32_t broken_by(const ruling *list, const opening *at, uint32_t slot) {
    uint32_t *broken = &list->scratch->broken[slot];
    *broken = rk_rules_caps_broken(list->rules, slot, at->position) |
              (at->due & list->scratch->breaks[slot]);
    return *broken;
}

/* Whose fault it is that candidates before the chosen one in the order were passed over. */
static void tell(const ruling *list, const opening *at) {
    const rk_rules_scratch *scratch = list->scratch;
    uint32_t chosen = scratch->order[at->best], caps = list->rules->shape.caps;
    uint32_t share_bits = caps ? (1u << 31 >> (caps - 1)) - 1 : UINT32_MAX;
    for (uint32_t i = 0; i < at->best; i++) {
        uint32_t passed = scratch->order[i];
        uint32_t broken = scratch->broken[passed];
        if (broken == UNKNOWN) broken = broken_by(list, at, passed);
        uint32_t because = broken & ~at->best_broken;
        if (because) {
            scratch->touched[passed] |= rules_of(list, because);
            scratch->touched[chosen] |= rules_of(list, because & share_bits);
        } else {
            scratch->touched[passed] |= list->rules->diversify->bit;
            scratch->touched[chosen] |= list->rules->diversify->bit;
        }
    }
}

/* Without diversity: the first of those that break least. */
static void choose_first(const ruling *list, opening *at) {
    for (uint32_t i = 0; i < list->ordered && at->best_broken != 0; i++) {
        uint32_t broken = broken_by(list, at, list->scratch->order[i]);
        if (broken >= at->best_broken) continue;
        at->best = i;
        at->best_broken = broken;
    }
}

/* The best by MMR of those that break least. Once one breaks nothing, bounds come before looking at
 * what a candidate breaks, and the order says when to stop: no value is above that of a relevance
 * that is unlike everything. */
static void choose_unlike(const ruling *list, opening *at) {
    const rk_rules_scratch *scratch = list->scratch;
    for (uint32_t i = 0; i < list->ordered; i++) {
        uint32_t slot = scratch->order[i];
        float relevant = (1.0f - at->spread) * scratch->relevance[slot];
        float bound = relevant - at->spread * scratch->similarity[slot];
        scratch->broken[slot] = UNKNOWN;
        if (at->best_broken == 0) {
            if (!(relevant + at->spread > at->best_value)) return;
            if (!(bound > at->best_value)) continue;
        }
        uint32_t broken = broken_by(list, at, slot);
        if (broken > at->best_broken) continue;
        if (broken == at->best_broken && !(bound > at->best_value)) continue;
        float value = relevant - at->spread * rk_rules_spread_update(list->rules, slot);
        if (broken == at->best_broken && !(value > at->best_value)) continue;
        at->best = i;
        at->best_broken = broken;
        at->best_value = value;
    }
}

/* The candidate that breaks least, then the best by MMR, then the first. */
static void choose(ruling *list, uint32_t position) {
    const rk_rule *diversify = list->rules->diversify;
    opening at = {.position = position, .due = due_shares(list, position), .best_broken = UNKNOWN};
    assert(list->ordered > 0);
    if (diversify) {
        at.spread = (float)diversify->numbers[0] / RK_RULES_PARTS;
        choose_unlike(list, &at);
    } else {
        choose_first(list, &at);
    }
    uint32_t slot = list->scratch->order[at.best];
    tell(list, &at);
    list->out[position - 1].gave_way |= rules_of(list, at.best_broken);
    take_from_order(list, at.best);
    place(list, slot, position, false);
}

static void fill(ruling *list) {
    const uint16_t *listed = list->scratch->listed;
    for (uint32_t p = 1; p <= list->length; p++)
        list->open += listed[p] == RK_RULES_NO_SLOT && !is_reserved(list, p);
    for (uint32_t p = 1; p <= list->length; p++) {
        if (listed[p] != RK_RULES_NO_SLOT) {
            place(list, listed[p], p, true);
            continue;
        }
        if (!is_reserved(list, p)) {
            list->open--;
            choose(list, p);
        } else if (!explore(list, p)) {
            list->out[p - 1].gave_way = list->rules->explore->bit;
            choose(list, p);
        }
    }
}

/* ---- telling --------------------------------------------------------------------------------- */

/* The list, and the candidates that would have been in it: by the rules that held them back, or by
 * those that brought others there. */
static void report(ruling *list) {
    const rk_rules_scratch *scratch = list->scratch;
    uint32_t pushing = 0;
    for (uint32_t p = 1; p <= list->length; p++) {
        uint32_t slot = scratch->listed[p], from = scratch->place[slot];
        rk_ruled *out = &list->out[p - 1];
        out->item = scratch->item[slot];
        out->place = from;
        out->rules = scratch->touched[slot];
        if (from == 0 || from > list->length) pushing |= out->rules;
    }
    for (uint32_t slot = 0; slot < list->candidates; slot++) {
        if (scratch->position[slot] != 0 || scratch->place[slot] > list->length) continue;
        uint32_t own = scratch->touched[slot];
        note_removed(list, scratch->item[slot], scratch->place[slot], own ? own : pushing);
    }
}

uint32_t rk_rules_apply(const rk_rules *rules, const rk_rules_input *input, rk_ruled *out) {
    assert(input->candidate_count <= RK_MAX_CANDIDATES && input->count <= RK_MAX_COUNT);
    ruling list = {.rules = rules,
                   .scratch = &rules->scratch,
                   .input = input,
                   .blocked = rk_rules_blocked(rules, input->time_ms),
                   .out = out,
                   .hour = rules->state->hour,
                   .draws = rk_rng_at(input->seed, DRAW_STREAM)};
    rules->state->removed_count = rules->state->arrived = 0;
    admit(&list);
    arrange(&list);
    pin_items(&list);
    fill(&list);
    report(&list);
    return list.length;
}

const rk_ruled *rk_rules_removed(const rk_rules *rules, uint32_t *count) {
    *count = rules->state->removed_count;
    return rules->scratch.removed;
}
