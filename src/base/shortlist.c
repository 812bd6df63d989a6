#include "base/shortlist.h"

void rk_shortlist_cut(rk_shortlist *list) {
    if (list->count < list->wanted) return;
    rk_select_scored(list->entries, list->count, list->wanted);
    list->count = list->wanted;
    list->threshold = list->entries[list->wanted - 1].score;
}

uint32_t rk_shortlist_finish(rk_shortlist *list) {
    rk_shortlist_cut(list);
    return list->count;
}
