/* The sections of a delta, in file order: one table for the reader and the writer. */
#ifndef RK_FORMAT_DELTA_SECTIONS_H
#define RK_FORMAT_DELTA_SECTIONS_H

#include "format/container.h"

enum { DL_META, DL_ARM, DL_LIN, DL_SECTIONS };

static const rk_section_spec delta_specs[DL_SECTIONS] = {
    [DL_META] = {"dl.meta", 64, RK_PART_CORE, true},
    [DL_ARM] = {"dl.arm", 1, RK_PART_CORE, true},
    [DL_LIN] = {"dl.lin", 1, RK_PART_CORE, false},
};

/* A row's second number: devices, rewards and day in as few bits as they mostly need, then the
 * trials. So a row of a device, with 46 bits of hash among a thousand others, is seven bytes. */
enum {
    ROW_DEVICES = 3, /* 0, 1: so many; 2: a number follows */
    ROW_DEVICES_FOLLOW = 2,
    ROW_REWARDS_SHIFT = 2, /* 0, 1: so many; else a number follows */
    ROW_REWARDS_FOLLOW = 2,
    ROW_FRACTIONS = 3, /* trials and rewards are 65,536ths */
    ROW_DAYS_FOLLOW = 16,
    ROW_TRIALS_SHIFT = 5
};

#endif
