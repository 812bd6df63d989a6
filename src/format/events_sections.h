/* The sections of an events file, in file order: one table for the reader and the writer. */
#ifndef RK_FORMAT_EVENTS_SECTIONS_H
#define RK_FORMAT_EVENTS_SECTIONS_H

#include "format/container.h"

enum {
    EV_META,
    EV_USER,
    EV_ITEM,
    EV_LABEL,
    EV_TIME,
    EV_SPLIT,
    EV_USER_OFF,
    EV_USER_TXT,
    EV_ITEM_OFF,
    EV_ITEM_TXT,
    EV_TYPE_OFF,
    EV_TYPE_TXT,
    EV_TYPE_WGT,
    EV_NAME_OFF,
    EV_NAME_TXT,
    EV_ITEM_GEO,
    EV_ITEM_BOOST,
    EV_REL_OFF,
    EV_REL_ITEM,
    EV_ATTR_OFF,
    EV_ATTR_TXT,
    EV_ATTR_KND,
    EV_AVAL_OFF,
    EV_AVAL_TXT,
    EV_FEAT_OFF,
    EV_FEAT_TXT,
    EV_CTX_OFF,
    EV_CTX_TXT,
    EV_CONTEXT,
    EV_PROPENSITY,
    EV_SECTIONS
};

/* `required`: must be there. All of them, if there, are flagged required. */
static const rk_section_spec events_specs[EV_SECTIONS] = {
    [EV_META] = {"ev.meta", 64, RK_PART_CORE, true},
    [EV_USER] = {"ev.user", 4, RK_PART_CORE, true},
    [EV_ITEM] = {"ev.item", 4, RK_PART_CORE, true},
    [EV_LABEL] = {"ev.label", 4, RK_PART_CORE, true},
    [EV_TIME] = {"ev.time", 8, RK_PART_CORE, false},
    [EV_SPLIT] = {"ev.split", 1, RK_PART_CORE, false},
    [EV_USER_OFF] = {"user.off", 4, RK_PART_CORE, true},
    [EV_USER_TXT] = {"user.txt", 1, RK_PART_CORE, true},
    [EV_ITEM_OFF] = {"item.off", 4, RK_PART_CORE, true},
    [EV_ITEM_TXT] = {"item.txt", 1, RK_PART_CORE, true},
    [EV_TYPE_OFF] = {"type.off", 4, RK_PART_CORE, true},
    [EV_TYPE_TXT] = {"type.txt", 1, RK_PART_CORE, true},
    [EV_TYPE_WGT] = {"type.wgt", 4, RK_PART_CORE, true},
    [EV_NAME_OFF] = {"name.off", 4, RK_PART_CORE, false},
    [EV_NAME_TXT] = {"name.txt", 1, RK_PART_CORE, false},
    [EV_ITEM_GEO] = {"item.geo", 8, RK_PART_CORE, false},
    [EV_ITEM_BOOST] = {"item.bst", 4, RK_PART_CORE, false},
    [EV_REL_OFF] = {"rel.off", 4, RK_PART_CORE, false},
    [EV_REL_ITEM] = {"rel.item", 4, RK_PART_CORE, false},
    [EV_ATTR_OFF] = {"attr.off", 4, RK_PART_CORE, false},
    [EV_ATTR_TXT] = {"attr.txt", 1, RK_PART_CORE, false},
    [EV_ATTR_KND] = {"attr.knd", 1, RK_PART_CORE, false},
    [EV_AVAL_OFF] = {"aval.off", 4, RK_PART_CORE, false},
    [EV_AVAL_TXT] = {"aval.txt", 1, RK_PART_CORE, false},
    [EV_FEAT_OFF] = {"feat.off", 4, RK_PART_CORE, false},
    [EV_FEAT_TXT] = {"feat.txt", 1, RK_PART_CORE, false},
    [EV_CTX_OFF] = {"ctx.off", 4, RK_PART_CORE, false},
    [EV_CTX_TXT] = {"ctx.txt", 1, RK_PART_CORE, false},
    [EV_CONTEXT] = {"ev.ctx", 4, RK_PART_CORE, false},
    [EV_PROPENSITY] = {"ev.prop", 4, RK_PART_CORE, false},
};

#endif
