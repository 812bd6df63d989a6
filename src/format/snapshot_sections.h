/* The sections of a snapshot, in file order: one table for the reader and the writer. */
#ifndef RK_FORMAT_SNAPSHOT_SECTIONS_H
#define RK_FORMAT_SNAPSHOT_SECTIONS_H

#include "format/container.h"

enum {
    SN_META,
    SN_ITEM_OFF,
    SN_ITEM_TXT,
    SN_TYPE_OFF,
    SN_TYPE_TXT,
    SN_TYPE_WGT,
    SN_SOURCE,
    SN_POP,
    SN_POP_TOP,
    SN_NBR_OFF,
    SN_NBR,
    SN_ENC_POS,
    SN_TREND,
    SN_TREND_TOP,
    SN_GEO,
    SN_GEO_CODE,
    SN_GEO_ITEM,
    SN_EXPLORE,
    SN_USER_POS,
    SN_FEAT_OFF,
    SN_FEAT_TXT,
    SN_FEAT_VEC,
    SN_VEC_MEAN,
    SN_VEC_FAC,
    SN_VEC_CELL,
    SN_NBR2_OFF,
    SN_NBR2,
    SN_VEC_LOW,
    SN_NAME_OFF,
    SN_NAME_TXT,
    SN_REPORT,
    SN_SECTIONS
};

static const rk_section_spec snapshot_specs[SN_SECTIONS] = {
    [SN_META] = {"meta", 256, RK_PART_CORE, true},
    [SN_ITEM_OFF] = {"item.off", 4, RK_PART_CORE, true},
    [SN_ITEM_TXT] = {"item.txt", 1, RK_PART_CORE, true},
    [SN_TYPE_OFF] = {"type.off", 4, RK_PART_CORE, true},
    [SN_TYPE_TXT] = {"type.txt", 1, RK_PART_CORE, true},
    [SN_TYPE_WGT] = {"type.wgt", 4, RK_PART_CORE, true},
    [SN_SOURCE] = {"source", 16, RK_PART_CORE, true},
    [SN_POP] = {"pop", 4, RK_PART_CORE, true},
    [SN_POP_TOP] = {"pop.top", 4, RK_PART_CORE, true},
    [SN_NBR_OFF] = {"nbr.off", 4, RK_PART_CORE, true},
    [SN_NBR] = {"nbr", 4, RK_PART_CORE, true},
    [SN_ENC_POS] = {"enc.pos", 4, RK_PART_CORE, false},
    [SN_TREND] = {"rise", 4, RK_PART_CORE, false},
    [SN_TREND_TOP] = {"rise.top", 4, RK_PART_CORE, false},
    [SN_GEO] = {"geo", 8, RK_PART_CORE, false},
    [SN_GEO_CODE] = {"geo.code", 4, RK_PART_CORE, false},
    [SN_GEO_ITEM] = {"geo.item", 4, RK_PART_CORE, false},
    [SN_EXPLORE] = {"explore", 4, RK_PART_CORE, false},
    [SN_USER_POS] = {"user.pos", 4, RK_PART_CORE, false},
    [SN_FEAT_OFF] = {"feat.off", 4, RK_PART_CORE, false},
    [SN_FEAT_TXT] = {"feat.txt", 1, RK_PART_CORE, false},
    [SN_FEAT_VEC] = {"feat.vec", 4, RK_PART_CORE, false},
    [SN_VEC_MEAN] = {"vec.mean", 4, RK_PART_CORE, true},
    [SN_VEC_FAC] = {"vec.fac", 8, RK_PART_CORE, true},
    [SN_VEC_CELL] = {"vec.cell", 1, RK_PART_CORE, true},
    [SN_NBR2_OFF] = {"nbr2.off", 4, RK_PART_VECTORS, true},
    [SN_NBR2] = {"nbr2", 4, RK_PART_VECTORS, true},
    [SN_VEC_LOW] = {"vec.low", 0, RK_PART_VECTORS, true}, /* 3 * dim / 4 */
    [SN_NAME_OFF] = {"name.off", 4, RK_PART_TEXT, false},
    [SN_NAME_TXT] = {"name.txt", 1, RK_PART_TEXT, false},
    [SN_REPORT] = {"report", 1, RK_PART_TEXT, false},
};

#endif
